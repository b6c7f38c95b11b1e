"""Erasing reaches every copy, survives a crash anywhere, touches nobody else, and can be proven again."""

import hashlib
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from matching import database, erase, images, ingest, reviews, search, sources
from matching.models import Erasure, Face, GroupPolicy, Photo, PhotoStatus, Source, Suppression
from matching.stores.base import beside
from tests.fakes import PaintedEngine, paint, template_of
from tests.holdings import segments_index
from tests.painted import folder_of

pytestmark = pytest.mark.django_db(transaction=True)

PROBE = template_of("ada")[None]


def review_ada() -> uuid.UUID:
    """A subject whose hits were all judged rightly."""
    subject = uuid.uuid4()
    for hit in search.run(subject=subject, probes=PROBE).hits.select_related("face"):
        hers = bytes(hit.face.template) == template_of("ada").astype("<f4").tobytes()
        reviews.record(subject=subject, face_key=hit.face_key, reviewer="one", verdict="same" if hers else "not")
    return subject


def erase_ada(subject: uuid.UUID) -> None:
    erase.plan(subject=subject, faces=reviews.accepted_faces(subject))
    erase.carry_out(subject=subject)


def people_in(path: Path) -> list[tuple[int, float]]:
    data = path.read_bytes()
    pixels = images.read_picture(data, max_bytes=len(data), max_pixels=10**7).pixels
    return [(face.box.left, float(np.linalg.norm(face.template - PROBE))) for face in PaintedEngine().faces(pixels)]


def test_her_pictures_go_and_in_group_pictures_only_she_does(painted: Source) -> None:
    subject = review_ada()
    erase_ada(subject)
    folder = folder_of(painted)
    assert sorted(path.name for path in folder.iterdir()) == ["bo-1.jpg", "empty.jpg", "group.jpg", "twin.jpg"]
    assert [left for left, _distance in people_in(folder / "group.jpg")] == [20, 260]
    assert sorted(Face.objects.values_list("photo__path", flat=True)) == [
        "bo-1.jpg", "group.jpg", "group.jpg", "twin.jpg",
    ]  # fmt: skip
    proof = erase.prove(subject=subject, probes=PROBE)
    assert proof.ok
    assert proof.certificate["faces_scanned"] == 4
    assert Erasure.objects.filter(subject=subject, proven_at__isnull=False).count() == 3


def test_a_source_may_want_group_pictures_deleted_whole(painted: Source) -> None:
    Source.objects.update(group_policy=GroupPolicy.DELETE)
    erase_ada(review_ada())
    assert not (folder_of(painted) / "group.jpg").exists()
    assert not Photo.objects.filter(path="group.jpg").exists()


def test_a_sidecar_goes_with_its_picture(painted: Source) -> None:
    sidecar = folder_of(painted) / "ada-1.jpg.json"
    sidecar.write_text('{"source_url": "https://example.org/ada"}')
    Photo.objects.filter(path="ada-1.jpg").update(source_url="https://example.org/ada")
    erase_ada(review_ada())
    assert not sidecar.exists()
    assert Suppression.objects.filter(source_url="https://example.org/ada").exists()


def test_the_next_import_brings_nothing_of_it_back(painted: Source) -> None:
    folder = folder_of(painted)
    saved = {name: (folder / name).read_bytes() for name in ("ada-1.jpg", "group.jpg")}
    erase_ada(review_ada())
    assert ingest.import_source(source=painted).unchanged == 4
    (folder / "ada-1.jpg").write_bytes(saved["ada-1.jpg"])
    (folder / "copy-of-group.jpg").write_bytes(saved["group.jpg"])
    report = ingest.import_source(source=painted)
    assert (report.suppressed, report.new) == (2, 0)


STEPS: list[tuple[object, str]] = [
    (erase, "_suppress"),
    (sources, "delete_object"),
    (sources, "replace_object"),
    (erase, "_erase_rows"),
    (erase, "_write_redacted"),
    (database, "flush"),
]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(len(STEPS)), ids=[name for _module, name in STEPS])
def test_a_crash_before_or_after_any_step_is_mended_by_running_again(
    painted: Source, monkeypatch: pytest.MonkeyPatch, step: int, after: bool
) -> None:
    subject = review_ada()
    module, name = STEPS[step]
    real: Callable[..., object] = getattr(module, name)

    def dying(*args: object, **kwargs: object) -> object:
        if after:
            real(*args, **kwargs)
        raise SystemExit("killed")

    with monkeypatch.context() as patch:
        patch.setattr(module, name, dying)
        with pytest.raises(SystemExit):
            erase_ada(subject)
    assert not erase.prove(subject=subject, probes=None).ok or name == "flush"
    erase_ada(subject)
    assert erase.prove(subject=subject, probes=PROBE).ok
    assert sorted(path.name for path in folder_of(painted).glob("*.jpg")) == [
        "bo-1.jpg", "empty.jpg", "group.jpg", "twin.jpg",
    ]  # fmt: skip
    assert len(people_in(folder_of(painted) / "group.jpg")) == 2


def test_a_source_that_is_away_is_waited_for_and_nothing_is_called_done(painted: Source, tmp_path: Path) -> None:
    subject = review_ada()
    folder = folder_of(painted)
    erase.plan(subject=subject, faces=reviews.accepted_faces(subject))
    folder.rename(tmp_path / "away")
    with pytest.raises(sources.SourceUnreachable):
        erase.carry_out(subject=subject)
    with pytest.raises(sources.SourceUnreachable):
        erase.prove(subject=subject, probes=PROBE)
    assert not Erasure.objects.exclude(object_done_at=None).exists()
    (tmp_path / "away").rename(folder)
    erase_ada(subject)
    assert erase.prove(subject=subject, probes=PROBE).ok


def test_the_proof_notices_what_comes_back(painted: Source, settings: Settings) -> None:
    subject = review_ada()
    folder = folder_of(painted)
    before = {name: (folder / name).read_bytes() for name in ("ada-1.jpg", "group.jpg")}
    templates = [bytes(face.template) for face in reviews.accepted_faces(subject)]
    erase_ada(subject)
    after = (folder / "group.jpg").read_bytes()
    (folder / "ada-1.jpg").write_bytes(before["ada-1.jpg"])
    assert erase.prove(subject=subject, probes=None).objects_left == 1
    (folder / "ada-1.jpg").unlink()
    (folder / "group.jpg").write_bytes(before["group.jpg"])
    assert erase.prove(subject=subject, probes=None).objects_left == 1
    (folder / "group.jpg").write_bytes(after)
    (settings.INDEX_DIR / "forgotten.bin").write_bytes(b"\0" * 3 + templates[0])
    assert erase.prove(subject=subject, probes=None).vectors_left == 1
    (settings.INDEX_DIR / "forgotten.bin").unlink()
    assert erase.prove(subject=subject, probes=PROBE).ok


def test_a_face_imported_meanwhile_is_asked_about_instead_of_being_called_nothing(painted: Source) -> None:
    subject = review_ada()
    erase_ada(subject)
    (folder_of(painted) / "late.jpg").write_bytes(paint(["ada"], shade=14))
    ingest.import_source(source=painted)
    proof = erase.prove(subject=subject, probes=PROBE)
    assert (proof.ok, proof.hits_open) == (False, 1)


def test_erasing_changes_nothing_for_anybody_else(painted: Source) -> None:
    others = {face.pk: bytes(face.template) for face in Face.objects.exclude(photo__path__startswith="ada")}
    subject = review_ada()
    hers = set(reviews.accepted_faces(subject).values_list("pk", flat=True))
    bo = (folder_of(painted) / "bo-1.jpg").read_bytes()
    erase_ada(subject)
    assert {face.pk: bytes(face.template) for face in Face.objects.all()} == {
        pk: template for pk, template in others.items() if pk not in hers
    }
    assert (folder_of(painted) / "bo-1.jpg").read_bytes() == bo


def test_planning_twice_plans_once(painted: Source) -> None:
    subject = review_ada()
    for _twice in range(2):
        erase.plan(subject=subject, faces=reviews.accepted_faces(subject))
    assert Erasure.objects.filter(subject=subject).count() == 3


def test_no_file_of_the_index_holds_a_byte_of_her(painted: Source) -> None:
    subject = review_ada()
    templates = {bytes(face.template) for face in reviews.accepted_faces(subject)}
    segments_index().sync()
    erase_ada(subject)
    assert erase.prove(subject=subject, probes=PROBE).ok
    everything = b"".join(path.read_bytes() for path in segments_index().root.rglob("*") if path.is_file())
    assert everything
    assert not any(template in everything for template in templates)


def test_a_picture_that_took_the_name_of_hers_is_left_alone_and_imported(painted: Source) -> None:
    subject = review_ada()
    erase.plan(subject=subject, faces=reviews.accepted_faces(subject))
    folder = folder_of(painted)
    other = {"ada-1.jpg": paint(["bo"], shade=11), "group.jpg": paint(["di", "ed", "flo"], shade=12)}
    for name, data in other.items():
        (folder / name).write_bytes(data)
    erase.carry_out(subject=subject)
    assert {name: (folder / name).read_bytes() for name in other} == other
    assert Photo.objects.get(path="ada-1.jpg").face_count == 1
    assert Photo.objects.get(path="group.jpg").face_count == 3
    assert erase.prove(subject=subject, probes=PROBE).ok
    assert Face.objects.filter(photo__path="group.jpg").count() == 3


def test_two_people_s_erasures_in_one_picture_do_not_undo_each_other(painted: Source) -> None:
    ada, bo = review_ada(), uuid.uuid4()
    probe = template_of("bo")[None]
    for hit in search.run(subject=bo, probes=probe).hits.select_related("face"):
        hers = bytes(hit.face.template) == template_of("bo").astype("<f4").tobytes()
        reviews.record(subject=bo, face_key=hit.face_key, reviewer="one", verdict="same" if hers else "not")
    for subject in (ada, bo):  # Both are planned before either is carried out.
        erase.plan(subject=subject, faces=reviews.accepted_faces(subject))
    for subject in (ada, bo):
        erase.carry_out(subject=subject)
    assert [left for left, _distance in people_in(folder_of(painted) / "group.jpg")] == [260]
    assert erase.prove(subject=ada, probes=PROBE).ok
    assert erase.prove(subject=bo, probes=probe).ok


def test_the_source_is_locked_from_reading_to_writing(painted: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    real = sources.replace_object

    def watched(*args: object) -> None:
        seen.append(connection.in_atomic_block)
        real(*args)

    monkeypatch.setattr(sources, "replace_object", watched)
    erase_ada(review_ada())
    assert seen == [True]


@pytest.fixture
def only_hers(painted: Source) -> Source:
    """A folder that holds one picture, of Ada alone."""
    for path in folder_of(painted).iterdir():
        if path.name != "ada-1.jpg":
            path.unlink()
    ingest.import_source(source=painted)
    return painted


@pytest.mark.parametrize("dies", [False, True])
def test_a_folder_that_an_erasure_emptied_is_not_taken_for_an_unmounted_one(
    only_hers: Source, monkeypatch: pytest.MonkeyPatch, dies: bool
) -> None:
    subject = review_ada()
    if dies:

        def die(*_args: object) -> None:
            raise SystemExit("killed")

        with monkeypatch.context() as patch:
            patch.setattr(erase, "_erase_rows", die)
            with pytest.raises(SystemExit):
                erase_ada(subject)
        assert not any(folder_of(only_hers).iterdir())
        assert Photo.objects.exists()
    assert sources.look(only_hers)
    erase_ada(subject)
    assert not any(folder_of(only_hers).iterdir())
    assert sources.look(only_hers)
    assert erase.prove(subject=subject, probes=PROBE).ok


def test_a_folder_that_is_not_mounted_is_not_taken_for_one_that_an_erasure_emptied(only_hers: Source) -> None:
    subject = review_ada()
    folder, away = folder_of(only_hers), folder_of(only_hers).with_name("away")
    folder.rename(away)
    folder.mkdir()
    with pytest.raises(sources.SourceUnreachable):
        erase_ada(subject)
    assert Face.objects.exists()
    folder.rmdir()
    away.rename(folder)
    erase.carry_out(subject=subject)
    assert erase.prove(subject=subject, probes=PROBE).ok


# --- what others do meanwhile -----------------------------------------------------------------------------------------


def test_a_picture_that_was_moved_since_the_plan_is_erased_where_it_now_lies(painted: Source) -> None:
    subject, folder = review_ada(), folder_of(painted)
    planned = erase.plan(subject=subject, faces=reviews.accepted_faces(subject))
    (folder / "2026").mkdir()
    for path in ("ada-1.jpg", "group.jpg"):
        (folder / path).rename(folder / "2026" / path)
    erase.carry_out(subject=subject)
    assert [left for left, _distance in people_in(folder / "2026" / "group.jpg")] == [20, 260]
    assert not (folder / "2026" / "ada-1.jpg").exists()
    assert erase.prove(subject=subject, probes=PROBE).ok
    assert Erasure.objects.filter(subject=subject, proven_at__isnull=False).count() == len(planned) + 2


def test_beside_a_picture_that_others_deleted_its_sidecar_goes_too(painted: Source) -> None:
    sidecar = folder_of(painted) / "ada-1.jpg.json"
    sidecar.write_text('{"person": "Ada Lovelace"}')
    subject = review_ada()
    erase.plan(subject=subject, faces=reviews.accepted_faces(subject))
    (folder_of(painted) / "ada-1.jpg").unlink()
    erase.carry_out(subject=subject)
    assert not sidecar.exists()
    assert erase.prove(subject=subject, probes=PROBE).ok
    sidecar.write_text("{}")
    assert erase.prove(subject=subject, probes=PROBE).objects_left == 1


def test_a_second_face_of_a_photo_joins_its_plan(painted: Source) -> None:
    """Found later, or before the erasure could be carried out."""
    subject = uuid.uuid4()
    first, second, _third = Face.objects.filter(photo__path="group.jpg").order_by("left")
    erase.plan(subject=subject, faces=[first])
    (erasure,) = erase.plan(subject=subject, faces=[second])
    assert erasure.face_keys == [first.pk, second.pk]
    erase.carry_out(subject=subject)
    assert [left for left, _distance in people_in(folder_of(painted) / "group.jpg")] == [260]
    proof = erase.prove(subject=subject, probes=None)  # Other pictures show the same two: their templates are held.
    assert (proof.found_faces, proof.objects_left) == (0, 0)


def test_a_kept_copy_is_no_flaw_in_the_proof_of_an_erasure_of_long_ago(painted: Source) -> None:
    """Whose fingerprints begin with the first four bytes of the template."""
    subject = uuid.uuid4()
    template = bytes(4) + template_of("bo").astype("<f4").tobytes()[4:]
    for face in Face.objects.filter(template=template_of("bo").astype("<f4").tobytes()):
        face.delete()  # A face's template never changes: it is another face.
        face.pk, face.template = None, template
        face.save(force_insert=True)
    face = Face.objects.get(photo__path="bo-1.jpg")
    (erasure,) = erase.plan(subject=subject, faces=[face])
    erase.carry_out(subject=subject)
    assert erasure.fingerprints[0][3] != 0
    erasure.refresh_from_db()
    erasure.fingerprints = [[template[:4].hex(), hashlib.sha256(template).hexdigest(), 512]]
    erasure.save()
    kept = Photo.objects.get(path="group.jpg")
    assert erase.prove(subject=subject, probes=None, kept=[kept.pk]).ok
    assert not erase.prove(subject=subject, probes=None).ok


def test_a_second_template_without_a_picture_is_erased_after_the_first(painted: Source) -> None:
    held = Source.objects.create(url="templates:press", name="press")
    photo = Photo.objects.create(source=held, path="p", sha256="", size=0, status=PhotoStatus.TEMPLATE)
    first, second = (
        Face.objects.create(
            photo=photo, left=0, top=0, right=9, bottom=9, score=1, engine=PaintedEngine.name,
            template=template_of(name).astype("<f4").tobytes(),
        )
        for name in ("di", "ed")
    )  # fmt: skip
    subject = uuid.uuid4()
    for face in (first, second):
        erase.plan(subject=subject, faces=[face])
        erase.carry_out(subject=subject)
        assert not Face.objects.filter(pk=face.pk).exists()
    assert erase.prove(subject=subject, probes=None).ok


def test_what_was_accepted_and_is_held_is_no_proof_also_without_a_photograph_to_search_with(painted: Source) -> None:
    subject = review_ada()
    (left_out, *planned) = reviews.accepted_faces(subject)
    erase.plan(subject=subject, faces=planned)
    erase.carry_out(subject=subject)
    proof = erase.prove(subject=subject, probes=None)
    assert (proof.ok, proof.found_faces) == (False, 1)
    erase.plan(subject=subject, faces=[left_out])
    erase.carry_out(subject=subject)
    assert erase.prove(subject=subject, probes=None).ok


def test_a_copy_that_a_killed_redaction_left_goes_with_the_picture(
    painted: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is killed between writing and renaming runs none of the lines that clean up."""
    folder = folder_of(painted)
    left = Path(beside(str(folder / "group.jpg")))
    left.write_bytes((folder / "group.jpg").read_bytes())
    Source.objects.update(group_policy=GroupPolicy.DELETE)
    erase_ada(review_ada())
    assert not left.exists()
    assert not (folder / "group.jpg").exists()


@pytest.mark.any_database  # The log is SQLite's.
def test_while_somebody_reads_an_older_state_of_the_database_nothing_is_proven(painted: Source) -> None:
    subject = review_ada()
    template = bytes(reviews.accepted_faces(subject)[0].template)
    database_file = Path(str(connection.settings_dict["NAME"]))
    with closing(sqlite3.connect(database_file)) as reader, patient(0):
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM matching_face").fetchall()
        erase_ada(subject)
        proof = erase.prove(subject=subject, probes=PROBE)
        assert (proof.ok, proof.log_left) == (False, True)
    assert erase.prove(subject=subject, probes=PROBE).ok
    for file in database_file.parent.glob(f"{database_file.name}*"):
        assert template not in file.read_bytes()


@contextmanager
def patient(milliseconds: int) -> Iterator[None]:
    """How long SQLite waits for others."""
    with connection.cursor() as cursor:
        (before,) = cursor.execute("PRAGMA busy_timeout").fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {milliseconds}")
        yield
        cursor.execute(f"PRAGMA busy_timeout = {before}")
