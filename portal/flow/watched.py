"""Watched: every day the dates are computed anew, and whoever must act is told. Nothing mutes it.

And every minute the sources: one that does not answer is a state on the desk; what waits for it goes on when it does.
"""

import logging
from datetime import date

from django.db import transaction
from django.db.models import Q

from matching import sources
from matching.models import Source
from portal import jobs
from portal.models import Audience, Event, Reminder
from portal.notices import outbox
from rights import journal, queries, requests, timing
from rights.law import reminders
from rights.law.lifecycle import TransitionRefused
from rights.models import RightsRequest

logger = logging.getLogger(__name__)


def watch_what_is_owed() -> None:
    """Look once a day, and after each change, at every request that is still owed something."""
    today = queries.today()
    unseen = queries.owed().filter(Q(watched_on=None) | ~Q(watched_on=today))
    for request_id in unseen.values_list("pk", flat=True):
        try:
            with transaction.atomic():
                _watch(requests.locked(request_id), today)
        except (ValueError, TransitionRefused) as error:  # One that cannot be reckoned must not silence the others.
            logger.error("The dates of request %s cannot be reckoned: %s.", request_id, type(error).__name__)


def _watch(request: RightsRequest, today: date) -> None:
    if request.watched_on == today or not queries.is_owed(request):
        return  # Another process was here first.
    timing.refresh(request)
    if queries.deadline(request).standing_since is None:  # While it stands the date moves on every day.
        _remind(request, today)
    request.watched_on = today
    request.save(update_fields=["watched_on"])


def _remind(request: RightsRequest, today: date) -> None:
    """Put what is due on record, missed days included, and tell each audience once of where it stands now."""
    due = reminders.due(nominal=request.nominal_due, limit=request.due, by=today)
    known = set(request.reminders.values_list("about", "days"))
    new = [reminder for reminder in due if (reminder.about, reminder.days) not in known]
    Reminder.objects.bulk_create(
        Reminder(request=request, about=reminder.about, days=reminder.days) for reminder in new
    )
    for audience, event, word, own in (
        (Audience.STAFF, Event.DUE_SOON, "reminded", [item for item in new if item.days > 0]),
        (Audience.DPO, Event.DUE, "escalated", [item for item in new if item.days <= 0]),
    ):
        if not own:
            continue
        last = own[-1]
        detail = {"days": last.days, "about": last.about.isoformat(), "missed": len(own) - 1}
        journal.record(request=request, actor=journal.SYSTEM, event=word, detail=detail)
        outbox.post(request=request, event=event, key=f"{last.about}:{last.days}", audience=audience, context=detail)


def watch_the_sources() -> None:
    """Ask every source whether it answers; one that is back again resumes what waited for it."""
    for source in Source.objects.order_by("pk"):
        was_away = not source.reachable
        if sources.look(source) and was_away:
            jobs.resume()
