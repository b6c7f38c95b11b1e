"""Agents, parents, guardians: both are verified, and the person concerned can say no."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from freezegun import freeze_time

from matching.models import Erasure, Photo, Source
from portal import flow, vault
from portal.answers import archive
from portal.flow import erased
from portal.identity import links
from portal.models import Answer, Audience, Event, Evidence, EvidenceKind, NoticeState, Representation
from portal.notices import outbox
from portal.notices.compose import compose
from rights.law.lifecycle import TransitionRefused
from rights.models import JournalEntry, RightsRequest
from tests.fakes import paint
from tests.portal.citizens.person import Person, upload
from tests.portal.deeds import Run, judge
from tests.staffing import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

OWN = "ada@own.example"


@pytest.fixture
def desk(client: Client, staff: User) -> Client:
    sign_in(client, staff)
    return client


def url(name: str, request: RightsRequest, *args: object) -> str:
    return reverse(f"admin:rights_request_{name}", args=[request.pk, *args])


def acting(about: str = "agent", person_email: str = OWN) -> tuple[Person, RightsRequest]:
    """Bo, who asks for ada over the web."""
    person = Person()
    person.answer("rights")
    person.answer("person", about=about, person_name="Ada Example", relation="lawyer", person_email=person_email)
    person.answer("contact", email="bo@example.org", name="Bo Agent")
    person.answer("photo", photo=upload(paint(["ada"], shade=9)))
    response = person.send()
    case = RightsRequest.objects.get(pk=response.url.split("/requests/")[1].split("/")[0])
    person.type_code(case)
    return person, case


@pytest.fixture
def case(controller: object, painted: Source) -> RightsRequest:
    return acting()[1]


def concerned(case: RightsRequest, say: str | None = None) -> str:
    """What the person concerned sees on the page behind their link, perhaps after saying something."""
    address = reverse("citizens:concerned", args=[links.concerned_url(case).rstrip("/").rsplit("/", 1)[1]])
    client = Client()
    if say:
        client.post(address, {"say": say})
    return client.get(address).content.decode()


def events(case: RightsRequest) -> list[str]:
    return list(JournalEntry.objects.filter(request=case).order_by("position").values_list("event", flat=True))


def test_the_person_concerned_is_asked_at_their_own_address(case: RightsRequest, run_jobs: Run) -> None:
    notice = case.notices.get(event=Event.REPRESENTED)
    message = compose(notice)
    assert message.to == [OWN]
    assert "/open/concerned/" in str(message.body)
    assert "bo@example.org" not in str(message.body)
    assert outbox.deliver(notice_id=notice.pk)
    assert [sent.to for sent in mail.outbox] == [[OWN]]


def test_opening_the_link_does_nothing_and_saying_yes_is_said_once(case: RightsRequest) -> None:
    assert "Somebody asks for you" in concerned(case)
    assert "Bo Agent" in concerned(case)
    assert Representation.objects.get().answer == ""
    concerned(case, "yes")
    concerned(case, "yes")
    assert Representation.objects.get().answer == "yes"
    assert events(case).count("concerned:agreed") == 1


def test_who_did_not_ask_closes_it_and_everything_is_destroyed(case: RightsRequest, run_jobs: Run) -> None:
    flow.put_mandate(request_id=case.pk, picture=paint([None]))
    said = concerned(case, "no")
    assert "It is closed" in said
    case.refresh_from_db()
    assert case.state == "withdrawn"
    assert not Evidence.objects.exclude(sealed=b"").exists()
    with pytest.raises(vault.Destroyed):
        vault.seal(case, b"x")
    assert case.requester.person_name == ""
    assert Representation.objects.get().person_email == ""
    told = str(compose(case.notices.get(event=Event.DISOWNED)).body)
    assert "did not ask" in told
    assert "Nothing was given out" in told
    assert "It is closed" in concerned(case, "yes"), "a replay of the other answer changes nothing"
    assert Representation.objects.get().answer == "no"
    run_jobs()


def test_a_parent_does_not_learn_that_it_was_the_child_who_said_no(
    controller: object, painted: Source, run_jobs: Run
) -> None:
    parent, case = acting(about="parent")
    parent.open(case)
    concerned(case, "no")
    body = str(compose(case.notices.get(event=Event.DISOWNED)).body)
    shown = parent.get("status", request_id=case.pk).content.decode()
    for text in (body, shown):
        assert "did not ask" not in text
        assert "closed" in text
    assert "You took the request back" not in shown
    assert "You withdrew" not in shown
    assert "Withdrawn" not in shown


def test_the_link_ends_and_cannot_be_made_up(case: RightsRequest) -> None:
    token = links.concerned_url(case).rstrip("/").rsplit("/", 1)[1]
    other = links.status_url(case).rstrip("/").rsplit("/", 1)[1]
    for bad in (token[:-2], other, "x"):
        assert Client().get(reverse("citizens:concerned", args=[bad])).status_code == 302
    with freeze_time(timezone.now() + timedelta(days=31)):
        assert Client().post(reverse("citizens:concerned", args=[token]), {"say": "no"}).status_code == 302
    assert Representation.objects.get().answer == ""
    assert Client().get(reverse("citizens:link", args=[token])).url == reverse("citizens:find"), "nor the status page"  # type: ignore[attr-defined]


def test_nothing_is_given_before_both_are_verified_and_the_right_is_shown(
    case: RightsRequest, run_jobs: Run, desk: Client, staff: User, other_staff: User
) -> None:
    run_jobs()
    judge(case, staff, other_staff)

    def grant() -> None:
        flow.decide(request_id=case.pk, right="access", outcome="granted", by=staff, identity_basis="mandate")

    with pytest.raises(TransitionRefused, match="verify both"):
        grant()
    desk.post(url("known", case, "agent"), {"agent-basis": "photo_and_email"})
    with pytest.raises(TransitionRefused, match="verify both"):
        grant()
    desk.post(url("known", case, "mandate"), {"mandate-basis": "mandate_seen"})
    with pytest.raises(TransitionRefused, match="verify both"):
        grant()
    assert (
        "Nothing can be disclosed"
        in desk.get(reverse("admin:rights_rightsrequest_change", args=[case.pk])).content.decode()
    )
    concerned(case, "yes")
    grant()
    assert [event for event in events(case) if event.startswith("known:")] == ["known:agent", "known:mandate"]


def granted(case: RightsRequest, staff: User, other_staff: User) -> None:
    """Both are verified, and both claims granted."""
    judge(case, staff, other_staff)
    for who, basis in (("agent", "video_call"), ("person", "by_post"), ("mandate", "mandate_seen")):
        flow.record_known(request_id=case.pk, who=who, basis=basis, actor="staff:1")
    for right in ("access", "erasure"):
        flow.decide(request_id=case.pk, right=right, outcome="granted", by=staff, identity_basis="mandate")


@pytest.mark.parametrize("answered", [False, True], ids=["decided", "on offer"])
def test_a_no_after_the_decision_stops_what_was_not_done(
    painted: Source, controller: object, run_jobs: Run, staff: User, other_staff: User, answered: bool
) -> None:
    agent, case = acting()
    run_jobs()
    granted(case, staff, other_staff)
    if answered:
        run_jobs()
        assert Answer.objects.get(request=case).offered_at
    said = concerned(case, "no")
    assert "It is closed" in said
    assert "Nobody was given anything" in said
    run_jobs()
    case.refresh_from_db()
    assert case.state == "withdrawn"
    assert not Answer.objects.exists()
    assert not list(Path(settings.ANSWERS_DIR).glob("*.sealed*"))
    assert Photo.objects.count() == 6, "nothing was erased"
    assert agent.get("download_file", request_id=case.pk).status_code == 302
    assert "It is closed" in concerned(case, "yes")


def test_a_no_after_the_copy_was_fetched_says_so(
    case: RightsRequest, run_jobs: Run, staff: User, other_staff: User
) -> None:
    run_jobs()
    granted(case, staff, other_staff)
    run_jobs()
    flow.delivered(request_id=case.pk)
    assert "carried out before you said so" in concerned(case, "no")
    assert "Nothing was given out" not in str(compose(case.notices.get(event=Event.DISOWNED)).body)


def test_an_erasure_that_begins_while_the_person_says_no_erases_nothing(
    case: RightsRequest, run_jobs: Run, staff: User, other_staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_jobs()
    granted(case, staff, other_staff)
    run_jobs()
    flow.delivered(request_id=case.pk)

    def says_no(request: RightsRequest, photos: list[int]) -> bool:
        flow.disowned(request_id=request.pk)
        return False

    monkeypatch.setattr(erased, "wanted_by_others", says_no)
    run_jobs()
    case.refresh_from_db()
    assert case.state == "withdrawn"
    assert not Erasure.objects.exists()


def test_an_answer_that_is_built_while_the_person_says_no_is_offered_to_nobody(
    case: RightsRequest, run_jobs: Run, staff: User, other_staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_jobs()
    granted(case, staff, other_staff)
    build = archive.build

    def built_too_late(*, request: RightsRequest) -> Answer:
        answer = build(request=request)
        flow.disowned(request_id=request.pk)
        Answer.objects.create(pk=answer.pk, request=request, photos=1, size=1, built_at=timezone.now())
        return answer

    monkeypatch.setattr(archive, "build", built_too_late)
    run_jobs()
    assert not Answer.objects.exists()
    assert not case.notices.filter(event=Event.ANSWER_READY).exists()


def test_an_agent_who_is_not_verified_gets_nothing_though_the_person_agrees(
    case: RightsRequest, run_jobs: Run, desk: Client, staff: User, other_staff: User
) -> None:
    run_jobs()
    judge(case, staff, other_staff)
    concerned(case, "yes")
    desk.post(url("known", case, "mandate"), {"mandate-basis": "mandate_seen"})
    desk.post(url("known", case, "agent"), {"agent-basis": "a friend said so"})
    assert desk.post(url("known", case, "nobody"), {}).status_code == 404
    with pytest.raises(TransitionRefused, match="verify both"):
        flow.decide(request_id=case.pk, right="access", outcome="granted", by=staff, identity_basis="mandate")


def test_a_mandate_is_a_picture_sealed_and_seen_by_staff_only(case: RightsRequest, desk: Client) -> None:
    person = Person()
    person.open(case)
    assert "Show that you may act" in person.get("status", request_id=case.pk).content.decode()
    pdf = person.post("mandate", {"photo": upload(b"%PDF-1.7", "m.pdf")}, request_id=case.pk)
    assert "not a picture" in pdf.content.decode()
    jpeg = paint([None, "bo"])
    person.post("mandate", {"photo": upload(jpeg, "m.jpg")}, request_id=case.pk)
    mandate = Evidence.objects.get(kind=EvidenceKind.MANDATE)
    assert jpeg[100:200] not in bytes(mandate.sealed)
    assert Person().post("mandate", {"photo": upload(jpeg)}, request_id=case.pk).url == reverse("citizens:find")
    assert Evidence.objects.filter(kind=EvidenceKind.MANDATE).count() == 1
    assert desk.get(url("mandate", case, mandate.pk)).status_code == 200
    assert "viewed_mandate" in events(case)
    assert desk.get(url("probe", case, mandate.pk)).status_code == 404
    assert len(flow.searched.probes_of(case)) == 1, "a mandate is not searched with"


def test_notices_go_to_both_once_the_person_is_known(case: RightsRequest) -> None:
    flow.extend(request_id=case.pk, reasons="Many pictures of a secret kind.", actor="staff:1")
    assert not case.notices.filter(event=Event.EXTENDED, audience=Audience.CONCERNED).exists(), "not known yet"
    concerned(case, "yes")
    flow.withdraw(request_id=case.pk)
    both = case.notices.filter(event=Event.WITHDRAWN)
    assert set(both.values_list("audience", flat=True)) == {Audience.REQUESTER, Audience.CONCERNED}


def test_the_child_is_told_in_plain_words_unless_that_endangers_it(
    controller: object, painted: Source, desk: Client
) -> None:
    _person, case = acting(about="parent")
    concerned(case, "yes")
    flow.extend(request_id=case.pk, reasons="Many pictures of a secret kind.", actor="staff:1")
    told = case.notices.get(event=Event.EXTENDED, audience=Audience.CONCERNED)
    message = compose(told)
    assert message.to == [OWN]
    assert "We need more time" in str(message.body)
    assert "secret kind" not in str(message.body)
    desk.post(url("endangers", case), {"why": " "})
    assert not Representation.objects.get().endangers
    desk.post(url("endangers", case), {"why": "The father threatened her."})
    assert not outbox.deliver(notice_id=told.pk), "what waited is not sent any more"
    told.refresh_from_db()
    assert told.state == NoticeState.FAILED
    flow.withdraw(request_id=case.pk)
    assert not case.notices.filter(event=Event.WITHDRAWN, audience=Audience.CONCERNED).exists()
    assert "threatened" not in str(list(JournalEntry.objects.values_list("event", "detail")))
    assert Representation.objects.get().endangers_why == "", "destroyed with the evidence"


def test_only_a_child_can_be_endangered_by_notices(case: RightsRequest, desk: Client) -> None:
    desk.post(url("endangers", case), {"why": "I would rather not."})
    assert not Representation.objects.get().endangers


def test_who_has_no_address_of_their_own_is_told_by_letter_once_they_are_known(
    controller: object, painted: Source, desk: Client
) -> None:
    _person, case = acting(about="parent", person_email="bo@example.org")
    assert Representation.objects.get().person_email == "", "the parent's own address proves nothing"
    assert not case.notices.filter(event=Event.REPRESENTED).exists()
    desk.post(url("known", case, "person"), {"person-basis": "in_person"})
    flow.extend(request_id=case.pk, reasons="Many pictures.", actor="staff:1")
    letter = case.notices.get(event=Event.EXTENDED, audience=Audience.CONCERNED)
    assert letter.state == NoticeState.BY_POST
    assert "We need more time" in desk.get(url("by_post", case, letter.pk)).content.decode()


def test_agents_by_letter_are_treated_alike(controller: object) -> None:
    contact = flow.Contact(
        name="Bo", postal_address="1 Example Street", on_behalf=True, person_name="Ada", relation="lawyer"
    )
    case = flow.receive(rights=["access"], contact=contact, channel="post", probe=None)
    assert case.representation.role == "agent"
    assert not case.representation.is_settled


def test_for_oneself_nothing_of_this_appears(controller: object, desk: Client) -> None:
    person = Person()
    case = person.ask()
    assert not Representation.objects.exists()
    assert "act for somebody" not in person.get("status", request_id=case.pk).content.decode()
    assert person.get("mandate", request_id=case.pk).status_code == 302
    with pytest.raises(TransitionRefused, match="Nobody acts"):
        flow.record_known(request_id=case.pk, who="agent", basis="in_person", actor="staff:1")
