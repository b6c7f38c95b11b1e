"""The copies, with dlib itself: nobody but the person can be recognised in them."""

import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from django.contrib.auth.models import User
from PIL import Image

from matching import images, reviews
from matching.engine import Box, get_engine, overlap
from matching.models import Face, Photo, Source
from portal import flow
from portal.answers import archive
from rights.models import Channel, RightsRequest
from tests.holdings import People
from tests.painted import folder_of
from tests.portal.deeds import Run, decide, opened

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]

PERSON = "P001"
"""Nobody in the test's collection looks like her; P004 and P010 look like each other."""


def person_of(face: Face) -> str:
    """Who it is: by the folder, or in a group picture by the place."""
    path = Path(face.photo.path)
    if path.parent.name != "groups":
        return path.parent.name
    order = path.stem.split("-")
    return order[int((face.left + face.right) / 2 * len(order) / face.photo.width)]


@pytest.fixture
def request_of_one(
    collection: Source, people: People, controller: object, run_jobs: Run, staff: User, other_staff: User
) -> RightsRequest:
    request = flow.receive(
        rights=("access",),
        contact=flow.Contact(name="Somebody", email="somebody@example.org"),
        channel=Channel.WEB,
        probe=images.clean_upload(people.selfie(PERSON).read_bytes()),
    )
    flow.confirm(request_id=request.pk)
    run_jobs()
    for hit in reviews.latest_search(request.pk).hits.select_related("face__photo"):
        verdict = "same" if person_of(hit.face) == PERSON else "not"
        for reviewer in (staff, other_staff):
            flow.review(request_id=request.pk, face_key=hit.face_key, verdict=verdict, by=reviewer)
    request.refresh_from_db()
    flow.finish_review(request_id=request.pk, by=staff)
    return request


def pixels_in(zipped: zipfile.ZipFile, name: str) -> images.Pixels:
    data = zipped.read(name)
    return images.read_picture(data, max_bytes=len(data), max_pixels=10**8).pixels


def same_place(box: Box, faces: list[Face]) -> bool:
    middle = ((box.left + box.right) / 2, (box.top + box.bottom) / 2)
    return any(face.left <= middle[0] < face.right and face.top <= middle[1] < face.bottom for face in faces)


def test_other_people_s_faces_are_gone_and_the_person_s_own_are_all_there(
    request_of_one: RightsRequest, run_jobs: Run, staff: User
) -> None:
    decide(request_of_one, staff)
    run_jobs()
    strangers = [face for face in Face.objects.select_related("photo").order_by("pk") if person_of(face) != PERSON]
    theirs = np.stack([np.frombuffer(bytes(face.template), "<f4") for face in strangers])
    mine = reviews.accepted_faces(request_of_one.pk)
    groups = 0
    with opened(request_of_one) as zipped:
        for item in json.loads(zipped.read("data.json"))["pictures"]:
            pixels = pixels_in(zipped, item["file"])
            photo = Photo.objects.get(path=item["stored_as"])
            own = list(mine.filter(photo=photo))
            found = get_engine().faces(pixels)
            for face in found:
                assert same_place(face.box, own), "A face is left that is not the person's."
                assert np.linalg.norm(theirs - face.template, axis=1).min() > 0.6
            assert len(found) == len(own)
            others = [face for face in photo.faces.order_by("pk") if face not in own]
            groups += bool(others)
            for other in others:
                hidden = pixels[other.top : other.bottom, other.left : other.right].astype(int)
                assert abs(hidden - 128).max() < 16
            # No doubtful face either, but for what the detector sees within the person's own face.
            doubtful = get_engine().detect(pixels, threshold=archive.DOUBTFUL)
            assert all(same_place(box, own) for box, _score in doubtful)
    assert groups


def test_a_picture_that_changed_since_the_search_is_not_given_out(
    request_of_one: RightsRequest, collection: Source, people: People, staff: User
) -> None:
    """Its boxes are those of another picture: where the person's face was, there may be somebody else's now."""
    decide(request_of_one, staff)
    held = reviews.accepted_faces(request_of_one.pk).filter(photo__path__contains="studio_portrait").get().photo
    path = folder_of(collection) / held.path
    path.write_bytes(people.asset("P004").read_bytes())
    assert hashlib.sha256(path.read_bytes()).hexdigest() != held.sha256
    with pytest.raises(archive.PictureChanged):
        archive.build(request=request_of_one)
    flow.build_answer(request_id=request_of_one.pk)
    request_of_one.refresh_from_db()
    assert request_of_one.state == "confirmed"  # It is searched, reviewed and decided again.
    assert not archive.path_of(request_of_one).exists()


def test_a_doubtful_detection_within_the_person_s_own_face_hides_nothing_of_it(people: People) -> None:
    box = Box(100, 100, 300, 300)
    eye, chin, neighbour = Box(120, 130, 180, 190), Box(150, 240, 250, 340), Box(280, 100, 480, 300)
    assert overlap(eye, box) >= archive.OWN
    assert overlap(chin, box) >= archive.OWN
    assert overlap(neighbour, box) < archive.OWN


def test_what_is_read_back_is_a_jpeg_without_metadata(
    request_of_one: RightsRequest, run_jobs: Run, staff: User
) -> None:
    decide(request_of_one, staff)
    run_jobs()
    with opened(request_of_one) as zipped:
        names = [name for name in zipped.namelist() if name.startswith("pictures/")]
        assert names
        for name in names:
            with Image.open(io.BytesIO(zipped.read(name))) as image:
                assert image.format == "JPEG"
                assert not image.getexif()
                assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
            assert "P0" not in name
