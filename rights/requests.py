"""Writes to the case. Each is one transaction; each transition is one conditional update and one journal entry."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from rights import journal, reference
from rights.law import clock, grounds, regime
from rights.law.lifecycle import ClaimOutcome, RequestState, TransitionRefused, after
from rights.models import Claim, ClockEvent, Decision, RightsRequest

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ENDED = (RequestState.CLOSED, RequestState.WITHDRAWN)


def regime_for(country: str) -> str:
    """The code of the regime that governs a controller established in `country`.

    Only the GDPR is served so far; the other regimes come behind this same function.
    """
    return "gdpr"


@transaction.atomic
def register(
    *,
    rights: Iterable[str],
    channel: str,
    language: str,
    received_at: datetime,
    country: str,
    subdivision: str,
    time_zone: str,
    linked_to: RightsRequest | None,
    actor: str,
) -> RightsRequest:
    """Put a request on record with its claims and its legal due date.

    The clock starts at the first receipt, whatever the channel. Nothing here or below looks at how many requests
    came before.

    Raises:
        ValueError: no right is claimed, or `received_at` is naive or lies in the future.
    """
    wanted = sorted(set(rights))
    if not wanted:
        raise ValueError("A request claims at least one right.")
    if received_at > timezone.now():
        raise ValueError("A request cannot have been received in the future.")
    law = regime.load(regime_for(country))
    deadline = clock.deadline(
        regime=law, received_at=received_at, country=country, subdivision=subdivision, time_zone=time_zone
    )
    request = RightsRequest.objects.create(
        reference=reference.new(),
        regime=law.code,
        country=country,
        subdivision=subdivision,
        time_zone=time_zone,
        channel=channel,
        language=language,
        received_at=received_at,
        nominal_due=deadline.nominal_due,
        due=deadline.due,
        state=RequestState.RECEIVED,
        state_since=received_at,
        linked_to=linked_to,
    )
    Claim.objects.bulk_create(Claim(request=request, right=right) for right in wanted)
    ClockEvent.objects.create(request=request, kind="received", at=received_at, detail={"channel": channel})
    detail = {"channel": channel, "claims": wanted, "due": deadline.due.isoformat(), "citation": deadline.citation}
    journal.record(request=request, actor=actor, event="received", detail=detail)
    return request


@transaction.atomic
def take(*, request: RightsRequest, step: str, actor: str) -> None:
    """Take one step of the table in `rights.law.lifecycle`.

    Raises:
        TransitionRefused: not from this state, or somebody else moved the request meanwhile.
    """
    now = timezone.now()
    before = RequestState(request.state)
    target = after(step, before)
    moved = RightsRequest.objects.filter(pk=request.pk, state=before).update(
        state=target, state_since=now, ended_at=now if target in ENDED else None
    )
    if not moved:
        raise TransitionRefused("The request was moved by somebody else in the meantime; look at it again.")
    request.refresh_from_db()
    journal.record(request=request, actor=actor, event=f"state:{target}", detail={"step": step, "from": before})


@transaction.atomic
def decide(
    *,
    claim: Claim,
    outcome: ClaimOutcome,
    by: "User",
    ground: str = "",
    reasons: str = "",
    identity_basis: str = "",
    withheld: Sequence[int] = (),
) -> Decision:
    """Sign the outcome of one claim.

    Args:
        withheld: for a partial refusal, the opaque keys of the items it covers.

    Raises:
        TransitionRefused: the claim was carried out already, or a refusal lacks its ground or its reasons
            (GDPR 12(4)), or the ground does not fit.
    """
    if claim.fulfilled_at is not None:
        raise TransitionRefused("This claim was carried out; it cannot be decided again.")
    if outcome in (ClaimOutcome.REFUSED, ClaimOutcome.PARTIAL):
        _check_ground(claim=claim, outcome=outcome, ground=ground, reasons=reasons)
    decision = Decision.objects.create(
        claim=claim,
        outcome=outcome,
        ground=ground,
        reasons=reasons.strip(),
        identity_basis=identity_basis,
        withheld=sorted(withheld),
        decided_by=by,
        decided_at=timezone.now(),
    )
    claim.outcome = outcome
    claim.save(update_fields=["outcome"])
    detail: dict[str, object] = {"right": claim.right, "outcome": outcome, "ground": ground, "identity": identity_basis}
    if withheld:
        detail["withheld"] = len(withheld)
    journal.record(request=claim.request, actor=journal.staff(by.pk), event="decided", detail=detail)
    return decision


def _check_ground(*, claim: Claim, outcome: ClaimOutcome, ground: str, reasons: str) -> None:
    known = {g.code: g for g in grounds.for_regime(claim.request.regime)}
    if ground not in known or not reasons.strip():
        raise TransitionRefused("A refusal, also of a part, needs a coded ground and its reasons.", "GDPR 12(4)")
    if claim.right not in known[ground].applies_to:
        raise TransitionRefused("This ground does not apply to this right.", known[ground].citation)
    if outcome is ClaimOutcome.REFUSED and known[ground].copy_only:
        raise TransitionRefused("This ground limits the copy only: grant in part.", known[ground].citation)
    if outcome is ClaimOutcome.PARTIAL and not known[ground].allows_partial:
        raise TransitionRefused("This ground refuses the whole or nothing.", known[ground].citation)


@transaction.atomic
def reopen(*, request: RightsRequest, actor: str, why: str) -> None:
    """Take the request back to the search: what is held changed under the review. What was carried out stays so.

    Raises:
        TransitionRefused: not from this state.
    """
    open_claims = request.claims.filter(fulfilled_at=None).exclude(outcome=ClaimOutcome.PENDING)
    for claim in open_claims:
        detail = {"right": claim.right, "why": why}
        journal.record(request=request, actor=actor, event="decision_void", detail=detail)
    open_claims.update(outcome=ClaimOutcome.PENDING)
    take(request=request, step="search_again", actor=actor)


@transaction.atomic
def fulfil(*, claim: Claim, actor: str, detail: dict[str, object] | None = None) -> bool:
    """Record that the outcome of a claim was carried out; False if it was recorded before."""
    now = timezone.now()
    changed = Claim.objects.filter(pk=claim.pk, fulfilled_at=None).exclude(outcome="pending").update(fulfilled_at=now)
    if changed:
        claim.refresh_from_db()
        event = f"{claim.right}:carried_out"
        journal.record(request=claim.request, actor=actor, event=event, detail=detail)
    return bool(changed)
