"""The Celery application; `portal.tasks` holds the tasks."""

import os

from celery import Celery
from celery.schedules import crontab
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("regard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["portal"])
app.conf.beat_schedule = {
    "check the index": {"task": "portal.tasks.check_index", "schedule": crontab(hour="3", minute="30")},
    "forget the sessions that ended": {
        "task": "portal.tasks.forget_sessions",
        "schedule": crontab(hour="3", minute="15"),
    },
    "pick up what the broker lost": {"task": "portal.tasks.pick_up", "schedule": settings.BEAT_SECONDS},
}
