"""The legal date as a file for the person's own calendar."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext
from django.views.decorators.http import require_safe
from icalendar import Calendar, Event

from portal.citizens import status_page
from portal.citizens.guard import opened
from rights.models import RightsRequest


@require_safe
@opened
def due_date(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    """The due date as an all-day event (RFC 5545). Calendars are shared: it names neither the request nor anybody."""
    clock = status_page.clock_of(case)
    if not clock.in_calendars:
        messages.info(request, gettext("There is no legal date to put into a calendar at the moment."))
        return redirect("citizens:status", request_id=case.pk)
    return HttpResponse(
        _calendar(case),
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="due.ics"'},
    )


def _calendar(case: RightsRequest) -> bytes:
    event = Event()
    # The same for each file of a request, so that a date that moved replaces the earlier one; tells no stranger which.
    event.add("uid", salted_hmac("regard.calendar", case.pk.hex, algorithm="sha256").hexdigest())
    event.add("dtstamp", timezone.now())
    event.add("sequence", case.clock_events.count())
    event.add("dtstart", case.due)
    event.add("dtend", case.due + timedelta(days=1))
    event.add("summary", gettext("Last day for the answer to my request"))
    event.add("transp", "TRANSPARENT")
    calendar = Calendar()
    calendar.add("prodid", "-//Regard//Legal date//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical())
