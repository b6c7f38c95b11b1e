"""Figures for Prometheus, counted in the database at each scrape: so they are the same whichever process is asked."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from django.db.models import Count, Min, Model, QuerySet
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from matching import suppression
from matching.index import get_index
from matching.models import Face, Photo, PhotoStatus, Source
from portal.models import Job, JobState, Notice, NoticeState
from portal.operate import pulse
from rights import queries
from rights.law.lifecycle import RequestState
from rights.models import Claim, Right

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def exposition() -> bytes:
    """Every figure, in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Counted())
    return generate_latest(registry)


class _Counted(Collector):
    """Counts when it is asked; keeps nothing."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        yield from _requests()
        yield from _work()
        yield from _holdings()
        yield from _health()

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing is counted when it is registered."""
        return []


def _one(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"regard_{name}", about, value=value)


def _by(name: str, about: str, labels: list[str], counts: Iterable[tuple[list[str], int]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"regard_{name}", about, labels=labels)
    for values, number in counts:
        family.add_metric(values, number)
    return family


def _states(rows: QuerySet[Model], states: Iterable[str]) -> list[tuple[list[str], int]]:
    """How many rows are in each state, also in those where none is: an alarm needs the zero."""
    found = dict(rows.order_by().values_list("state").annotate(Count("pk")))
    return [([str(state)], found.get(state, 0)) for state in states]


def _requests() -> Iterator[GaugeMetricFamily]:
    counts = Claim.objects.order_by().values_list("request__state", "right").annotate(number=Count("pk"))
    found = {(state, right): number for state, right, number in counts}
    every = [([str(s), str(r)], found.get((s, r), 0)) for s in RequestState for r in Right]
    yield _by("claims", "Claims by the state of their request and by right.", ["state", "right"], every)
    today = queries.today()
    nearest = queries.owed().values_list("due", flat=True).first()
    yield _one("overdue_requests", "Requests whose due date has passed.", queries.owed().filter(due__lt=today).count())
    if nearest is not None:
        yield _one("nearest_due_days", "Days to the nearest due date; negative when it passed.", (nearest - today).days)


def _work() -> Iterator[GaugeMetricFamily]:
    yield _by("jobs", "Jobs by state.", ["state"], _states(Job.objects.all(), JobState))
    pending = Job.objects.exclude(state=JobState.DONE)
    yield _one("jobs_failed", "Jobs that went wrong and are tried again.", pending.exclude(problem="").count())
    yield _one("oldest_job_seconds", "Age of the oldest job that is not done.", _age(pending))
    yield _by("notices", "Mails by state.", ["state"], _states(Notice.objects.all(), NoticeState))
    waiting = Notice.objects.filter(state__in=[NoticeState.WAITING, NoticeState.SENDING])
    yield _one("oldest_notice_seconds", "Age of the oldest mail that waits.", _age(waiting))


def _age(rows: QuerySet[Model]) -> float:
    """Seconds since the oldest was made; 0 if there is none."""
    oldest = rows.order_by().aggregate(at=Min("created_at"))["at"]
    return (timezone.now() - oldest if oldest else timedelta()).total_seconds()


def _holdings() -> Iterator[GaugeMetricFamily]:
    yield _one("faces", "Faces held.", Face.objects.count())
    found = dict(Photo.objects.order_by().values_list("status").annotate(Count("pk")))
    photos = [([str(status)], found.get(status, 0)) for status in PhotoStatus]
    yield _by("photos", "Photos held, by status.", ["status"], photos)
    yield _one("holds", "Held faces that staff must decide about.", suppression.undecided().count())
    yield _one("sources", "Sources.", Source.objects.count())
    yield _one("sources_down", "Sources that did not answer.", Source.objects.filter(reachable=False).count())


def _health() -> Iterator[GaugeMetricFamily]:
    checked = get_index().checked_at()
    if checked is not None:
        yield _one("index_checked_timestamp_seconds", "When the index was last found whole.", checked.timestamp())
    last = pulse.last_beat()
    if last is not None:
        yield _one("beat_timestamp_seconds", "When the beat last reached a worker.", last.timestamp())
