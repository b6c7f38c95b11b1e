"""Reads of the case."""

from datetime import date, datetime
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils import timezone

from rights.law import clock, regime
from rights.law.lifecycle import RequestState
from rights.models import OPEN_STATES, Claim, Decision, RightsRequest


class Milestone(NamedTuple):
    """A state the request reached, and when."""

    state: RequestState
    at: datetime


def open_requests() -> QuerySet[RightsRequest]:
    """Requests still owed something, the next due first."""
    return RightsRequest.objects.filter(state__in=OPEN_STATES).order_by("due", "received_at", "pk")


def milestones(request: RightsRequest) -> list[Milestone]:
    """The states the request went through, each at its last time, in order."""
    reached = {RequestState.RECEIVED: request.received_at}
    entries = request.journal_entries.filter(event__startswith="state:").order_by("pk")
    for entry in entries:
        state = RequestState(entry.event.removeprefix("state:"))
        reached.pop(state, None)
        reached[state] = entry.at
    order = list(reached)
    current = order.index(RequestState(request.state))
    return [Milestone(state, reached[state]) for state in order[: current + 1]]


def deadline(request: RightsRequest) -> clock.Deadline:
    """The due date with its derivation, computed anew from the recorded facts."""
    return clock.deadline(
        regime=regime.load(request.regime),
        received_at=request.received_at,
        country=request.country,
        subdivision=request.subdivision,
        time_zone=request.time_zone,
    )


def today() -> date:
    """Today in the controller's time zone, which decides on what day something is due."""
    return timezone.localdate()


def days_left(request: RightsRequest) -> int:
    """Days until the legal due date, negative once it has passed."""
    return (request.due - today()).days


def claim(request: RightsRequest, right: str) -> Claim | None:
    """The request's claim of one right, if it makes it."""
    return request.claims.filter(right=right).first()


def decision(claim: Claim) -> Decision | None:
    """The decision in force."""
    return claim.decisions.order_by("-decided_at", "-pk").first()
