"""Somebody who is not the person: with the old mailbox, the shared browser, a photograph or a document of their own."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from threading import Barrier, Event

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import connections
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from freezegun import freeze_time
from pytest_django.fixtures import Settings

from matching.frames import Asked
from matching.models import Photo, Source
from portal import flow
from portal.api.tokens import token_for
from portal.flow.decided import earlier_request
from portal.identity import email_code, links, live, new_address
from portal.models import DocumentCheck, EmailCode, Evidence, EvidenceKind, FollowUp, LiveCheck, LiveState
from rights.law.lifecycle import TransitionRefused
from rights.models import RightsRequest
from tests.fakes import paint
from tests.matching.test_frames import frame as frame_of
from tests.portal.citizens.person import Person
from tests.portal.deeds import Ask, Run, answered, decide, judge, reviewed
from tests.portal.test_represented import OWN, acting, concerned
from tests.staffing import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

NEW = "safe-and-secret@example.org"


@pytest.fixture
def case(painted: Source, ask: Ask) -> RightsRequest:
    """Asked with Ada's photograph, the address confirmed."""
    request = ask()
    flow.confirm(request_id=request.pk)
    request.refresh_from_db()
    return request


@pytest.fixture
def told(painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User) -> RightsRequest:
    """An answer on offer."""
    return answered(ask, run_jobs, staff, other_staff, rights=("access",))


def move(case: RightsRequest) -> None:
    change = flow.propose_address(request_id=case.pk, email=NEW)
    assert flow.prove_address(request_id=case.pk, change_id=change.pk, typed=new_address.digits(change)).ok


def with_a_code(case: RightsRequest) -> Person:
    person = Person()
    person.open(case)
    person.post("download", request_id=case.pk)
    person.type_code(case)
    return person


def send_all(case: RightsRequest) -> LiveCheck:
    check = flow.draw_poses(request_id=case.pk)
    for frame in check.frames.all():
        flow.receive_frame(request_id=case.pk, frame_id=frame.pk, picture=frame_of(Asked(frame.asked), "ada"))
    flow.check_live(request_id=case.pk)
    check.refresh_from_db()
    return check


def chosen(person: Person, case: RightsRequest, picture: str = "1") -> RightsRequest:
    person.post("erase_chosen", {"shown": ["1", "2", "3"], "picture": [picture]}, request_id=case.pk)
    return FollowUp.objects.filter(of=case).earliest("pk").request


# --- the old mailbox, the shared browser ------------------------------------------------------------------------------


def test_the_old_mailbox_neither_sees_nor_changes_a_further_request_that_moved(told: RightsRequest) -> None:
    target = chosen(with_a_code(told), told)
    move(target)
    before = set(target.erasure_choices.values_list("photo_key", flat=True))
    partner = with_a_code(told)
    chosen(partner, told, "2")
    assert partner.get("status", request_id=target.pk).status_code == 302
    partner.post("withdraw", request_id=target.pk)
    target.refresh_from_db()
    assert target.state != "withdrawn"
    assert set(target.erasure_choices.values_list("photo_key", flat=True)) == before
    assert target.reference not in partner.get("status", request_id=told.pk).content.decode()


def test_the_browser_of_the_form_is_not_shown_the_new_address(person: Person) -> None:
    case = person.ask()
    flow.confirm(request_id=case.pk)
    move(case)
    assert NEW not in person.get("code", request_id=case.pk).content.decode()
    person.client.cookies.pop("sessionid", None)
    person.get("check")  # The draft's cookie knows what became of it.
    assert NEW not in person.get("code", request_id=case.pk).content.decode()


def test_nothing_is_withdrawn_before_the_old_address_was_told(case: RightsRequest) -> None:
    token = token_for(case)
    move(case)
    with pytest.raises(TransitionRefused, match="old e-mail address"):
        flow.withdraw(request_id=case.pk)
    answer = Client().get(f"/api/requests/{case.pk}/", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 404
    case.notices.update(state="sent")
    flow.withdraw(request_id=case.pk)


def test_a_number_of_five_thousand_digits_is_none(told: RightsRequest) -> None:
    her = with_a_code(told)
    assert her.post("erase_chosen", {"shown": ["1" * 5000], "picture": ["1"]}, request_id=told.pk).status_code == 302


# --- a face, a document -----------------------------------------------------------------------------------------------


def test_whoever_is_asked_for_poses_reads_to_whom_the_answer_goes(painted: Source, ask: Ask) -> None:
    case = ask(email="stalker@evil.test")
    flow.confirm(request_id=case.pk)
    victim = Person()
    victim.client.get(links.status_url(case))
    for page in ("status", "live"):
        assert "s•••@evil.test" in victim.get(page, request_id=case.pk).content.decode()


def test_another_photograph_gives_no_further_draws(case: RightsRequest) -> None:
    for shade in range(live.TRIES):
        flow.draw_poses(request_id=case.pk)
        flow.replace_probe(request_id=case.pk, probe=paint(["ada"], shade=shade))
    with pytest.raises(live.Locked):
        flow.draw_poses(request_id=case.pk)


def test_an_expired_draw_leaves_no_frame(case: RightsRequest) -> None:
    check = flow.draw_poses(request_id=case.pk)
    first = check.frames.all()[0]
    flow.receive_frame(request_id=case.pk, frame_id=first.pk, picture=frame_of(Asked(first.asked), "ada"))
    with freeze_time(timezone.now() + timedelta(minutes=11)):
        assert flow.draw_poses(request_id=case.pk) != check
    assert not Evidence.objects.filter(kind=EvidenceKind.FRAME, destroyed_at=None).exists()


def test_nobody_decides_on_a_live_photo_that_nobody_looked_at(
    case: RightsRequest, staff: User, other_staff: User, run_jobs: Run
) -> None:
    assert send_all(case).state == LiveState.PASSED
    run_jobs()
    judge(case, staff, other_staff)
    with pytest.raises(TransitionRefused, match="Nobody has looked"):
        decide(case, staff, identity_basis="live_photo")


@pytest.fixture
def strict(settings: Settings) -> None:
    """As in production."""
    settings.LIVE_PHOTO_REQUIRED = True


@pytest.mark.parametrize("basis", ["", "photo_and_email", "live_photo", "mandate"])
def test_whoever_is_not_known_is_not_told_that_a_face_is_not_held(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, strict: None, basis: str
) -> None:
    """Else whoever tries a face learns of every other one that it is held."""
    case = ask("flo", email="stalker@example.org", rights=("access",))
    flow.confirm(request_id=case.pk)
    run_jobs()
    with pytest.raises(TransitionRefused):
        decide(case, staff, "nothing_held", identity_basis=basis)
    decide(case, staff, "nothing_held", identity_basis="video_call")


def test_a_mandate_is_no_basis_where_nobody_acts_for_another(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User, strict: None
) -> None:
    case = reviewed(ask, run_jobs, staff, other_staff)
    with pytest.raises(TransitionRefused, match="no mandate"):
        decide(case, staff, identity_basis="mandate")


def test_a_second_mailbox_of_the_false_agent_is_not_the_person_concerned(
    controller: object, painted: Source, run_jobs: Run, staff: User, other_staff: User, strict: None
) -> None:
    _agent, case = acting()
    run_jobs()
    judge(case, staff, other_staff)
    for who, basis in (("agent", "photo_and_email"), ("mandate", "mandate_seen")):
        flow.record_known(request_id=case.pk, who=who, basis=basis, actor="staff:1")
    concerned(case, "yes")
    with pytest.raises(TransitionRefused, match="verify both"):
        decide(case, staff, identity_basis="mandate")
    shown = sign_in(Client(), staff).get(reverse("admin:rights_rightsrequest_change", args=[case.pk]))
    assert "may be their own" in shown.content.decode()
    flow.record_known(request_id=case.pk, who="person", basis="by_post", actor="staff:1")
    decide(case, staff, identity_basis="mandate")


@pytest.fixture
def doubted(case: RightsRequest) -> RightsRequest:
    """A document was asked for."""
    flow.doubt(request_id=case.pk, words="Why.", actor="staff:1")
    flow.ask_document(request_id=case.pk, actor="staff:1")
    return case


def likeness(case: RightsRequest, who: str) -> str:
    flow.receive_document(request_id=case.pk, picture=paint([who], shade=3))
    flow.compare_document(request_id=case.pk)
    return DocumentCheck.objects.get().likeness


def test_a_frame_of_ones_own_does_not_vouch_for_ones_own_document(doubted: RightsRequest) -> None:
    first = flow.draw_poses(request_id=doubted.pk).frames.all()[0]
    flow.receive_frame(request_id=doubted.pk, frame_id=first.pk, picture=frame_of(Asked(first.asked), "bo"))
    assert likeness(doubted, "bo") == "different"


def test_nor_does_a_photograph_of_ones_own_beside_the_victims(doubted: RightsRequest) -> None:
    flow.replace_probe(request_id=doubted.pk, probe=paint(["bo"], shade=4))
    assert likeness(doubted, "bo") == "different"


def test_what_was_said_of_a_document_ends_with_another_photograph(
    doubted: RightsRequest, run_jobs: Run, staff: User, other_staff: User
) -> None:
    assert likeness(doubted, "ada") == "same"
    flow.replace_probe(request_id=doubted.pk, probe=paint(["bo"], shade=4))
    assert DocumentCheck.objects.get().likeness == ""
    flow.decide_document(request_id=doubted.pk, sufficient=True, actor="staff:1")
    flow.replace_probe(request_id=doubted.pk, probe=paint(["cy"], shade=4))
    run_jobs()
    judge(doubted, staff, other_staff)
    with pytest.raises(TransitionRefused, match="found sufficient"):
        decide(doubted, staff, identity_basis="identity_card")


def test_a_document_that_was_asked_for_is_not_asked_for_again(doubted: RightsRequest) -> None:
    question = DocumentCheck.objects.get().question_id
    flow.answer(request_id=doubted.pk, question_id=question, words="I do not like to.", actor="citizen")
    with pytest.raises(TransitionRefused, match="asked for already"):
        flow.ask_document(request_id=doubted.pk, actor="staff:1")


def test_what_nobody_confirmed_is_no_earlier_request(painted: Source, ask: Ask) -> None:
    ask(name="bo", email="ada@example.org")
    case = ask()
    flow.confirm(request_id=case.pk)
    assert earlier_request(case) is None


# --- others -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settled", [True, False])
def test_a_picture_of_somebody_else_is_not_erased_by_a_further_request(
    told: RightsRequest, run_jobs: Run, staff: User, other_staff: User, settled: bool
) -> None:
    key = Photo.objects.get(path="ada-2.jpg").pk
    flow.not_me(request_id=told.pk, photo_key=key, number=2)
    if settled:
        flow.settle_not_me(request_id=told.pk, photo_key=key, shows_them=False, actor="staff:1")
    with_a_code(told).post("erase_chosen", {"all": "all"}, request_id=told.pk)
    target = FollowUp.objects.get(of=told).request
    run_jobs()
    target.refresh_from_db()
    if target.state == "searched":  # What was said of that picture was forgotten: it is looked at anew.
        judge(target, staff, other_staff)
    decide(target, staff)
    run_jobs()
    assert Photo.objects.get(path="ada-2.jpg").faces.exists()


def test_said_after_the_choice_it_stays_as_well(told: RightsRequest, run_jobs: Run, staff: User) -> None:
    her = with_a_code(told)
    her.post("erase_chosen", {"all": "all"}, request_id=told.pk)
    her.post("not_me", request_id=told.pk, number=2)
    target = FollowUp.objects.get(of=told).request
    run_jobs()
    decide(target, staff)
    run_jobs()
    target.refresh_from_db()
    assert target.state == "decided"  # It waits for the look.
    key = target.not_me.get().photo_key
    flow.settle_not_me(request_id=told.pk, photo_key=key, shows_them=False, actor="staff:1")
    flow.erase(request_id=target.pk)
    assert Photo.objects.get(pk=key).faces.exists()


def done_for(role: str, run_jobs: Run, staff: User, other: User, *, endangers: bool = False) -> RightsRequest:
    """Somebody acted for Ada, and the answer is on offer."""
    _person, case = acting(role)
    run_jobs()
    for who, basis in (("agent", "in_person"), ("mandate", "mandate_seen"), ("person", "in_person")):
        flow.record_known(request_id=case.pk, who=who, basis=basis, actor="staff:1")
    if endangers:
        flow.keep_from_child(request_id=case.pk, why="A violent home.", actor="staff:1")
    mail.outbox.clear()
    judge(case, staff, other)
    decide(case, staff, identity_basis="in_person")
    run_jobs()
    case.refresh_from_db()
    return case


def test_what_endangers_a_child_endangers_it_in_a_further_request(
    controller: object, painted: Source, run_jobs: Run, staff: User, other_staff: User
) -> None:
    case = done_for("parent", run_jobs, staff, other_staff, endangers=True)
    assert flow.search_with(request_id=case.pk, picture=paint(["ada"], shade=33), by=staff) != case
    run_jobs()
    assert not [each for each in mail.outbox if OWN in each.to]


def test_the_no_of_the_person_concerned_ends_what_grew_out_of_it(
    controller: object, painted: Source, run_jobs: Run, staff: User, other_staff: User
) -> None:
    case = done_for("agent", run_jobs, staff, other_staff)
    target = flow.search_with(request_id=case.pk, picture=paint(["ada"], shade=33), by=staff)
    concerned(case, "no")
    for each in (case, target):
        each.refresh_from_db()
        assert each.state == "withdrawn"


def test_a_stalkers_request_holds_an_erasure_up_to_its_legal_date_and_no_longer(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    stalker = ask(email="stalker@example.org", rights=("access",))
    flow.confirm(request_id=stalker.pk)
    run_jobs()
    case = reviewed(ask, run_jobs, staff, other_staff, rights=("erasure",))
    decide(case, staff)
    run_jobs()
    case.refresh_from_db()
    assert case.state == "decided"
    with freeze_time(datetime.combine(case.due, time(12), UTC)):
        flow.erase(request_id=case.pk)
    case.refresh_from_db()
    assert case.state == "carried_out"


def test_of_many_who_ask_for_a_code_at_once_one_is_served(case: RightsRequest) -> None:
    EmailCode.objects.all().delete()
    together = Barrier(6)

    def ask_now(_number: int) -> bool:
        together.wait()
        try:
            return email_code.issue_if_due(request=RightsRequest.objects.get(pk=case.pk))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as people:
        served = list(people.map(ask_now, range(6)))
    assert served.count(True) == 1
    assert EmailCode.objects.filter(request=case).count() == 1


def test_a_code_that_is_asked_for_during_a_guess_carries_that_guess(
    case: RightsRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guess has read which codes live; before it is counted, somebody asks for another code."""
    EmailCode.objects.filter(request=case).update(created_at=timezone.now() - timedelta(minutes=2))
    read, issued = Event(), Event()

    def pausing(name: str) -> F:
        read.set()
        issued.wait(0.5)
        return F(name)

    def asks_meanwhile() -> None:
        try:
            read.wait(5)
            email_code.issue_if_due(request=RightsRequest.objects.get(pk=case.pk))
            issued.set()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as other:
        asked = other.submit(asks_meanwhile)
        with monkeypatch.context() as patch:
            patch.setattr(email_code, "F", pausing)
            assert email_code.check(request=case, digits="no digits").tries_left == 4
        asked.result()
    assert EmailCode.objects.filter(request=case).latest("created_at").tries == 1
