"""Telling a worker that there is work. The row is the truth; a nudge only saves it waiting for the next beat."""

import logging

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def nudge(task: str, *args: int | str) -> None:
    """Queue `portal.tasks.<task>` with ids; a broker that is away costs seconds, not work."""
    try:
        current_app.send_task(f"portal.tasks.{task}", args=args, retry=False, ignore_result=True)
    except OperationalError:
        logger.warning("The broker cannot be reached; the work waits in the database.")
