"""Reads of the case."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple, TypedDict

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from rights.law import clock, regime
from rights.law.lifecycle import RequestState
from rights.law.regime import Regime, Stop
from rights.models import DESTROYED, Claim, ClockEvent, ClockKind, Decision, JournalEntry, RightsRequest


class Milestone(NamedTuple):
    """A state the request reached, and when."""

    state: RequestState
    at: datetime


OVER = (RequestState.CARRIED_OUT, RequestState.CLOSED, RequestState.WITHDRAWN)


def owed() -> QuerySet[RightsRequest]:
    """Requests whose answer is still to be given, the next due first."""
    return RightsRequest.objects.exclude(state__in=OVER).order_by("due", "received_at", "pk")


def is_owed(request: RightsRequest) -> bool:
    """Whether the answer is still to be given."""
    return request.state not in OVER


def milestones(request: RightsRequest) -> list[Milestone]:
    """The states the request went through, each at its last time, in order."""
    reached = {RequestState.RECEIVED: request.received_at}
    entries = request.journal_entries.filter(event__startswith="state:").order_by("position")
    for entry in entries:
        state = RequestState(entry.event.removeprefix("state:"))
        reached.pop(state, None)
        reached[state] = entry.at
    order = list(reached)
    current = order.index(RequestState(request.state))
    return [Milestone(state, reached[state]) for state in order[: current + 1]]


def law_of(request: RightsRequest) -> Regime:
    """The law that governs a request, as in force on the day of its receipt."""
    return regime.load(request.regime, clock.local_day(request.received_at, request.time_zone))


class Where(TypedDict):
    """The parts of a deadline that a request never changes."""

    regime: Regime
    country: str
    subdivision: str
    time_zone: str


def place_of(request: RightsRequest) -> Where:
    """By which law and calendar a request is reckoned."""
    return {
        "regime": law_of(request),
        "country": request.country,
        "subdivision": request.subdivision,
        "time_zone": request.time_zone,
    }


def pauses(request: RightsRequest, *, until: date | None = None) -> list[clock.Pause]:
    """The questions to the person.

    Args:
        until: reckon an open question as if it were answered on that day.
    """
    asked = request.clock_events.filter(kind=ClockKind.ASKED).select_related("answer").order_by("at", "pk")
    found = []
    for event in asked:
        answer = getattr(event, "answer", None)
        answered = clock.local_day(answer.at, request.time_zone) if answer else until
        found.append(clock.Pause(clock.local_day(event.at, request.time_zone), answered, Stop(event.asked_for)))
    return found


def open_questions(request: RightsRequest) -> QuerySet[ClockEvent]:
    """What the person was asked for and has not answered, the oldest first."""
    return request.clock_events.filter(kind=ClockKind.ASKED, answer__isnull=True).order_by("at", "pk")


def doubt(request: RightsRequest) -> ClockEvent | None:
    """The reasonable doubt about who asks that stands on record; None where none does, or it was withdrawn."""
    last = request.clock_events.filter(kind=ClockKind.DOUBTED).order_by("at", "pk").last()
    return None if last is None or last.detail.get("withdrawn") else last


def extended_on(request: RightsRequest) -> date | None:
    """The day of the notice of extension."""
    event = request.clock_events.filter(kind=ClockKind.EXTENDED).first()
    return clock.local_day(event.at, request.time_zone) if event else None


def deadline(request: RightsRequest) -> clock.Deadline:
    """The due date with its derivation, computed anew from the recorded facts.

    While a question stands open and stops the clock, the dates are those that an answer today would give.
    """
    facts: dict[str, Any] = {
        **place_of(request),
        "received_at": request.received_at,
        "extended_on": extended_on(request),
        "recorded": True,
    }
    found = clock.deadline(pauses=pauses(request), **facts)
    if found.standing_since is None:
        return found
    now = clock.deadline(pauses=pauses(request, until=today()), **facts)
    return replace(found, nominal_due=now.nominal_due, due=now.due, extension_limit=now.extension_limit)


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
    return claim.decisions.filter(in_force=True).order_by("-decided_at", "-pk").first()


def proposal(claim: Claim) -> Decision | None:
    """The decision that waits for a second signature."""
    return claim.decisions.filter(in_force=False).order_by("-decided_at", "-pk").first()


def happened(request: RightsRequest, *events: str) -> bool:
    """Whether the journal of a request names one of these."""
    return JournalEntry.objects.filter(request=request, event__in=events).exists()


def with_words(among: QuerySet[RightsRequest]) -> QuerySet[RightsRequest]:
    """Those of which words are kept that staff wrote: reasons, proofs, questions, doubts."""
    none = ["", DESTROYED]
    decided = Decision.objects.filter(claim__request__in=among).exclude(reasons__in=none, evidence__in=none)
    said = ClockEvent.objects.filter(request__in=among).exclude(words__in=none)
    return RightsRequest.objects.filter(Q(pk__in=decided.values("claim__request")) | Q(pk__in=said.values("request")))


_COUNTRIES = """
    WITH RECURSIVE found (code) AS (
        SELECT MIN(country) FROM rights_rightsrequest
        UNION ALL
        SELECT (SELECT MIN(country) FROM rights_rightsrequest WHERE country > code) FROM found WHERE code IS NOT NULL
    )
    SELECT code FROM found WHERE code IS NOT NULL
"""
"""From one country to the next in their index: DISTINCT would read every request, on either database."""


def countries() -> list[str]:
    """The countries, ISO 3166-1, under whose law a request stands."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTRIES)
        return [code for (code,) in cursor.fetchall()]
