"""What a request left behind: what the person gave us and until when it is kept, what was searched, what was erased."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from matching.models import Search
from portal import retention
from portal.models import OF_MESSAGES, Event
from rights import queries
from rights.law.lifecycle import RequestState
from rights.models import Right, RightsRequest

ANSWERED = (RequestState.DECIDED, RequestState.CARRIED_OUT, RequestState.CLOSED)


@dataclass(frozen=True)
class Piece:
    """What the person gave us and on which day it is, or was, destroyed; alike ones together."""

    kind: str
    destroyed_on: date | None
    destroy_on: date | None
    count: int


def pieces_of(case: RightsRequest) -> list[Piece]:
    """The photographs and papers that the person gave us, in their order."""
    given = case.evidence.exclude(kind__in=OF_MESSAGES).order_by("created_at", "pk")
    counted = Counter[tuple[str, date | None, date | None]]()
    for item in given.defer("sealed"):
        gone = timezone.localdate(item.destroyed_at) if item.destroyed_at else None
        counted[item.kind, gone, None if gone else item.destroy_on] += 1
    return [Piece(kind, gone, until, count) for (kind, gone, until), count in counted.items()]


def answer_kept_until(case: RightsRequest) -> date | None:
    """The day on which photograph and answer are destroyed; known once everything was carried out."""
    if case.state != RequestState.CARRIED_OUT:
        return None
    return timezone.localdate(case.state_since) + retention.length("evidence")


def address_kept_until(case: RightsRequest) -> date | None:
    """The day on which the e-mail address goes; known once the request was closed or withdrawn."""
    if case.state not in (RequestState.CLOSED, RequestState.WITHDRAWN):
        return None
    return timezone.localdate(case.state_since) + retention.length("record")


def certificate(case: RightsRequest) -> Mapping[str, Any] | None:
    """What the search covered that the decision rests on, once the request is answered.

    An erasure is proven by a search of its own, which no longer covers what was erased.
    """
    decided = {milestone.state: milestone.at for milestone in queries.milestones(case)}.get(RequestState.DECIDED)
    if decided is None or case.state not in ANSWERED:
        return None
    search = Search.objects.filter(subject=case.pk, finished_at__lte=decided).order_by("finished_at", "pk").last()
    if search is None:
        return None
    held = dict(search.certificate)
    held["swept_at"] = datetime.fromisoformat(held["swept_at"])
    return held


def proof(case: RightsRequest) -> Mapping[str, Any] | None:
    """What the proof of an erasure found, from the journal."""
    entry = case.journal_entries.filter(event=f"{Right.ERASURE}:carried_out").order_by("position").last()
    if entry is None or "swept_at" not in entry.detail:
        return None  # A refused or empty erasure is carried out without one.
    facts: dict[str, Any] = dict(entry.detail)
    return facts | {"swept_at": datetime.fromisoformat(facts["swept_at"])}


def told(case: RightsRequest) -> list[str]:
    """The recipients that were told of the erasure."""
    notices = case.notices.filter(event=Event.RECIPIENT_TOLD, recipient__isnull=False)
    return list(notices.order_by("recipient__name").values_list("recipient__name", flat=True).distinct())
