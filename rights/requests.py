"""Writes to the case. Each is one transaction; each transition is one conditional update and one journal entry."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from rights import journal, reference
from rights.law import choice, clock, regime
from rights.law.lifecycle import (
    ClaimOutcome,
    Facts,
    RequestState,
    TransitionRefused,
    after,
    check_claim,
)
from rights.law.sentences import gettext_noop
from rights.models import DESTROYED, Claim, ClockEvent, ClockKind, Decision, Right, RightsRequest

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ENDED = (RequestState.CLOSED, RequestState.WITHDRAWN)


def locked(request_id: UUID) -> RightsRequest:
    """The request, held until the transaction ends. Raises: RightsRequest.DoesNotExist."""
    return RightsRequest.objects.select_for_update(no_key=True, of=("self",)).get(pk=request_id)


FIRST_YEAR: Final = 2000
"""A receipt before it is a slip of the hand: nobody's right ends, only the year is asked for again."""


def check_receipt(at: datetime) -> None:
    """Refuse a moment at which nothing can have been received. Raises: ValueError."""
    if at > timezone.now():
        raise ValueError("A request cannot have been received in the future.")
    if at.year < FIRST_YEAR:
        raise ValueError(f"The year {at.year} is too early; check the date of receipt.")


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
    place: str = "",
) -> RightsRequest:
    """Put a request on record with its claims, the law that governs it and its legal due date.

    The clock starts at the first receipt, whatever the channel. Nothing here or below looks at how many requests
    came before, nor refuses a place.

    Args:
        country, subdivision, time_zone: the controller's.
        place: where the person says they live, ISO 3166.

    Raises:
        ValueError: no right is claimed, `place` is none, or `received_at` is naive or lies in the future.
    """
    wanted = sorted(set(rights))
    if not wanted:
        raise ValueError("A request claims at least one right.")
    check_receipt(received_at)
    chosen = choice.choose(place=place, country=country, subdivision=subdivision)
    law = regime.load(chosen.code, clock.local_day(received_at, time_zone))
    deadline = clock.deadline(
        regime=law,
        received_at=received_at,
        country=chosen.country,
        subdivision=chosen.subdivision,
        time_zone=time_zone,
    )
    request = RightsRequest.objects.create(
        reference=reference.new(),
        regime=law.code,
        place=place,
        country=chosen.country,
        subdivision=chosen.subdivision,
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
    ClockEvent.objects.create(
        request=request, kind=ClockKind.RECEIVED, at=received_at, by=actor, detail={"channel": channel}
    )
    detail = {"channel": channel, "claims": wanted, "law": law.code, "because": chosen.because}
    due = {"due": deadline.due.isoformat(), "citation": deadline.citation}
    journal.record(request=request, actor=actor, event="received", detail=detail | due)
    return request


def known(request: RightsRequest, facts: Facts) -> Facts:
    """The facts of a caller together with those that the case itself knows."""
    claims = list(request.claims.order_by("right"))
    return replace(
        facts,
        regime=request.regime,
        state=RequestState(request.state),
        outcomes={claim.right: claim.outcome for claim in claims},
        carried_out=frozenset(claim.right for claim in claims if claim.fulfilled_at is not None),
        received=clock.local_day(request.received_at, request.time_zone),
    )


def allows(request: RightsRequest, step: str) -> bool:
    """Whether the case itself lets this step be taken now."""
    try:
        after(step, RequestState(request.state), known(request, Facts()))
    except TransitionRefused:
        return False
    return True


@transaction.atomic
def speak(*, request: RightsRequest, language: str) -> bool:
    """Write to the person in another language from now on; False if it was that before."""
    changed = RightsRequest.objects.filter(pk=request.pk).exclude(language=language).update(language=language)
    request.refresh_from_db(fields=["language"])
    return bool(changed)


@transaction.atomic
def assign(*, request: RightsRequest, member: "User | None") -> None:
    """Put it on somebody's desk, or on nobody's. That moves neither its state nor its clock."""
    request.assignee = member
    request.save(update_fields=["assignee"])


def forget_items(*, request: RightsRequest) -> None:
    """Forget which items a partial refusal covered, once the request has ended; the journal has their number."""
    for decision in Decision.objects.filter(claim__request=request).exclude(withheld=[]):
        Decision.objects.filter(pk=decision.pk).update(withheld=[])


@transaction.atomic
def forget_words(*, request: RightsRequest) -> None:
    """Destroy what staff wrote in their own words: reasons, proofs, questions, doubts. Once the request has ended."""
    written = Decision.objects.filter(claim__request=request)
    written.exclude(reasons__in=["", DESTROYED]).update(reasons=DESTROYED)
    written.exclude(evidence__in=["", DESTROYED]).update(evidence=DESTROYED)
    request.clock_events.exclude(words__in=["", DESTROYED]).update(words=DESTROYED)


UNSETTLING: Final = frozenset(
    {"decide", "decide_unsearched", "withdraw", "disown", "reopen_review", "find_more", "search_again"}
)
"""Steps after which a proposal would be signed on other facts than those it was made on."""


@transaction.atomic
def drop_proposals(*, request: RightsRequest, actor: str) -> None:
    """What waits for a second signature is dropped; the claims stay as they are."""
    for proposal in Decision.objects.filter(claim__request=request, in_force=False).select_related("claim"):
        detail = {"right": proposal.claim.right, "outcome": proposal.outcome, "ground": proposal.ground}
        journal.record(request=request, actor=actor, event="proposal_dropped", detail=detail)
        proposal.delete()


@transaction.atomic
def take(*, request: RightsRequest, step: str, actor: str, facts: Facts | None = None) -> None:
    """Take one step of the table in `rights.law.lifecycle`.

    Args:
        facts: what the case itself does not know and the step's guards ask for.

    Raises:
        TransitionRefused: not from this state, a guard refuses, or somebody else moved the request meanwhile.
    """
    now = timezone.now()
    before = RequestState(request.state)
    target = after(step, before, known(request, facts or Facts()))
    if step in UNSETTLING:
        drop_proposals(request=request, actor=actor)
    moved = RightsRequest.objects.filter(pk=request.pk, state=before).update(
        state=target, state_since=now, ended_at=now if target in ENDED else None
    )
    if not moved:
        text = gettext_noop("The request was moved by somebody else in the meantime; look at it again.")
        raise TransitionRefused(text)
    request.refresh_from_db()
    journal.record(request=request, actor=actor, event=f"state:{target}", detail={"step": step, "from": before})


@transaction.atomic
def reopen(*, request: RightsRequest, actor: str, why: str) -> None:
    """Take the request back to the search: what is held changed under the review. What was carried out stays so.

    Raises:
        TransitionRefused: not from this state.
    """
    for claim in request.claims.filter(fulfilled_at=None).exclude(outcome=ClaimOutcome.PENDING):
        claim.outcome = check_claim("void", ClaimOutcome(claim.outcome), known(request, Facts(right=claim.right)))
        claim.save(update_fields=["outcome"])
        detail = {"right": claim.right, "why": why}
        journal.record(request=request, actor=actor, event="decision_void", detail=detail)
    take(request=request, step="search_again", actor=actor)


CARRYING_OUT = {
    (Right.ACCESS, ClaimOutcome.GRANTED): "give_the_copy",
    (Right.ACCESS, ClaimOutcome.PARTIAL): "give_the_copy",
    (Right.ERASURE, ClaimOutcome.GRANTED): "erase",
    (Right.ERASURE, ClaimOutcome.PARTIAL): "erase",
}


@transaction.atomic
def fulfil(*, claim: Claim, actor: str, facts: Facts | None = None, detail: dict[str, object] | None = None) -> bool:
    """Record that the outcome of a claim was carried out; False if it was recorded before.

    Args:
        facts: what shows that it was carried out.

    Raises:
        TransitionRefused: a guard of the step refuses, or the claim is not decided.
    """
    claim.refresh_from_db()
    if claim.fulfilled_at is not None:
        return False
    step = CARRYING_OUT.get((Right(claim.right), ClaimOutcome(claim.outcome)), "tell")
    check_claim(step, ClaimOutcome(claim.outcome), replace(known(claim.request, facts or Facts()), right=claim.right))
    changed = Claim.objects.filter(pk=claim.pk, fulfilled_at=None).update(fulfilled_at=timezone.now())
    if changed:
        claim.refresh_from_db()
        event = f"{claim.right}:carried_out"
        journal.record(request=claim.request, actor=actor, event=event, detail=detail)
    return bool(changed)
