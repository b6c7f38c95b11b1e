"""The Celery application; `portal.tasks` holds the tasks."""

import os
import signal
from contextlib import suppress

from billiard.util import set_pdeathsig
from celery import Celery
from celery.schedules import crontab
from celery.signals import beat_embedded_init, worker_process_init
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("regard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["portal"])
app.conf.beat_schedule = {
    "check the index": {"task": "portal.tasks.check_index", "schedule": crontab(hour="3", minute="30")},
    "forget the sessions that ended": {
        "task": "portal.tasks.forget_sessions",
        "schedule": crontab(minute="15"),
    },
    "let the database know how its tables have grown": {
        "task": "portal.tasks.take_statistics",
        "schedule": crontab(minute="45"),
    },
    "pick up what the broker lost": {"task": "portal.tasks.pick_up", "schedule": settings.BEAT_SECONDS},
    "look whether the sources answer": {"task": "portal.tasks.look_at_sources", "schedule": settings.SOURCE_SECONDS},
}


@worker_process_init.connect
@beat_embedded_init.connect
def _end_with_the_worker(**_about: object) -> None:
    """A process of the pool reads what the worker sends. The pipe of a killed one may be held open by its other
    processes, each waiting for the rest to end.
    """
    with suppress(OSError):  # Linux only.
        set_pdeathsig(signal.SIGKILL)
