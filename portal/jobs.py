"""Work that must happen: claimed by a conditional update, leased while it runs, taken over when its process died."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from matching.index import IndexUnreachable
from matching.sources import SourceReadOnly, SourceUnreachable
from portal import leases
from portal.models import Job, JobKind, JobState
from portal.nudges import nudge

logger = logging.getLogger(__name__)

FIRST_RETRY = timedelta(seconds=5)
LAST_RETRY = timedelta(hours=1)
ANOTHER_TRIES = 20
"""Jobs that other workers may win meanwhile, before this one looks no further."""


class Postponed(Exception):  # noqa: N818 - not a failure: what the job waits for is known
    """Raised by a step that cannot go on yet; it is tried again, and the desk is shown why."""


class SearchIncomplete(Postponed):
    """Not everything held could be searched; tried again until it can."""


WAITS_FOR_A_SOURCE = (SearchIncomplete.__name__, SourceUnreachable.__name__)
"""Problems that end when a source is back."""
OF_THE_WORLD = (*WAITS_FOR_A_SOURCE, Postponed.__name__, SourceReadOnly.__name__, IndexUnreachable.__name__)
"""Problems that no job is to blame for."""


def post(*, request_id: UUID, kind: JobKind) -> Job:
    """Put a step on the list, once, in the caller's transaction; the broker is nudged when that commits."""
    job, _created = Job.objects.get_or_create(
        request_id=request_id,
        kind=kind,
        state__in=[JobState.WAITING, JobState.RUNNING],
        defaults={"state": JobState.WAITING, "not_before": timezone.now()},
    )
    transaction.on_commit(lambda: nudge("run_job", job.pk))
    return job


@contextmanager
def claimed(job_id: int) -> Iterator[Job | None]:
    """The job, if this process won it; None if it is done, not due, or somebody else's.

    What goes wrong inside is recorded (class only: messages may carry personal data), the job is tried again later,
    and the error goes on to the caller.
    """
    now = timezone.now()
    won = Job.objects.filter(pk=job_id, state=JobState.WAITING, not_before__lte=now).update(
        state=JobState.RUNNING,
        owner=leases.owner(),
        lease_until=now + timedelta(seconds=settings.LEASE_SECONDS),
    )
    if not won:
        yield None
        return
    job = Job.objects.get(pk=job_id)
    try:
        yield job
    except BaseException as error:
        give_back(job, problem=type(error).__name__)
        raise
    mine = Job.objects.filter(pk=job_id, state=JobState.RUNNING, owner=job.owner)
    mine.update(state=JobState.DONE, finished_at=timezone.now(), owner="", lease_until=None, problem="")


@contextmanager
def another(kind: JobKind) -> Iterator[Job | None]:
    """A further job of a kind that is due, claimed like any; None if there is none left.

    What went wrong once, or whose process died, is tried alone, so that it cannot take others down again.
    """
    blameless = Q(attempts=0) | Q(problem__in=OF_THE_WORLD)
    for job_id in due(blameless, kind=kind)[:ANOTHER_TRIES]:
        with claimed(job_id) as job:
            if job is not None:
                yield job
                return
    yield None


def give_back(job: Job, *, problem: str) -> None:
    """Let a claimed job wait for its next try, longer each time. One that is no longer this process's is left alone."""
    wait = min(FIRST_RETRY * 2 ** min(job.attempts, 10), LAST_RETRY)
    given = Job.objects.filter(pk=job.pk, state=JobState.RUNNING, owner=job.owner).update(
        state=JobState.WAITING,
        attempts=job.attempts + 1,
        not_before=timezone.now() + wait,
        owner="",
        lease_until=None,
        problem=problem,
    )
    if given:
        logger.warning("Job %s (%s) stopped: %s; it is tried again.", job.pk, job.kind, problem)


def renew() -> None:
    """What this process works on takes longer: let nobody take it over."""
    mine = Job.objects.filter(state=JobState.RUNNING, owner=leases.owner())
    mine.update(lease_until=timezone.now() + timedelta(seconds=settings.LEASE_SECONDS))


def take_over_the_dead() -> int:
    """Put back the jobs whose process is dead or whose lease is over; the number of them."""
    taken = 0
    for job in Job.objects.filter(state=JobState.RUNNING):
        if leases.is_dead(job.owner) or job.lease_until is None or job.lease_until < timezone.now():
            taken += Job.objects.filter(pk=job.pk, state=JobState.RUNNING, owner=job.owner).update(
                state=JobState.WAITING,
                not_before=timezone.now(),
                attempts=job.attempts + 1,
                owner="",
                lease_until=None,
                problem="",
            )
    return taken


def resume() -> None:
    """A source is back: what waited for one is due now, not when its next attempt would have been."""
    waiting = Job.objects.filter(state=JobState.WAITING, problem__in=WAITS_FOR_A_SOURCE)
    waiting.filter(not_before__gt=timezone.now()).update(not_before=timezone.now())


def due(*which: Q, **only: object) -> list[int]:
    """Jobs that wait for a worker now, perhaps only some."""
    waiting = Job.objects.filter(*which, state=JobState.WAITING, not_before__lte=timezone.now(), **only)
    return list(waiting.order_by("not_before", "pk").values_list("pk", flat=True))
