"""What every index must do, whatever holds it: segments in files, and Milvus."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from matching import ingest, search
from matching.index import (
    FaceIndex,
    IndexDamaged,
    IndexUnreachable,
    MilvusIndex,
    SweepCancelled,
    Watch,
    get_index,
    milvus_collection,
)
from matching.index.milvus_collection import asking
from matching.index.sweep import ArrayRows, sweep
from matching.models import Face, Source
from tests.fakes import paint, template_of
from tests.matching.test_segments import in_database, make_faces
from tests.painted import folder_of

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.any_database,
    pytest.mark.usefixtures("either_index", "_painted_engine"),
]
only_milvus = pytest.mark.parametrize("either_index", ["milvus"], indirect=True)


@pytest.fixture
def _painted_engine(settings: Any) -> None:
    settings.FACE_ENGINE = "tests.fakes.PaintedEngine"


def held(index: FaceIndex) -> dict[int, bytes]:
    return {
        face: vector.tobytes()
        for block in index.blocks()
        for face, vector in zip(block.ids.tolist(), block.vectors, strict=True)
    }


def found(index: FaceIndex, probes: np.ndarray, radius: float) -> dict[int, float]:
    swept = index.within(probes, owners=np.zeros(len(probes), np.int64), radius=radius)[0]
    assert swept.scanned == Face.objects.count()
    return dict(zip(swept.ids.tolist(), swept.distances.tolist(), strict=True))


def truth(probes: np.ndarray, radius: float) -> dict[int, float]:
    faces = list(Face.objects.order_by("pk"))
    vectors = np.stack([np.frombuffer(bytes(face.template), "<f4") for face in faces])
    swept = sweep([ArrayRows(np.array([face.pk for face in faces], np.int64), vectors)], probes, radius=radius)
    return dict(zip(swept.ids.tolist(), swept.distances.tolist(), strict=True))


def test_it_holds_what_the_database_holds_after_each_change() -> None:
    index = get_index()
    for change in range(4):
        make_faces(7, seed=change)
        Face.objects.filter(pk__in=list(Face.objects.values_list("pk", flat=True)[: change * 2])).delete()
        before = index.sync()
        assert held(index) == in_database()
        assert index.sync() == before
    assert index.problems() == []


def test_it_finds_what_the_sweep_finds_to_the_last_digit() -> None:
    faces = make_faces(400)
    index = get_index()
    index.sync()
    probes = np.stack([np.frombuffer(bytes(face.template), "<f4") for face in faces[:20]])
    at_the_edge = float(np.linalg.norm(probes[0].astype(np.float64) - np.frombuffer(bytes(faces[30].template), "<f4")))
    for radius in (0.0, at_the_edge, np.nextafter(at_the_edge, 0), 1.9, 5.0):
        assert found(index, probes, float(radius)) == truth(probes, float(radius))


def test_each_of_several_people_gets_what_is_theirs() -> None:
    faces = make_faces(60)
    index = get_index()
    index.sync()
    probes = np.stack([np.frombuffer(bytes(face.template), "<f4") for face in faces[:3]])
    together = index.within(probes, owners=np.array([4, 9, 4]), radius=1.8)
    assert set(together) == {4, 9}
    assert together[4].ids.tolist() == index.within(probes[[0, 2]], owners=np.zeros(2, int), radius=1.8)[0].ids.tolist()
    assert together[9].ids.tolist() == index.within(probes[[1]], owners=np.zeros(1, int), radius=1.8)[0].ids.tolist()


def test_what_is_removed_is_found_no_more_and_held_no_more() -> None:
    faces = make_faces(30)
    index = get_index()
    index.sync()
    gone = np.array([face.pk for face in faces[:5]], np.int64)
    assert index.holds(gone) == 5
    probe = np.frombuffer(bytes(faces[0].template), "<f4")[None]
    assert faces[0].pk in found(index, probe, 0.5)
    Face.objects.filter(pk__in=gone.tolist()).delete()
    index.sync()
    assert index.holds(gone) == 0
    assert faces[0].pk not in found(index, probe, 0.5)
    index.compact()
    assert held(index) == in_database()


def test_the_nearest_come_first_in_a_preview() -> None:
    faces = make_faces(50)
    index = get_index()
    index.sync()
    probe = np.frombuffer(bytes(faces[3].template), "<f4")
    near = index.preview(probe, count=5)
    assert near[0] == (faces[3].pk, pytest.approx(0, abs=1e-3))
    assert [face for face, _distance in near] == list(truth(probe[None], 9.0))[:5]


def test_a_search_that_nobody_wants_any_more_ends() -> None:
    faces = make_faces(20)
    index = get_index()
    index.sync()
    probe = np.frombuffer(bytes(faces[3].template), "<f4")[None]
    with pytest.raises(SweepCancelled):
        index.within(probe, owners=np.zeros(1, np.int64), radius=1.0, watch=Watch(cancelled=lambda: True))


@pytest.mark.parametrize(
    "probe", [np.full((1, 128), np.nan, np.float32), np.zeros((1, 64), np.float32)], ids=["nan", "short"]
)
def test_a_probe_that_cannot_be_compared_is_refused(probe: np.ndarray) -> None:
    make_faces(3)
    index = get_index()
    index.sync()
    with pytest.raises(ValueError, match=r"finite|shape"):
        index.within(probe, owners=np.zeros(1, np.int64), radius=1.0)


def test_the_command_says_what_differs_and_mends_it() -> None:
    make_faces(9)
    index = get_index()
    index.sync()
    make_faces(2, seed=5)
    with pytest.raises(CommandError):
        call_command("check_index", stdout=StringIO())
    call_command("check_index", "--repair", stdout=StringIO())
    assert held(index) == in_database()
    assert index.checked_at() is not None


def test_a_whole_search_says_that_it_was_complete(painted: Source) -> None:
    findings = search.find(template_of("ada")[None])
    assert findings.certificate["complete"] is True
    assert findings.certificate["faces_scanned"] == Face.objects.count() > 0
    assert len(findings.hits) > 1


# --- Milvus alone -----------------------------------------------------------------------------------------------------


def client() -> Any:
    index = _milvus()
    with asking(index.name, index.dimension) as opened:
        return opened._client


def _milvus() -> MilvusIndex:
    index = get_index()
    assert isinstance(index, MilvusIndex)
    return index


@only_milvus
def test_more_hits_than_milvus_gives_at_once_all_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's own limit is 16,384; the path beyond it is the same with a smaller one."""
    monkeypatch.setattr(milvus_collection, "MOST", 50)
    faces = make_faces(700)
    index = get_index()
    index.sync()
    probes = np.stack([np.frombuffer(bytes(face.template), "<f4") for face in faces[:3]])
    everything = found(index, probes, 9.0)
    assert len(everything) == 700
    assert everything == truth(probes, 9.0)


@only_milvus
@pytest.mark.any_database
def test_more_hits_than_its_real_limit_all_come() -> None:
    probe = np.full((1, 128), 0.1, np.float32)
    make_faces(1)
    face = Face.objects.get()
    Face.objects.bulk_create(
        Face(
            photo=face.photo, left=0, top=0, right=9, bottom=9, score=1.0, engine=face.engine,
            template=probe.astype("<f4").tobytes(),
        )
        for _number in range(milvus_collection.MOST + 4000)
    )  # fmt: skip
    index = get_index()
    index.sync()
    # All of them lie exactly at the radius.
    assert len(found(index, probe, 0.0)) == milvus_collection.MOST + 4000


@only_milvus
@pytest.mark.parametrize("how", ["emptied", "one more", "one fewer"])
def test_a_collection_that_somebody_changed_is_noticed_and_filled_again(how: str) -> None:
    faces = make_faces(12)
    index = _milvus()
    index.sync()
    probe = np.frombuffer(bytes(faces[0].template), "<f4")[None]
    if how == "emptied":
        client().drop_collection(index.name)
    elif how == "one more":
        client().upsert(index.name, data=[{"id": 5, "vector": probe[0]}])
    else:
        client().delete(index.name, ids=[faces[0].pk])
    with pytest.raises(IndexDamaged):
        index.within(probe, owners=np.zeros(1, np.int64), radius=0.5)
    certificate = search.find(probe).certificate
    assert certificate["faces_scanned"] == certificate["faces_held"] == 12
    assert held(index) == in_database()


@only_milvus
def test_a_change_between_looking_for_candidates_and_fetching_them_loses_nobody(
    painted: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many faces before as after: the picture was only moved."""
    near = milvus_collection.Collection.near
    moved: list[object] = []

    def then_moved(self, *asked):  # type: ignore[no-untyped-def]
        found = list(near(self, *asked))
        if not moved:
            moved.append((folder_of(painted) / "bo-1.jpg").rename(folder_of(painted) / "moved.jpg"))
            ingest.import_source(source=painted)
        return found

    monkeypatch.setattr(milvus_collection.Collection, "near", then_moved)
    index = _milvus()
    index.sync()
    probe = template_of("bo")[None]
    assert found(index, probe, 0.6) == truth(probe, 0.6)
    assert len(found(index, probe, 0.6)) == 2


@only_milvus
def test_a_vector_that_somebody_changed_is_found_by_the_check() -> None:
    faces = make_faces(6)
    index = _milvus()
    index.sync()
    client().upsert(index.name, data=[{"id": faces[0].pk, "vector": np.zeros(128, np.float32)}])
    assert index.check() != []
    index.sync(thorough=True)
    assert index.check() == []
    assert held(index) == in_database()


@only_milvus
def test_a_deletion_that_milvus_only_pretends_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    make_faces(4)
    index = _milvus()
    index.sync()
    Face.objects.order_by("pk")[0].delete()
    monkeypatch.setattr(type(client()), "delete", lambda *_a, **_k: {"delete_count": 1})
    with pytest.raises(IndexDamaged):
        index.sync()


@pytest.fixture
def away(settings: Any) -> Callable[[], None]:
    def leave() -> None:
        settings.MILVUS_URI = "http://127.0.0.1:1"

    return leave


@only_milvus
def test_a_server_that_is_away_is_an_error_and_never_nothing(away: Callable[[], None]) -> None:
    make_faces(4)
    away()
    with pytest.raises(IndexUnreachable) as raised:
        search.find(template_of("ada")[None])
    assert "vector" not in str(raised.value)


@only_milvus
def test_an_import_goes_on_without_the_server_and_the_next_search_brings_it_there(
    painted: Source, settings: Any, away: Callable[[], None]
) -> None:
    uri = settings.MILVUS_URI
    (folder_of(painted) / "new.jpg").write_bytes(paint(["ada"], shade=7))
    away()
    assert ingest.import_source(source=painted).new == 1
    settings.MILVUS_URI = uri
    found_now = search.find(template_of("ada")[None])
    assert "new.jpg" in {Face.objects.get(pk=hit.face_id).photo.path for hit in found_now.hits}
