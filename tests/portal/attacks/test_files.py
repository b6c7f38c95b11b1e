"""File names and links that would lead out of their place, in the collection and in what people send."""

import json
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import Settings

from matching import ingest, sources
from matching.models import GroupPolicy, Photo, Source
from portal.models import Answer, Draft
from tests.fakes import paint
from tests.portal.citizens.person import Person, picture
from tests.portal.deeds import Ask, Run, decide, judge, opened
from tests.staffing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

NAMES = [
    *("..\\..\\windows.jpg", "...jpg", "CON.jpg", "nul.JPG", "a" * 240 + ".jpg", "new\nline: forged.jpg"),
    *("\u202egpj.exe.jpg", "{{ 7*7 }}.jpg", "#read('x').jpg", "=cmd|' -C calc'!A0.jpg", "%2e%2e%2fx.jpg"),
    *("<img src=x onerror=alert(1)>.jpg", "-rf.jpg", "~.jpg", "$(id).jpg", "a;b'c\"d`e.jpg", " .jpg"),
]


@pytest.fixture
def hostile(settings: Settings, tmp_path: Path) -> Source:
    """A collection whose file names were chosen by an attacker; each shows ada, and some are the same file."""
    settings.FACE_ENGINE = "tests.fakes.PaintedEngine"
    folder = tmp_path / "holdings"
    folder.mkdir()
    for number, name in enumerate(NAMES):
        (folder / name).write_bytes(paint(["ada"], shade=number))
    (folder / "bo.jpg").write_bytes(paint(["bo"]))
    source = ingest.register(url=str(folder), name="holdings", group_policy=GroupPolicy.REDACT)
    ingest.import_source(source=source)
    assert Photo.objects.count() == len(NAMES) + 1
    return source


def test_hostile_names_reach_neither_the_archive_nor_another_file(
    hostile: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User, client: Client, tmp_path: Path
) -> None:
    from portal import flow

    beside = tmp_path / "windows.jpg"
    beside.write_bytes(b"somebody else's")
    case = ask()
    flow.confirm(request_id=case.pk)
    run_jobs()
    sign_in(client, staff)
    assert b"onerror=alert(1)>" not in client.get(f"/desk/rights/rightsrequest/{case.pk}/review/").content
    judge(case, staff, other_staff, mine=set(NAMES))
    decide(case, staff)
    run_jobs()
    archive = opened(case)
    check_archive(archive, tmp_path)
    Answer.objects.get(request=case)
    flow.delivered(request_id=case.pk)
    run_jobs()
    case.refresh_from_db()
    assert case.state == "carried_out"
    assert [path.name for path in (tmp_path / "holdings").iterdir()] == ["bo.jpg"]
    assert beside.read_bytes() == b"somebody else's"


def check_archive(archive: zipfile.ZipFile, tmp_path: Path) -> None:
    """Names of our own, nothing that any unpacker would put elsewhere."""
    assert archive.testzip() is None
    pictures = [name for name in archive.namelist() if name.startswith("pictures/")]
    assert len(pictures) == len(NAMES)
    for name in archive.namelist():
        path = PurePosixPath(name)
        assert not path.is_absolute()
        assert ".." not in path.parts
        assert name.isascii()
        assert name.replace("/", "").replace("-", "").replace(".", "").isalnum()
    target = tmp_path / "unpacked"
    archive.extractall(target)
    assert {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()} == set(
        archive.namelist()
    )
    assert isinstance(json.loads(archive.read("data.json")), dict)
    assert archive.read("letter.pdf").startswith(b"%PDF-")


@pytest.mark.parametrize("path", ["../secret.jpg", "a/../../secret.jpg", "a/..", ".."])
def test_a_row_that_climbs_out_of_its_source_reads_and_removes_nothing(
    hostile: Source, tmp_path: Path, path: str
) -> None:
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(b"not held")
    with pytest.raises(FileNotFoundError):
        sources.read_object(hostile, path)
    with pytest.raises(FileNotFoundError):
        sources.replace_object(hostile, path, b"overwritten")
    assert not sources.exists(hostile, path)
    sources.delete_object(hostile, path)
    assert secret.read_bytes() == b"not held"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../portal/settings.py",
        "/static/%2e%2e/portal/settings.py",
        "/static/..%2fdevelopment.env",
        "/static//etc/passwd",
    ],
)
def test_no_address_leads_to_a_file_of_ours(client: Client, controller: object, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert b"REGARD_" not in b"".join(getattr(answer, "streaming_content", None) or [answer.content])


@pytest.mark.parametrize(
    "name", ["../../etc/cron.d/x", "x\x00.jpg", "<script>.jpg", "a" * 5000, "\u202egpj.exe", "x.php"]
)
def test_the_name_of_an_upload_is_forgotten(person: Person, name: str, settings: Settings) -> None:
    for step in ("rights", "person", "contact"):
        person.answer(step)
    before = set(Path(settings.VAR_DIR).rglob("*"))
    sent = person.answer("photo", photo=SimpleUploadedFile(name, picture(), "image/jpeg"))
    assert sent.status_code == 302
    assert Draft.objects.get().sealed_photo
    for page in ("check", "draft_photo"):
        assert name[:40].encode() not in person.get(page).content
    assert {
        path for path in set(Path(settings.VAR_DIR).rglob("*")) - before if path.suffix in (".jpg", ".php", ".exe")
    } == set()


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", b"<html><script>alert(1)</script>",
        b"GIF89a<script>alert(1)</script>", b"%PDF-1.4", b"PK\x03\x04", b"#!/bin/sh\n", b"",
    ],
)  # fmt: skip
def test_what_is_no_picture_is_never_given_back(person: Person, data: bytes) -> None:
    for step in ("rights", "person", "contact"):
        person.answer(step)
    sent = person.answer("photo", photo=SimpleUploadedFile("me.jpg", data, "image/jpeg"))
    assert sent.status_code == 200
    assert person.get("draft_photo").status_code == 404
