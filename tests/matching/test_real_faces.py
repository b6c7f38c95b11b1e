"""dlib itself, on photographs of people who do not exist."""

import io
import json
import uuid
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from PIL import Image, ImageFilter

from matching import erase, images, reviews, search
from matching.engine import get_engine
from matching.index import annoy, get_index
from matching.models import Band, Face, Photo, Source
from portal import demo
from tests.holdings import People

pytestmark = pytest.mark.any_database

TWO_FACES = "P005"
"""There is a second face in the selfie of P005."""


def test_each_selfie_can_be_searched_with_and_one_with_two_faces_cannot(people: People) -> None:
    for name in people.names:
        data = _large_selfie(name) if name == TWO_FACES else people.selfie(name).read_bytes()
        if name == TWO_FACES:
            with pytest.raises(search.ProbeProblem) as problem:
                search.probe_template(data)
            assert problem.value.code == "several_faces"
        else:
            template = search.probe_template(data)
            assert (template.shape, template.dtype) == ((128,), np.float32)


def _large_selfie(name: str) -> bytes:
    """In the small ones the second face is too small to be seen."""
    buffer = io.BytesIO()
    demo.asset(name, demo.SELFIE, max_side=1600).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def changed(path: Path, change: object) -> bytes:
    with Image.open(path) as image:
        buffer = io.BytesIO()
        change(image.convert("RGB")).save(buffer, "JPEG", quality=92)  # type: ignore[operator]
        return buffer.getvalue()


@pytest.mark.parametrize("name", ["P002", "P004", "P010"])
def test_a_poor_picture_is_told_by_what_is_poor(people: People, name: str) -> None:
    selfie = people.selfie(name)
    poor = {
        "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(4)),
        "face_too_small": lambda image: image.resize((image.width * 2 // 7, image.height * 2 // 7)),
        "no_face": lambda image: image.crop((0, 0, image.width, image.height // 12)),
    }
    for code, change in poor.items():
        with pytest.raises(search.ProbeProblem) as problem:
            search.probe_template(changed(selfie, change))
        assert problem.value.code == code
    with pytest.raises(search.ProbeProblem, match="unreadable"):
        search.probe_template(b"no picture")


def test_the_selfie_of_a_person_finds_every_picture_of_that_person(collection: Source, people: People) -> None:
    for name in ("P001", "P004", "P010"):
        found = search.find(search.probe_template(people.selfie(name).read_bytes())[None])
        paths = {Photo.objects.get(pk=hit.photo_id).path for hit in found.hits}
        hers = {path for path in Photo.objects.values_list("path", flat=True) if name in path}
        assert hers <= paths
        assert found.certificate["complete"] is True
        assert found.certificate["faces_scanned"] == Face.objects.count()


def test_a_look_alike_lies_within_the_bands_so_a_distance_alone_may_never_disclose(
    collection: Source, people: People
) -> None:
    found = search.find(search.probe_template(people.selfie("P004").read_bytes())[None])
    strangers = [hit for hit in found.hits if "P010" in Photo.objects.get(pk=hit.photo_id).path]
    assert any(hit.band is Band.MATCH for hit in strangers)


def test_a_sabotaged_preview_changes_no_answer(
    collection: Source, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = search.probe_template(people.selfie("P001").read_bytes())
    before = search.find(probe[None]).hits
    assert get_index().preview(probe, count=1)[0][0] == before[0].face_id

    def forgets(*args: object, **kwargs: object) -> list[tuple[int, float]]:
        return []

    monkeypatch.setattr(annoy, "nearest", forgets)
    assert get_index().preview(probe, count=1) == []
    assert search.find(probe[None]).hits == before


def test_obscuring_leaves_nothing_that_the_engine_can_match(people: People) -> None:
    data = people.group("P001", "P004", "P010").read_bytes()
    pixels = images.read_picture(data, max_bytes=len(data), max_pixels=django_settings.IMAGE_MAX_PIXELS).pixels
    first, *others = sorted(get_engine().faces(pixels), key=lambda face: face.box.left)
    assert len(others) == 2
    left = get_engine().faces(images.obscure(pixels, [first.box]))
    assert len(left) == 2
    assert min(np.linalg.norm(face.template - first.template) for face in left) > 0.6


def test_erasing_a_person_from_real_pictures_leaves_the_others(collection: Source, people: People) -> None:
    subject = uuid.uuid4()
    probes = search.probe_template(people.selfie("P001").read_bytes())[None]
    others = {name: _found(people, name) for name in ("P004", "P010")}
    for hit in search.run(subject=subject, probes=probes).hits.select_related("photo", "face"):
        verdict = "same" if _is_of("P001", hit.photo.path, hit.face) else "not"
        for reviewer in ("one", "two"):
            reviews.record(subject=subject, face_key=hit.face_key, reviewer=reviewer, verdict=verdict)
    gone = set(reviews.accepted_faces(subject).values_list("pk", flat=True))
    assert gone
    erase.plan(subject=subject, faces=reviews.accepted_faces(subject))
    erase.carry_out(subject=subject)
    assert erase.prove(subject=subject, probes=probes).ok
    for name, before in others.items():
        assert _found(people, name) == before - gone


def _found(people: People, name: str) -> set[int]:
    hits = search.find(search.probe_template(people.selfie(name).read_bytes())[None]).hits
    return {hit.face_id for hit in hits}


def _is_of(name: str, path: str, face: Face) -> bool:
    """Whether the face is that person's: by the folder, or in a group picture by its place."""
    if "groups" not in path:
        return name in path
    order = Path(path).stem.split("-")
    width = Photo.objects.get(pk=face.photo_id).width
    return order[int((face.left + face.right) / 2 * len(order) / width)] == name


def test_the_command_prints_hits_and_certificate(
    collection: Source, people: People, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("find", str(people.selfie("P001")), "--json")
    result = json.loads(capsys.readouterr().out)
    assert any("P001" in row["path"] for row in result["hits"])
    assert result["certificate"]["complete"] is True
    call_command("find", str(people.selfie("P001")))
    told = capsys.readouterr().out
    assert "The search is complete" in told
    assert told.count("Measured on ") == len(result["certificate"]["bands"]["measured"])
    with pytest.raises(CommandError, match="several faces"):
        call_command("find", str(people.group("P001", "P004")))
    with pytest.raises(CommandError, match="cannot be opened"):
        call_command("find", "/nowhere/at/all.jpg")
