"""The index follows the database, survives damage, and keeps no byte of what was removed."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from matching import search
from matching.index import IndexDamaged, SegmentIndex, annoy, fingerprint, get_index, segments
from matching.models import Face, Photo, Source
from tests.fakes import PaintedEngine, template_of

pytestmark = pytest.mark.django_db


def make_faces(count: int, seed: int = 0) -> list[Face]:
    source, _new = Source.objects.get_or_create(url="memory://", defaults={"name": "m"})
    photo, _new = Photo.objects.get_or_create(
        source=source, path="p", defaults={"version": "1", "sha256": "0", "size": 1, "status": "read"}
    )
    vectors = np.random.default_rng(seed).normal(size=(count, 128)).astype("<f4")
    box = {"left": 0, "top": 0, "right": 9, "bottom": 9, "score": 1.0, "engine": PaintedEngine.name}
    return Face.objects.bulk_create(Face(photo=photo, template=v.tobytes(), **box) for v in vectors)


@pytest.fixture(autouse=True)
def _painted_engine(settings: object) -> None:
    settings.FACE_ENGINE = "tests.fakes.PaintedEngine"  # type: ignore[attr-defined]


def held(index: SegmentIndex) -> dict[int, bytes]:
    found = {}
    for block in index.blocks():
        for face, vector in zip(block.ids.tolist(), block.vectors, strict=True):
            assert face not in found
            found[face] = vector.tobytes()
    return found


def in_database() -> dict[int, bytes]:
    return {face.pk: bytes(face.template) for face in Face.objects.order_by("pk")}


def test_it_holds_what_the_database_holds_after_each_change() -> None:
    index = get_index()
    for change in range(4):
        make_faces(7, seed=change)
        Face.objects.filter(pk__in=list(Face.objects.values_list("pk", flat=True)[: change * 2])).delete()
        index.sync()
        assert held(index) == in_database()


def test_a_sync_that_has_nothing_to_do_changes_nothing() -> None:
    make_faces(5)
    index = get_index()
    before = index.sync()
    files = {path: path.stat().st_mtime_ns for path in index.root.glob("seg-*")}
    assert index.sync() == before
    assert {path: path.stat().st_mtime_ns for path in index.root.glob("seg-*")} == files


def test_no_byte_of_a_removed_face_is_left() -> None:
    faces = make_faces(50)
    index = get_index()
    index.sync()
    prints = [fingerprint(bytes(face.template)) for face in faces[:5]]
    assert index.contains_bytes(prints) == 5
    Face.objects.filter(pk__in=[face.pk for face in faces[:5]]).delete()
    index.sync()
    assert index.contains_bytes(prints) == 0
    everything = b"".join(path.read_bytes() for path in index.root.iterdir())
    assert not any(bytes(face.template) in everything for face in faces[:5])


def test_bytes_are_found_wherever_they_lie() -> None:
    (face,) = make_faces(1)
    index = get_index()
    index.sync()
    Face.objects.all().delete()
    index.sync()
    (index.root / "stray.tmp").write_bytes(b"xyz" + bytes(face.template) + b"xyz")
    assert index.contains_bytes([fingerprint(bytes(face.template))]) == 1


@pytest.mark.parametrize("damage", ["missing", "cut", "flipped", "manifest"])
def test_damage_is_noticed_and_mended_from_the_database(damage: str) -> None:
    make_faces(30)
    index = get_index()
    index.sync()
    assert index.check() == []
    _damage(index.root, damage)
    assert index.check() != []
    index.sync(thorough=True)
    assert index.check() == []
    assert held(index) == in_database()


def _damage(root: Path, how: str) -> None:
    vectors = next(root.glob("*.vec"))
    data = bytearray(vectors.read_bytes())
    match how:
        case "missing":
            vectors.unlink()
        case "cut":
            vectors.write_bytes(data[:-3])
        case "flipped":
            data[100] ^= 1
            vectors.write_bytes(data)
        case "manifest":
            (root / segments.MANIFEST).write_text("{")


def test_a_reader_never_takes_a_cut_file_for_a_whole_one() -> None:
    make_faces(3)
    index = get_index()
    index.sync()
    _damage(index.root, "cut")
    with pytest.raises(IndexDamaged):
        list(index.blocks())


def test_a_reader_keeps_the_version_it_opened_while_another_is_written() -> None:
    faces = make_faces(20)
    index = get_index()
    index.sync()
    blocks = index.blocks()
    Face.objects.filter(pk=faces[0].pk).delete()
    first = next(blocks)
    index.sync()
    assert len(first.ids) == 20
    assert np.isfinite(first.vectors).all()


def test_files_that_a_crash_left_behind_are_deleted() -> None:
    make_faces(3)
    index = get_index()
    index.sync()
    (index.root / "seg-0000.vec").write_bytes(b"left behind by a crash")
    index.sync()
    assert not (index.root / "seg-0000.vec").exists()


def test_an_index_of_another_collection_is_not_believed() -> None:
    """Restored or emptied databases: identifiers are never used again, so old files cannot pass for new ones."""
    make_faces(4, seed=1)
    get_index().sync()
    Face.objects.all().delete()
    make_faces(4, seed=2)
    get_index().sync()
    assert held(get_index()) == in_database()


def test_a_damaged_index_changes_no_answer() -> None:
    make_faces(20)
    probe = np.frombuffer(bytes(Face.objects.order_by("pk")[0].template), "<f4")[None]
    before = [hit.face_id for hit in search.find(probe).hits]
    _damage(get_index().root, "missing")
    after = search.find(probe)
    assert [hit.face_id for hit in after.hits] == before != []
    assert after.certificate["faces_scanned"] == 20


class AnyOrderOfChanges(TestCase):
    @settings(max_examples=15, deadline=None)
    @given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=5))
    def test_any_order_of_adding_and_removing_ends_with_the_database_s_faces(
        self, changes: list[tuple[int, int]]
    ) -> None:
        index = get_index()
        for number, (added, removed) in enumerate(changes):
            make_faces(added, seed=number)
            gone = list(Face.objects.order_by("pk").values_list("pk", flat=True)[:removed])
            Face.objects.filter(pk__in=gone).delete()
            index.sync()
        index.sync()
        assert held(index) == in_database()


def test_a_large_segment_has_an_annoy_file_that_goes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annoy, "WORTH_IT", 30)
    faces = make_faces(40)
    index = get_index()
    index.sync()
    template = np.frombuffer(bytes(faces[7].template), "<f4")
    assert index.preview(template, count=1) == [(faces[7].pk, 0.0)]
    assert index.contains_bytes([fingerprint(bytes(faces[7].template))]) == 1
    (old,) = index.root.glob("*.ann")
    faces[7].delete()
    index.sync()
    assert not old.exists()
    assert faces[7].pk not in {face for face, _distance in index.preview(template, count=40)}
    assert index.contains_bytes([fingerprint(template.tobytes())]) == 0


def test_a_preview_refuses_what_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="finite"):
        get_index().preview(np.full(128, np.nan, np.float32), count=1)


def test_a_fingerprint_does_not_hold_the_template() -> None:
    template = template_of("ada").astype("<f4").tobytes()
    first, digest = fingerprint(template)
    assert len(first) == 4
    assert digest == hashlib.sha256(template).digest()
