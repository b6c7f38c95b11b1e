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

from matching.sources import SourceUnreachable
from portal import leases
from portal.models import Job, JobKind, JobState
from portal.nudges import nudge

logger = logging.getLogger(__name__)

FIRST_RETRY = timedelta(seconds=5)
LAST_RETRY = timedelta(hours=1)


class Postponed(Exception):  # noqa: N818 - not a failure: what the job waits for is known
    """Raised by a step that cannot go on yet; it is tried again, and the desk is shown why."""


class SearchIncomplete(Postponed):
    """Not everything held could be searched; tried again until it can."""


WAITS_FOR_A_SOURCE = (SearchIncomplete.__name__, SourceUnreachable.__name__)
"""Problems that end when a source is back."""


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
        _give_back(job, problem=type(error).__name__)
        logger.warning("Job %s (%s) stopped: %s; it is tried again.", job.pk, job.kind, type(error).__name__)
        raise
    Job.objects.filter(pk=job_id).update(
        state=JobState.DONE, finished_at=timezone.now(), owner="", lease_until=None, problem=""
    )


def _give_back(job: Job, *, problem: str) -> None:
    wait = min(FIRST_RETRY * 2 ** min(job.attempts, 10), LAST_RETRY)
    Job.objects.filter(pk=job.pk, state=JobState.RUNNING).update(
        state=JobState.WAITING,
        attempts=job.attempts + 1,
        not_before=timezone.now() + wait,
        owner="",
        lease_until=None,
        problem=problem,
    )


def take_over_the_dead() -> int:
    """Put back the jobs whose process is dead or whose lease is over; the number of them."""
    taken = 0
    for job in Job.objects.filter(state=JobState.RUNNING):
        if leases.is_dead(job.owner) or job.lease_until is None or job.lease_until < timezone.now():
            taken += Job.objects.filter(pk=job.pk, state=JobState.RUNNING, owner=job.owner).update(
                state=JobState.WAITING, not_before=timezone.now(), owner="", lease_until=None
            )
    return taken


def resume() -> None:
    """A source is back: what waited for one is due now, not when its next attempt would have been."""
    waiting = Job.objects.filter(state=JobState.WAITING, problem__in=WAITS_FOR_A_SOURCE)
    waiting.filter(not_before__gt=timezone.now()).update(not_before=timezone.now())


def due() -> list[int]:
    """Jobs that wait for a worker now."""
    waiting = Q(state=JobState.WAITING, not_before__lte=timezone.now())
    return list(Job.objects.filter(waiting).order_by("not_before", "pk").values_list("pk", flat=True))
