"""Celery tasks: an id in, one step called, nothing else."""

import logging
from uuid import UUID

from celery import shared_task
from django.core.management import call_command

from matching import database
from matching.index import every_index
from portal import flow, jobs
from portal.models import JobKind
from portal.notices import outbox
from portal.nudges import nudge
from portal.operate import planner, pulse
from portal.staff import locks

logger = logging.getLogger(__name__)

STEPS = {
    JobKind.SEARCH: flow.search,
    JobKind.BUILD_ANSWER: flow.build_answer,
    JobKind.ERASE: flow.erase,
    JobKind.KEEP_TEMPLATE: flow.keep_template,
    JobKind.ERASE_HELD: flow.erase_held,
    JobKind.COMPARE_DOCUMENT: flow.compare_document,
    JobKind.CHECK_LIVE: flow.check_live,
}


@shared_task
def run_job(job_id: int) -> None:
    """Do one job, if it is still to be done."""
    with jobs.claimed(job_id) as job:
        if job is not None:
            STEPS[JobKind(job.kind)](request_id=job.request_id)


@shared_task
def deliver(notice_id: str) -> None:
    """Send one notice, if it is still to be sent."""
    outbox.deliver(notice_id=UUID(notice_id))


@shared_task
def check_index() -> None:
    """Compare every file of the index with its checksum, every night; what is damaged is read anew."""
    for index in every_index():
        damaged = index.check()
        if damaged:
            logger.error("The index was damaged and is rebuilt: %s.", ", ".join(damaged))
            index.sync(thorough=True)
        index.build_previews()


@shared_task
def forget_sessions() -> None:
    """Delete the sessions that ended, old failures to sign in, and archives that no request has, every hour."""
    call_command("clearsessions")
    locks.forget_old()
    flow.remove_orphans()


@shared_task
def take_statistics() -> None:
    """Let the database know how its tables have grown, every hour."""
    planner.take_statistics()


@shared_task(expires=30)
def pick_up() -> None:
    """Queue what the broker lost, what a dead worker left, and what has become due."""
    pulse.beat()
    jobs.take_over_the_dead()
    outbox.settle_the_interrupted()
    for job_id in jobs.due():
        nudge("run_job", job_id)
    for notice_id in outbox.due():
        nudge("deliver", str(notice_id))
    flow.watch_what_is_owed()
    flow.start_due_searches()
    flow.start_due_comparisons()
    flow.start_due_live_checks()
    flow.start_due_erasures()
    flow.start_due_held_erasures()
    flow.end_due_consents()
    flow.destroy_unused_documents()
    flow.destroy_unused_frames()
    flow.destroy_what_is_due()
    database.flush(patient=False)  # What was destroyed by anybody since the last beat is in no log after this.


@shared_task(expires=30)
def look_at_sources() -> None:
    """Ask every source whether it answers. Apart from `pick_up`, which must not wait for one that does not."""
    flow.watch_the_sources()
    for job_id in jobs.due():
        nudge("run_job", job_id)
