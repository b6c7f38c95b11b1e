"""The draft in a browser: found again for a day, kept whole on the way, destroyed at a word."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from freezegun import freeze_time
from pytest_django.fixtures import Settings

from matching.images import UPLOAD_SIDE
from portal import flow
from portal.models import Draft
from rights.models import RightsRequest
from tests.portal.citizens.person import Person

pytestmark = pytest.mark.django_db


def test_a_closed_browser_finds_the_draft_again_for_a_day(person: Person) -> None:
    person.answer("rights")
    person.answer("person")
    kept = person.client.cookies["regard_draft"]
    assert kept["max-age"] == 24 * 60 * 60
    later = Person()  # The session is lost with the browser that was closed; the draft's cookie is not.
    later.client.cookies["regard_draft"] = kept.value
    with freeze_time(timezone.now() + timedelta(hours=23)):
        page = later.get("form", step="rights")
        assert page.context["go_on_at"] == reverse("citizens:form", args=["contact"])
        assert later.client.get(page.context["go_on_at"]).status_code == 200


def test_a_mistake_or_a_visit_for_the_first_time_offers_nothing_to_go_on_with(person: Person) -> None:
    assert person.get("form", step="rights").context["go_on_at"] is None
    person.answer("rights")
    assert person.post("form", {}, step="rights").context["go_on_at"] is None


def test_an_expired_draft_is_removed_with_its_photograph(person: Person) -> None:
    person.fill_in()
    with freeze_time(timezone.now() + timedelta(hours=24, seconds=1)):
        flow.destroy_what_is_due()
    assert not Draft.objects.exists()


def test_whoever_leaves_destroys_what_was_entered(person: Person) -> None:
    person.fill_in()
    kept = person.client.cookies["regard_draft"].value
    assert person.post("leave_form").url == reverse("citizens:front")
    assert not Draft.objects.exists()
    assert person.client.cookies["regard_draft"].value == ""
    person.client.cookies["regard_draft"] = kept
    assert person.client.get(reverse("citizens:draft_photo")).status_code == 404


def test_leaving_takes_nothing_back_that_was_sent(person: Person) -> None:
    person.ask()
    assert person.post("leave_form", {"anew": "yes"}).url == reverse("citizens:form", args=["rights"])
    assert RightsRequest.objects.count() == Draft.objects.count() == 1


def test_a_chosen_photograph_stays_until_it_is_removed(person: Person) -> None:
    person.fill_in()
    assert person.post("form", {"back": "yes"}, step="photo").url == reverse("citizens:form", args=["contact"])
    assert person.get("form", step="photo").context["held"]
    assert person.post("form", {"remove": "yes"}, step="photo").url == reverse("citizens:form", args=["photo"])
    assert not person.get("form", step="photo").context["held"]


def test_a_script_that_sends_a_form_is_told_where_to_go_on_and_uses_up_no_message(person: Person) -> None:
    person.answer("rights")
    response = person.client.post(reverse("citizens:leave_form"), headers={"X-Upload": "1"})
    assert response.status_code == 200
    assert response.headers["X-Upload-Location"] == reverse("citizens:front")
    assert "Location" not in response.headers
    assert "is destroyed" in person.get("front").content.decode()


def test_the_page_states_what_a_picture_is_reduced_to(person: Person, settings: Settings) -> None:
    person.answer("rights")
    page = person.get("form", step="photo").content.decode()
    assert f'data-side="{UPLOAD_SIDE}"' in page
    assert f'data-max-bytes="{settings.UPLOAD_MAX_BYTES}"' in page
