"""What must be true before a step: one function a condition, each naming the points of docs/law/points.md it holds.

A guard reads `Facts` and nothing else. What nobody stated is unknown, and the unknown is refused: a caller that forgets
a fact opens no door.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from rights.law import answer, grounds
from rights.law.facts import Facts
from rights.law.states import ClaimOutcome, RequestState, TransitionRefused, gettext_noop

DISCLOSING: Final = (ClaimOutcome.GRANTED, ClaimOutcome.PARTIAL)
ALONE: Final = 100
"""Pictures that one person alone may decide to erase. A rule of this project, not of a statute; nobody can raise it."""
REFUSING: Final = (ClaimOutcome.REFUSED, ClaimOutcome.PARTIAL)
BEFORE_REVIEW: Final = (RequestState.RECEIVED, RequestState.CONFIRMED, RequestState.SEARCHED)


class AnswerIncomplete(TransitionRefused):
    """Something that the answer is obliged to say is missing.

    Attributes:
        elements: what, in words for staff.
    """

    def __init__(self, elements: tuple[str, ...], citation: str) -> None:
        text = gettext_noop("The answer cannot be sent yet; missing: {elements}.")
        super().__init__(text, citation, elements="; ".join(elements))
        self.elements = elements


# --- of a request -----------------------------------------------------------------------------------------------------


def everything_was_searched(facts: Facts) -> None:
    """Point 1: all holdings, without a window of dates, or the search is not over."""
    if not facts.search_complete:
        raise TransitionRefused(gettext_noop("Not everything held could be searched."), "GDPR 15(1)")


def every_hit_is_settled(facts: Facts) -> None:
    if facts.hits_open is None or facts.hits_open:
        text = gettext_noop("Hits are not settled yet: {hits}.")
        raise TransitionRefused(text, hits="?" if facts.hits_open is None else facts.hits_open)


def every_claim_is_decided(facts: Facts) -> None:
    """Point 9: silence on one claim is not cured by an answer to the other."""
    if not facts.outcomes or ClaimOutcome.PENDING in facts.outcomes.values():
        raise TransitionRefused(gettext_noop("A claim of this request is not decided yet."), "GDPR 12(3)")


def every_claim_is_refused(facts: Facts) -> None:
    if set(facts.outcomes.values()) != {ClaimOutcome.REFUSED}:
        raise TransitionRefused(_ONLY_REFUSALS)


def every_claim_is_carried_out(facts: Facts) -> None:
    """Point 9: access and erasure are tracked apart, and each must have been carried out."""
    if not facts.outcomes or set(facts.outcomes) - facts.carried_out:
        raise TransitionRefused(gettext_noop("A claim of this request was not carried out yet."), "GDPR 12(3)")


def no_claim_is_decided(facts: Facts) -> None:
    if set(facts.outcomes.values()) - {ClaimOutcome.PENDING}:
        raise TransitionRefused(gettext_noop("This request was decided, and is being carried out."))


# --- of a claim that is decided ---------------------------------------------------------------------------------------

_ONLY_REFUSALS: Final = gettext_noop("Only a refusal can be decided before everything held was searched and reviewed.")


def it_is_its_turn(facts: Facts) -> None:
    """After the review; before it only if every claim is refused."""
    if facts.state == RequestState.REVIEWED:
        return
    if facts.state not in BEFORE_REVIEW:
        raise TransitionRefused(gettext_noop("This request was decided already, or has ended."))
    others = {outcome for right, outcome in facts.outcomes.items() if right != facts.right}
    if facts.outcome is not ClaimOutcome.REFUSED or others - {ClaimOutcome.PENDING, ClaimOutcome.REFUSED}:
        raise TransitionRefused(_ONLY_REFUSALS)


def it_was_not_carried_out(facts: Facts) -> None:
    if facts.right in facts.carried_out:
        raise TransitionRefused(gettext_noop("This claim was carried out; it cannot be decided again."))


def something_is_held(facts: Facts) -> None:
    if not facts.accepted:
        text = gettext_noop("The review accepted no picture; the outcome is: nothing held.")
        raise TransitionRefused(text, "GDPR 15(1)")


def nothing_is_held(facts: Facts) -> None:
    if facts.accepted is None or facts.accepted:
        text = gettext_noop("The review accepted pictures of this person; something is held.")
        raise TransitionRefused(text, "GDPR 15(1)")


def the_person_is_known(facts: Facts) -> None:
    """Nothing is disclosed or erased before somebody said on what they rely, nor said to be held or not.

    Whoever is told "nothing held" of a face would know of every other face that it is held, by being asked for more.
    """
    if not facts.identity:
        raise TransitionRefused(gettext_noop("Say how the person's identity was established."), "GDPR 12(6)")


def the_answer_can_say_everything(facts: Facts) -> None:
    """Points 7 and 15: 15(1)(a) to (h), 15(2), the copy, and whom to turn to."""
    if facts.missing is None or facts.missing:
        raise AnswerIncomplete(facts.missing or ("?",), "GDPR 15(1)")


def the_remedies_can_be_named(facts: Facts) -> None:
    """Point 14: every refusal, also of a part, names the authority and the court."""
    if facts.remedies_missing is None or facts.remedies_missing:
        raise AnswerIncomplete(facts.remedies_missing or ("?",), "GDPR 12(4)")


def the_refusal_has_a_ground(facts: Facts) -> None:
    """Point 14: a coded ground of this law that fits, its reasons, and what proves it."""
    known = {ground.code: ground for ground in grounds.for_regime(facts.regime, two_people=True)}
    if facts.ground not in known or not facts.reasons.strip():
        text = gettext_noop("A refusal, also of a part, needs a coded ground and its reasons.")
        raise TransitionRefused(text, "GDPR 12(4)")
    ground = known[facts.ground]
    if facts.right not in ground.applies_to:
        raise TransitionRefused(gettext_noop("This ground does not apply to this right."), ground.citation)
    if facts.outcome is ClaimOutcome.REFUSED and ground.copy_only:
        raise TransitionRefused(gettext_noop("This ground limits the copy only: grant in part."), ground.citation)
    if facts.outcome is ClaimOutcome.PARTIAL and not ground.allows_partial:
        raise TransitionRefused(gettext_noop("This ground refuses the whole or nothing."), ground.citation)
    if ground.requires_evidence and not facts.evidence.strip():
        text = gettext_noop("Record what proves this ground: the authority may ask for it.")
        raise TransitionRefused(text, ground.citation)


def two_people_sign(facts: Facts) -> None:
    """Point 2: "excessive" and "unfounded" are findings of two people, not of a counter."""
    ground = grounds.GROUNDS[facts.ground]
    if facts.signed_by is None:
        raise TransitionRefused(gettext_noop("Somebody must sign this."), ground.citation)
    if facts.second is not None and facts.second == facts.signed_by:
        raise TransitionRefused(gettext_noop("This finding needs the signature of a second person."), ground.citation)
    if not facts.proposal:
        grounds.check_signatures(ground, signed_by=facts.signed_by, second=facts.second)


def requests_come_close_together(facts: Facts) -> None:
    """Point 2: never for requests a year or more apart."""
    if facts.received is None:
        raise TransitionRefused(gettext_noop("The day of receipt is not known."), "GDPR 12(5)")
    grounds.check_interval(grounds.GROUNDS[facts.ground], received=facts.received, earlier=facts.earlier)


def what_is_unlawful_is_erased(facts: Facts) -> None:
    """Point 12: where the processing itself is unlawful the outcome is erasure; keeping anything takes two people."""
    concerned = facts.right == grounds.ERASURE and facts.unlawful and not facts.proposal
    if concerned and facts.second in (None, facts.signed_by):
        text = gettext_noop(
            "The processing was found unlawful, so these pictures are erased. To keep one needs a second person."
        )
        raise TransitionRefused(text, "GDPR 17(1)(d)")


def many_pictures_take_two(facts: Facts) -> None:
    """What is erased does not come back: one person's slip, or worse, stays small."""
    concerned = facts.right == grounds.ERASURE and is_many(facts) and not facts.proposal
    if concerned and facts.second in (None, facts.signed_by):
        text = gettext_noop("To erase more than {alone} pictures in one decision takes a second person.")
        raise TransitionRefused(text, alone=min(facts.alone, ALONE))


def is_many(facts: Facts) -> bool:
    """Whether the decision covers more pictures than one person may erase alone."""
    pictures = len((facts.accepted or frozenset()) - facts.withheld) + facts.erased
    return pictures > min(facts.alone, ALONE)


def the_withheld_are_named(facts: Facts) -> None:
    if not facts.withheld or not facts.withheld <= (facts.accepted or frozenset()):
        text = gettext_noop("Name the pictures that the refusal covers, among the accepted ones.")
        raise TransitionRefused(text, "GDPR 12(4)")


def nothing_is_withheld(facts: Facts) -> None:
    if facts.withheld:
        raise TransitionRefused(gettext_noop("Only a partial refusal withholds single pictures."))


# --- of a claim that is carried out -----------------------------------------------------------------------------------


def the_copy_tells_everything(facts: Facts) -> None:
    """Point 8: recipients by name, sources, metadata, and that a template exists."""
    absent = tuple(part.title for part in answer.TOLD if part.key not in facts.told)
    if absent:
        raise AnswerIncomplete(absent, "GDPR 15(1), 15(3)")


def the_copy_comes_first(facts: Facts) -> None:
    """Point 10: nothing goes that a pending access asks for."""
    if not facts.copy_settled:
        raise TransitionRefused(gettext_noop("The copy was not fetched yet."), "GDPR 15(3)")


def nothing_is_left(facts: Facts) -> None:
    """Point 11: images, templates, hashes, thumbnails, metadata: a fresh search and the bytes themselves show it."""
    if facts.left is None or facts.left:
        raise TransitionRefused(gettext_noop("The erasure is not proven: something of the person is left."), "GDPR 17")


def the_recipients_are_told(facts: Facts) -> None:
    """Point 11: processors and recipients are told."""
    if not facts.recipients_told:
        raise TransitionRefused(gettext_noop("The recipients of the pictures were not told of the erasure."), "GDPR 19")


# --- of a question to the person --------------------------------------------------------------------------------------


def the_less_intrusive_was_tried(facts: Facts) -> None:
    """Point 6: what authenticates the person already comes first."""
    if facts.email_open:
        text = gettext_noop("First the code that was sent to the person's e-mail address: it asks for less.")
        raise TransitionRefused(text, "GDPR 12(6)")
    if facts.photo_open:
        text = gettext_noop("First a photograph that can be searched with: it asks for less.")
        raise TransitionRefused(text, "GDPR 12(6)")


def there_is_a_recorded_doubt(facts: Facts) -> None:
    """Point 6: photograph and e-mail suffice, unless somebody has written down why not."""
    if not facts.doubt.strip():
        text = gettext_noop(
            "Photograph and e-mail suffice. To ask for more, record first why there is a reasonable doubt."
        )
        raise TransitionRefused(text, "GDPR 12(6)")


Guard = Callable[[Facts], None]

POINTS: Final[Mapping[Guard, tuple[int, ...]]] = MappingProxyType(
    {
        everything_was_searched: (1,),
        two_people_sign: (2,),
        requests_come_close_together: (2,),
        there_is_a_recorded_doubt: (6,),
        the_less_intrusive_was_tried: (6,),
        the_answer_can_say_everything: (7, 15),
        the_copy_tells_everything: (8,),
        every_claim_is_decided: (9,),
        every_claim_is_carried_out: (9,),
        the_copy_comes_first: (10,),
        nothing_is_left: (11,),
        the_recipients_are_told: (11,),
        what_is_unlawful_is_erased: (12,),
        the_refusal_has_a_ground: (14,),
        the_remedies_can_be_named: (14,),
    }
)
"""Which of the seventeen points a guard holds. Points 3 and 13 are the clock's (`requests.received_again`,
`clock.ExtensionRefused`); 4, 5, 16 and 17 are the portal's and the database's. See `tests/test_seventeen.py`."""
