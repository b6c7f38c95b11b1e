"""Who looks, and who looked: detectors by source, faces marked by hand, and what a second look leaves as it was."""

import os
import uuid
from io import StringIO

import numpy as np
import pytest
from django.core.management import call_command
from pytest_django.fixtures import Settings

from matching import ingest, keys, marking, reviews, search
from matching.engine import Box, DetectedFace, Detector, overlap
from matching.models import Face, Photo, PhotoStatus, Source
from tests.fakes import PaintedEngine, paint, template_of
from tests.painted import folder_of

pytestmark = pytest.mark.django_db

THOROUGH = Detector.THOROUGH


@pytest.fixture
def short_sighted(painted: Source, settings: Settings) -> Source:
    """The painted source as an engine sees it that finds cy only if it looks thoroughly."""
    settings.FACE_ENGINE = "tests.fakes.ShortSightedEngine"
    (folder_of(painted) / "cy.jpg").write_bytes(paint(["cy"]))
    (folder_of(painted) / "wide.jpg").write_bytes(paint(["bo", "cy"], shade=3))
    ingest.import_source(source=painted)
    return painted


def change_detector(source: Source, detector: Detector) -> ingest.Report:
    source.detector = detector
    source.save()
    return ingest.import_source(source=source)


def found(name: str) -> set[str]:
    hits = search.find(template_of(name)[None]).hits
    return {Photo.objects.get(pk=hit.photo_id).path for hit in hits}


def mark(path: str, *boxes: Box) -> list[Face]:
    photo = Photo.objects.get(path=path)
    return marking.mark(photo=photo, faces=marking.faces_in(photo, boxes))


CY = Box(20, 20, 100, 100)


# --- detectors --------------------------------------------------------------------------------------------------------


def test_a_thorough_source_is_read_again_and_finds_more(short_sighted: Source) -> None:
    assert Photo.objects.get(path="cy.jpg").face_count == 0
    before = set(Face.objects.values_list("pk", flat=True))
    report = change_detector(short_sighted, THOROUGH)
    assert (report.changed, report.unchanged) == (8, 0)
    assert found("cy") == {"cy.jpg", "wide.jpg", "group.jpg"}
    assert before < set(Face.objects.values_list("pk", flat=True)), "A face lost the key it was reviewed under."
    assert Face.objects.count() == len(before) + 2
    assert set(Photo.objects.values_list("detector", flat=True)) == {THOROUGH}
    assert ingest.import_source(source=short_sighted).unchanged == 8


def test_who_looked_thoroughly_need_not_look_again(short_sighted: Source) -> None:
    change_detector(short_sighted, THOROUGH)
    assert change_detector(short_sighted, Detector.DEFAULT).unchanged == 8
    os.utime(folder_of(short_sighted) / "cy.jpg", (7, 7))
    assert ingest.import_source(source=short_sighted).changed == 1
    photo = Photo.objects.get(path="cy.jpg")
    assert photo.detector == Detector.DEFAULT
    assert photo.face_count == 1, "What was found once is not forgotten while the bytes are the same."


def test_a_certificate_says_by_source_how_faces_were_looked_for(short_sighted: Source) -> None:
    certificate = search.find(template_of("cy")[None]).certificate
    assert certificate["sources"][0]["detectors"] == {"default": 8}
    (folder_of(short_sighted) / "bad.jpg").write_bytes(b"nothing")
    ingest.import_source(source=short_sighted)
    Photo.objects.filter(path__startswith="ada").update(detector=THOROUGH)
    certificate = search.find(template_of("cy")[None]).certificate
    assert certificate["sources"][0]["detectors"] == {"default": 6, "thorough": 2}


def test_the_command_sets_the_detector_and_leaves_it_unless_told(short_sighted: Source) -> None:
    folder = str(folder_of(short_sighted))
    call_command("import_photos", folder, "--detector", "thorough", stdout=StringIO())
    assert found("cy") == {"cy.jpg", "wide.jpg", "group.jpg"}
    call_command("import_photos", folder, stdout=StringIO())
    assert Source.objects.get().detector == THOROUGH


def test_reviews_stay_with_the_faces_that_another_engine_finds_again(
    short_sighted: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = uuid.uuid4()
    hits = search.run(subject=subject, probes=template_of("ada")[None]).hits.values_list("face_key", flat=True)
    for key in hits:
        reviews.record(subject=subject, face_key=key, reviewer="one", verdict="same")
    accepted = set(reviews.accepted_faces(subject).values_list("pk", flat=True))
    monkeypatch.setattr(PaintedEngine, "name", "painted/2")
    ingest.import_source(source=short_sighted)
    assert set(Face.objects.values_list("engine", flat=True)) == {"painted/2"}
    assert set(reviews.accepted_faces(subject).values_list("pk", flat=True)) == accepted
    assert reviews.lost_faces(subject) == []
    assert search.find(template_of("ada")[None]).certificate["complete"] is True


def test_other_bytes_mean_other_faces(painted: Source) -> None:
    before = set(Face.objects.filter(photo__path="ada-1.jpg").values_list("pk", flat=True))
    (folder_of(painted) / "ada-1.jpg").write_bytes(paint(["ada"], shade=12))
    os.utime(folder_of(painted) / "ada-1.jpg", (9, 9))
    ingest.import_source(source=painted)
    after = set(Face.objects.filter(photo__path="ada-1.jpg").values_list("pk", flat=True))
    assert len(after) == 1
    assert not after & before


def test_each_face_is_paired_once_the_likest_first() -> None:
    held = [Box(0, 0, 100, 100), Box(30, 30, 60, 60)]
    again = [Box(32, 30, 62, 60), Box(5, 0, 105, 100), Box(300, 0, 400, 100)]
    assert keys.pairs(held, again) == {0: 1, 1: 0}
    assert keys.pairs(held, []) == {}
    assert keys.pairs([Box(0, 0, 10, 10)], [Box(10, 0, 20, 10)]) == {}
    assert overlap(held[0], held[1]) == 1.0


# --- marked by hand ---------------------------------------------------------------------------------------------------


def test_a_marked_face_is_found_by_the_next_search(short_sighted: Source) -> None:
    assert found("cy") == {"group.jpg"}
    (face,) = mark("cy.jpg", CY)
    assert (face.by_hand, face.score, keys.box_of(face)) == (True, 0.0, CY)
    assert Photo.objects.get(path="cy.jpg").face_count == 1
    assert found("cy") == {"cy.jpg", "group.jpg"}
    assert search.find(template_of("cy")[None]).certificate["faces_by_hand"] == 1


def test_marking_a_face_twice_or_one_that_was_found_keeps_one(short_sighted: Source) -> None:
    assert len(mark("cy.jpg", CY, Box(22, 22, 98, 98))) == 1
    assert mark("cy.jpg", Box(18, 18, 100, 100)) == []
    assert mark("ada-1.jpg", CY) == []
    assert Face.objects.filter(by_hand=True).count() == 1


@pytest.mark.parametrize("change", ["touched", "thorough", "engine"])
def test_what_was_marked_or_looked_at_outlives_another_import_of_the_same_bytes(
    short_sighted: Source, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    (face,) = mark("cy.jpg", CY)
    marking.nothing_there(photo=Photo.objects.get(path="empty.jpg"), by="staff:1")
    if change == "touched":
        for path in folder_of(short_sighted).iterdir():
            os.utime(path, (7, 7))
        report = ingest.import_source(source=short_sighted)
    elif change == "thorough":
        report = change_detector(short_sighted, THOROUGH)
    else:
        monkeypatch.setattr(PaintedEngine, "name", "painted/2")
        report = ingest.import_source(source=short_sighted)
    assert report.changed == 8
    kept = Face.objects.get(photo__path="cy.jpg")
    assert (kept.pk, kept.by_hand, keys.box_of(kept)) == (face.pk, True, CY)
    assert np.frombuffer(bytes(kept.template), "<f4") == pytest.approx(template_of("cy"))
    assert Photo.objects.get(path="empty.jpg").looked_at_by == "staff:1"
    certificate = search.find(template_of("cy")[None]).certificate
    assert (certificate["complete"], certificate["photos_looked_at"]) == (True, 1)


def test_a_detector_that_sees_what_was_marked_does_not_count_it_twice(
    short_sighted: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    (face,) = mark("wide.jpg", Box(140, 20, 220, 100))
    monkeypatch.setattr(PaintedEngine, "name", "painted/2")
    change_detector(short_sighted, THOROUGH)
    assert Photo.objects.get(path="wide.jpg").face_count == 2
    assert Face.objects.filter(pk=face.pk, engine="painted/2", by_hand=True).exists()


def test_a_mark_of_another_engine_is_never_dropped_and_makes_the_next_import_read(short_sighted: Source) -> None:
    """A page that was served by the old engine may write after the import by the new one read."""
    (face,) = mark("cy.jpg", CY)
    Face.objects.filter(pk=face.pk).update(engine="painted/0")
    assert search.find(template_of("cy")[None]).certificate["complete"] is False
    keys.merge(Photo.objects.get(path="cy.jpg"), [], PaintedEngine.name)
    assert Face.objects.filter(pk=face.pk).exists()
    assert ingest.import_source(source=short_sighted).changed == 1
    assert Face.objects.get(pk=face.pk).engine == PaintedEngine.name


def test_one_file_imported_anew_keeps_its_marks(short_sighted: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    (face,) = mark("cy.jpg", CY)
    monkeypatch.setattr(PaintedEngine, "name", "painted/2")
    ingest.import_one(source=short_sighted, path="cy.jpg")
    assert Face.objects.get(pk=face.pk).engine == "painted/2"


def test_a_picture_that_changed_forgets_what_was_said_of_the_old_one(short_sighted: Source) -> None:
    mark("cy.jpg", CY)
    marking.nothing_there(photo=Photo.objects.get(path="empty.jpg"), by="staff:1")
    for name in ("cy.jpg", "empty.jpg"):
        (folder_of(short_sighted) / name).write_bytes(paint([None], shade=14))
        os.utime(folder_of(short_sighted) / name, (9, 9))
    ingest.import_source(source=short_sighted)
    assert not Face.objects.filter(by_hand=True).exists()
    assert {photo.path for photo in marking.to_look_at()} == {"cy.jpg", "empty.jpg"}


def test_the_list_ends_once_somebody_looked(short_sighted: Source) -> None:
    assert {photo.path for photo in marking.to_look_at()} == {"cy.jpg", "empty.jpg"}
    mark("cy.jpg", CY)
    marking.nothing_there(photo=Photo.objects.get(path="empty.jpg"), by="staff:1")
    assert not marking.to_look_at().exists()
    mark("empty.jpg", CY)
    photo = Photo.objects.get(path="empty.jpg")
    assert (photo.looked_at, photo.looked_at_by, photo.face_count) == (None, "", 1)


BAD = {
    "none": [],
    "too_many": [Box(0, 0, 20, 20)] * (marking.MOST + 1),
    "too_small": [CY, Box(0, 0, 120, 15)],
}
OUTSIDE = [
    Box(0, 0, 121, 50), Box(0, 0, 50, 121), Box(-1, 0, 50, 50), Box(0, -1, 50, 50), Box(50, 0, 50, 50),
    Box(60, 0, 20, 50), Box(0, 50, 50, 50), Box(10**9, 10**9, 10**9 + 50, 10**9 + 50), Box(0, 0, 2**70, 2**70),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "boxes"), [*BAD.items(), *(("outside", [box]) for box in OUTSIDE)], ids=lambda value: str(value)[:40]
)
def test_boxes_that_hold_no_face_are_refused_whole(short_sighted: Source, code: str, boxes: list[Box]) -> None:
    with pytest.raises(marking.MarkRefused) as refused:
        mark("cy.jpg", *boxes)
    assert refused.value.code == code
    assert not Face.objects.filter(photo__path="cy.jpg").exists()


def test_a_picture_that_is_not_the_imported_one_is_refused(short_sighted: Source) -> None:
    photo = Photo.objects.get(path="cy.jpg")
    faces = marking.faces_in(photo, [CY])
    (folder_of(short_sighted) / "cy.jpg").write_bytes(paint(["di"]))
    with pytest.raises(marking.MarkRefused, match="changed"):
        marking.faces_in(photo, [CY])
    ingest.import_source(source=short_sighted)
    with pytest.raises(marking.MarkRefused, match="changed"):
        marking.mark(photo=photo, faces=faces)
    with pytest.raises(marking.MarkRefused, match="changed"):
        marking.nothing_there(photo=photo, by="staff:1")
    (folder_of(short_sighted) / "cy.jpg").unlink()
    with pytest.raises(marking.MarkRefused, match="changed"):
        marking.faces_in(Photo.objects.get(path="cy.jpg"), [CY])


def test_nobody_can_say_that_there_is_no_face_where_one_is_held(painted: Source) -> None:
    with pytest.raises(marking.MarkRefused, match="has_faces"):
        marking.nothing_there(photo=Photo.objects.get(path="ada-1.jpg"), by="staff:1")


def test_what_was_erased_and_lies_there_again_is_not_marked(painted: Source) -> None:
    photo = Photo.objects.get(path="empty.jpg")
    Photo.objects.filter(pk=photo.pk).update(status=PhotoStatus.SUPPRESSED)
    with pytest.raises(marking.MarkRefused, match="changed"):
        marking.mark(photo=photo, faces=[DetectedFace(CY, template_of("cy"), 0.0)])
