"""Each thing that was asked for, with its outcome, its reasons and, where it was refused, the remedies."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import wording
from portal.answers.remedies import Remedies
from portal.answers.remedies import of_request as remedies_of
from rights import queries
from rights.law import grounds
from rights.law.lifecycle import ClaimOutcome, RequestState
from rights.models import Claim, Right, RightsRequest

TITLES: Final[dict[str, Promise]] = {
    Right.ACCESS: _("Your pictures and what we do with them"),
    Right.ERASURE: _("Erasure of your pictures"),
}
CITATIONS: Final[dict[str, str]] = {Right.ACCESS: "15", Right.ERASURE: "17"}
OUTCOMES: Final[dict[tuple[str, str], Promise]] = {
    (Right.ACCESS, ClaimOutcome.GRANTED): _("Granted: you receive everything we hold of you."),
    (Right.ACCESS, ClaimOutcome.PARTIAL): _("Granted in part: you receive some of it; the rest is refused."),
    (Right.ACCESS, ClaimOutcome.REFUSED): _("Refused."),
    (Right.ACCESS, ClaimOutcome.NOTHING_HELD): _("We hold no picture of you."),
    (Right.ERASURE, ClaimOutcome.GRANTED): _("Granted: everything we hold of you is erased."),
    (Right.ERASURE, ClaimOutcome.PARTIAL): _("Granted in part: some of it is erased; the rest is refused."),
    (Right.ERASURE, ClaimOutcome.REFUSED): _("Refused."),
    (Right.ERASURE, ClaimOutcome.NOTHING_HELD): _("We hold no picture of you, so there is nothing to erase."),
}
UNDECIDED: Final = _("Not decided yet.")
WITHDRAWN: Final = _("Ended before it was decided.")


@dataclass(frozen=True)
class Refusal:
    """Why, under which rule, and what can be done about it (GDPR 12(4))."""

    law_words: str
    citation: str
    reasons: str
    remedies: Remedies


@dataclass(frozen=True)
class ClaimView:
    """One claim as the page shows it."""

    title: Promise
    citation: str
    outcome: Promise
    decided: bool
    kind: str
    fulfilled_at: datetime | None
    refusal: Refusal | None


def claims_of(case: RightsRequest, *, decided: bool) -> list[ClaimView]:
    """The claims of a request; their outcomes only once all of it is decided, for until then one may change."""
    return [_view(claim, case, decided=decided) for claim in case.claims.order_by("right")]


def _view(claim: Claim, case: RightsRequest, *, decided: bool) -> ClaimView:
    decided = decided and claim.outcome != ClaimOutcome.PENDING
    undecided = WITHDRAWN if case.state == RequestState.WITHDRAWN else UNDECIDED
    return ClaimView(
        title=TITLES[claim.right],
        citation=wording.cited(CITATIONS[claim.right]),
        outcome=OUTCOMES[claim.right, claim.outcome] if decided else undecided,
        decided=decided,
        kind=claim.outcome if decided else ClaimOutcome.PENDING,
        fulfilled_at=claim.fulfilled_at,
        refusal=_refusal(claim, case) if decided else None,
    )


def _refusal(claim: Claim, case: RightsRequest) -> Refusal | None:
    decision = queries.decision(claim)
    if decision is None or claim.outcome not in (ClaimOutcome.REFUSED, ClaimOutcome.PARTIAL):
        return None
    ground = grounds.GROUNDS[decision.ground]
    return Refusal(
        law_words=gettext(ground.letter_text),
        citation=wording.cited(ground.citation),
        reasons=decision.reasons,
        remedies=remedies_of(case),
    )
