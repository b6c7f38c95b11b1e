"""Templates of another engine are imported whole or not, found by a photograph, and erased like everything else."""

import hashlib
import io
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from matching import erase, ingest, marking, parquet, reviews, search, sources, space_search, spaces, templates
from matching.engine import Box, DetectedFace
from matching.index import SegmentIndex, contains_bytes, every_index, fingerprints_of, index_of
from matching.metrics import Metric
from matching.models import (
    Band,
    Erasure,
    ErasureAction,
    Face,
    GroupPolicy,
    Hit,
    Photo,
    PhotoStatus,
    Source,
    TemplateSpace,
)
from tests.fakes import TWIN, PaintedEngine, paint, template_of
from tests.foreign import ForeignEngine, model_of, row, write
from tests.painted import folder_of

pytestmark = pytest.mark.django_db(transaction=True)

SPACE = "foreign-1"
UNSEEN = "unseen/ada.jpg"


@pytest.fixture(autouse=True)
def _read_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """That a process of its own reads the file first is tested in `test_parquet.py`; it takes a second each time."""
    monkeypatch.setattr(templates, "tried", parquet._read_once)


@pytest.fixture
def foreign(tmp_path: Path) -> ForeignEngine:
    return ForeignEngine(tmp_path)


def rows_of(foreign: ForeignEngine, source: Source) -> list[dict[str, Any]]:
    """What the other engine holds of every picture of a source."""
    return [
        row(path.name, box, template)
        for path in sorted(folder_of(source).glob("*.jpg"))
        for box, template in foreign.of_picture(path.read_bytes())
    ]


def run(
    tmp_path: Path, foreign: ForeignEngine, rows: list[dict[str, Any]], *, source: str = "holdings", **options: Any
) -> str:
    """Import rows by the command; what it said. Raises: CommandError."""
    output = io.StringIO()
    space = foreign.declaration(tmp_path, **options.pop("declared", {}))
    file = write(tmp_path / "t.parquet", rows)
    try:
        call_command("import_templates", str(file), space=space, source=source, stdout=output, **options)
    except CommandError as error:
        error.args = (f"{error}\n{output.getvalue()}",)
        raise
    return output.getvalue()


def everything() -> list[tuple[Any, ...]]:
    """What the database holds, but for the moments at which it was written."""
    photos = Photo.objects.order_by("source", "path").values_list(
        "path", "sha256", "status", "face_count", "source_url"
    )
    faces = Face.objects.order_by("pk").values_list("pk", "photo__path", "left", "engine", "template")
    return [*photos, *((pk, path, left, engine, bytes(own)) for pk, path, left, engine, own in faces)]


def probe(name: str = "ada") -> space_search.Supplied:
    return space_search.together([search.probe(paint([name], shade=9))])


def found_in(space: str, findings: search.Findings) -> list[str]:
    held = Face.objects.filter(engine=space).in_bulk([hit.face_id for hit in findings.hits])
    return [held[hit.face_id].photo.path for hit in findings.hits if hit.face_id in held]


# --- importing --------------------------------------------------------------------------------------------------------


def test_templates_are_imported_once_and_tied_to_their_pictures(
    painted: Source, foreign: ForeignEngine, tmp_path: Path
) -> None:
    (folder_of(painted) / "late.jpg").write_bytes(paint(["ada"], shade=13))  # Not imported yet.
    rows = [
        *rows_of(foreign, painted),
        row(UNSEEN, None, foreign.of_picture(paint(["ada"]))[0][1], metadata='{"a": 1}'),
    ]
    before = Face.objects.filter(engine=PaintedEngine.name).count()
    assert "9 new, 0 unchanged, 0 refused; of 1 no picture is there." in run(tmp_path, foreign, rows)
    late, unseen = Photo.objects.get(path="late.jpg"), Photo.objects.get(path=UNSEEN)
    assert (late.status, late.face_count, late.faces.count()) == (PhotoStatus.READ, 1, 2)
    assert (unseen.status, unseen.is_held, unseen.faces.get().metadata) == (PhotoStatus.TEMPLATE, False, {"a": 1})
    assert Face.objects.filter(engine=PaintedEngine.name).count() == before + 1
    held = everything()
    assert "0 new, 9 unchanged, 0 refused" in run(tmp_path, foreign, rows)
    assert everything() == held


def test_rows_that_do_not_fit_what_is_held_are_refused_and_the_others_taken(
    painted: Source, foreign: ForeignEngine, tmp_path: Path
) -> None:
    (folder_of(painted) / "broken.jpg").write_bytes(b"no picture")
    (folder_of(painted) / "letter.txt").write_bytes(b"no picture either")
    box, template = foreign.of_picture((folder_of(painted) / "ada-1.jpg").read_bytes())[0]
    rows = [
        row("ada-1.jpg", box, template),
        row("ada-1.jpg", box, template),
        row("ada-1.jpg", Box(500, 500, 600, 600), template),
        row("ada-2.jpg", box, template, sha256="0" * 64),
        row("group.jpg", None, template),
        row("broken.jpg", None, template),
        row("letter.txt", None, template),
        row("../secret.jpg", None, template),
        row("bo-1.jpg", None, template),
    ]
    with pytest.raises(CommandError) as refused:
        run(tmp_path, foreign, rows)
    assert refused.value.returncode == 1
    said = str(refused.value)
    for number, why in {
        2: "the same path and box", 3: "a box outside", 4: "another file", 5: "another number of faces",
        6: "cannot be read", 7: "of a kind", 8: "not one inside",
    }.items():  # fmt: skip
        assert f"row {number}: " in said
        assert why in next(line for line in said.splitlines() if line.startswith(f"row {number}: "))
    assert "2 new, 0 unchanged, 7 refused" in said
    assert "secret" not in said
    bo = Face.objects.get(engine=SPACE, photo__path="bo-1.jpg")
    assert (bo.left, bo.top, bo.right, bo.bottom) == (20, 20, 100, 100)  # The only face found there.
    with pytest.raises(CommandError, match="another template of this face"):
        run(tmp_path, foreign, [row("ada-1.jpg", box, -template)])


def test_a_dry_run_writes_nothing(painted: Source, foreign: ForeignEngine, tmp_path: Path) -> None:
    held = everything()
    with pytest.raises(CommandError) as refused:
        run(tmp_path, foreign, [*rows_of(foreign, painted), row("", None, [1.0])], dry_run=True)
    assert "7 rows can be taken, 1 refused" in str(refused.value)
    assert everything() == held
    assert not TemplateSpace.objects.exists()


def test_a_batch_that_dies_leaves_whole_batches_and_the_next_run_does_the_rest(
    painted: Source, foreign: ForeignEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matching import parquet

    monkeypatch.setattr(parquet, "BATCH", 3)
    real = templates._Taker._face
    calls: list[Any] = []

    def dying(self: Any, *args: Any) -> Any:
        calls.append(args)
        if len(calls) == 5:
            raise SystemExit("killed")
        return real(self, *args)

    rows = [row(f"unseen/{number}.jpg", None, np.eye(64)[number] + 0.1) for number in range(8)]
    with monkeypatch.context() as patch:
        patch.setattr(templates._Taker, "_face", dying)
        with pytest.raises(SystemExit):
            run(tmp_path, foreign, rows)
    assert Face.objects.filter(engine=SPACE).count() == Photo.objects.filter(status=PhotoStatus.TEMPLATE).count() == 3
    assert "5 new, 3 unchanged, 0 refused" in run(tmp_path, foreign, rows)


@pytest.mark.parametrize(("source", "options", "said"), [
    ("nowhere", {}, "No source is called nowhere"),
    ("holdings", {"no_pictures": True}, "is a source with pictures"),
])  # fmt: skip
def test_a_source_is_not_made_by_a_slip_of_the_hand(
    painted: Source, foreign: ForeignEngine, tmp_path: Path, source: str, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(CommandError, match=said) as refused:
        run(tmp_path, foreign, [row("a.jpg", None, np.ones(64))], source=source, **options)
    assert refused.value.returncode == 2
    assert Source.objects.count() == 1


def test_a_damaged_file_changes_nothing(painted: Source, foreign: ForeignEngine, tmp_path: Path) -> None:
    held = everything()
    path = write(tmp_path / "t.parquet", rows_of(foreign, painted))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CommandError, match="no Parquet file") as refused:
        call_command("import_templates", str(path), space=foreign.declaration(tmp_path), source="holdings")
    assert refused.value.returncode == 2
    assert everything() == held


# --- the ordinary import beside it ------------------------------------------------------------------------------------


def test_an_ordinary_import_leaves_own_templates_as_they_are(
    painted: Source, foreign: ForeignEngine, tmp_path: Path
) -> None:
    run(tmp_path, foreign, [*rows_of(foreign, painted), row(UNSEEN, None, np.ones(64))])
    held = everything()
    assert ingest.import_source(source=painted).gone == 0
    assert everything() == held
    ada = folder_of(painted) / "ada-1.jpg"
    data = ada.read_bytes()
    ada.unlink()
    assert ingest.import_source(source=painted).gone == 1  # The picture; the template is held all the same.
    photo = Photo.objects.get(path="ada-1.jpg")
    assert (photo.status, list(photo.faces.values_list("engine", flat=True))) == (PhotoStatus.TEMPLATE, [SPACE])
    ada.write_bytes(data)
    report = ingest.import_source(source=painted)
    photo.refresh_from_db()
    assert (photo.status, photo.face_count, photo.faces.count(), report.dropped) == (PhotoStatus.READ, 1, 2, 0)
    ada.write_bytes(paint(["bo"], shade=11))
    output = io.StringIO()
    call_command("import_photos", str(folder_of(painted)), stdout=output)
    assert "1 own templates are not of what their pictures show now" in output.getvalue()
    assert list(photo.faces.values_list("engine", flat=True)) == [PaintedEngine.name]


def test_a_picture_that_comes_later_gets_the_template_that_was_held(
    painted: Source, foreign: ForeignEngine, tmp_path: Path
) -> None:
    alone, group = paint(["ada"], shade=12), paint(["bo", "ada"], shade=13)
    run(
        tmp_path,
        foreign,
        [row("alone.jpg", None, np.ones(64)), row("group.jpg.jpg", None, np.ones(64) + np.eye(64)[0])],
    )
    (folder_of(painted) / "alone.jpg").write_bytes(alone)
    (folder_of(painted) / "group.jpg.jpg").write_bytes(group)
    assert ingest.import_source(source=painted).dropped == 1  # Whose it is in the group, nobody said.
    own = Face.objects.get(engine=SPACE)
    assert (own.photo.path, own.left, own.right) == ("alone.jpg", 20, 100)


# --- searching --------------------------------------------------------------------------------------------------------


def test_a_photograph_finds_the_templates_of_every_space(
    painted: Source, foreign: ForeignEngine, tmp_path: Path
) -> None:
    bare = foreign.of_picture(paint(["ada"], shade=4))[0][1]
    run(tmp_path, foreign, [*rows_of(foreign, painted), row(UNSEEN, None, bare * 7)])
    findings = search.find(probe())
    assert sorted(found_in(SPACE, findings)) == ["ada-1.jpg", "ada-2.jpg", "group.jpg", "twin.jpg", UNSEEN]
    assert sorted(found_in(PaintedEngine.name, findings)) == ["ada-1.jpg", "ada-2.jpg", "group.jpg", "twin.jpg"]
    own = {Face.objects.get(pk=hit.face_id).photo.path: hit for hit in findings.hits if hit.metric == Metric.COSINE}
    assert own["ada-1.jpg"].band == Band.MATCH
    assert own["twin.jpg"].band == Band.POSSIBLE
    assert own[UNSEEN].distance < 0.1
    assert own[UNSEEN].band == Band.POSSIBLE  # Nobody can look at what is not held.
    covered = findings.certificate
    (space,) = covered["spaces"]
    assert covered["complete"]
    assert (covered["faces_held"], covered["faces_scanned"], covered["templates_without_picture"]) == (15, 15, 1)
    assert (covered["photos_held"], covered["sources"][0]["photos"]) == (6, 6)
    assert (space["faces_held"], space["faces_scanned"], space["problem"], space["metric"]) == (8, 8, "", "cosine")
    assert space["bands"] == {"match": 0.95, "possible": 0.7, "provenance": "Chosen by hand for painted people."}


def test_a_space_finds_what_the_engine_does_not(painted: Source, foreign: ForeignEngine, tmp_path: Path) -> None:
    Face.objects.filter(photo__path="ada-2.jpg").delete()
    run(tmp_path, foreign, rows_of(foreign, painted))
    findings = search.find(probe())
    assert "ada-2.jpg" in found_in(SPACE, findings)
    assert "ada-2.jpg" not in found_in(PaintedEngine.name, findings)


@pytest.mark.any_database
@pytest.mark.parametrize("metric", Metric.values)
@pytest.mark.parametrize("dimension", [64, 512])
def test_every_metric_finds_what_brute_force_finds(
    painted: Source, tmp_path: Path, metric: str, dimension: int
) -> None:
    foreign = ForeignEngine(tmp_path, dimension=dimension)
    rng = np.random.default_rng(8)
    mine = probe_of(foreign)
    held = rng.normal(size=(400, dimension)) * np.linalg.norm(mine) / dimension**0.5
    held = mine + (held - mine) * rng.uniform(0, 1.2, (400, 1))
    if metric == Metric.INNER_PRODUCT:
        held /= np.linalg.norm(held, axis=1, keepdims=True)
    held = held.astype(np.float32)
    unit = mine / np.linalg.norm(mine)
    cosines = held.astype(np.float64) @ unit / np.linalg.norm(held.astype(np.float64), axis=1)
    distances = np.linalg.norm(held.astype(np.float64) - mine, axis=1)
    values = distances if metric == Metric.EUCLIDEAN else -cosines
    match, possible = (float(np.quantile(values, share)) for share in (0.2, 0.5))
    sign = 1 if metric == Metric.EUCLIDEAN else -1
    declared = {"metric": metric, "bands__match": sign * match, "bands__possible": sign * possible}
    rows = [row(f"unseen/{number}.jpg", None, one) for number, one in enumerate(held)]
    run(tmp_path, foreign, rows, declared=declared)
    Photo.objects.filter(status=PhotoStatus.TEMPLATE).update(status=PhotoStatus.READ)  # For the bands.
    numbers = {
        face: int(path[7:-4]) for face, path in Face.objects.filter(engine=SPACE).values_list("pk", "photo__path")
    }
    hits = {numbers[hit.face_id]: hit for hit in search.find(probe()).hits if hit.face_id in numbers}
    close = 1e-5  # What lies nearer to a limit than float32 tells may fall on either side.
    assert {n for n in range(400) if values[n] < possible - close} <= set(hits)
    assert set(hits) <= {n for n in range(400) if values[n] < possible + close}
    for number, hit in hits.items():
        assert sign * Metric(metric).of(hit.distance) == pytest.approx(values[number], abs=close)
        if abs(values[number] - match) > close:
            assert (hit.band == Band.MATCH) == (values[number] < match)


def probe_of(foreign: ForeignEngine) -> np.ndarray:
    from matching import images

    data = paint(["ada"], shade=9)
    pixels = images.read_picture(data, max_bytes=len(data), max_pixels=10**7).pixels
    return foreign.template(pixels, PaintedEngine().faces(pixels)[0].box).astype(np.float64)


@pytest.mark.parametrize("how", ["missing", "altered"])
def test_a_model_that_is_gone_makes_the_search_incomplete_and_not_empty(
    painted: Source, foreign: ForeignEngine, tmp_path: Path, how: str
) -> None:
    run(tmp_path, foreign, rows_of(foreign, painted))
    if how == "missing":
        foreign.model.unlink()
    else:
        foreign.model.write_bytes(model_of(-foreign.map))
    findings = search.find(probe())
    (space,) = findings.certificate["spaces"]
    assert (space["complete"], space["problem"], space["faces_scanned"]) == (False, f"model_{how}", 0)
    assert findings.certificate["complete"] is False
    assert found_in(SPACE, findings) == []
    assert found_in(PaintedEngine.name, findings) != []


def test_a_probe_of_the_engine_alone_leaves_the_search_incomplete(
    painted: Source, foreign: ForeignEngine, tmp_path: Path
) -> None:
    run(tmp_path, foreign, rows_of(foreign, painted))
    covered = search.find(template_of("ada")[None]).certificate
    assert (covered["complete"], covered["spaces"][0]["problem"]) == (False, "no_probe")
    TemplateSpace.objects.update(name="renamed")  # Templates of a space that nobody declared any more.
    assert search.find(template_of("ada")[None]).certificate["complete"] is False


def test_several_people_are_searched_together_as_alone(painted: Source, foreign: ForeignEngine, tmp_path: Path) -> None:
    run(tmp_path, foreign, rows_of(foreign, painted))
    everybody = [probe("ada"), template_of("bo")[None], probe("cy")]
    for own, together in zip(everybody, search.find_many([search.of_one(own) for own in everybody]), strict=True):
        alone = search.find(own)
        assert together.hits == alone.hits
        assert [part["problem"] for part in together.certificate["spaces"]] == [
            part["problem"] for part in alone.certificate["spaces"]
        ]


def test_the_index_of_a_space_is_checked_and_repaired(painted: Source, foreign: ForeignEngine, tmp_path: Path) -> None:
    run(tmp_path, foreign, rows_of(foreign, painted))
    before = search.find(probe()).hits
    index = index_of(TemplateSpace.objects.get())
    assert isinstance(index, SegmentIndex)
    (vectors,) = index.root.glob("*.vec")
    vectors.write_bytes(vectors.read_bytes()[:-4] + b"\0\0\0\1")
    with pytest.raises(CommandError):
        call_command("check_index", stdout=io.StringIO())
    call_command("check_index", "--repair", stdout=io.StringIO())
    assert [own.problems() for own in every_index()] == [[], []]
    vectors = next(iter(index.root.glob("*.vec")))
    vectors.unlink()
    assert search.find(probe()).hits == before


def test_find_prints_the_metric(painted: Source, foreign: ForeignEngine, tmp_path: Path) -> None:
    run(tmp_path, foreign, rows_of(foreign, painted))
    photo, output = tmp_path / "probe.jpg", io.StringIO()
    photo.write_bytes(paint(["ada"], shade=9))
    call_command("find", str(photo), stdout=output)
    assert "holdings: ada-1.jpg (cosine)" in output.getvalue()
    assert "Own templates foreign-1: 7 of 7 scanned, cosine, bands 0.95 and 0.7." in output.getvalue()


# --- erasing ----------------------------------------------------------------------------------------------------------

MINE = {"ada-1.jpg", "ada-2.jpg", "group.jpg", UNSEEN}


def review_ada() -> uuid.UUID:
    """A subject whose hits were all judged rightly, by two people."""
    subject = uuid.uuid4()
    ada = Box(140, 20, 220, 100)
    for hit in search.run(subject=subject, probes=probe()).hits.select_related("face__photo"):
        in_group = hit.face.photo.path == "group.jpg"
        hers = hit.face.photo.path in MINE and (not in_group or hit.face.left == ada.left)
        for reviewer in ("one", "two"):
            verdict = "same" if hers else "not"
            reviews.record(subject=subject, face_key=hit.face_key, reviewer=reviewer, verdict=verdict)
    return subject


@pytest.fixture
def both(painted: Source, foreign: ForeignEngine, tmp_path: Path) -> Callable[[], str]:
    """Pictures with the templates of two engines, and one template without a picture; returns how to import again."""
    bare = foreign.of_picture(paint(["ada"], shade=4))[0][1]
    more = {"metadata": '{"album": "summer"}', "source_url": "https://example.org/ada"}
    rows = [*rows_of(foreign, painted), row(UNSEEN, None, bare, **more)]
    run(tmp_path, foreign, rows)
    return lambda: run(tmp_path, foreign, rows)


def test_every_template_of_the_person_goes_from_rows_and_index_files(both: Callable[[], str], painted: Source) -> None:
    subject = review_ada()
    hers = list(reviews.accepted_faces(subject))
    assert len(hers) == 7
    prints = [print_ for face in hers for print_ in fingerprints_of(bytes(face.template))]
    assert contains_bytes(prints) == len(set(prints)) > 6
    erase.plan(subject=subject, faces=hers)
    actions = dict(Erasure.objects.filter(subject=subject).values_list("path", "action"))
    assert actions == {
        "ada-1.jpg": ErasureAction.DELETE, "ada-2.jpg": ErasureAction.DELETE, "group.jpg": ErasureAction.REDACT,
        UNSEEN: ErasureAction.TEMPLATE,
    }  # fmt: skip
    erase.carry_out(subject=subject)
    proof = erase.prove(subject=subject, probes=probe())
    assert proof.ok
    assert proof.certificate["spaces"][0]["faces_scanned"] == 4
    assert contains_bytes(prints) == 0
    assert not Photo.objects.filter(path__in=[UNSEEN, "ada-1.jpg"]).exists()
    assert sorted(Face.objects.filter(photo__path="group.jpg").values_list("engine", "left")) == [
        (SPACE, 20), (SPACE, 260), (PaintedEngine.name, 20), (PaintedEngine.name, 260),
    ]  # fmt: skip
    assert Photo.objects.get(path="group.jpg").face_count == 2
    assert ingest.import_source(source=painted).read == 0


def test_what_was_erased_does_not_come_back_with_the_same_file(both: Callable[[], str]) -> None:
    subject = review_ada()
    erase.plan(subject=subject, faces=reviews.accepted_faces(subject))
    erase.carry_out(subject=subject)
    with pytest.raises(CommandError) as refused:
        both()
    assert str(refused.value).count("erased before") == 4
    assert "0 new, 4 unchanged, 4 refused" in str(refused.value)
    assert erase.prove(subject=subject, probes=probe()).ok


def test_the_same_face_in_another_space_is_hers_though_no_search_finds_it(
    both: Callable[[], str], painted: Source
) -> None:
    """A template too bad to be found lies over a face that was found: it is told and erased with it."""
    bad = Face.objects.get(engine=SPACE, photo__path="ada-1.jpg")
    bad.template = spaces.fitted(TemplateSpace.objects.get(), -np.ones(64)).tobytes()
    bad.delete()
    bad.pk = None
    bad = Face.objects.create(
        photo=bad.photo, left=25, top=25, right=105, bottom=95, score=1, template=bad.template, engine=SPACE
    )
    subject = review_ada()
    assert bad.pk not in reviews.outcomes(subject)
    assert bad.pk in set(reviews.accepted_faces(subject).values_list("pk", flat=True))
    erase.plan(subject=subject, faces=reviews.accepted_faces(subject))
    assert Erasure.objects.get(subject=subject, path="ada-1.jpg").action == ErasureAction.DELETE
    erase.carry_out(subject=subject)
    assert not Face.objects.filter(pk=bad.pk).exists()
    assert erase.prove(subject=subject, probes=probe()).ok


def test_a_template_without_a_picture_goes_alone_where_others_share_its_path(
    painted: Source, foreign: ForeignEngine, tmp_path: Path
) -> None:
    Source.objects.update(group_policy=GroupPolicy.DELETE)
    boxes = {"ada": Box(0, 0, 50, 50), "cy": Box(60, 0, 110, 50)}
    rows = [row(UNSEEN, box, foreign.of_picture(paint([name], shade=5))[0][1]) for name, box in boxes.items()]
    run(tmp_path, foreign, rows)
    subject = review_ada()
    erase.plan(subject=subject, faces=reviews.accepted_faces(subject))
    erase.carry_out(subject=subject)
    assert erase.prove(subject=subject, probes=probe()).ok
    left = Face.objects.get(photo__path=UNSEEN)
    assert left.left == 60


def test_a_source_without_pictures_is_searched_and_erased_without_being_asked_for_files(
    painted: Source, foreign: ForeignEngine, tmp_path: Path
) -> None:
    bare = foreign.of_picture(paint(["ada"], shade=4))[0][1]
    run(tmp_path, foreign, [row(UNSEEN, None, bare, sha256="ab" * 32)], source="embeddings", no_pictures=True)
    source = Source.objects.get(name="embeddings")
    assert (source.holds_pictures, sources.look(source), sources.list_objects(source).pictures) == (
        False,
        True,
        [],
    )
    assert ingest.import_source(source=source).gone == 0
    subject = review_ada()
    assert reviews.latest_search(subject).certificate["complete"] is True
    erase.plan(subject=subject, faces=reviews.accepted_faces(subject))
    erase.carry_out(subject=subject)
    assert erase.prove(subject=subject, probes=probe()).ok
    assert not Face.objects.filter(photo__source=source).exists()
    with pytest.raises(CommandError, match="erased before"):
        run(
            tmp_path,
            foreign,
            [row("elsewhere.jpg", None, -bare, sha256="ab" * 32)],
            source="embeddings",
            no_pictures=True,
        )


def test_a_killed_erasure_of_templates_is_mended_by_doing_it_again(
    both: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = review_ada()
    erase.plan(subject=subject, faces=reviews.accepted_faces(subject))
    real = transaction.Atomic.__exit__
    seen = []

    def dying(self: transaction.Atomic, *args: Any) -> None:
        real(self, *args)
        seen.append(self)
        if len(seen) == 4:
            raise SystemExit("killed")

    with monkeypatch.context() as patch:
        patch.setattr(transaction.Atomic, "__exit__", dying)
        with pytest.raises(SystemExit):
            erase.carry_out(subject=subject)
    erase.carry_out(subject=subject)
    assert erase.prove(subject=subject, probes=probe()).ok


def test_a_coarse_code_is_no_fingerprint() -> None:
    """The codes of very small or very large numbers are everybody's: to find one of them again would prove nothing."""
    numbers = np.random.default_rng(5).normal(size=64).astype("<f4")
    assert len(fingerprints_of((numbers / 8).tobytes())) == 2
    assert len(fingerprints_of((numbers * 1e-4).tobytes())) == 1
    assert len(fingerprints_of((numbers * 1e3).tobytes())) == 1
    assert len(fingerprints_of(template_of(TWIN).astype("<f4").tobytes())) == 2


# --- what was erased, and other rules of the engine -------------------------------------------------------------------


def erase_ada() -> None:
    subject = review_ada()
    erase.plan(subject=subject, faces=reviews.accepted_faces(subject))
    erase.carry_out(subject=subject)


@pytest.mark.parametrize("boxed", [True, False])
@pytest.mark.parametrize("path", ["ada-1.jpg", "group.jpg"])
def test_a_template_of_the_erased_that_was_never_held_does_not_come_to_where_she_was(
    painted: Source, foreign: ForeignEngine, tmp_path: Path, path: str, boxed: bool
) -> None:
    """The other engine's database still holds her, under the same path, and says nothing of the file's bytes."""
    rows = [each for each in rows_of(foreign, painted) if each["path"] == path]
    hers = next(each for each in rows if path != "group.jpg" or each["left"] == 140)
    others = [each for each in rows if each is not hers]
    own = hers if boxed else {key: hers[key] for key in ("path", "template")}
    erase_ada()
    if not boxed:  # One face is left there, and a template without a box would be taken for its.
        Face.objects.filter(photo__path=path, left=20).delete()
    with pytest.raises(CommandError, match="erased before"):
        run(tmp_path, foreign, [own])
    assert not Face.objects.filter(engine=SPACE).exists()
    if others:
        assert "2 new, 0 unchanged, 0 refused" in run(tmp_path, foreign, others)


def test_another_picture_of_the_same_name_takes_templates_that_name_its_bytes(
    painted: Source, foreign: ForeignEngine, tmp_path: Path
) -> None:
    erase_ada()
    data = paint(["cy"], shade=7)
    (folder_of(painted) / "ada-1.jpg").write_bytes(data)
    ((box, template),) = foreign.of_picture(data)
    with pytest.raises(CommandError, match="erased before"):
        run(tmp_path, foreign, [row("ada-1.jpg", box, template)])
    told = row("ada-1.jpg", box, template, sha256=hashlib.sha256(data).hexdigest())
    assert "1 new, 0 unchanged, 0 refused" in run(tmp_path, foreign, [told])


def test_what_was_erased_does_not_come_back_as_another_collection(
    both: Callable[[], str], painted: Source, foreign: ForeignEngine, tmp_path: Path
) -> None:
    rows = rows_of(foreign, painted)
    erase_ada()
    with pytest.raises(CommandError) as refused:
        run(tmp_path, foreign, rows, source="copy", no_pictures=True)
    assert "4 new, 0 unchanged, 3 refused" in str(refused.value)


def test_what_is_erased_while_an_import_runs_does_not_come_in(
    both: Callable[[], str], painted: Source, foreign: ForeignEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "BATCH", 2)
    real = templates._Taker.take
    calls: list[Any] = []

    def slow(self: Any, rows: Any, report: Any) -> Any:
        if not calls:
            erase_ada()
        calls.append(rows)
        return real(self, rows, report)

    monkeypatch.setattr(templates._Taker, "take", slow)
    with pytest.raises(CommandError, match="4 unchanged, 4 refused"):
        both()


@pytest.mark.parametrize(("distance", "band"), [(0.01, Band.MATCH), (0.2, Band.POSSIBLE), (0.5, Band.POSSIBLE)])
def test_two_must_agree_on_every_own_template_for_nobody_measured_its_look_alikes(distance: float, band: Band) -> None:
    """The engine's limits are of its own distances: what is near there may be far in another space."""
    hit = Hit(band=band, distance=distance, space=SPACE)
    assert reviews.reviewers_needed(hit) == 2
    assert reviews.why_two(hit) is (reviews.WhyTwo.UNMEASURED if band == Band.MATCH else reviews.WhyTwo.POSSIBLE)


def test_a_hit_says_whose_template_it_is(both: Callable[[], str]) -> None:
    hits = search.run(subject=uuid.uuid4(), probes=probe()).hits.select_related("face")
    assert {(hit.space, hit.face.engine) for hit in hits} == {("", PaintedEngine.name), (SPACE, SPACE)}


def test_a_face_marked_by_hand_is_kept_where_only_an_own_template_lies(
    painted: Source, foreign: ForeignEngine, tmp_path: Path
) -> None:
    """Else Regard's own engine would never compare it."""
    box = Box(20, 20, 100, 100)
    run(tmp_path, foreign, [row("empty.jpg", box, np.ones(64))])
    photo = Photo.objects.get(path="empty.jpg")
    (marked,) = marking.mark(photo=photo, faces=[DetectedFace(box, template_of("ada"), 0.0)])
    assert (marked.engine, marked.by_hand) == (PaintedEngine.name, True)
    assert marking.mark(photo=photo, faces=[DetectedFace(box, template_of("ada"), 0.0)]) == []
