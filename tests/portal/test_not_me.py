"""A picture of the answer that the person says is not them: out of the erasure until somebody has looked."""

import io

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from PIL import Image

from matching.models import Photo, Source
from portal import flow
from portal.models import JobState, Message, NotMe
from rights.law.lifecycle import TransitionRefused
from rights.models import JournalEntry, RightsRequest
from tests.portal.citizens.person import Person
from tests.portal.deeds import Ask, Run, answered
from tests.staffing import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def case(painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User) -> RightsRequest:
    """Ada's answer is on offer, and the erasure waits for her to fetch it."""
    return answered(ask, run_jobs, staff, other_staff)


@pytest.fixture
def her(case: RightsRequest) -> Person:
    """Ada with the page and the download open."""
    her = Person()
    her.open(case)
    her.post("download", request_id=case.pk)
    her.type_code(case)
    return her


def photo(name: str) -> Photo:
    return Photo.objects.get(path=name)


def test_nothing_is_erased_until_somebody_looked_and_the_others_picture_stays(
    case: RightsRequest, run_jobs: Run, staff: User
) -> None:
    key = photo("ada-2.jpg").pk
    assert flow.not_me(request_id=case.pk, photo_key=key, number=2)
    assert not flow.not_me(request_id=case.pk, photo_key=key, number=2)
    assert Message.objects.filter(request=case).count() == 1
    flow.delivered(request_id=case.pk)
    run_jobs()
    case.refresh_from_db()
    assert case.state == "decided"
    assert photo("ada-1.jpg")
    assert case.jobs.get(kind="erase").state == JobState.WAITING
    flow.settle_not_me(request_id=case.pk, photo_key=key, shows_them=False, actor="staff:1")
    with pytest.raises(TransitionRefused):
        flow.settle_not_me(request_id=case.pk, photo_key=key, shows_them=True, actor="staff:1")
    flow.erase(request_id=case.pk)
    case.refresh_from_db()
    assert case.state == "carried_out"
    assert photo("ada-2.jpg").faces.exists()
    assert not Photo.objects.filter(path="ada-1.jpg", faces__isnull=False).exists()


def test_a_picture_that_staff_find_to_be_the_persons_is_erased_with_the_others(case: RightsRequest) -> None:
    key = photo("ada-2.jpg").pk
    flow.not_me(request_id=case.pk, photo_key=key, number=2)
    flow.settle_not_me(request_id=case.pk, photo_key=key, shows_them=True, actor="staff:1")
    flow.delivered(request_id=case.pk)
    flow.erase(request_id=case.pk)
    case.refresh_from_db()
    assert case.state == "carried_out"
    assert not Photo.objects.filter(path="ada-2.jpg", faces__isnull=False).exists()
    with pytest.raises(TransitionRefused):
        flow.not_me(request_id=case.pk, photo_key=key, number=2)


def test_only_pictures_of_the_answer_can_be_said_to_be_of_others(case: RightsRequest) -> None:
    with pytest.raises(TransitionRefused):
        flow.not_me(request_id=case.pk, photo_key=photo("bo-1.jpg").pk, number=1)
    assert not NotMe.objects.exists()


def test_the_person_sees_the_copy_and_staff_see_what_they_say(case: RightsRequest, her: Person, staff: User) -> None:
    page = her.get("pictures", request_id=case.pk).content.decode()
    assert page.count("This is not me") == 3
    shown = her.get("answer_picture", request_id=case.pk, number=1)
    assert "no-store" in shown["Cache-Control"]
    assert Image.open(io.BytesIO(shown.content)).format == "JPEG"
    assert JournalEntry.objects.filter(request=case, event="answer_picture_shown").count() == 1
    assert her.get("answer_picture", request_id=case.pk, number=4).status_code == 404
    her.post("not_me", request_id=case.pk, number=1)
    assert "Somebody looks at it again" in her.get("pictures", request_id=case.pk).content.decode()
    assert "Nothing is erased until somebody" in her.get("status", request_id=case.pk).content.decode()
    said = NotMe.objects.get(request=case)
    desk = sign_in(Client(), staff)
    address = reverse("admin:rights_request_not_me", args=[case.pk, said.photo_key])
    assert address in desk.get(reverse("admin:rights_rightsrequest_change", args=[case.pk])).content.decode()
    desk.post(address, {"shows": "other"})
    said.refresh_from_db()
    assert said.shows_them is False
    assert "We looked again and agree" in her.get("pictures", request_id=case.pk).content.decode()


def test_neither_another_session_nor_an_open_page_alone_sees_or_says_anything(case: RightsRequest) -> None:
    stranger, without_code = Person(), Person()
    without_code.open(case)
    for door, number in (("pictures", {}), ("answer_picture", {"number": 1})):
        assert stranger.get(door, request_id=case.pk, **number).url == reverse("citizens:find")
        assert without_code.get(door, request_id=case.pk, **number).status_code in (302, 404)
    assert stranger.post("not_me", request_id=case.pk, number=1).url == reverse("citizens:find")
    without_code.post("not_me", request_id=case.pk, number=1)
    assert not NotMe.objects.exists()
