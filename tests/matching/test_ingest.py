"""Importing does no work twice, leaves nothing out quietly, and forgets nothing because a source is away."""

import json
import os
import shutil
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching import ingest, reading, search, sources
from matching.models import Face, Photo, PhotoStatus, Source, Suppression
from tests.fakes import paint, template_of
from tests.painted import folder_of

pytestmark = pytest.mark.django_db


def test_every_photo_and_face_becomes_a_row(painted: Source) -> None:
    assert dict(Photo.objects.values_list("path", "face_count")) == {
        "ada-1.jpg": 1, "ada-2.jpg": 1, "bo-1.jpg": 1, "group.jpg": 3, "twin.jpg": 1, "empty.jpg": 0,
    }  # fmt: skip
    face = Face.objects.get(photo__path="ada-1.jpg")
    assert bytes(face.template) == template_of("ada").astype("<f4").tobytes()
    assert (face.left, face.top, face.right, face.bottom) == (20, 20, 100, 100)


def test_a_second_import_reads_nothing(painted: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    faces = set(Face.objects.values_list("pk", flat=True))

    def no_reading(*args: object) -> None:
        raise AssertionError("A photo that did not change was read again.")

    monkeypatch.setattr(ingest, "read_photo", no_reading)
    report = ingest.import_source(source=painted)
    assert (report.new, report.changed, report.unchanged) == (0, 0, 6)
    assert set(Face.objects.values_list("pk", flat=True)) == faces


def test_new_changed_and_removed_files_are_noticed(painted: Source) -> None:
    folder = folder_of(painted)
    (folder / "new.jpg").write_bytes(paint(["di"]))
    (folder / "deeper").mkdir()
    (folder / "deeper" / "flo.jpg").write_bytes(paint(["flo"]))
    (folder / "bo-1.jpg").write_bytes(paint(["ed"], shade=7))
    os.utime(folder / "bo-1.jpg", (1, 1))
    (folder / "twin.jpg").unlink()
    report = ingest.import_source(source=painted)
    assert (report.new, report.changed, report.gone, report.unchanged) == (2, 1, 1, 4)
    assert not Photo.objects.filter(path="twin.jpg").exists()
    found = search.find(template_of("ed")[None]).hits
    assert [Photo.objects.get(pk=hit.photo_id).path for hit in found] == ["bo-1.jpg"]
    assert not [hit for hit in search.find(template_of("bo")[None]).hits if hit.photo_id not in _photos("group.jpg")]


def _photos(path: str) -> list[int]:
    return list(Photo.objects.filter(path=path).values_list("pk", flat=True))


def test_what_cannot_be_read_is_a_row_with_its_reason_and_is_counted(painted: Source) -> None:
    folder = folder_of(painted)
    (folder / "broken.jpg").write_bytes(paint(["di"])[:600])
    (folder / "fake.png").write_bytes(b"this is no picture")
    (folder / "zero.webp").write_bytes(b"")
    report = ingest.import_source(source=painted)
    assert sorted(report.unreadable) == [
        ("broken.jpg", "damaged"), ("fake.png", "not_an_image"), ("zero.webp", "empty"),
    ]  # fmt: skip
    assert Photo.objects.filter(status=PhotoStatus.UNREADABLE).count() == 3
    certificate = search.find(template_of("ada")[None]).certificate
    assert (certificate["photos_held"], certificate["photos_unreadable"]) == (9, 3)
    assert certificate["photos_without_face"] == 1


def test_an_interrupted_import_goes_on_where_it_stopped(painted: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(painted)
    for number in range(6):
        (folder / f"more-{number}.jpg").write_bytes(paint(["di"], shade=number))
    real, calls = reading.read_photo, []

    def interrupted(source: Source, path: str, *marked: object) -> object:
        calls.append(path)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(source, path)

    monkeypatch.setattr(ingest, "read_photo", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ingest.import_source(source=painted)
    assert Photo.objects.filter(path__startswith="more").count() == 3
    calls.extend(["past the interruption"] * 10)
    report = ingest.import_source(source=painted)
    assert (report.new, report.unchanged) == (3, 9)


def test_a_source_that_is_away_loses_nothing(painted: Source, tmp_path: Path) -> None:
    shutil.move(folder_of(painted), tmp_path / "elsewhere")
    with pytest.raises(sources.SourceUnreachable):
        ingest.import_source(source=painted)
    assert Photo.objects.count() == 6
    painted.refresh_from_db()
    assert not painted.reachable
    certificate = search.find(template_of("ada")[None]).certificate
    assert certificate["complete"] is False
    assert certificate["sources"][0]["reachable"] is False


def test_a_folder_that_cannot_be_listed_loses_nothing(painted: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    below = folder_of(painted) / "below"
    below.mkdir()
    (below / "deep.jpg").write_bytes(paint(["di"]))
    ingest.import_source(source=painted)
    real = os.scandir

    def scandir(path: str) -> object:
        if os.fspath(path).endswith("below"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scandir)
        with pytest.raises(sources.SourceUnreachable):
            ingest.import_source(source=painted)
    assert Photo.objects.filter(path="below/deep.jpg").exists()
    assert not Source.objects.get(pk=painted.pk).reachable


def test_links_are_followed_once_and_what_they_show_is_held(painted: Source, tmp_path: Path) -> None:
    folder, elsewhere = folder_of(painted), tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "shown.jpg").write_bytes(paint(["di"]))
    (elsewhere / "album.jpg").write_bytes(paint(["ed"]))
    (folder / "link.jpg").symlink_to(elsewhere / "shown.jpg")
    (folder / "album").symlink_to(elsewhere)
    (folder / "back").symlink_to(folder)
    (folder / "nothing.jpg").symlink_to(elsewhere / "missing.jpg")
    assert ingest.import_source(source=painted).new == 3
    assert ingest.import_source(source=painted).new == 0
    held = set(Photo.objects.values_list("path", flat=True))
    assert {"link.jpg", "album/album.jpg", "album/shown.jpg"} < held
    assert not {"nothing.jpg", "back/bo-1.jpg"} & held
    version = Photo.objects.get(path="link.jpg").version
    assert sources.version_of(painted, "link.jpg") == version
    sources.replace_object(painted, "link.jpg", paint(["flo"]))
    assert (folder / "link.jpg").is_symlink()
    assert (elsewhere / "shown.jpg").read_bytes() == paint(["flo"])
    sources.delete_object(painted, "link.jpg")
    assert not (folder / "link.jpg").is_symlink()
    assert not (elsewhere / "shown.jpg").exists()


def test_a_sidecar_says_where_a_picture_came_from(painted: Source) -> None:
    folder = folder_of(painted)
    (folder / "web.jpg").write_bytes(paint(["di"]))
    facts = {"source_url": "https://example.org/a", "taken_at": "2011-02-03T04:05:06+00:00", "album": "Summer"}
    (folder / "web.jpg.json").write_text(json.dumps(facts))
    (folder / "odd.jpg").write_bytes(paint(["ed"]))
    (folder / "odd.jpg.json").write_text("[not an object")
    ingest.import_source(source=painted)
    photo = Photo.objects.get(path="web.jpg")
    assert photo.source_url == "https://example.org/a"
    assert photo.taken_at == datetime(2011, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert photo.metadata == {"album": "Summer"}
    assert Photo.objects.get(path="odd.jpg").source_url == ""


def test_what_was_erased_is_not_imported_again(painted: Source) -> None:
    folder = folder_of(painted)
    Suppression.objects.create(sha256=Photo.objects.get(path="bo-1.jpg").sha256)
    Suppression.objects.create(source_url="https://example.org/gone")
    (folder / "again.jpg").write_bytes((folder / "bo-1.jpg").read_bytes())
    (folder / "other.jpg").write_bytes(paint(["di"]))
    (folder / "other.jpg.json").write_text('{"source_url": "https://example.org/gone"}')
    report = ingest.import_source(source=painted)
    assert (report.suppressed, report.new) == (2, 0)
    back = Photo.objects.filter(path__in=["again.jpg", "other.jpg"])
    assert set(back.values_list("status", "face_count")) == {(PhotoStatus.SUPPRESSED, 0)}
    certificate = search.find(template_of("ada")[None]).certificate
    assert (certificate["photos_suppressed"], certificate["complete"]) == (2, False)
    assert Photo.objects.get(path="bo-1.jpg").status == PhotoStatus.READ


def test_an_address_shared_by_several_pictures_drops_none_that_is_held(painted: Source) -> None:
    Suppression.objects.create(source_url="https://example.org/album")
    path = folder_of(painted) / "bo-1.jpg"
    (folder_of(painted) / "bo-1.jpg.json").write_text('{"source_url": "https://example.org/album"}')
    os.utime(path, (5, 5))
    ingest.import_source(source=painted)
    assert Photo.objects.get(path="bo-1.jpg").status == PhotoStatus.READ
    assert search.find(template_of("bo")[None]).certificate["complete"] is True


def test_a_file_that_was_only_touched_keeps_its_faces(painted: Source) -> None:
    faces = set(Face.objects.values_list("pk", flat=True))
    for path in folder_of(painted).iterdir():
        os.utime(path, (7, 7))
    assert ingest.import_source(source=painted).changed == 6
    assert set(Face.objects.values_list("pk", flat=True)) == faces


@given(day=st.dates(min_value=date(1839, 1, 1), max_value=date(2100, 1, 1)))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_picture_is_found_whatever_its_date(painted: Source, day: date) -> None:
    """The CNIL's first reproach: nothing may depend on how old a picture is."""
    moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    Photo.objects.filter(path="ada-1.jpg").update(taken_at=moment, imported_at=moment + timedelta(days=1))
    hits = search.find(template_of("ada")[None]).hits
    assert Photo.objects.get(path="ada-1.jpg").pk in {hit.photo_id for hit in hits}
    assert len(hits) == 4


def test_the_command_lists_what_it_did_and_what_it_could_not_read(tmp_path: Path, settings: object) -> None:
    settings.FACE_ENGINE = "tests.fakes.PaintedEngine"  # type: ignore[attr-defined]
    (tmp_path / "one.jpg").write_bytes(paint(["ada", "bo"]))
    (tmp_path / "bad.jpg").write_bytes(b"nothing")
    out = StringIO()
    call_command("import_photos", str(tmp_path), "--name", "archive", stdout=out)
    assert "2 new, 0 changed" in out.getvalue()
    assert "2 faces" in out.getvalue()
    assert "bad.jpg: not an image" in out.getvalue()
    assert Source.objects.get().name == "archive"


def test_a_path_that_is_none_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no folder at"):
        call_command("import_photos", str(tmp_path / "nowhere"))
    with pytest.raises(CommandError, match="cannot be reached"):
        call_command("import_photos", "nonsense://somewhere")


def test_another_engine_means_that_everything_is_read_again(painted: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fakes.PaintedEngine.name", "painted/2")
    assert search.find(template_of("ada")[None]).certificate["complete"] is False
    report = ingest.import_source(source=painted)
    assert report.changed == 6
    assert search.find(template_of("ada")[None]).certificate["complete"] is True
