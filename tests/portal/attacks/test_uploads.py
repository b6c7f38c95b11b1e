"""Hostile files at the doors: the person is told in their language, and nobody else notices."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import Settings

from matching import decoder, ingest
from matching.decoding import CODES
from matching.models import Hit
from portal.citizens.wording import UPLOAD
from portal.desk.forms import PROBLEMS
from portal.models import Draft
from rights.models import RightsRequest
from tests.fakes import paint
from tests.matching import misbehaving
from tests.matching.hostile_files import FORMATS
from tests.matching.hostile_parts import good
from tests.portal.citizens.person import Person, upload
from tests.portal.deeds import Run

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
BY_LANGUAGE = {
    "en": "We could not open this picture safely.",
    "fr": "Nous n’avons pas pu ouvrir cette image sans risque.",
}


@pytest.fixture
def taken_over(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[None]:
    """The decoder does what a file tells it to."""
    settings.UPLOAD_SECONDS = 1
    decoder.end()
    monkeypatch.setattr(decoder, "PROGRAM", misbehaving.PROGRAM)
    yield
    decoder.end()


@pytest.mark.parametrize("language", BY_LANGUAGE)
@pytest.mark.usefixtures("taken_over")
def test_after_files_that_kill_their_decoder_requests_are_made_and_searched_as_before(
    person: Person, language: str, settings: Settings, tmp_path: Path, run_jobs: Run
) -> None:
    settings.FACE_ENGINE = "tests.fakes.PaintedEngine"
    (tmp_path / "ada.jpg").write_bytes(paint(["ada"]))
    ingest.import_source(source=ingest.register(url=str(tmp_path), name="holdings"))
    person.client = Client(headers={"accept-language": language})
    for step in ("rights", "person", "contact"):
        person.answer(step)
    for name in ("segfault", "spin", "eat", "flood", "rubbish", "lie"):
        answer = person.answer("photo", photo=upload(misbehaving.BEGINNING + name.encode()))
        assert answer.status_code == 200
        assert BY_LANGUAGE[language] in answer.content.decode()
        assert not Draft.objects.get().sealed_photo
    assert person.answer("photo", photo=upload(paint(["ada"], shade=9))).status_code == 302
    person.send()
    case = RightsRequest.objects.get()
    person.type_code(case)
    run_jobs()
    case.refresh_from_db()
    assert case.state == "searched"
    assert Hit.objects.count() == 1


@pytest.mark.usefixtures("taken_over")
def test_through_the_api_too_it_is_a_refusal(controller: object, client: Client) -> None:
    sent = {"rights": ["access"], "email": "ada@example.org", "photo": upload(misbehaving.BEGINNING + b"segfault")}
    answer = client.post("/api/requests/", sent)
    assert answer.status_code == 400
    assert "safely" in answer.json()["photo"][0]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(("name", "type"), [("me.exe", "application/x-msdownload"), ("me.gif", "text/html")])
def test_neither_the_name_nor_the_declared_type_decides(person: Person, format: str, name: str, type: str) -> None:
    for step in ("rights", "person", "contact"):
        person.answer(step)
    sent = person.answer("photo", photo=SimpleUploadedFile(name, good(format), type))
    assert sent.status_code == 302
    assert person.get("draft_photo")["Content-Type"] == "image/jpeg"
    refused = person.answer("photo", photo=SimpleUploadedFile("me.jpg", b"<html>", "image/jpeg"))
    assert refused.status_code == 200


def test_each_reason_has_a_sentence_for_people_and_one_for_staff() -> None:
    assert set(UPLOAD) == set(PROBLEMS) == CODES
