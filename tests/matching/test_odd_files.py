"""One odd file is one row: it neither ends an import nor hides another, and what was known of it is not lost."""

import io
import os
import shutil
import uuid
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from matching import erase, ingest, reading, search, sources, stored, suppression
from matching.engine import Detector
from matching.models import Face, Photo, PhotoStatus, Problem, Source, Suppression
from tests.fakes import paint, template_of
from tests.painted import folder_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]

SIDECARS = {
    "a lone surrogate": b'{"source_url": "\\ud800", "x": "\\ud800"}',
    "a null character": b'{"source_url": "a\\u0000b", "x": "\\u0000"}',
    "no number": b'{"x": NaN}',
    "depth": b'{"x":' + b"[" * 40_000 + b"]" * 40_000 + b"}",
    "the beginning of time": b'{"taken_at": "0001-01-01T00:00:00+14:00"}',
    "the end of time": b'{"taken_at": "9999-12-31T23:59:59-14:00"}',
    "a naive beginning": b'{"taken_at": "0001-01-01T00:00:00"}',
}


@pytest.mark.parametrize("name", SIDECARS)
def test_whatever_a_sidecar_says_its_picture_is_imported(painted: Source, name: str) -> None:
    folder = folder_of(painted)
    (folder / "di.jpg").write_bytes(paint(["di"]))
    (folder / "di.jpg.json").write_bytes(SIDECARS[name])
    assert ingest.import_source(source=painted).new == 1
    photo = Photo.objects.get(path="di.jpg")
    assert (photo.status, photo.taken_at) == (PhotoStatus.READ, None)
    assert "\0" not in photo.source_url
    assert "x" not in photo.metadata


@pytest.mark.parametrize(("tag", "value"), [(0x9003, "0001:01:01 00:00:00"), (0x010F, "Canon\0junk")])
def test_whatever_a_camera_wrote_its_picture_is_imported(painted: Source, tag: int, value: str) -> None:
    image, buffer = Image.open(io.BytesIO(paint(["di"]))), io.BytesIO()
    exif = image.getexif()
    (exif.get_ifd(0x8769) if tag == 0x9003 else exif)[tag] = value
    image.save(buffer, "JPEG", quality=95, subsampling=0, exif=exif)
    (folder_of(painted) / "di.jpg").write_bytes(buffer.getvalue())
    ingest.import_source(source=painted)
    assert Photo.objects.get(path="di.jpg").taken_at is None


def test_a_name_that_cannot_be_written_down_is_a_row_of_its_own(painted: Source) -> None:
    folder = os.fsencode(folder_of(painted))
    with open(folder + b"/\xe9t\xe9.jpg", "wb") as file:
        file.write(paint(["di"]))
    deep = folder_of(painted) / ("d" * 200) / ("e" * 200) / ("f" * 200) / ("g" * 200) / ("h" * 200)
    deep.mkdir(parents=True)
    (deep / "x.jpg").write_bytes(paint(["di"]))
    (folder_of(painted) / "di.jpg").write_bytes(paint(["di"], shade=3))
    for _twice in range(2):
        report = ingest.import_source(source=painted)
        assert [problem for _path, problem in report.unreadable] == [reading.UNNAMEABLE] * 2
    assert Photo.objects.get(path="\\udce9t\\udce9.jpg").status == PhotoStatus.UNREADABLE
    assert Photo.objects.get(path="di.jpg").status == PhotoStatus.READ
    assert search.find(template_of("di")[None]).certificate["photos_unreadable"] == 2


def test_paths_are_told_apart_however_long_they_are() -> None:
    long = "x" * 2000
    assert len({stored.path(long + "a"), stored.path(long + "b")}) == 2
    assert len(stored.path(long)) <= stored.LONGEST_PATH
    assert stored.path("été/ada.jpg") == "été/ada.jpg"


def test_a_file_to_which_access_is_denied_is_unreadable_and_its_source_is_there(
    painted: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(painted)
    (folder / "di.jpg").write_bytes(paint(["di"]))
    (folder / "flo.jpg").write_bytes(paint(["flo"]))
    read = sources.read_object

    def denied(source: Source, path: str) -> bytes:
        if path == "di.jpg":
            raise sources.SourceUnreachable(Problem.DENIED)
        return read(source, path)

    with monkeypatch.context() as patch:
        patch.setattr(sources, "read_object", denied)
        report = ingest.import_source(source=painted)
    assert (report.unreadable, report.new) == ([("di.jpg", reading.REFUSED)], 2)
    covered = search.find(template_of("flo")[None]).certificate
    assert (covered["complete"], covered["photos_unreadable"]) == (True, 1)
    ingest.import_source(source=painted)  # Access may be given without touching the file.
    assert Photo.objects.get(path="di.jpg").status == PhotoStatus.READ


def test_what_was_seen_in_the_same_bytes_stays_when_they_cannot_be_read_again(
    painted: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    faces = set(Face.objects.values_list("pk", flat=True))
    painted.detector = Detector.THOROUGH
    painted.save()
    with monkeypatch.context() as patch:
        patch.setattr(ingest, "read_photo", lambda source, path, _marked: reading.unread(source, path, 1))
        report = ingest.import_source(source=painted)
    assert len(report.unreadable) == 6
    assert set(Face.objects.values_list("pk", flat=True)) == faces
    assert ingest.import_source(source=painted).changed == 6


def test_a_file_of_the_same_size_and_date_is_noticed(painted: Source) -> None:
    path = folder_of(painted) / "bo-1.jpg"
    state, data = path.stat(), bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert ingest.import_source(source=painted).changed == 1


# --- a disk that is not mounted ---------------------------------------------------------------------------------------


def test_a_mount_point_is_not_taken_for_an_emptied_source_whatever_else_lies_there(
    painted: Source, tmp_path: Path
) -> None:
    folder = folder_of(painted)
    shutil.move(folder, tmp_path / "away")
    folder.mkdir()
    (folder / "NOT_MOUNTED").write_text("")
    with pytest.raises(sources.SourceUnreachable):
        ingest.import_source(source=painted)
    assert not search.find(template_of("bo")[None]).certificate["complete"]
    assert Photo.objects.count() == 6
    assert ingest.import_source(source=painted, emptied=True).gone == 6


def test_a_folder_that_is_empty_at_once_is_not_taken_for_deleted(painted: Source, tmp_path: Path) -> None:
    folder = folder_of(painted)
    (folder / "disk2" / "2024").mkdir(parents=True)
    (folder / "disk2" / "2024" / "di.jpg").write_bytes(paint(["di"]))
    ingest.import_source(source=painted)
    subject = uuid.uuid4()
    erase.plan(subject=subject, faces=Face.objects.filter(photo__path="disk2/2024/di.jpg"))
    shutil.move(folder / "disk2", tmp_path / "away")
    (folder / "disk2").mkdir()
    with pytest.raises(sources.SourceUnreachable):
        erase.carry_out(subject=subject)
    with pytest.raises(sources.SourceUnreachable):
        ingest.import_source(source=painted)
    (folder / "disk2").rmdir()
    shutil.move(tmp_path / "away", folder / "disk2")
    erase.carry_out(subject=subject)
    assert not (folder / "disk2" / "2024" / "di.jpg").exists()
    assert erase.prove(subject=subject, probes=template_of("di")[None]).ok


def test_a_folder_that_was_deleted_is_gone(painted: Source) -> None:
    folder = folder_of(painted)
    (folder / "album").mkdir()
    (folder / "album" / "di.jpg").write_bytes(paint(["di"]))
    ingest.import_source(source=painted)
    shutil.rmtree(folder / "album")
    assert ingest.import_source(source=painted).gone == 1


# --- what must not come back ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", ["HTTPS://Example.org:443/a.jpg", "http://example.org/a.jpg#top"])
def test_an_erased_address_is_refused_however_it_is_written(painted: Source, other: str) -> None:
    Suppression.objects.create(source_url=stored.address("https://example.org/a.jpg"))
    assert ingest.is_suppressed("", other)
    assert not ingest.is_suppressed("", "https://example.org/A.jpg")


def test_faces_of_another_engine_are_not_compared_with_a_consented_template(painted: Source) -> None:
    kept = suppression.begin(subject=uuid.uuid4(), ends_on=date(2090, 1, 1))
    suppression.keep(subject=kept.subject, templates=template_of("di")[None])
    photo = Photo.objects.get(path="bo-1.jpg")
    box = {"left": 5000, "top": 0, "right": 5090, "bottom": 90, "score": 0}
    stale = np.zeros(256, "<f4").tobytes()
    Face.objects.create(photo=photo, by_hand=True, engine="old/1", template=stale, **box)
    Photo.objects.filter(pk=photo.pk).update(engine="old/1")
    assert ingest.import_source(source=painted).held == 0
