"""What a request, a claim and a question may do: one table, with what must be true first. Nothing else happens."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from rights.law import guards
from rights.law.facts import Facts
from rights.law.guards import AnswerIncomplete, Guard
from rights.law.states import ClaimOutcome, RequestState, TransitionRefused, gettext_noop

__all__ = ["ASKING", "CLAIM_STEPS", "REQUEST_STEPS", "AnswerIncomplete", "ClaimOutcome", "Facts", "RequestState",
           "TransitionRefused", "after", "check_asking", "check_claim", "step_to"]  # fmt: skip


class RequestStep(NamedTuple):
    """From any of these states to that one, if every guard lets it."""

    sources: frozenset[RequestState]
    target: RequestState
    guards: tuple[Guard, ...] = ()


class ClaimStep(NamedTuple):
    """From any of these outcomes to that one; `target` None: the outcome stays, and is carried out."""

    sources: frozenset[ClaimOutcome]
    target: ClaimOutcome | None
    guards: tuple[Guard, ...] = ()


S, O = RequestState, ClaimOutcome  # noqa: E741 - the table is read better with them

REQUEST_STEPS: Final[Mapping[str, RequestStep]] = MappingProxyType(
    {
        "confirm": RequestStep(frozenset({S.RECEIVED}), S.CONFIRMED),
        "search": RequestStep(frozenset({S.CONFIRMED}), S.SEARCHED, (guards.everything_was_searched,)),
        "search_again": RequestStep(frozenset({S.SEARCHED, S.REVIEWED, S.DECIDED}), S.CONFIRMED),
        "find_more": RequestStep(frozenset({S.REVIEWED, S.DECIDED}), S.SEARCHED),
        "review": RequestStep(frozenset({S.SEARCHED}), S.REVIEWED, (guards.every_hit_is_settled,)),
        "reopen_review": RequestStep(frozenset({S.REVIEWED}), S.SEARCHED),
        "decide": RequestStep(frozenset({S.REVIEWED}), S.DECIDED, (guards.every_claim_is_decided,)),
        "decide_unsearched": RequestStep(
            frozenset({S.RECEIVED, S.CONFIRMED, S.SEARCHED}), S.DECIDED, (guards.every_claim_is_refused,)
        ),
        "carry_out": RequestStep(frozenset({S.DECIDED}), S.CARRIED_OUT, (guards.every_claim_is_carried_out,)),
        "close": RequestStep(frozenset({S.CARRIED_OUT}), S.CLOSED, (guards.every_claim_is_carried_out,)),
        "withdraw": RequestStep(
            frozenset({S.RECEIVED, S.CONFIRMED, S.SEARCHED, S.REVIEWED}), S.WITHDRAWN, (guards.no_claim_is_decided,)
        ),
        "disown": RequestStep(frozenset(S) - {S.WITHDRAWN, S.CLOSED}, S.WITHDRAWN),
    }
)
"""Every step of a request. `decide_unsearched` is a refusal of all claims before the search; `disown`: whom it concerns
did not ask, so that nothing more of it is done, whatever was decided for whoever asked in their name."""

_ANY: Final = frozenset(O)
_DECIDED: Final = _ANY - {O.PENDING}
_ALWAYS: Final = (guards.it_was_not_carried_out, guards.it_is_its_turn)
_REFUSAL: Final = (
    guards.the_refusal_has_a_ground,
    guards.requests_come_close_together,
    guards.two_people_sign,
    guards.what_is_unlawful_is_erased,
    guards.the_remedies_can_be_named,
)
_DISCLOSURE: Final = (
    guards.something_is_held,
    guards.the_person_is_known,
    guards.the_answer_can_say_everything,
    guards.many_pictures_take_two,
)

CLAIM_STEPS: Final[Mapping[str, ClaimStep]] = MappingProxyType(
    {
        "grant": ClaimStep(_ANY, O.GRANTED, (*_ALWAYS, *_DISCLOSURE, guards.nothing_is_withheld)),
        "grant_in_part": ClaimStep(_ANY, O.PARTIAL, (*_ALWAYS, *_DISCLOSURE, guards.the_withheld_are_named, *_REFUSAL)),
        "refuse": ClaimStep(_ANY, O.REFUSED, (*_ALWAYS, guards.nothing_is_withheld, *_REFUSAL)),
        "find_nothing": ClaimStep(
            _ANY,
            O.NOTHING_HELD,
            (
                *_ALWAYS,
                guards.nothing_is_held,
                guards.the_person_is_known,
                guards.the_answer_can_say_everything,
                guards.nothing_is_withheld,
            ),
        ),
        "void": ClaimStep(_DECIDED, O.PENDING, (guards.it_was_not_carried_out,)),
        "give_the_copy": ClaimStep(
            frozenset({O.GRANTED, O.PARTIAL}), None, (guards.it_was_not_carried_out, guards.the_copy_tells_everything)
        ),
        "erase": ClaimStep(
            frozenset({O.GRANTED, O.PARTIAL}),
            None,
            (
                guards.it_was_not_carried_out,
                guards.the_copy_comes_first,
                guards.nothing_is_left,
                guards.the_recipients_are_told,
            ),
        ),
        "tell": ClaimStep(frozenset({O.REFUSED, O.NOTHING_HELD}), None, (guards.it_was_not_carried_out,)),
    }
)
"""Every step of a claim. `tell`: a refusal, or that nothing is held, is carried out by saying so."""

ASKING: Final[Mapping[str, tuple[Guard, ...]]] = MappingProxyType(
    {
        "identity": (guards.the_less_intrusive_was_tried, guards.there_is_a_recorded_doubt),
        "clarification": (),
    }
)
"""What must be true before the person is asked for something."""

STEP_TO: Final = {
    O.GRANTED: "grant",
    O.PARTIAL: "grant_in_part",
    O.REFUSED: "refuse",
    O.NOTHING_HELD: "find_nothing",
}


def step_to(outcome: ClaimOutcome) -> str:
    """The step that gives a claim this outcome. Raises: TransitionRefused for "pending", which nobody decides."""
    if outcome not in STEP_TO:
        raise TransitionRefused(gettext_noop("That is no outcome."))
    return STEP_TO[outcome]


def after(step: str, state: RequestState, facts: Facts) -> RequestState:
    """The state that `step` leads a request to from `state`.

    Raises:
        TransitionRefused: the table names no such step, not from this state, or a guard refuses.
    """
    if step not in REQUEST_STEPS:
        raise TransitionRefused(gettext_noop("There is no step “{step}”."), step=step)
    sources, target, conditions = REQUEST_STEPS[step]
    if state not in sources:
        text = gettext_noop("A request in the state “{state}” cannot take the step “{step}”.")
        raise TransitionRefused(text, state=state.value, step=step)
    for guard in conditions:
        guard(facts)
    return target


def check_claim(step: str, outcome: ClaimOutcome, facts: Facts) -> ClaimOutcome:
    """The outcome that `step` gives a claim whose outcome is `outcome`. Raises: TransitionRefused."""
    sources, target, conditions = CLAIM_STEPS[step]
    if outcome not in sources:
        text = gettext_noop("A claim with the outcome “{outcome}” cannot take the step “{step}”.")
        raise TransitionRefused(text, outcome=outcome.value, step=step)
    for guard in conditions:
        guard(facts)
    return outcome if target is None else target


def check_asking(kind: str, facts: Facts) -> None:
    """Whether the person may be asked for this. Raises: TransitionRefused."""
    for guard in ASKING[kind]:
        guard(facts)
