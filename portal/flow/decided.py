"""Reviewed and decided: what staff do. Nothing is disclosed or erased on a distance alone."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from matching import reviews
from matching.reviews import Outcome
from portal.flow.carried_out import DISCLOSING, check_complete, check_remedies, start
from portal.flow.received import is_decided
from portal.identity.basis import IdentityBasis
from rights import journal, requests
from rights.law.lifecycle import ClaimOutcome, RequestState, TransitionRefused
from rights.models import RightsRequest

if TYPE_CHECKING:
    from django.contrib.auth.models import User

UNSETTLED = (Outcome.OPEN, Outcome.DISPUTED)


@transaction.atomic
def review(*, request_id: UUID, face_key: int, verdict: str, by: "User") -> None:
    """One reviewer says of one face: same person, not, or unsure. Raises: TransitionRefused."""
    request = RightsRequest.objects.get(pk=request_id)
    if request.state not in (RequestState.SEARCHED, RequestState.REVIEWED):
        raise TransitionRefused("Hits are reviewed after the search and before the decision.")
    if is_decided(request) and reviews.outcomes(request.pk).get(face_key) not in UNSETTLED:
        raise TransitionRefused("A claim was decided on this review; a settled verdict cannot change under it.")
    reviewer = journal.staff(by.pk)
    reviews.record(subject=request.pk, face_key=face_key, reviewer=reviewer, verdict=verdict)
    detail = {"face": face_key, "verdict": verdict}
    journal.record(request=request, actor=reviewer, event="reviewed_hit", detail=detail)
    if request.state == RequestState.REVIEWED and reviews.open_hits(request.pk):
        requests.take(request=request, step="reopen_review", actor=reviewer)


@transaction.atomic
def finish_review(*, request_id: UUID, by: "User") -> None:
    """Every hit has its outcome. Raises: TransitionRefused while one has not."""
    request = RightsRequest.objects.get(pk=request_id)
    open_hits = len(reviews.open_hits(request.pk))
    if open_hits:
        raise TransitionRefused(f"{open_hits} hits are not settled yet.")
    requests.take(request=request, step="review", actor=journal.staff(by.pk))
    _carry_on_after_new_hits(request, actor=journal.staff(by.pk))


def _carry_on_after_new_hits(request: RightsRequest, *, actor: str) -> None:
    """The proof of an erasure had found pictures imported since. The decisions stand, and these go as well.

    The access answer stays as it is: it told, with its certificate, what was held when it was given.
    """
    if not request.claims.filter(outcome=ClaimOutcome.PENDING).exists():
        requests.take(request=request, step="decide", actor=actor)
        start(request)


@transaction.atomic
def decide(
    *,
    request_id: UUID,
    right: str,
    outcome: str,
    by: "User",
    ground: str = "",
    reasons: str = "",
    identity_basis: str = "",
    withheld: Sequence[int] = (),
) -> None:
    """Sign the outcome of one claim; with the last one, the request is decided and carried out.

    Args:
        withheld: for a partial refusal, the ids of the accepted photos that it covers.

    Raises:
        TransitionRefused: out of order, contradicted by the review, without an identity basis, or a refusal
            without its ground and reasons.
        AnswerIncomplete: the letter would lack something obligatory.
    """
    request = RightsRequest.objects.get(pk=request_id)
    claim = request.claims.get(right=right)
    wanted = ClaimOutcome(outcome)
    _check_order(request, wanted)
    _check_review_agrees(request, wanted)
    if wanted in DISCLOSING and identity_basis not in IdentityBasis.values:
        raise TransitionRefused("Say how the person's identity was established.", "GDPR 12(6)")
    check_remedies(request) if wanted is ClaimOutcome.REFUSED else check_complete(request)
    _check_withheld(request, wanted, withheld)
    requests.decide(
        claim=claim,
        outcome=wanted,
        by=by,
        ground=ground,
        reasons=reasons,
        identity_basis=identity_basis,
        withheld=withheld,
    )
    if request.claims.filter(outcome=ClaimOutcome.PENDING).exists():
        return
    step = "decide" if request.state == RequestState.REVIEWED else "decide_unsearched"
    requests.take(request=request, step=step, actor=journal.staff(by.pk))
    start(request)


def _check_order(request: RightsRequest, outcome: ClaimOutcome) -> None:
    if request.state == RequestState.REVIEWED:
        return
    if request.state not in (RequestState.RECEIVED, RequestState.CONFIRMED, RequestState.SEARCHED):
        raise TransitionRefused("This request was decided already, or has ended.")
    others = set(request.claims.values_list("outcome", flat=True)) - {ClaimOutcome.PENDING, ClaimOutcome.REFUSED}
    if outcome is not ClaimOutcome.REFUSED or others:
        raise TransitionRefused("Only a refusal can be decided before everything held was searched and reviewed.")


def _check_review_agrees(request: RightsRequest, outcome: ClaimOutcome) -> None:
    if request.state != RequestState.REVIEWED:
        return
    held = reviews.accepted_faces(request.pk).exists()
    if outcome is ClaimOutcome.NOTHING_HELD and held:
        raise TransitionRefused("The review accepted pictures of this person; something is held.", "GDPR 15(1)")
    if outcome in DISCLOSING and not held:
        raise TransitionRefused("The review accepted no picture; the outcome is: nothing held.", "GDPR 15(1)")


def _check_withheld(request: RightsRequest, outcome: ClaimOutcome, withheld: Sequence[int]) -> None:
    if outcome is not ClaimOutcome.PARTIAL:
        if withheld:
            raise TransitionRefused("Only a partial refusal withholds single pictures.")
        return
    accepted = set(reviews.accepted_faces(request.pk).values_list("photo_id", flat=True))
    if not withheld or not set(withheld) <= accepted:
        raise TransitionRefused("Name the pictures that the refusal covers, among the accepted ones.")
