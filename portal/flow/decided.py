"""Reviewed and decided: what staff do. What may be decided says the table in `rights.law.lifecycle`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from matching import reviews
from matching.models import Erasure, Verdict
from matching.reviews import Outcome
from portal import vault
from portal.answers.facts import missing, missing_remedies
from portal.flow.carried_out import DISCLOSING, absent, erasure_to_do, start
from portal.flow.known import check_identity
from portal.flow.received import is_decided
from portal.identity.basis import IdentityBasis
from portal.models import ControllerProfile
from portal.staff import accounts
from rights import decisions, journal, queries, requests
from rights.law.clock import local_day
from rights.law.grounds import needs_two
from rights.law.guards import is_many
from rights.law.lifecycle import ClaimOutcome, Facts, RequestState, TransitionRefused
from rights.law.sentences import gettext_noop
from rights.models import Claim, Decision, Right, RightsRequest

if TYPE_CHECKING:
    from django.contrib.auth.models import User

UNSETTLED = (Outcome.OPEN, Outcome.DISPUTED)
TELLING = (*DISCLOSING, ClaimOutcome.NOTHING_HELD)
"""Outcomes that tell whether a face is held. Whoever is not known gets a refusal, which says nothing of that."""


@transaction.atomic
def review(*, request_id: UUID, face_key: int, verdict: str, by: "User") -> None:
    """One reviewer says of one face: same person, not, or unsure. Raises: TransitionRefused."""
    request = _open_to_review(request_id, face_key)
    reviewer = journal.staff(by.pk)
    if verdict == Verdict.SAME:
        for other in reviews.said_same(subject=request.pk, face_key=face_key, but=reviewer):
            check_two_people(reviewer, other)
    requests.drop_proposals(request=request, actor=reviewer)  # It was made on the review as it was.
    reviews.record(subject=request.pk, face_key=face_key, reviewer=reviewer, verdict=verdict)
    detail = {"face": vault.alias(request, "face", face_key), "verdict": verdict}
    journal.record(request=request, actor=reviewer, event="reviewed_hit", detail=detail)
    _reopen_if_unsettled(request, actor=reviewer)


@transaction.atomic
def withdraw_verdict(*, request_id: UUID, face_key: int, by: "User") -> bool:
    """One reviewer takes back what they said of one face; False if they have said nothing of it, or no more.

    Nobody takes back what somebody else said.

    Raises:
        TransitionRefused: as `review`.
    """
    request = _open_to_review(request_id, face_key)
    reviewer = journal.staff(by.pk)
    verdict = reviews.withdraw(subject=request.pk, face_key=face_key, reviewer=reviewer)
    if not verdict:
        return False
    requests.drop_proposals(request=request, actor=reviewer)
    detail = {"face": vault.alias(request, "face", face_key), "verdict": verdict}
    journal.record(request=request, actor=reviewer, event="verdict_withdrawn", detail=detail)
    _reopen_if_unsettled(request, actor=reviewer)
    return True


def _open_to_review(request_id: UUID, face_key: int) -> RightsRequest:
    """The request, locked, if what is said of a face may change now. Raises: TransitionRefused."""
    request = requests.locked(request_id)
    if request.state not in (RequestState.SEARCHED, RequestState.REVIEWED):
        raise TransitionRefused(gettext_noop("Hits are reviewed after the search and before the decision."))
    if is_decided(request) and reviews.outcomes(request.pk).get(face_key) not in UNSETTLED:
        text = gettext_noop("A claim was decided on this review; a settled verdict cannot change under it.")
        raise TransitionRefused(text)
    return request


def _reopen_if_unsettled(request: RightsRequest, *, actor: str) -> None:
    if request.state == RequestState.REVIEWED and reviews.open_hits(request.pk):
        requests.take(request=request, step="reopen_review", actor=actor)


@transaction.atomic
def finish_review(*, request_id: UUID, by: "User") -> None:
    """Every hit has its outcome. Raises: TransitionRefused while one has not."""
    request = requests.locked(request_id)
    settled = Facts(hits_open=len(reviews.open_hits(request.pk)))
    requests.take(request=request, step="review", actor=journal.staff(by.pk), facts=settled)
    _carry_on_after_new_hits(request, actor=journal.staff(by.pk))


def _carry_on_after_new_hits(request: RightsRequest, *, actor: str) -> None:
    """The proof of an erasure had found pictures imported since. The decisions stand, and these go as well.

    The access answer stays as it is: it told, with its certificate, what was held when it was given.
    """
    if request.claims.filter(outcome=ClaimOutcome.PENDING).exists():
        return
    claim = erasure_to_do(request)
    decision = queries.decision(claim) if claim else None
    if decision is not None and decision.second_by_id is None and is_many(facts_of(request, decision.withheld)):
        # Together they are more than one person may erase: it is decided anew, by two.
        journal.record(request=request, actor=actor, event="second_person_needed", detail={"right": Right.ERASURE})
    else:
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
    evidence: str = "",
    identity_basis: str = "",
    withheld: Sequence[int] = (),
) -> Decision:
    """Sign the outcome of one claim; with the last one, the request is decided and carried out.

    What two people must sign is put on record as a proposal, and takes effect with `countersign`.

    Args:
        evidence: what proves the ground of a refusal; for the authority, it does not go into the letter.
        withheld: for a partial refusal, the ids of the accepted photos that it covers.

    Raises:
        TransitionRefused: a guard of the table refuses; as AnswerIncomplete if the letter would lack something.
        ValueError: no such outcome or identity basis.
    """
    request = requests.locked(request_id)
    claim = request.claims.get(right=right)
    wanted = ClaimOutcome(outcome)
    if identity_basis:
        IdentityBasis(identity_basis)
    if wanted in TELLING:
        check_identity(request, identity_basis)
    unlawful = bool(ControllerProfile.load().found_unlawful.strip())
    facts = facts_of(request)
    decision = decisions.decide(
        claim=claim,
        outcome=wanted,
        by=by,
        facts=facts,
        ground=ground,
        reasons=reasons,
        evidence=evidence,
        identity_basis=identity_basis,
        withheld=withheld,
        proposal=needs_two(ground, right=right, outcome=wanted, unlawful=unlawful)
        or (right == Right.ERASURE and is_many(replace(facts, withheld=frozenset(withheld)))),
    )
    if decision.in_force:  # A proposal carries nothing out, nor does an earlier decision that it would replace.
        _carry_out_if_decided(request, by)
    return decision


@transaction.atomic
def countersign(*, request_id: UUID, right: str, proposal: int, by: "User") -> None:
    """Sign a proposed decision as the second person.

    Args:
        proposal: which one was read; another may have taken its place since.

    Raises:
        TransitionRefused: it is not the one that waits, or one person could hold both accounts.
    """
    request = requests.locked(request_id)
    read = _proposal(request.claims.get(right=right), proposal)
    if read.outcome in TELLING:
        check_identity(request, read.identity_basis)
    check_two_people(journal.staff(by.pk), journal.staff(read.decided_by_id))
    decisions.countersign(decision=read, by=by, facts=facts_of(request))
    _carry_out_if_decided(request, by)


@transaction.atomic
def reject(*, request_id: UUID, right: str, proposal: int, by: "User") -> None:
    """Do not sign a proposed decision: it is dropped, the claim stays undecided. Raises: TransitionRefused."""
    request = requests.locked(request_id)
    _proposal(request.claims.get(right=right), proposal)
    requests.drop_proposals(request=request, actor=journal.staff(by.pk))


def _proposal(claim: Claim, read: int) -> Decision:
    proposal = queries.proposal(claim)
    if proposal is None:
        raise TransitionRefused(gettext_noop("Nothing waits for a second signature here."))
    if proposal.pk != read:
        raise TransitionRefused(gettext_noop("Another proposal took the place of the one you read: read this one."))
    return proposal


def check_two_people(one: str, other: str) -> None:
    """Refuse where one of the two lately had the other's account in hand, and so could be both.

    Args:
        one, other: as the journal names them.

    Raises:
        TransitionRefused
    """
    if accounts.had_in_hand(one, other) or accounts.had_in_hand(other, one):
        text = gettext_noop(
            "One of the two accounts was lately made, reset or given roles by the other: a third person must sign."
        )
        raise TransitionRefused(text)


def _carry_out_if_decided(request: RightsRequest, by: "User") -> None:
    step = "decide" if request.state == RequestState.REVIEWED else "decide_unsearched"
    if not requests.allows(request, step):
        return  # Another claim is still to be decided.
    for claim in request.claims.order_by("right"):
        decisions.check_again(claim=claim, facts=facts_of(request))
    requests.take(request=request, step=step, actor=journal.staff(by.pk))
    start(request)


def facts_of(request: RightsRequest, withheld: Sequence[int] = ()) -> Facts:
    """What the review, the profile and earlier requests know, for the guards of a decision."""
    found: dict[str, Any] = {}
    if request.state == RequestState.REVIEWED:
        found["accepted"] = frozenset(reviews.accepted_faces(request.pk).values_list("photo_id", flat=True))
    earlier = earlier_request(request)
    return Facts(
        missing=absent(missing(request)),
        remedies_missing=absent(missing_remedies(request)),
        unlawful=bool(ControllerProfile.load().found_unlawful.strip()),
        earlier=local_day(earlier.received_at, earlier.time_zone) if earlier else None,
        alone=settings.ERASE_ALONE,
        erased=Erasure.objects.filter(subject=request.pk, rows_done_at__isnull=False).count(),
        withheld=frozenset(withheld),
        **found,
    )


def earlier_request(request: RightsRequest) -> RightsRequest | None:
    """The last request before this one from the same address; None where there is none, or no address."""
    email = request.requester.email
    if not email:
        return None
    same = RightsRequest.objects.filter(requester__email__iexact=email, received_at__lt=request.received_at)
    same = same.exclude(state=RequestState.RECEIVED)  # Anybody may have sent what nobody confirmed.
    return same.order_by("-received_at", "-pk").first()
