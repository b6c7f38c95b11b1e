"""The index follows the database, survives damage, and keeps no byte of what was removed."""

import hashlib
import itertools
import json
import multiprocessing
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from annoy import AnnoyIndex
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from matching import processes, search
from matching.index import (
    Fingerprint,
    IndexDamaged,
    SegmentIndex,
    annoy,
    fingerprints_of,
    manifests,
    segment_files,
)
from matching.index.base import Block
from matching.index.manifests import MANIFEST
from matching.models import Face, Photo, Source
from tests.fakes import PaintedEngine, template_of
from tests.holdings import segments_index
from tests.project import ROOT

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def make_faces(count: int, seed: int = 0) -> list[Face]:
    source, _new = Source.objects.get_or_create(url="memory://", defaults={"name": "m"})
    photo, _new = Photo.objects.get_or_create(
        source=source, path="p", defaults={"version": "1", "sha256": "0", "size": 1, "status": "read"}
    )
    vectors = np.random.default_rng(seed).normal(scale=0.12, size=(count, 128)).astype("<f4")
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
    index = segments_index()
    for change in range(4):
        make_faces(7, seed=change)
        Face.objects.filter(pk__in=list(Face.objects.values_list("pk", flat=True)[: change * 2])).delete()
        index.sync()
        assert held(index) == in_database()


def test_a_sync_that_has_nothing_to_do_changes_nothing() -> None:
    make_faces(5)
    index = segments_index()
    before = index.sync()
    files = {path: path.stat().st_mtime_ns for path in index.root.glob("seg-*")}
    assert index.sync() == before
    assert {path: path.stat().st_mtime_ns for path in index.root.glob("seg-*")} == files


def test_no_byte_of_a_removed_face_is_left() -> None:
    faces = make_faces(50)
    index = segments_index()
    index.sync()
    prints = [print_ for face in faces[:5] for print_ in fingerprints_of(bytes(face.template))]
    assert index.contains_bytes(prints) == 10  # Each as it is, and as its code.
    Face.objects.filter(pk__in=[face.pk for face in faces[:5]]).delete()
    index.sync()
    assert held(index) == in_database()
    assert index.contains_bytes(prints) == 10  # No search sees them any more, but they are not gone.
    index.compact()
    assert index.contains_bytes(prints) == 0
    assert held(index) == in_database()
    everything = b"".join(path.read_bytes() for path in index.root.iterdir())
    assert not any(bytes(face.template) in everything for face in faces[:5])


def test_bytes_are_found_wherever_they_lie() -> None:
    (face,) = make_faces(1)
    index = segments_index()
    index.sync()
    Face.objects.all().delete()
    index.sync()
    (index.root / "stray.tmp").write_bytes(b"xyz" + bytes(face.template) + b"xyz")
    assert index.contains_bytes(fingerprints_of(bytes(face.template))) == 1


def test_a_sparse_template_is_not_looked_for_by_its_zeros() -> None:
    """Many networks give zeros: to hash at each of them takes longer the more there are."""
    template = np.zeros(128, "<f4")
    template[70] = 0.3
    (whole, *_coded) = fingerprints_of(template.tobytes())
    assert (whole.offset, whole.telling) == (280, np.float32(0.3).tobytes())


ALTERED = ["ids", "not a number", "far", "barely", "swapped", "sums", "code_error", "gone"]


@pytest.mark.parametrize(("how", "probes"), [*itertools.product(ALTERED, [1, 6]), ("codes", 1)])  # Six read no codes.
def test_an_answer_rests_on_no_file_that_was_altered(how: str, probes: int) -> None:
    """Also where nobody has looked at the checksums since."""
    faces = make_faces(20)
    index = segments_index()
    index.sync()
    alter(index, faces[0], how)
    probe = np.frombuffer(bytes(faces[0].template), "<f4")[None]
    found = search.find(np.repeat(probe, probes, axis=0))
    assert (found.hits[0].face_id, found.hits[0].distance) == (faces[0].pk, 0.0)
    assert found.certificate["faces_scanned"] == 20
    assert index.problems() == []


def alter(index: SegmentIndex, face: Face, how: str) -> None:
    """Hide a face by changing a file without changing its size."""
    (segment,) = index.manifest().segments
    ids_file, vectors_file, codes_file = (index.root / (segment.name + suffix) for suffix in (".ids", ".vec", ".codes"))
    ids, vectors = np.fromfile(ids_file, "<i8"), np.fromfile(vectors_file, "<f4").reshape(-1, 128)
    codes = np.fromfile(codes_file, "i1").reshape(-1, 128)
    row = ids.tolist().index(face.pk)
    match how:
        case "ids":
            ids[row] ^= 1
        case "not a number":
            vectors[row, 0] = np.nan
        case "far":
            vectors[row, 0] = 1e30
        case "barely":
            vectors[row, 0] = np.nextafter(vectors[row, 0], np.float32(9))
        case "codes":
            codes[row] = -codes[row]
        case "sums":
            sums = index.root / (segment.name + ".sums")
            sums.write_bytes(bytes(sums.stat().st_size))
        case "swapped":
            ids[[row, row - 1]] = ids[[row - 1, row]]
        case _:
            values = json.loads((index.root / MANIFEST).read_text())
            values["segments"][0] |= {"code_error": -0.5} if how == "code_error" else {"gone": [face.pk]}
            (index.root / MANIFEST).write_text(json.dumps(values))
    for path, array in ((ids_file, ids), (vectors_file, vectors), (codes_file, codes)):
        array.tofile(path)


@pytest.mark.parametrize("count", [1, 63, 64, 65, 2048, 4500])
def test_every_byte_lies_under_a_checksum(count: int, tmp_path: Path) -> None:
    """Of pieces that are full and of the last ones, whatever the blocks that the rows came in."""
    vectors = np.random.default_rng(count).normal(size=(count, 8)).astype(np.float32)
    parts = np.array_split(np.arange(count), 3)
    written = segment_files.write(tmp_path, (Block(part, vectors[part]) for part in parts))
    assert written is not None
    rows = segment_files.SegmentRows(tmp_path, written, 8)
    for suffix in segment_files.SUFFIXES:
        rows.verify(suffix, 0, count)
        path = tmp_path / (written.name + suffix)
        whole = path.read_bytes()
        for at in {0, len(whole) // 2, len(whole) - 1}:
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            altered = segment_files.SegmentRows(tmp_path, written, 8)
            row = at // (len(whole) // count)
            with pytest.raises(IndexDamaged):
                altered.verify(suffix, row, row + 1)
            if suffix == ".vec":
                with pytest.raises(IndexDamaged):
                    altered.verify_vectors(np.array([row]))
        path.write_bytes(whole)


def test_a_manifest_that_calls_a_held_face_removed_is_mended_by_a_thorough_sync() -> None:
    faces = make_faces(20)
    index = segments_index()
    index.sync()
    manifest = index.manifest()
    (segment,) = manifest.segments
    manifests.write(index.root, replace(manifest, segments=(replace(segment, gone=(faces[0].pk,)),)))
    assert index.problems() != []
    index.sync(thorough=True)
    assert held(index) == in_database()
    assert index.problems() == []


def test_what_was_altered_is_not_written_anew_as_if_it_were_whole() -> None:
    """Neither when segments are merged nor when the removed are left out."""
    faces = make_faces(20)
    index = segments_index()
    index.sync()
    alter(index, faces[0], "far")
    make_faces(3, seed=8)  # Merged with what is there.
    index.sync()
    assert held(index) == in_database()
    alter(index, faces[0], "far")
    faces[5].delete()
    index.sync()
    index.compact()
    assert held(index) == in_database()


def test_a_search_waits_for_no_writer_where_nothing_changed() -> None:
    faces = make_faces(5)
    index = segments_index()
    index.sync()
    with index.still():  # Held as by a compaction in another process; waiting for it here would never end.
        found = search.find(np.frombuffer(bytes(faces[0].template), "<f4")[None])
    assert found.certificate["faces_scanned"] == 5


@pytest.mark.parametrize("how", ["missing", "cut", "flipped", "codes", "layout", "manifest"])
def test_damage_is_noticed_and_mended_from_the_database(how: str) -> None:
    make_faces(30)
    index = segments_index()
    index.sync()
    assert index.check() == []
    damage(index.root, how)
    assert index.check() != []
    index.sync(thorough=True)
    assert index.check() == []
    assert held(index) == in_database()


def damage(root: Path, how: str) -> None:
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
        case "codes":
            path = next(root.glob("*.codes"))
            path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])
        case "layout":
            (root / MANIFEST).write_text(json.dumps({"version": 5, "segments": []}))
        case "manifest":
            (root / MANIFEST).write_text("{")


def test_a_reader_never_takes_a_cut_file_for_a_whole_one() -> None:
    make_faces(3)
    index = segments_index()
    index.sync()
    damage(index.root, "cut")
    with pytest.raises(IndexDamaged):
        list(index.blocks())


def test_a_reader_keeps_the_version_it_opened_while_another_is_written() -> None:
    faces = make_faces(20)
    index = segments_index()
    index.sync()
    blocks = index.blocks()
    Face.objects.filter(pk=faces[0].pk).delete()
    first = next(blocks)
    index.sync()
    assert len(first.ids) == 20
    assert np.isfinite(first.vectors).all()


def test_files_that_a_crash_left_behind_are_deleted() -> None:
    make_faces(3)
    index = segments_index()
    index.sync()
    (index.root / "seg-0000.vec").write_bytes(b"left behind by a crash")
    index.compact()
    assert not (index.root / "seg-0000.vec").exists()


def test_an_index_of_another_collection_is_not_believed() -> None:
    """Restored or emptied databases: identifiers are never used again, so old files cannot pass for new ones."""
    make_faces(4, seed=1)
    segments_index().sync()
    Face.objects.all().delete()
    make_faces(4, seed=2)
    segments_index().sync()
    assert held(segments_index()) == in_database()


def test_a_damaged_index_changes_no_answer() -> None:
    make_faces(20)
    probe = np.frombuffer(bytes(Face.objects.order_by("pk")[0].template), "<f4")[None]
    before = [hit.face_id for hit in search.find(probe).hits]
    damage(segments_index().root, "missing")
    after = search.find(probe)
    assert [hit.face_id for hit in after.hits] == before != []
    assert after.certificate["faces_scanned"] == 20


def _search_often(root: Path, times: int) -> set[int]:
    """In a process of its own: how many each search found of the faces that come and go together."""
    index = SegmentIndex(root, engine=PaintedEngine.name, dimension=128)
    probe, owner = np.zeros((1, 128), np.float32), np.zeros(1, np.int64)
    return {len(index.within(probe, owners=owner, radius=0.1)[0].ids) for _time in range(times)}


def test_searches_of_other_processes_see_each_change_whole() -> None:
    index = segments_index()
    make_faces(3000)
    index.sync()
    photo = Photo.objects.first()
    box = {"left": 0, "top": 0, "right": 9, "bottom": 9, "score": 1.0, "engine": PaintedEngine.name}
    zero = np.zeros(128, "<f4").tobytes()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context, initializer=processes.begin) as pool:
        searching = [pool.submit(_search_often, index.root, 150) for _one in range(2)]
        changes = 0
        while not all(future.done() for future in searching):
            Face.objects.bulk_create(Face(photo=photo, template=zero, **box) for _face in range(40))
            index.sync()
            Face.objects.filter(template=zero).delete()
            index.sync()
            index.compact()
            changes += 1
        found = set.union(*(future.result() for future in searching))
    assert found == {0, 40}
    assert changes > 5


def test_a_search_that_reads_few_probes_by_codes_finds_what_one_by_products_finds() -> None:
    faces = make_faces(3000)
    index = segments_index()
    index.sync()
    vectors = np.array([np.frombuffer(bytes(face.template), "<f4") for face in faces[:40]])
    probes = vectors + np.random.default_rng(5).normal(scale=0.02, size=vectors.shape).astype(np.float32)
    together = index.within(probes, owners=np.arange(40), radius=0.5)
    for number, probe in enumerate(probes):
        alone = index.within(probe[None], owners=np.zeros(1, np.int64), radius=0.5)[0]
        assert faces[number].pk in alone.ids
        assert alone.ids.tolist() == together[number].ids.tolist()
        assert alone.distances.tolist() == pytest.approx(together[number].distances.tolist(), abs=1e-12)


def test_the_memory_of_a_search_is_that_of_a_block_whatever_is_held(tmp_path: Path) -> None:
    """Faces worth 12 blocks; what the process holds meanwhile grows by less than a third more than one."""
    block = 4 * 128 * segment_files.ROWS_PER_BLOCK
    draw = np.random.default_rng(1)
    written = segment_files.write(
        tmp_path,
        (
            Block(np.arange(part * 65_536, (part + 1) * 65_536), draw.random((65_536, 128), np.float32))
            for part in range(12)
        ),
    )
    SegmentIndex(tmp_path, engine=PaintedEngine.name, dimension=128).put([written])
    for probes in (1, 64):
        code = (
            "import sys, resource, pathlib, numpy as np, django; django.setup();"
            "from matching.index import SegmentIndex;"
            "index = SegmentIndex(pathlib.Path(sys.argv[1]), engine='painted/1', dimension=128);"
            "rss = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024;"
            "go = lambda: index.within(np.zeros((int(sys.argv[2]), 128), np.float32), "
            "owners=np.zeros(int(sys.argv[2]), np.int64), radius=0.1)[0].scanned;"
            "before = rss(); assert go() == 12 * 65536; print(rss() - before)"
        )
        grown = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path), str(probes)],
            capture_output=True, text=True, check=True, cwd=ROOT,
        )  # fmt: skip
        assert int(grown.stdout) < 1.3 * block


def test_a_template_that_is_not_finite_is_never_written() -> None:
    (face,) = make_faces(1)
    Face.objects.filter(pk=face.pk).update(template=np.full(128, np.nan, "<f4").tobytes())
    with pytest.raises(ValueError, match="finite"):
        segments_index().sync()


class AnyOrderOfChanges(TestCase):
    @settings(max_examples=15, deadline=None)
    @given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=5))
    def test_any_order_of_adding_and_removing_ends_with_the_database_s_faces(
        self, changes: list[tuple[int, int]]
    ) -> None:
        index = segments_index()
        for number, (added, removed) in enumerate(changes):
            make_faces(added, seed=number)
            gone = list(Face.objects.order_by("pk").values_list("pk", flat=True)[:removed])
            Face.objects.filter(pk__in=gone).delete()
            index.sync()
            if removed % 3 == 0:
                index.compact()
        index.sync()
        assert held(index) == in_database()


def test_a_large_segment_has_an_annoy_file_that_goes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annoy, "WORTH_IT", 30)
    faces = make_faces(40)
    index = segments_index()
    index.sync()
    index.build_previews()
    template = np.frombuffer(bytes(faces[7].template), "<f4")
    assert index.preview(template, count=1) == [(faces[7].pk, 0.0)]
    (old,) = index.root.glob("*.ann")
    faces[7].delete()
    index.sync()
    assert faces[7].pk not in {face for face, _distance in index.preview(template, count=40)}
    index.compact()
    assert not old.exists()
    assert faces[7].pk not in {face for face, _distance in index.preview(template, count=40)}
    assert index.contains_bytes(fingerprints_of(template.tobytes())) == 0


def test_a_sabotaged_preview_changes_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing legal rests on Annoy: an index that misses nearly everything is not even noticed by a search."""
    monkeypatch.setattr(annoy, "WORTH_IT", 30)
    faces = make_faces(60)
    segments_index().sync()
    segments_index().build_previews()
    (rows,) = segments_index().opened()
    sought = next(face for face in faces if face.pk != rows.ids[0])  # The blind preview will know the first row.
    probe = np.frombuffer(bytes(sought.template), "<f4")[None]
    before = search.find(probe)
    assert sought.pk in [hit.face_id for hit in before.hits]
    (preview,) = segments_index().root.glob("*.ann")
    blind = AnnoyIndex(128, "euclidean")
    blind.add_item(0, [9.0] * 128)
    blind.build(1)
    blind.save(str(preview))
    sums = preview.with_suffix(".ann-sha256")
    sums.write_text(hashlib.sha256(preview.read_bytes()).hexdigest())
    assert sought.pk not in [face for face, _distance in segments_index().preview(probe[0], count=60)]
    after = search.find(probe)
    assert after.hits == before.hits
    assert after.certificate["faces_scanned"] == after.certificate["faces_held"] == 60
    preview.write_bytes(b"")
    assert search.find(probe).hits == before.hits


@pytest.mark.parametrize("damaged", [b"", bytes(5000), None], ids=["empty", "zeros", "cut"])
def test_a_damaged_preview_is_not_asked_and_is_built_anew(
    monkeypatch: pytest.MonkeyPatch, damaged: bytes | None
) -> None:
    """Annoy reads a file unchecked: a damaged one can end the process."""
    monkeypatch.setattr(annoy, "WORTH_IT", 30)
    faces = make_faces(60)
    index = segments_index()
    index.sync()
    index.build_previews()
    (preview,) = index.root.glob("*.ann")
    whole = preview.read_bytes()
    preview.write_bytes(whole[: len(whole) // 2] if damaged is None else damaged)
    probe = np.frombuffer(bytes(faces[7].template), "<f4")
    assert index.preview(probe, count=1)[0][0] == faces[7].pk
    assert index.check() == [preview.name]
    index.build_previews()
    assert index.check() == []


def test_what_previews_miss_is_measured_on_the_collection_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    index = segments_index()
    make_faces(60)
    index.sync()
    index.build_previews()
    assert index.preview_quality() is None  # Small: everything is compared.
    monkeypatch.setattr(annoy, "WORTH_IT", 100)
    near = np.random.default_rng(4).normal(scale=0.12, size=128)
    photo = Photo.objects.first()
    box = {"left": 0, "top": 0, "right": 9, "bottom": 9, "score": 1.0, "engine": PaintedEngine.name}
    Face.objects.bulk_create(
        Face(photo=photo, template=(near + shift).astype("<f4").tobytes(), **box)
        for shift in np.random.default_rng(5).normal(scale=0.01, size=(60, 128))
    )
    index.sync()
    index.build_previews()
    good = index.preview_quality()
    assert good is not None
    assert good.recall == 1.0
    assert (good.probes, good.faces) == (50, 120)
    in_file = annoy._in_file
    monkeypatch.setattr(annoy, "_in_file", lambda *asked: tuple(part[:5] for part in in_file(*asked)))
    next(index.root.glob("*.ann")).unlink()
    index.build_previews()
    poor = index.preview_quality()
    assert poor is not None
    assert poor.recall is not None
    assert poor.recall < 0.9


def test_a_preview_refuses_what_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="finite"):
        segments_index().preview(np.full(128, np.nan, np.float32), count=1)


def test_a_fingerprint_does_not_hold_the_template() -> None:
    template = template_of("ada").astype("<f4").tobytes()
    whole, coded = fingerprints_of(template)
    assert whole == (template[whole.offset :][:4], hashlib.sha256(template).digest(), 512, whole.offset)
    assert len(coded.telling) == 4
    assert coded.length == 128
    assert Fingerprint.from_json(json.loads(json.dumps(coded.as_json()))) == coded


def test_fingerprints_kept_before_there_were_codes_still_count() -> None:
    (face,) = make_faces(1)
    segments_index().sync()
    template = bytes(face.template)
    old = Fingerprint.from_json([template[:4].hex(), hashlib.sha256(template).hexdigest()])
    assert segments_index().contains_bytes([old]) == 1
