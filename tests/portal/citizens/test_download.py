"""The answer goes out after a fresh code, whole, and to nobody's cache."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from unittest import mock

import pytest
from django.core.signals import request_finished
from django.urls import reverse
from django.utils import timezone
from freezegun import freeze_time
from pytest_django.fixtures import Settings

from portal import vault
from portal.models import Answer
from rights.models import RightsRequest
from tests.portal.citizens.person import Person

pytestmark = pytest.mark.django_db

ARCHIVE = [b"PK\x03\x04", b"pictures", b"and a letter"]


@pytest.fixture
def case(person: Person) -> RightsRequest:
    case = person.ask()
    person.type_code(case)
    return case


@pytest.fixture
def answer(case: RightsRequest, settings: Settings) -> Answer:
    """An archive on offer, sealed as the real one is."""
    vault.seal_file(case, iter(ARCHIVE), settings.ANSWERS_DIR / f"{case.pk}.sealed")
    now = timezone.now()
    return Answer.objects.create(
        request=case,
        size=sum(map(len, ARCHIVE)),
        sha256="0" * 64,
        photos=2,
        built_at=now,
        offered_at=now,
        expires_at=now + timedelta(days=30),
    )


def ask_for_a_code(person: Person, case: RightsRequest) -> None:
    response = person.post("download", request_id=case.pk)
    assert response.url == reverse("citizens:code", args=[case.pk])
    assert person.type_code(case).url == reverse("citizens:download", args=[case.pk])


def test_an_open_status_page_alone_does_not_give_the_answer(
    person: Person, case: RightsRequest, answer: Answer
) -> None:
    response = person.get("download_file", request_id=case.pk)
    assert response.url == reverse("citizens:download", args=[case.pk])
    assert "Download my answer" not in person.get("download", request_id=case.pk).content.decode()


def test_after_a_fresh_code_the_whole_archive_comes_as_an_attachment(
    person: Person, case: RightsRequest, answer: Answer
) -> None:
    ask_for_a_code(person, case)
    assert "Download my answer" in person.get("download", request_id=case.pk).content.decode()
    response = person.get("download_file", request_id=case.pk)
    assert b"".join(response.streaming_content) == b"".join(ARCHIVE)
    assert response.headers["Content-Type"] == "application/zip"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{case.reference}.zip"'
    assert response.headers["Content-Length"] == str(answer.size)
    assert "no-store" in response.headers["Cache-Control"]


def test_it_counts_as_delivered_with_the_last_byte_and_not_before(
    person: Person, case: RightsRequest, answer: Answer
) -> None:
    ask_for_a_code(person, case)
    response = person.get("download_file", request_id=case.pk)
    chunks: Iterator[bytes] = iter(response.streaming_content)
    next(chunks)
    answer.refresh_from_db()
    assert answer.delivered_at is None
    list(chunks)
    answer.refresh_from_db()
    assert answer.delivered_at is not None


def test_a_download_that_breaks_off_is_not_a_delivery(person: Person, case: RightsRequest, answer: Answer) -> None:
    ask_for_a_code(person, case)
    response = person.get("download_file", request_id=case.pk)
    next(iter(response.streaming_content))
    with mock.patch.object(request_finished, "send"):  # It would close the connection that the test lives in.
        response.close()
    answer.refresh_from_db()
    assert answer.delivered_at is None


def test_a_quarter_of_an_hour_later_a_new_code_is_needed(person: Person, case: RightsRequest, answer: Answer) -> None:
    ask_for_a_code(person, case)
    with freeze_time(timezone.now() + timedelta(minutes=15, seconds=1)):
        response = person.get("download_file", request_id=case.pk)
    assert response.url == reverse("citizens:download", args=[case.pk])


def test_the_code_that_opened_the_status_page_does_not_open_the_download(
    person: Person, case: RightsRequest, answer: Answer
) -> None:
    person.post("download", request_id=case.pk)
    assert case.codes.filter(used_at=None).count() == 1


def test_an_expired_offer_is_renewed_as_often_as_asked(person: Person, case: RightsRequest, answer: Answer) -> None:
    for _time in range(3):
        Answer.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert "Make it available again" in person.get("download", request_id=case.pk).content.decode()
        person.post("renew", request_id=case.pk)
        answer.refresh_from_db()
        assert answer.expires_at is not None
        assert answer.expires_at > timezone.now() + timedelta(days=29)


def test_an_answer_that_cannot_be_opened_is_said_to_be_so(
    person: Person, case: RightsRequest, answer: Answer, settings: Settings
) -> None:
    ask_for_a_code(person, case)
    (settings.ANSWERS_DIR / f"{case.pk}.sealed").unlink()
    response = person.get("download_file", request_id=case.pk)
    assert response.url == reverse("citizens:download", args=[case.pk])
    assert "cannot be opened at the moment" in person.get("download", request_id=case.pk).content.decode()


def test_without_an_answer_there_is_nothing_to_download(person: Person, case: RightsRequest) -> None:
    assert person.get("download", request_id=case.pk).url == reverse("citizens:status", args=[case.pk])


def test_somebody_elses_session_gets_nothing(
    person: Person, case: RightsRequest, answer: Answer, another: Callable[[], Person]
) -> None:
    ask_for_a_code(person, case)
    assert another().get("download_file", request_id=case.pk).url == reverse("citizens:find")
