"""The law of a request in the words of pages, mails and letters."""

import pytest
from django.contrib.auth.models import User
from django.utils import translation

from matching import images
from matching.models import Source
from portal import flow, laws, places
from portal.answers import remedies
from portal.answers.letter import letter
from portal.models import ControllerProfile, Event, Remedy
from portal.notices.compose import compose
from rights.law.lifecycle import AnswerIncomplete
from rights.models import RightsRequest
from tests.fakes import paint
from tests.portal.answers.printed import bare, text_of
from tests.portal.citizens.person import Person
from tests.portal.deeds import Run, answered, decide, reviewed

pytestmark = pytest.mark.django_db


def from_california(**_asked: object) -> RightsRequest:
    return flow.receive(
        rights=("access", "erasure"),
        contact=flow.Contact(email="ada@example.org", language="en", place="US-CA"),
        channel="web",
        probe=images.clean_upload(paint(["ada"], shade=9)),
    )


def test_the_letter_under_another_law_cites_that_law_and_no_other(
    controller: object, painted: Source, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = answered(from_california, run_jobs, staff, other_staff)
    text = text_of(letter(request=request))
    assert bare("California Consumer Privacy Act") in text
    assert bare("California Privacy Protection Agency") in text
    for european in ("15(1)", "article 1", "CNIL", "GDPR"):
        assert bare(european) not in text


def test_without_its_remedies_nothing_is_decided_under_that_law(
    controller: object, painted: Source, run_jobs: Run, staff: User, other_staff: User
) -> None:
    Remedy.objects.filter(regime="ccpa", language="en").delete()
    request = reviewed(from_california, run_jobs, staff, other_staff)
    with pytest.raises(AnswerIncomplete, match="supervisory authority"):
        decide(request, staff)
    assert not remedies.of_request(request).authority


def test_the_reason_for_a_law_stays_what_it_was_when_the_profile_moves(controller: ControllerProfile) -> None:
    request = flow.receive(rights=["access"], contact=flow.Contact(email="a@example.org"), channel="web", probe=None)
    controller.country = "CH"
    controller.save()
    assert laws.of_request(request).why == "It applies because this is where we are: France."
    assert laws.for_place("").code == "fadp"


def test_the_form_says_before_sending_which_law_and_why(controller: object) -> None:
    person = Person()
    person.fill_in(place="CH")
    page = person.get("check").content.decode()
    assert "Federal Act on Data Protection" in page
    assert "Switzerland" in page
    assert "within 30 days" in page
    assert "as often as you like" in page
    assert "within one month" in Person().get("front").content.decode()


def test_the_acknowledgement_names_the_law_in_the_persons_language(controller: object) -> None:
    contact = flow.Contact(email="a@example.org", language="fr", place="GB")
    request = flow.receive(rights=["access"], contact=contact, channel="web", probe=None)
    body = str(compose(request.notices.get(event=Event.ACKNOWLEDGED)).body)
    assert "RGPD britannique" in body


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("en", "United States – California"),
        ("fr", "États-Unis – Californie"),
        ("de", "Vereinigte Staaten – Kalifornien"),
    ],
)
def test_places_have_names_in_the_readers_language(language: str, name: str) -> None:
    with translation.override(language):
        known = dict(places.choices())
    assert known["US-CA"] == name
    assert len(known) > 240
    assert {"FR", "KP", "VA", "CA-QC"} <= set(known)
