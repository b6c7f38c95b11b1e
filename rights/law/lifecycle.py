"""The states of a request and the outcomes of a claim: one table, and nothing happens outside it."""

from enum import StrEnum
from typing import Final


class RequestState(StrEnum):
    RECEIVED = "received"
    CONFIRMED = "confirmed"
    SEARCHED = "searched"
    REVIEWED = "reviewed"
    DECIDED = "decided"
    CARRIED_OUT = "carried_out"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class ClaimOutcome(StrEnum):
    PENDING = "pending"
    GRANTED = "granted"
    PARTIAL = "partial"
    REFUSED = "refused"
    NOTHING_HELD = "nothing_held"


class TransitionRefused(Exception):  # noqa: N818 - "refused" is what the law says; it is an answer, not an error
    """A step that the law or the table does not allow.

    Attributes:
        why: a sentence for the person who tried.
        citation: the rule behind it, empty where it is only the order of things.
    """

    def __init__(self, why: str, citation: str = "") -> None:
        super().__init__(f"{why} ({citation})" if citation else why)
        self.why = why
        self.citation = citation


S = RequestState

TRANSITIONS: Final[dict[str, tuple[frozenset[RequestState], RequestState]]] = {
    # name: (from any of, to)
    "confirm": (frozenset({S.RECEIVED}), S.CONFIRMED),
    "search": (frozenset({S.CONFIRMED}), S.SEARCHED),
    "search_again": (frozenset({S.SEARCHED, S.REVIEWED, S.DECIDED}), S.CONFIRMED),
    "find_more": (frozenset({S.REVIEWED, S.DECIDED}), S.SEARCHED),
    "review": (frozenset({S.SEARCHED}), S.REVIEWED),
    "reopen_review": (frozenset({S.REVIEWED}), S.SEARCHED),
    "decide": (frozenset({S.REVIEWED}), S.DECIDED),
    "decide_unsearched": (frozenset({S.RECEIVED, S.CONFIRMED, S.SEARCHED}), S.DECIDED),
    "carry_out": (frozenset({S.DECIDED}), S.CARRIED_OUT),
    "close": (frozenset({S.CARRIED_OUT}), S.CLOSED),
    "withdraw": (frozenset({S.RECEIVED, S.CONFIRMED, S.SEARCHED, S.REVIEWED}), S.WITHDRAWN),
}
"""Every step a request can take. `decide_unsearched` is a refusal of all claims before the search."""


def after(step: str, state: RequestState) -> RequestState:
    """The state that `step` leads to from `state`.

    Raises:
        TransitionRefused: the table names no such step, or not from this state.
    """
    if step not in TRANSITIONS:
        raise TransitionRefused(f"There is no step {step!r}.")
    sources, target = TRANSITIONS[step]
    if state not in sources:
        raise TransitionRefused(f"A request that is {state.value} cannot take the step {step!r}.")
    return target
