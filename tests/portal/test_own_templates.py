"""Own templates from a Parquet file to the proof of their erasure, with and without the pictures."""

import json
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from matching import ingest, parquet, reviews, templates
from matching.models import Face, Hold, Photo, PhotoStatus, Source
from portal import consent, flow
from portal.answers import archive
from portal.answers.content import blocks
from portal.models import Answer, Notice, Recipient
from rights.models import Claim, Right, RightsRequest
from tests.fakes import PaintedEngine, paint
from tests.foreign import ForeignEngine, model_of, row, write
from tests.painted import folder_of
from tests.portal.deeds import ADA, Ask, Run, answered, decide, erased, judge, opened
from tests.staffing import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

SPACE = "foreign-1"
UNSEEN = "unseen/ada.jpg"
MINE = ADA | {UNSEEN}


@pytest.fixture(autouse=True)
def _read_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """That a process of its own reads the file first is tested in `test_parquet.py`; it takes a second each time."""
    monkeypatch.setattr(templates, "tried", parquet._read_once)


@pytest.fixture
def foreign(painted: Source, tmp_path: Path) -> ForeignEngine:
    """Templates of everything in the source, and one of ada of which no picture is there."""
    engine = ForeignEngine(tmp_path)
    rows = [
        row(path.name, box, template)
        for path in sorted(folder_of(painted).glob("*.jpg"))
        for box, template in engine.of_picture(path.read_bytes())
    ]
    bare = engine.of_picture(paint(["ada"], shade=4))[0][1]
    rows.append(row(UNSEEN, None, bare, metadata='{"album": "Summer fair"}', taken_at="2021-07-03T10:00:00Z"))
    file = write(tmp_path / "t.parquet", rows)
    call_command("import_templates", str(file), space=engine.declaration(tmp_path), source="holdings")
    return engine


def searched(ask: Ask, run_jobs: Run) -> RightsRequest:
    request = ask()
    flow.confirm(request_id=request.pk)
    run_jobs()
    request.refresh_from_db()
    return request


def test_own_templates_are_told_erased_and_proven_gone(
    painted: Source, foreign: ForeignEngine, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    Recipient.objects.create(name="Agency", email="a@example.org", country="BE").sources.add(painted)
    request = searched(ask, run_jobs)
    judge(request, staff, other_staff, MINE)
    decide(request, staff)
    run_jobs()
    with opened(request) as zipped:
        data = json.loads(zipped.read("data.json"))
        assert len([name for name in zipped.namelist() if name.startswith("pictures/")]) == 3
    pictures = {picture["stored_as"]: picture for picture in data["pictures"]}
    assert set(pictures) == MINE
    bare = pictures[UNSEEN]
    assert (bare["file"], bare["held"], bare["withheld"], bare["sha256_of_the_original"]) == (None, False, False, None)
    assert bare["taken_at"].startswith("2021-07-03")
    (face,) = bare["faces_of_you"]
    assert (face["engine"], face["metric"], face["band"], len(face["template"])) == (SPACE, "cosine", "possible", 64)
    assert face["metadata"] == {"album": "Summer fair"}
    assert face["value"] == pytest.approx(1, abs=0.01)
    assert sorted(face["engine"] for face in pictures["group.jpg"]["faces_of_you"]) == [SPACE, "painted/1"]
    letter = json.dumps(blocks(request), ensure_ascii=False)
    assert "We hold data about you of 1 picture that is not in our collections" in letter
    assert "We found you in 3 pictures" in letter
    assert "template only" in letter
    assert f"Templates of {SPACE}" in letter
    assert Answer.objects.get(request=request).photos == 3
    flow.delivered(request_id=request.pk)
    run_jobs()
    assert Claim.objects.get(request=request, right=Right.ERASURE).fulfilled_at is not None
    assert Face.objects.filter(engine=SPACE).count() == 4
    assert not Photo.objects.filter(status=PhotoStatus.TEMPLATE).exists()
    context = Notice.objects.get(request=request, event="erased").context
    assert (context["deleted"], context["redacted"], context["templates"]) == (2, 1, 1)
    assert context["faces_scanned"] == Face.objects.count()
    told = Notice.objects.get(request=request, event="recipient_told").context["pictures"]
    assert UNSEEN in [picture["sha256"] for picture in told]


def test_staff_see_what_is_stored_where_there_is_no_picture(
    foreign: ForeignEngine, ask: Ask, run_jobs: Run, staff: User, client: Client
) -> None:
    request = searched(ask, run_jobs)
    sign_in(client, staff)
    hit = reviews.latest_search(request.pk).hits.get(photo__path=UNSEEN)
    address = reverse("admin:rights_request_review", args=[request.pk]) + f"?hit={hit.pk}"
    body = client.get(address).content.decode()
    for said in ("No picture is held of this hit", UNSEEN, "Summer fair", "album", "possible", "cosine similarity"):
        assert said in body
    assert reverse("admin:rights_request_face", args=[request.pk, hit.pk]) not in body
    assert client.get(reverse("admin:rights_request_face", args=[request.pk, hit.pk])).status_code == 404
    assert client.get(reverse("admin:rights_request_around", args=[request.pk, hit.pk])).status_code == 200
    overview = client.get(reverse("admin:rights_rightsrequest_change", args=[request.pk])).content.decode()
    assert f"Templates of {SPACE}" in overview


def test_one_person_alone_accepts_no_template_without_a_picture(
    foreign: ForeignEngine, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = searched(ask, run_jobs)
    hit = reviews.latest_search(request.pk).hits.get(photo__path=UNSEEN)
    assert hit.distance < 0.1
    flow.review(request_id=request.pk, face_key=hit.face_key, verdict="same", by=staff)
    assert hit.face_key in {one.face_key for one in reviews.open_hits(request.pk)}
    flow.review(request_id=request.pk, face_key=hit.face_key, verdict="same", by=other_staff)
    assert hit.face_key not in {one.face_key for one in reviews.open_hits(request.pk)}


def test_nothing_is_called_searched_while_the_model_is_not_the_declared_one(
    foreign: ForeignEngine, ask: Ask, run_jobs: Run, staff: User, client: Client
) -> None:
    data = foreign.model.read_bytes()
    foreign.model.write_bytes(model_of(-foreign.map))
    request = searched(ask, run_jobs)
    assert request.state == "confirmed"
    certificate = reviews.latest_search(request.pk).certificate
    assert (certificate["complete"], certificate["spaces"][0]["problem"]) == (False, "model_altered")
    sign_in(client, staff)
    overview = client.get(reverse("admin:rights_rightsrequest_change", args=[request.pk])).content.decode()
    assert "is not the declared one" in overview
    foreign.model.write_bytes(data)
    flow.search(request_id=request.pk)
    request.refresh_from_db()
    assert request.state == "searched"


def test_an_erasure_is_not_proven_while_the_model_is_gone(
    foreign: ForeignEngine, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = searched(ask, run_jobs)
    judge(request, staff, other_staff, MINE)
    decide(request, staff)
    run_jobs()
    data = foreign.model.read_bytes()
    foreign.model.unlink()
    flow.delivered(request_id=request.pk)
    with pytest.raises(flow.ErasureNotProven):
        flow.erase(request_id=request.pk)
    assert Claim.objects.get(request=request, right=Right.ERASURE).fulfilled_at is None
    foreign.model.write_bytes(data)
    flow.erase(request_id=request.pk)
    assert Claim.objects.get(request=request, right=Right.ERASURE).fulfilled_at is not None


def test_other_people_s_own_templates_keep_them_hidden_in_the_copy(
    foreign: ForeignEngine, ask: Ask, run_jobs: Run, staff: User, other_staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A face that only the other engine found is obscured as well."""
    monkeypatch.setattr(PaintedEngine, "detect", lambda *_args, **_options: [])
    Face.objects.filter(engine="painted/1", photo__path="group.jpg", left=20).delete()
    request = searched(ask, run_jobs)
    judge(request, staff, other_staff, MINE)
    photo = Photo.objects.get(path="group.jpg")
    own = [face for face in reviews.accepted_faces(request.pk) if face.photo_id == photo.pk]
    shown = foreign.of_picture(archive.copy_of(photo, own))
    assert [box.left for box, _template in shown] == [140]


def test_the_demonstration_s_story_is_untouched_by_a_declared_but_empty_space(
    painted: Source, tmp_path: Path, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    engine = ForeignEngine(tmp_path)
    call_command(
        "import_templates",
        str(write(tmp_path / "t.parquet", [row("a.jpg", None, engine.map[0])], row_group_size=1)),
        space=engine.declaration(tmp_path),
        source="holdings",
    )
    Photo.objects.filter(path="a.jpg").delete()
    engine.model.unlink()
    request = answered(ask, run_jobs, staff, other_staff)
    assert reviews.latest_search(request.pk).certificate["complete"] is True


def test_a_refused_picture_takes_its_own_templates_along(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User, tmp_path: Path
) -> None:
    """What the consented template holds a picture for is erased as everywhere: in every space."""
    engine = ForeignEngine(tmp_path)
    request = erased(ask, run_jobs, staff, other_staff)
    flow.consent(request_id=request.pk, text=consent.VERSION, language="en")
    run_jobs()
    (folder_of(painted) / "new.jpg").write_bytes(paint(["ada"], shade=14))
    ingest.import_source(source=painted)
    ((box, template),) = engine.of_picture((folder_of(painted) / "new.jpg").read_bytes())
    file = write(tmp_path / "t.parquet", [row("new.jpg", box, template)])
    call_command("import_templates", str(file), space=engine.declaration(tmp_path), source="holdings")
    flow.judge_held(hold_id=Hold.objects.get().pk, outcome="refuse", reason="", actor=f"staff:{staff.pk}")
    run_jobs()
    assert not (folder_of(painted) / "new.jpg").exists()
    assert not Face.objects.filter(engine=SPACE).exists()


def test_only_hits_of_the_engine_are_offered_to_search_with(
    foreign: ForeignEngine, ask: Ask, run_jobs: Run, staff: User, other_staff: User, client: Client
) -> None:
    request = searched(ask, run_jobs)
    judge(request, staff, other_staff, MINE)
    sign_in(client, staff)
    offered = {
        hit.face.engine: "Look again with this one"
        in client.get(reverse("admin:rights_request_review", args=[request.pk]) + f"?hit={hit.pk}").content.decode()
        for hit in reviews.latest_search(request.pk).hits.filter(photo__path="ada-1.jpg").select_related("face")
    }
    assert offered == {"painted/1": True, SPACE: False}


def test_the_page_to_mark_faces_counts_and_frames_those_that_regard_knows(
    foreign: ForeignEngine, painted: Source, staff: User, client: Client
) -> None:
    sign_in(client, staff)
    photo = Photo.objects.get(path="group.jpg")
    body = client.get(reverse("admin:matching_photo_mark", args=[photo.pk]))
    assert body.context["faces"] == 3
