"""The legal date in the person's own calendar."""

from datetime import timedelta

import pytest
from django.urls import reverse
from icalendar import Calendar

from rights.models import RightsRequest
from tests.portal.citizens.person import Person

pytestmark = pytest.mark.django_db


def test_the_due_date_is_an_all_day_event_that_names_nobody(person: Person) -> None:
    case = person.ask()
    person.type_code(case)
    assert reverse("citizens:due_date", args=[case.pk]) in person.get("status", request_id=case.pk).content.decode()
    response = person.get("due_date", request_id=case.pk)
    assert response["Content-Type"].startswith("text/calendar")
    assert "no-store" in response["Cache-Control"]
    (event,) = Calendar.from_ical(response.content).walk("VEVENT")
    assert event.decoded("dtstart") == case.due
    assert event.decoded("dtend") == case.due + timedelta(days=1)
    for told in (case.reference, str(case.pk), case.pk.hex, "ada", "example.org"):
        assert told not in response.content.decode()
    again = Calendar.from_ical(person.get("due_date", request_id=case.pk).content)
    assert again.walk("VEVENT")[0]["uid"] == event["uid"]


def test_a_stranger_gets_no_file_and_an_ended_request_none(person: Person) -> None:
    case = person.ask()
    person.type_code(case)
    assert Person().get("due_date", request_id=case.pk).url == reverse("citizens:find")
    person.post("withdraw", request_id=case.pk)
    assert RightsRequest.objects.get().state == "withdrawn"
    assert person.get("due_date", request_id=case.pk).url == reverse("citizens:status", args=[case.pk])
