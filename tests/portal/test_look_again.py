"""Looking again with a face that was found: offered, searched, reviewed by two, answered, erased."""

import json
import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from matching import erase as erasing
from matching import reviews
from matching.ingest import import_source
from matching.models import Erasure, Face, FurtherProbe, Hit, Photo, Source
from matching.reviews import Outcome
from portal import flow, vault
from portal.models import Evidence, Job, JobState
from rights.law.lifecycle import TransitionRefused
from rights.models import JournalEntry, RightsRequest
from tests.fakes import PROFILE, paint
from tests.painted import folder_of
from tests.portal.deeds import ADA, Ask, Run, decide, judge, opened
from tests.staffing import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

HERS = ADA | {"twin.jpg", "profile.jpg"}
"""In these tests the twin is ada in another pose, and leads to her profile."""


@pytest.fixture
def holdings(painted: Source) -> Source:
    (folder_of(painted) / "profile.jpg").write_bytes(paint([PROFILE], shade=7))
    import_source(source=painted)
    return painted


def hit(request: RightsRequest, path: str) -> Hit:
    latest = reviews.latest_search(request.pk)
    assert latest is not None
    return latest.hits.get(photo__path=path)


def paths(request: RightsRequest) -> set[str]:
    latest = reviews.latest_search(request.pk)
    assert latest is not None
    return set(latest.hits.values_list("photo__path", flat=True))


@pytest.fixture
def request_(holdings: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User) -> RightsRequest:
    """Reviewed; the twin was accepted by two."""
    request = ask()
    flow.confirm(request_id=request.pk)
    run_jobs()
    judge(request, staff, other_staff, mine=HERS)
    request.refresh_from_db()
    return request


def look_again(request: RightsRequest, by: User, path: str = "twin.jpg") -> int:
    key = hit(request, path).face_key
    flow.look_again(request_id=request.pk, face_key=key, by=by)
    request.refresh_from_db()
    return key


@pytest.fixture
def again(request_: RightsRequest, run_jobs: Run, staff: User, other_staff: User) -> RightsRequest:
    """Searched with the twin too, and reviewed anew."""
    look_again(request_, staff)
    run_jobs()
    judge(request_, staff, other_staff, mine=HERS)
    request_.refresh_from_db()
    return request_


def test_a_further_probe_starts_a_search_and_only_what_is_new_is_reviewed(
    request_: RightsRequest, run_jobs: Run, staff: User, other_staff: User
) -> None:
    key = look_again(request_, staff)
    assert request_.state == "confirmed"
    assert Job.objects.get(request=request_, kind="search", state=JobState.WAITING)
    entry = JournalEntry.objects.get(request=request_, event="further_probe")
    assert (entry.actor, entry.detail) == (f"staff:{staff.pk}", {"face": vault.alias(request_, "face", key)})
    run_jobs()
    request_.refresh_from_db()
    assert request_.state == "searched"
    assert paths(request_) == HERS
    (new,) = reviews.open_hits(request_.pk)
    assert (new.photo.path, new.band, new.through) == ("profile.jpg", "possible", key)
    flow.review(request_id=request_.pk, face_key=new.face_key, verdict="same", by=staff)
    assert reviews.outcomes(request_.pk)[new.face_key] is Outcome.OPEN
    with pytest.raises(TransitionRefused):
        flow.finish_review(request_id=request_.pk, by=staff)
    flow.review(request_id=request_.pk, face_key=new.face_key, verdict="same", by=other_staff)
    flow.finish_review(request_id=request_.pk, by=staff)


def test_repeating_it_changes_nothing(request_: RightsRequest, run_jobs: Run, staff: User, other_staff: User) -> None:
    key = look_again(request_, staff)
    with pytest.raises(TransitionRefused):  # It is being searched.
        flow.look_again(request_id=request_.pk, face_key=key, by=other_staff)
    for _twice in range(2):
        flow.search(request_id=request_.pk)
    run_jobs()
    look_again(request_, other_staff)
    assert request_.state == "searched"
    assert FurtherProbe.objects.count() == 1
    assert JournalEntry.objects.filter(event="further_probe").count() == 1


def test_what_one_person_accepted_of_what_is_possible_cannot_be_searched_with(
    holdings: Source, ask: Ask, run_jobs: Run, staff: User
) -> None:
    request = ask()
    flow.confirm(request_id=request.pk)
    run_jobs()
    twin = hit(request, "twin.jpg")
    for verdict in ("same", "not"):
        flow.review(request_id=request.pk, face_key=twin.face_key, verdict=verdict, by=staff)
        with pytest.raises(TransitionRefused, match="counts as the person"):
            look_again(request, staff)
    assert not FurtherProbe.objects.exists()
    assert not JournalEntry.objects.filter(event="further_probe").exists()


def test_not_after_a_decision_and_not_without_the_photograph(request_: RightsRequest, staff: User) -> None:
    Evidence.objects.filter(request=request_).update(problem="blurred")
    with pytest.raises(TransitionRefused, match="photograph was destroyed"):
        look_again(request_, staff)
    Evidence.objects.filter(request=request_).update(problem="")
    flow.decide(request_id=request_.pk, right="access", outcome="granted", by=staff, identity_basis="photo_and_email")
    with pytest.raises(TransitionRefused, match="decided"):
        look_again(request_, staff)
    assert not FurtherProbe.objects.exists()


def test_the_answer_gives_what_it_found_and_says_what_was_searched_with(
    again: RightsRequest, run_jobs: Run, staff: User
) -> None:
    decide(again, staff)
    run_jobs()
    with opened(again) as archive:
        data = json.loads(archive.read("data.json"))
    assert {picture["stored_as"] for picture in data["pictures"]} == HERS
    assert data["certificate"]["probes"] == {"supplied": 1, "further": 1}


def test_the_erasure_takes_it_along_and_is_proven(again: RightsRequest, run_jobs: Run, staff: User) -> None:
    decide(again, staff)
    run_jobs()
    flow.waive_copy(request_id=again.pk)
    run_jobs()
    again.refresh_from_db()
    assert again.state == "carried_out"
    assert not Photo.objects.filter(path__in=HERS - {"group.jpg"}).exists()
    assert not Erasure.objects.filter(subject=again.pk, proven_at=None).exists()
    latest = reviews.latest_search(again.pk)
    assert latest.certificate["probes"] == {"supplied": 1, "further": 0}  # Their faces are gone, and so are they.


def test_an_erasure_that_left_what_only_a_further_probe_found_is_not_proven(
    again: RightsRequest, run_jobs: Run, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = erasing.plan

    def forgets(*, subject, faces):  # type: ignore[no-untyped-def]
        return real(subject=subject, faces=[face for face in faces if face.photo.path != "profile.jpg"])

    monkeypatch.setattr(erasing, "plan", forgets)
    decide(again, staff)
    run_jobs()
    flow.waive_copy(request_id=again.pk)
    with pytest.raises(flow.ErasureNotProven):
        run_jobs()
    assert Photo.objects.filter(path="profile.jpg").exists()


def test_a_search_made_anew_before_the_answer_uses_it_again(
    holdings: Source, again: RightsRequest, run_jobs: Run, staff: User, other_staff: User
) -> None:
    (folder_of(holdings) / "ada-1.jpg").write_bytes(paint(["ada"], shade=13))
    (folder_of(holdings) / "profile-2.jpg").write_bytes(paint([PROFILE], shade=14))
    import_source(source=holdings)
    decide(again, staff)
    run_jobs()
    again.refresh_from_db()
    assert again.state == "searched"
    assert paths(again) == HERS | {"profile-2.jpg"}
    assert reviews.latest_search(again.pk).certificate["probes"] == {"supplied": 1, "further": 1}
    judge(again, staff, other_staff, mine=HERS | {"profile-2.jpg"})


def test_a_probe_that_was_imported_anew_loses_nothing_it_had_found(
    holdings: Source, again: RightsRequest, run_jobs: Run, staff: User, other_staff: User
) -> None:
    (folder_of(holdings) / "twin.jpg").write_bytes(paint(["ada's twin"], shade=12))
    import_source(source=holdings)
    decide(again, staff)
    run_jobs()
    again.refresh_from_db()
    assert again.state == "searched"
    assert {each.photo.path for each in reviews.open_hits(again.pk)} == {"twin.jpg"}
    judge(again, staff, other_staff, mine=HERS)
    decide(again, staff)
    run_jobs()
    with opened(again) as archive:
        data = json.loads(archive.read("data.json"))
    assert {picture["stored_as"] for picture in data["pictures"]} == HERS


def test_withdrawing_forgets_it(request_: RightsRequest, staff: User) -> None:
    look_again(request_, staff)
    flow.withdraw(request_id=request_.pk)
    assert not FurtherProbe.objects.exists()


# --- the page ---------------------------------------------------------------------------------------------------------


def url(name: str, request: RightsRequest) -> str:
    return reverse(f"admin:rights_request_{name}", args=[request.pk])


@pytest.fixture
def desk(staff: User) -> Client:
    client = Client()
    sign_in(client, staff)
    return client


def shown(desk: Client, request: RightsRequest, path: str) -> str:
    return desk.get(url("review", request), {"hit": hit(request, path).pk}).content.decode()


def test_the_button_is_there_where_it_can_be_pressed(
    request_: RightsRequest, desk: Client, run_jobs: Run, staff: User, other_staff: User
) -> None:
    assert "Look again with this one" in shown(desk, request_, "twin.jpg")
    answer = desk.post(url("look_again", request_), {"hit": hit(request_, "twin.jpg").pk}, follow=True)
    page = answer.content.decode()
    assert "Everything is being searched again" in page
    assert 'id="verdict"' not in page
    run_jobs()
    assert "was searched with this one too" in shown(desk, request_, "twin.jpg")
    new = shown(desk, request_, "profile.jpg")
    assert "only a picture found before led here" in new
    assert "Look again with this one" not in new  # It is not settled.
    assert re.search(r"Photograph 1: 0\.707\s+<span class=\"desk-quiet\">too far", new)
    assert re.search(r"Hit \d: 0\.500", new)
    assert new.count("/face/") == 2  # Beside it the picture that led to it.
    judge(request_, staff, other_staff, mine=HERS)
    decide(request_, staff, outcome="granted")
    assert "The review is closed" in shown(desk, request_, "ada-1.jpg")
    body = desk.get(reverse("admin:rights_rightsrequest_change", args=[request_.pk])).content.decode()
    assert "1 photograph supplied, 1 picture found and confirmed" in body


@pytest.mark.parametrize("number", ["", "x", "0", "9" * 30, "²", "12345"])
def test_a_number_that_is_no_hit_is_not_found(request_: RightsRequest, desk: Client, number: str) -> None:
    assert desk.post(url("look_again", request_), {"hit": number}).status_code == 404


def test_a_hit_of_somebody_else_is_not_found(request_: RightsRequest, desk: Client, ask: Ask, run_jobs: Run) -> None:
    other = ask("bo", email="bo@example.org")
    flow.confirm(request_id=other.pk)
    run_jobs()
    foreign = hit(other, "bo-1.jpg")
    assert desk.post(url("look_again", request_), {"hit": foreign.pk}).status_code == 404
    assert Face.objects.filter(pk=foreign.face_key).exists()


def test_looking_again_takes_the_right_to_change(request_: RightsRequest, desk: Client, staff: User) -> None:
    staff.groups.clear()
    sign_in(desk, User.objects.get(pk=staff.pk))
    assert desk.post(url("look_again", request_), {"hit": hit(request_, "twin.jpg").pk}).status_code == 403
    assert not FurtherProbe.objects.exists()
