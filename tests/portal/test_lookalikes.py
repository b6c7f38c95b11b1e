"""Three people of the demonstration look alike to the engine, nearer than many pictures of one person are.

What is held of one is never given to another because one member of staff said so; with real faces, along the whole
path. Two who agree on a mistake are believed: that is the rule, and the last line here shows where it ends.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from matching import reviews
from matching.bands import bands
from matching.models import Band, Face, Hit, Photo, Source
from matching.reviews import Outcome, WhyTwo
from portal.models import Answer
from rights.models import RightsRequest
from tests import holdings
from tests.holdings import People
from tests.portal.citizens.person import Person, upload
from tests.portal.deeds import Run, opened
from tests.staffing import sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]

ALIKE = ("P004", "P006", "P010")


@pytest.fixture
def everything(people: People, tmp_path: Path, db: None) -> Source:
    """Every picture of the three but their selfies, one that shows them side by side included."""
    return holdings.collection(people, tmp_path / "alike", ALIKE)


@pytest.fixture
def alike(everything: Source) -> Source:
    """The same without the sheets of sixteen expressions each, which make a review long."""
    Photo.objects.filter(path__endswith="/emotions_sheet.jpg").delete()
    return everything


def owner(face: Face) -> str:
    """Whose face it is: by the folder, or in the group picture by its place."""
    folder, name = face.photo.path.split("/")
    if folder != "groups":
        return folder
    order = name.removesuffix(".jpg").split("-")
    return order[int((face.left + face.right) / 2 * len(order) / face.photo.width)]


class Desk:
    """Members of staff before the review of one request."""

    def __init__(self, request: RightsRequest) -> None:
        self.request = request

    def client(self, by: User) -> Client:
        client = Client()
        sign_in(client, by)
        return client

    def url(self, name: str, *args: object) -> str:
        return reverse(f"admin:rights_request_{name}", args=[self.request.pk, *args])

    def review(self, by: User, says: Callable[[Face], str]) -> int:
        """Judge whatever the page asks of this person, hit after hit."""
        client, judged = self.client(by), 0
        while (hit := client.get(self.url("review")).context["hit"]) is not None:
            client.post(self.url("review"), {"hit": hit.pk, "verdict": says(hit.face)})
            judged += 1
            assert judged < 200
        return judged

    def judge(self, by: User, hit: Hit, verdict: str) -> None:
        self.client(by).post(self.url("review"), {"hit": hit.pk, "verdict": verdict})

    def finish(self, by: User) -> str:
        """Try to complete the review; the state after it."""
        self.client(by).post(self.url("finish_review"))
        self.request.refresh_from_db()
        return str(self.request.state)

    def grant(self, by: User) -> str:
        """Try to grant the access; the claim's outcome after it."""
        form = {"access-outcome": "granted", "access-identity_basis": "photo_and_email"}
        self.client(by).post(self.url("decide", "access"), form)
        return str(self.request.claims.get().outcome)


def hits_of(request: RightsRequest) -> list[Hit]:
    latest = reviews.latest_search(request.pk)
    assert latest is not None
    return list(latest.hits.select_related("face__photo").order_by("distance", "pk"))


def accepted(request: RightsRequest) -> set[str]:
    return {owner(face) for face in reviews.accepted_faces(request.pk).select_related("photo")}


@pytest.fixture
def asked(controller: object, people: People, run_jobs: Run) -> Callable[[str], RightsRequest]:
    """Somebody of the three asks for a copy on the form, types the code, and everything is searched."""

    def ask(name: str) -> RightsRequest:
        person = Person()
        person.answer("rights", rights=["access"])
        person.answer("person")
        person.answer("contact", email=f"{name.lower()}@example.org")
        person.answer("photo", photo=upload(people.selfie(name).read_bytes()))
        response = person.send()
        request = RightsRequest.objects.get(pk=response.url.split("/requests/")[1].split("/")[0])
        run_jobs()
        person.type_code(request)
        run_jobs()
        request.refresh_from_db()
        assert request.state == "searched"
        return request

    return ask


@pytest.mark.parametrize("name", ALIKE)
def test_one_person_who_says_same_to_everything_discloses_no_look_alike(
    alike: Source, asked: Callable[[str], RightsRequest], staff: User, other_staff: User, run_jobs: Run, name: str
) -> None:
    request = asked(name)
    found = hits_of(request)
    strangers = [hit for hit in found if owner(hit.face) != name]
    assert strangers, "the three are taken for one another"
    assert {reviews.why_two(hit) for hit in strangers} <= {WhyTwo.LOOK_ALIKES, WhyTwo.POSSIBLE}
    if name != "P006":  # Whose own photograph is merely possibly one of the others.
        assert any(hit.band == Band.MATCH for hit in strangers)
    desk = Desk(request)
    assert desk.review(staff, lambda face: "same") == len(found)
    assert accepted(request) <= {name}
    assert desk.finish(staff) == "searched"
    assert desk.grant(staff) == "pending"
    run_jobs()
    assert not Answer.objects.exists()

    # The second one looks: the request's own pictures are confirmed, the others are disputed and stay where they are.
    assert desk.review(other_staff, lambda face: "same" if owner(face) == name else "not") > 0
    assert accepted(request) == {name}
    outcomes = reviews.outcomes(request.pk)
    assert {outcomes[hit.face_key] for hit in strangers} == {Outcome.DISPUTED}
    assert desk.finish(staff) == "searched"
    assert desk.grant(other_staff) == "pending"

    for hit in strangers:
        desk.judge(staff, hit, "not")
    assert desk.finish(staff) == "reviewed"
    assert desk.grant(staff) == "granted"
    run_jobs()
    data = json.loads(opened(request).read("data.json"))
    told = {(picture["stored_as"], *face["box"]) for picture in data["pictures"] for face in picture["faces_of_you"]}
    boxes = {
        (face.photo.path, face.left, face.top, face.right, face.bottom): owner(face)
        for face in Face.objects.select_related("photo").order_by("pk")
    }
    assert {boxes[place] for place in told} == {name}
    paths = {picture["stored_as"] for picture in data["pictures"]}
    assert paths == {path for path in Photo.objects.values_list("path", flat=True) if name in path}


def test_what_two_people_say_is_disclosed(
    alike: Source, asked: Callable[[str], RightsRequest], staff: User, other_staff: User, run_jobs: Run
) -> None:
    request = asked("P004")
    desk = Desk(request)
    desk.review(staff, lambda face: "same")
    assert accepted(request) <= {"P004"}
    desk.review(other_staff, lambda face: "same")
    assert accepted(request) == set(ALIKE)
    assert desk.finish(staff) == "reviewed"
    assert desk.grant(staff) == "granted"
    run_jobs()
    paths = {picture["stored_as"] for picture in json.loads(opened(request).read("data.json"))["pictures"]}
    assert any(path.startswith("P010/") for path in paths)


@pytest.mark.parametrize("name", ALIKE)
def test_a_single_picture_of_a_look_alike_has_nothing_to_be_compared_with_and_takes_two_all_the_same(
    alike: Source, asked: Callable[[str], RightsRequest], staff: User, name: str
) -> None:
    """Whoever is held in one picture only, and none of whose own are: no other hit shows that there are two people."""
    nearest = next(hit for hit in hits_of(asked(name)) if owner(hit.face) != name)
    Photo.objects.exclude(faces=nearest.face_key).delete()
    Face.objects.exclude(pk=nearest.face_key).delete()
    request = asked(name)
    assert [hit.face_key for hit in hits_of(request)] == [nearest.face_key]
    desk = Desk(request)
    desk.review(staff, lambda face: "same")
    assert accepted(request) == set()
    assert desk.finish(staff) == "searched"


def test_no_picture_of_one_is_near_enough_to_any_of_another_for_one_reviewer(everything: Source) -> None:
    faces = list(Face.objects.select_related("photo").order_by("pk"))
    templates = np.array([np.frombuffer(bytes(face.template), dtype="<f4") for face in faces], dtype=np.float64)
    owners = np.array([owner(face) for face in faces])
    apart = np.linalg.norm(templates[:, None] - templates[None], axis=2)
    strangers = apart[owners[:, None] != owners]
    assert strangers.min() > bands().one_reviewer
    assert strangers.min() < bands().match


def test_the_page_says_why_it_asks_for_a_second_person(
    alike: Source, asked: Callable[[str], RightsRequest], staff: User
) -> None:
    request = asked("P004")
    hit = next(hit for hit in hits_of(request) if owner(hit.face) == "P010" and hit.band == Band.MATCH)
    desk = Desk(request)
    address = f"{desk.url('review')}?hit={hit.pk}"
    assert "beyond a distance of 0.30 look-alikes were measured too" in desk.client(staff).get(address).content.decode()
    desk.judge(staff, hit, "same")
    assert "somebody else has to as well" in desk.client(staff).get(address).content.decode()
