"""The states of a request, the outcomes of a claim, and what is raised when a step is not allowed."""

from enum import StrEnum

from rights.law.sentences import gettext_noop

__all__ = ["ClaimOutcome", "RequestState", "TransitionRefused", "gettext_noop"]


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
        why: the sentence in English for the person who tried.
        citation: the rule behind it, empty where it is only the order of things.
        text, params: the sentence before it was put together, for the catalogues: {named} places, and what stands in
            them.
    """

    def __init__(self, why: str, citation: str = "", **params: object) -> None:
        self.text = why
        self.params = params
        self.why = why.format(**params) if params else why
        self.citation = citation
        super().__init__(f"{self.why} ({citation})" if citation else self.why)
