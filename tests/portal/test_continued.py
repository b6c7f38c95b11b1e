"""What a person asks for after the answer: erasing some or all of it, and searching with a picture that was missed."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from matching import images, reviews
from matching.models import Photo, Source
from portal import flow, vault
from portal.answers.scope import spared_photos
from portal.citizens.message_form import MissedForm
from portal.flow.searched import probes_of
from portal.models import Event, FollowUp
from portal.notices.compose import compose
from rights.law.lifecycle import TransitionRefused
from rights.models import RightsRequest
from tests.fakes import paint
from tests.portal.citizens.person import Person, upload
from tests.portal.deeds import Ask, Run, answered, decide
from tests.staffing import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def case(painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User) -> RightsRequest:
    """Ada's answer is on offer; she asked for her pictures and for nothing else."""
    return answered(ask, run_jobs, staff, other_staff, rights=("access",))


@pytest.fixture
def both(painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User) -> RightsRequest:
    """Ada's answer is on offer, and the erasure waits for her to fetch it."""
    return answered(ask, run_jobs, staff, other_staff)


def with_a_code(case: RightsRequest) -> Person:
    person = Person()
    person.open(case)
    person.post("download", request_id=case.pk)
    person.type_code(case)
    return person


def key(name: str) -> int:
    return Photo.objects.get(path=name).pk


def further(case: RightsRequest) -> RightsRequest:
    return FollowUp.objects.get(of=case).request


def test_some_pictures_are_chosen_in_the_answer_and_only_they_are_erased(
    case: RightsRequest, run_jobs: Run, staff: User
) -> None:
    person = with_a_code(case)
    page = person.get("pictures", request_id=case.pk).content.decode()
    assert "Erase the chosen pictures" in page
    assert " checked" not in page
    gone = person.post("erase_chosen", {"shown": ["1", "2", "3"], "picture": ["1"]}, request_id=case.pk)
    target = further(case)
    assert gone.url == reverse("citizens:status", args=[target.pk])
    assert person.get("status", request_id=target.pk).status_code == 200  # No further code.
    assert {claim.right for claim in target.claims.all()} == {"erasure"}
    assert [vault.unseal(target, bytes(item.sealed)) for item in probes_of(target)] == [
        vault.unseal(case, bytes(item.sealed)) for item in probes_of(case)
    ]
    run_jobs()
    target.refresh_from_db()
    assert target.state == "reviewed"  # What was said of the pictures holds here as well.
    chosen = target.erasure_choices.get().photo_key
    decide(target, staff)
    run_jobs()
    target.refresh_from_db()
    assert target.state == "carried_out"
    own = set(reviews.accepted_faces(case.pk).values_list("photo_id", flat=True))
    assert chosen not in own
    assert len(own) == 2
    assert set(spared_photos(target)) == own
    mail = compose(target.notices.get(event=Event.ERASED)).body
    assert "2 pictures kept, as you chose" in mail
    assert "as our decision says" not in mail


def test_sent_twice_it_is_one_request_and_another_choice_changes_it(case: RightsRequest) -> None:
    person = with_a_code(case)
    for ticked in (["1"], ["1", "2"]):
        person.post("erase_chosen", {"shown": ["1", "2", "3"], "picture": ticked}, request_id=case.pk)
    target = further(case)
    assert target.erasure_choices.count() == 2
    page = person.get("pictures", request_id=case.pk).content.decode()
    assert page.count(" checked") == 2
    assert target.reference in page
    person.post("erase_chosen", {"shown": ["1"], "picture": []}, request_id=case.pk)  # The others are on another page.
    assert target.erasure_choices.count() == 1
    person.post("erase_chosen", {"all": "all"}, request_id=case.pk)
    assert target.erasure_choices.count() == 0
    assert FollowUp.objects.count() == 1


def test_a_decided_erasure_spares_what_the_person_unticks(both: RightsRequest, run_jobs: Run) -> None:
    person = with_a_code(both)
    assert person.get("pictures", request_id=both.pk).content.decode().count(" checked") == 3
    data = {"shown": ["1", "2", "3"], "picture": ["1", "3"]}
    person.post("erase_chosen", data, request_id=both.pk)
    assert not FollowUp.objects.exists()
    kept = spared_photos(both)
    assert len(kept) == 1
    flow.delivered(request_id=both.pk)
    run_jobs()
    both.refresh_from_db()
    assert both.state == "carried_out"
    assert Photo.objects.get(pk=kept[0]).faces.exists()
    assert set(reviews.accepted_faces(both.pk).values_list("photo_id", flat=True)) == set(kept)


def test_a_picture_that_was_moved_after_it_was_chosen_is_erased_still(both: RightsRequest) -> None:
    flow.choose_erasure(request_id=both.pk, photo_keys={key("ada-1.jpg")})
    both.erasure_choices.update(photo_key=0)
    assert key("ada-1.jpg") not in spared_photos(both)


def test_nothing_that_is_not_in_the_answer_can_be_chosen(case: RightsRequest, both: RightsRequest) -> None:
    for keys in (set(), {key("bo-1.jpg")}, {key("ada-1.jpg"), key("bo-1.jpg")}, {0}):
        with pytest.raises(TransitionRefused):
            flow.choose_erasure(request_id=both.pk, photo_keys=keys)
    assert not both.erasure_choices.exists()
    assert not FollowUp.objects.exists()


def test_neither_another_session_nor_an_open_page_alone_chooses_anything(case: RightsRequest) -> None:
    stranger, without_code = Person(), Person()
    without_code.open(case)
    data = {"shown": ["1"], "picture": ["1"]}
    assert stranger.post("erase_chosen", data, request_id=case.pk).url == reverse("citizens:find")
    assert stranger.post("missed", {"address": "x"}, request_id=case.pk).url == reverse("citizens:find")
    without_code.post("erase_chosen", {"all": "all"}, request_id=case.pk)
    assert not FollowUp.objects.exists()


def missed(person: Person, case: RightsRequest, **data: Any) -> Any:
    return person.post("missed", {"key": str(MissedForm()["key"].initial), **data}, request_id=case.pk)


def test_a_missed_picture_is_searched_with_once_somebody_has_looked_at_it(
    case: RightsRequest, run_jobs: Run, staff: User, client: Client
) -> None:
    person = with_a_code(case)
    picture = paint(["ada"], shade=3)
    page = missed(person, case).content.decode()
    assert "Say where the picture is" in page
    missed(person, case, missed=upload(picture))
    assert len(probes_of(case)) == 1
    message = case.messages.get()
    sent = message.evidence.get(kind="enclosure")
    sign_in(client, staff)
    assert "search with it too" in client.get(reverse("admin:rights_request_thread", args=[case.pk])).content.decode()
    address = reverse("admin:rights_request_search_with", args=[case.pk, sent.pk])
    for _twice in range(2):
        client.post(address)
    target = further(case)
    assert [claim.right for claim in target.claims.all()] == ["access"]
    assert len(probes_of(target)) == 2
    assert len(probes_of(case)) == 1
    run_jobs()
    target.refresh_from_db()
    assert target.state == "reviewed"


def test_before_the_decision_the_same_request_is_searched_again(
    painted: Source, ask: Ask, run_jobs: Run, staff: User
) -> None:
    case = ask()
    flow.confirm(request_id=case.pk)
    run_jobs()
    picture = images.clean_upload(paint(["ada"], shade=3))
    assert flow.search_with(request_id=case.pk, picture=picture, by=staff) == case
    case.refresh_from_db()
    assert case.state == "confirmed"
    assert len(probes_of(case)) == 2
    flow.search_with(request_id=case.pk, picture=picture, by=staff)
    assert len(probes_of(case)) == 2
    run_jobs()
    case.refresh_from_db()
    assert case.state == "searched"
    flow.withdraw(request_id=case.pk)
    with pytest.raises((TransitionRefused, vault.Destroyed)):
        flow.search_with(request_id=case.pk, picture=picture, by=staff)


def test_a_picture_held_at_the_address_that_the_person_names_can_be_searched_with(
    case: RightsRequest, staff: User, client: Client
) -> None:
    named = Photo.objects.get(path="ada-2.jpg")
    Photo.objects.filter(pk=named.pk).update(source_url="https://example.org/party/7.jpg")
    other = Photo.objects.get(path="bo-1.jpg")
    person = with_a_code(case)
    missed(person, case, address="https://example.org/party/7.jpg")
    sign_in(client, staff)
    assert "ada-2.jpg" in client.get(reverse("admin:rights_request_thread", args=[case.pk])).content.decode()
    refused = client.post(reverse("admin:rights_request_search_with_held", args=[case.pk, other.pk]))
    assert refused.status_code == 404
    client.post(reverse("admin:rights_request_search_with_held", args=[case.pk, named.pk]))
    assert len(probes_of(further(case))) == 2


def test_the_erasure_does_not_wait_for_the_same_persons_second_answer(
    both: RightsRequest, run_jobs: Run, staff: User
) -> None:
    flow.search_with(request_id=both.pk, picture=images.clean_upload(paint(["ada"], shade=3)), by=staff)
    run_jobs()
    flow.delivered(request_id=both.pk)
    run_jobs()
    both.refresh_from_db()
    assert both.state == "carried_out"
