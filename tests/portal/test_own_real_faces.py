"""The commands as a controller types them, with real faces: declare, import, search, review, answer, erase, verify."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from PIL import Image

from matching import images, reviews
from matching.engine import get_engine
from matching.engines.encoder import aligned
from matching.keys import box_of
from matching.models import Face, Photo, Source
from portal import flow
from portal.models import Notice
from rights.models import Channel, Claim, Right, RightsRequest
from tests.foreign import SIZE, model_of
from tests.holdings import People
from tests.painted import folder_of
from tests.portal.answers.test_real_copies import PERSON, person_of
from tests.portal.deeds import Run, decide, opened

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]

DECLARATION = """
name = "tiny-1"
dimension = 48
metric = "cosine"

[bands]
match = 0.9
possible = 0.5
provenance = "Chosen by hand for a test."

[model]
path = "tiny.onnx"
sha256 = "{sha256}"
size = {size}
layout = "nchw"
colours = "rgb"
mean = [127.5, 127.5, 127.5]
std = [127.5, 127.5, 127.5]
alignment = "five_points"
"""


@pytest.fixture
def other_engine(collection: Source, tmp_path: Path) -> Path:
    """The folder in which the controller has a declaration, its model, and what its engine holds of the collection."""
    weights = np.random.default_rng(3).normal(size=(3 * SIZE * SIZE, 48)).astype(np.float32) / 100
    model = model_of(weights)
    (tmp_path / "tiny.onnx").write_bytes(model)
    declared = DECLARATION.format(sha256=hashlib.sha256(model).hexdigest(), size=SIZE)
    (tmp_path / "tiny.toml").write_text(declared)
    rows: dict[str, list[object]] = {name: [] for name in ("path", "template", "left", "top", "right", "bottom")}
    for face in Face.objects.select_related("photo").order_by("photo__path", "left"):
        pixels = np.asarray(Image.open(folder_of(collection) / face.photo.path).convert("RGB"))
        chip = aligned(pixels, get_engine().five_points(pixels, box_of(face)), size=SIZE)
        values = (np.asarray(chip, np.float32) - 127.5) / 127.5
        rows["path"].append(face.photo.path)
        rows["template"].append((values.transpose(2, 0, 1).reshape(-1) @ weights).tolist())
        for edge, value in zip(("left", "top", "right", "bottom"), box_of(face), strict=True):
            rows[edge].append(value)
    table = pa.table(rows | {"template": pa.array(rows["template"], pa.list_(pa.float32()))})
    pq.write_table(table, tmp_path / "faces.parquet")
    return tmp_path


def command(name: str, *args: object, **options: object) -> str:
    output = io.StringIO()
    call_command(name, *map(str, args), stdout=output, **options)
    return output.getvalue()


def test_a_controller_brings_own_templates_and_a_person_has_them_erased(
    other_engine: Path, collection: Source, people: People, controller: object, run_jobs: Run, staff: User,
    other_staff: User,
) -> None:  # fmt: skip
    count = Face.objects.count()
    file, space = other_engine / "faces.parquet", other_engine / "tiny.toml"
    assert f"{count} rows can be taken, 0 refused" in command(
        "import_templates", file, space=space, source="collection", dry_run=True
    )
    assert f"{count} new, 0 unchanged, 0 refused" in command("import_templates", file, space=space, source="collection")
    assert f"0 new, {count} unchanged" in command("import_templates", file, space=space, source="collection")
    request = flow.receive(
        rights=("access", "erasure"),
        contact=flow.Contact(name="Somebody", email="somebody@example.org"),
        channel=Channel.WEB,
        probe=images.clean_upload(people.selfie(PERSON).read_bytes()),
    )
    flow.confirm(request_id=request.pk)
    run_jobs()
    certificate = reviews.latest_search(request.pk).certificate
    assert certificate["complete"] is True
    assert (certificate["spaces"][0]["faces_held"], certificate["spaces"][0]["faces_scanned"]) == (count, count)
    assert certificate["faces_scanned"] == 2 * count
    for hit in reviews.latest_search(request.pk).hits.select_related("face__photo"):
        verdict = "same" if person_of(hit.face) == PERSON else "not"
        for reviewer in (staff, other_staff):
            flow.review(request_id=request.pk, face_key=hit.face_key, verdict=verdict, by=reviewer)
    request = RightsRequest.objects.get(pk=request.pk)
    flow.finish_review(request_id=request.pk, by=staff)
    decide(request, staff)
    run_jobs()
    with opened(request) as zipped:
        told = json.loads(zipped.read("data.json"))["pictures"]
    assert told
    for picture in told:  # Each face is told twice: as Regard's engine and as the controller's has it.
        engines = sorted(face["engine"] for face in picture["faces_of_you"])
        assert engines == sorted([get_engine().name, "tiny-1"] * (len(engines) // 2))
        own = [face for face in picture["faces_of_you"] if face["engine"] == "tiny-1"]
        assert {len(face["template"]) for face in own} == {48}
    flow.delivered(request_id=request.pk)
    run_jobs()
    assert Claim.objects.get(request=request, right=Right.ERASURE).fulfilled_at is not None
    assert not [face for face in Face.objects.select_related("photo") if person_of(face) == PERSON]
    assert Notice.objects.get(request=request, event="erased").context["faces_scanned"] == Face.objects.count()
    assert "ok: True" in command("verify_erasure", request.reference)
    left = Photo.objects.filter(path__startswith="groups/").count()
    assert left  # Other people's stay, in both engines.
    assert Face.objects.filter(engine="tiny-1").count() == Face.objects.exclude(engine="tiny-1").count()
