"""Photos without a face on the desk: who may look, what is journalled, and what a frame has to be."""

import io
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from PIL import Image

from matching import search, sources
from matching.models import Face, Photo, PhotoStatus, Source
from portal.desk import marking
from rights import journal
from rights.models import JournalEntry
from tests.fakes import paint, template_of
from tests.matching.test_marking import short_sighted
from tests.painted import folder_of
from tests.portal.deeds import Ask, Run, answered, opened
from tests.staffing import sign_in

__all__ = ["short_sighted"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]

FACELESS = reverse("admin:matching_photo_faceless")
SIDES = ("left", "top", "right", "bottom")
CY = (20, 20, 100, 100)


@pytest.fixture
def desk(client: Client, staff: User) -> Client:
    sign_in(client, staff)
    return client


def mark_url(photo: Photo) -> str:
    return reverse("admin:matching_photo_mark", args=[photo.pk])


def picture_url(photo: Photo) -> str:
    return reverse("admin:matching_photo_held", args=[photo.pk])


def cy() -> Photo:
    return Photo.objects.get(path="cy.jpg")


def frames(photo: Photo, *boxes: tuple[object, ...], **changes: object) -> dict[str, object]:
    """What the page sends."""
    data: dict[str, object] = {"box-TOTAL_FORMS": len(boxes), "box-INITIAL_FORMS": 0, "sha256": photo.sha256}
    for number, box in enumerate(boxes):
        data |= {f"box-{number}-{side}": value for side, value in zip(SIDES, box, strict=True)}
    return data | changes


def test_only_those_who_may_review_see_or_mark_anything(short_sighted: Source, client: Client) -> None:
    photo = cy()
    addresses = (FACELESS, mark_url(photo), picture_url(photo))
    assert [client.get(address).status_code for address in addresses] == [302, 302, 302]
    looker = User.objects.create_user("looker", password="x" * 12, is_staff=True)
    looker.user_permissions.add(*Permission.objects.filter(codename__in=["view_photo", "view_rightsrequest"]))
    sign_in(client, looker)
    assert [client.get(address).status_code for address in addresses] == [403, 403, 403]
    assert client.post(mark_url(photo), frames(photo, CY)).status_code == 403
    assert client.post(mark_url(photo), {"nothing": "yes", "sha256": photo.sha256}).status_code == 403
    assert not Face.objects.filter(by_hand=True).exists()
    assert cy().looked_at is None


def test_a_form_from_elsewhere_marks_nothing(short_sighted: Source, staff: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    sign_in(strict, staff)
    assert strict.post(mark_url(cy()), frames(cy(), CY)).status_code == 403
    assert not Face.objects.filter(by_hand=True).exists()


def test_the_list_shows_what_waits_by_source_and_page(
    short_sighted: Source, desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Source.objects.create(url="file:///elsewhere", name="Elsewhere")
    body = desk.get(FACELESS).content.decode()
    waiting = Photo.objects.filter(path__in=["cy.jpg", "empty.jpg"]).order_by("pk")
    assert all(mark_url(photo) in body for photo in waiting)
    assert mark_url(Photo.objects.get(path="ada-1.jpg")) not in body
    assert "cy.jpg" not in body, "Names of files are not shown: they may be names of people."
    assert "There is no such photo" in desk.get(f"{FACELESS}?source={other.pk}").content.decode()
    assert all(mark_url(photo) in desk.get(f"{FACELESS}?source=nonsense").content.decode() for photo in waiting)
    monkeypatch.setattr(marking, "PER_PAGE", 1)
    for number, photo in enumerate(waiting, start=1):
        shown = desk.get(f"{FACELESS}?source={short_sighted.pk}&page={number}")
        assert list(shown.context["shown"]) == [photo]
    assert desk.get(f"{FACELESS}?page=-3").status_code == 200


def test_each_picture_shown_is_in_the_journal_and_nowhere_kept(
    short_sighted: Source, desk: Client, staff: User
) -> None:
    photo = Photo.objects.get(path="ada-1.jpg")
    for query in ("", "?grid"):
        answer = desk.get(picture_url(photo) + query)
        assert answer.status_code == 200
        assert "no-store" in answer["Cache-Control"]
        assert Image.open(io.BytesIO(answer.content)).size == (120, 120)
    seen = JournalEntry.objects.filter(event="viewed_picture", actor=f"staff:{staff.pk}", request=None)
    assert [entry.detail for entry in seen] == [{"photo": photo.pk}] * 2
    Photo.objects.filter(pk=photo.pk).update(status=PhotoStatus.SUPPRESSED)
    assert desk.get(picture_url(photo)).status_code == 404
    assert desk.get(mark_url(photo)).status_code == 404
    assert desk.get(reverse("admin:matching_photo_held", args=[10**15])).status_code == 404


def test_marked_faces_are_found_and_the_act_is_journalled_without_personal_data(
    short_sighted: Source, desk: Client, staff: User
) -> None:
    photo = cy()
    assert desk.get(mark_url(photo)).status_code == 200
    answer = desk.post(mark_url(photo), frames(photo, CY, ("", "", "", "")), follow=True)
    assert answer.redirect_chain[0][0] == mark_url(Photo.objects.get(path="empty.jpg")), "The next one comes by itself."
    assert "1 face was marked" in answer.content.decode()
    face = Face.objects.get(by_hand=True)
    assert (face.photo, face.left, face.top, face.right, face.bottom) == (photo, *CY)
    entry = JournalEntry.objects.get(event="faces_marked")
    assert (entry.actor, entry.request, entry.detail) == (
        f"staff:{staff.pk}", None, {"photo": photo.pk, "faces": [face.pk]},
    )  # fmt: skip
    hits = search.find(template_of("cy")[None]).hits
    assert face.pk in {hit.face_id for hit in hits}
    assert list(journal.check()) == []


def test_that_there_is_no_face_is_recorded_with_who_and_when_and_ends_the_list(
    short_sighted: Source, desk: Client, staff: User
) -> None:
    for photo in Photo.objects.filter(face_count=0).order_by("pk"):
        last = desk.post(mark_url(photo), {"nothing": "yes", "sha256": photo.sha256}, follow=True)
        photo.refresh_from_db()
        assert photo.looked_at_by == f"staff:{staff.pk}"
        assert photo.looked_at is not None
    assert last.redirect_chain[-1][0] == FACELESS
    assert "somebody looked and saw none" in last.content.decode()
    assert JournalEntry.objects.filter(event="no_face_there", request=None).count() == 2


BAD = {
    "outside": (10, 10, 130, 100),
    "without area": (30, 30, 30, 80),
    "the wrong way round": (100, 100, 20, 20),
    "too small": (10, 10, 20, 20),
    "huge": (0, 0, 10**30, 10**30),
    "negative": (-5, 0, 50, 50),
    "no number": ("<script>", 0, 50, 50),
    "a fraction": ("1.5", 0, 50, 50),
    "not finite": ("nan", "inf", 50, 50),
    "incomplete": (10, 10, "", 50),
}


@pytest.mark.parametrize("box", BAD.values(), ids=BAD)
def test_a_bad_frame_marks_nothing_and_is_said(short_sighted: Source, desk: Client, box: tuple[object, ...]) -> None:
    answer = desk.post(mark_url(cy()), frames(cy(), CY, box))
    assert answer.status_code == 200
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]
    assert "<script>" not in answer.content.decode().split('id="boxes"')[1].split("<template")[0]
    assert not Face.objects.filter(by_hand=True).exists()
    assert not JournalEntry.objects.filter(event="faces_marked").exists()


def test_a_form_that_lies_about_itself_marks_nothing(short_sighted: Source, desk: Client) -> None:
    photo = cy()
    for changes in (
        {"box-TOTAL_FORMS": 100_000}, {"box-TOTAL_FORMS": "many"}, {"box-TOTAL_FORMS": ""}, {"sha256": ""},
        {"sha256": "0" * 64}, {"sha256": "x" * 100_000},
    ):  # fmt: skip
        assert desk.post(mark_url(photo), frames(photo, CY, **changes)).status_code == 200
    assert desk.post(mark_url(photo), {}).status_code == 200
    assert desk.post(mark_url(photo), frames(photo)).status_code == 200
    assert not Face.objects.filter(by_hand=True).exists()
    stale = {"nothing": "yes", "sha256": "0" * 64}
    assert "no longer the one" in desk.post(mark_url(photo), stale).content.decode()
    assert cy().looked_at is None


def test_a_picture_that_changed_or_is_away_is_said(short_sighted: Source, desk: Client, tmp_path: Path) -> None:
    photo = cy()
    (folder_of(short_sighted) / "cy.jpg").write_bytes(paint(["di"]))
    assert "no longer the one" in desk.post(mark_url(photo), frames(photo, CY)).content.decode()
    folder_of(short_sighted).rename(tmp_path / "away")
    assert not sources.look(short_sighted)
    assert desk.get(picture_url(photo)).status_code == 404
    body = desk.post(mark_url(photo), frames(photo, CY)).content.decode()
    assert "cannot be read at the moment" in body or "no longer the one" in body
    assert not Face.objects.filter(by_hand=True).exists()


def test_the_answer_says_who_looked_and_which_faces_were_marked(
    short_sighted: Source, desk: Client, controller: object, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    empty = Photo.objects.get(path="empty.jpg")
    desk.post(mark_url(empty), {"nothing": "yes", "sha256": empty.sha256})
    desk.post(mark_url(cy()), frames(cy(), CY))
    request = answered(ask, run_jobs, staff, other_staff, rights=("access",))
    with opened(request) as zipped:
        data = zipped.read("data.json").decode()
    assert '"photos_looked_at": 1' in data
    assert '"faces_by_hand": 1' in data
    assert '"marked_by_hand": false' in data


def test_the_list_of_photos_leads_to_their_pages(short_sighted: Source, desk: Client) -> None:
    body = desk.get(reverse("admin:matching_photo_changelist")).content.decode()
    assert mark_url(Photo.objects.get(path="ada-1.jpg")) in body
    assert FACELESS in body


def test_staff_choose_the_detector_of_a_source(short_sighted: Source, desk: Client) -> None:
    address = reverse("admin:matching_source_change", args=[short_sighted.pk])
    answer = desk.post(address, {"name": "archive", "group_policy": "redact", "detector": "thorough"})
    assert answer.status_code == 302
    assert Source.objects.get(pk=short_sighted.pk).detector == "thorough"
