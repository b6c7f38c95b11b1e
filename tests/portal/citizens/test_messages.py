"""The thread on the person's page and on the desk: sealed, told without its words, and no lever on any date."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal import flow, retention, vault
from portal.flow import written
from portal.models import Event, Evidence, Message, Notice
from portal.notices.compose import compose
from portal.staff.roles import Role
from rights import queries
from rights.law.regime import Stop
from rights.models import JournalEntry, RightsRequest
from tests.portal.citizens.person import Person, upload
from tests.staffing import member, sign_in

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script> {{ case }} \u202e & so"


@pytest.fixture
def case(person: Person) -> RightsRequest:
    """A confirmed request, open in the person's browser."""
    case = person.ask()
    person.type_code(case)
    case.refresh_from_db()
    return case


def write(person: Person, case: RightsRequest, words: str = "Hello.", **more: object) -> str:
    data = {"key": str(uuid4()), "words": words, **more}
    return person.client.post(reverse("citizens:message", args=[case.pk]), data, follow=True).content.decode()


def desk(case: RightsRequest) -> str:
    return reverse("admin:rights_request_thread", args=[case.pk])


def test_the_person_writes_and_reads_on_their_page(person: Person, case: RightsRequest, staff: User) -> None:
    due, state = case.due, case.state
    page = write(person, case, HOSTILE, picture=upload())
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ case }}" in page
    assert "<script>alert" not in page
    message = Message.objects.get()
    words, picture = message.evidence.all()
    assert b"script" not in bytes(words.sealed)
    assert words.destroy_on == picture.destroy_on == case.due + retention.length("evidence")
    shown = person.get("message_picture", request_id=case.pk, evidence_id=picture.pk)
    assert shown["Content-Type"] == "image/jpeg"
    assert shown.content.startswith(b"\xff\xd8")
    case.refresh_from_db()
    assert (case.due, case.state) == (due, state)
    assert not JournalEntry.objects.filter(detail__icontains="script").exists()


def test_a_form_sent_twice_is_one_message_and_a_stolen_number_none(person: Person, case: RightsRequest) -> None:
    key = str(uuid4())
    for _twice in range(2):
        write(person, case, key=key)
    assert Message.objects.count() == 1
    other = Person()
    theirs = other.ask(email="eve@example.org")
    other.open(theirs)
    write(other, theirs, "Mine.", key=key)
    assert theirs.messages.get().pk != Message.objects.get(request=case).pk


def test_nobody_else_writes_or_reads(person: Person, case: RightsRequest) -> None:
    write(person, case, picture=upload())
    stranger = Person()
    assert stranger.post("message", {"words": "x"}, request_id=case.pk).url == reverse("citizens:find")
    picture = Evidence.objects.get(kind="enclosure")
    assert stranger.get("message_picture", request_id=case.pk, evidence_id=picture.pk).url == reverse("citizens:find")
    probe = case.evidence.get(kind="probe")
    assert person.get("message_picture", request_id=case.pk, evidence_id=probe.pk).status_code == 404
    assert Message.objects.count() == 1


@pytest.mark.parametrize("bad", [{"words": ""}, {"words": "x" * 5001}, {"picture": upload(b"%PDF-1.7")}, {"key": "x"}])
def test_a_mistake_is_shown_beside_what_was_written(
    person: Person, case: RightsRequest, bad: dict[str, object]
) -> None:
    page = write(person, case, **({"words": "My words."} | bad))
    assert 'role="alert"' in page
    assert not Message.objects.exists()
    if "words" not in bad:
        assert "My words." in page


def test_whoever_writes_a_lot_waits_and_is_not_locked_out(
    person: Person, case: RightsRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(written, "MOST_IN_AN_HOUR", 2)
    for number in range(2):
        write(person, case, f"Number {number}.")
    page = write(person, case, "The third.")
    assert "The third." in page
    assert "You have written a lot within an hour" in page
    assert Message.objects.count() == 2
    Message.objects.update(written_at=timezone.now() - timedelta(hours=1, seconds=1))
    write(person, case, "The third.")
    assert Message.objects.count() == 3


def test_a_message_is_no_answer_to_a_question(person: Person, case: RightsRequest) -> None:
    flow.ask(request_id=case.pk, kind=Stop.CLARIFICATION, question="Which one?", actor="staff:1")
    write(person, case, "The second one.")
    assert queries.open_questions(case).count() == 1
    assert not Notice.objects.filter(request=case, event=Event.CLOCK_RUNS).exists()


def test_staff_read_it_on_record_and_answer(person: Person, case: RightsRequest, staff: User) -> None:
    for _twice in range(2):
        write(person, case, HOSTILE, picture=upload())
    assert Notice.objects.filter(event=Event.MESSAGE_IN).count() == 1, "told once until it is read"
    client = sign_in(Client(), staff)
    overview = client.get(reverse("admin:rights_rightsrequest_change", args=[case.pk])).content.decode()
    assert "2 unread messages" in overview
    page = client.get(desk(case)).content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert JournalEntry.objects.filter(event="viewed_messages", actor=f"staff:{staff.pk}", request=case).count() == 1
    picture = Evidence.objects.filter(kind="enclosure").first()
    assert picture is not None
    assert client.get(reverse("admin:rights_request_enclosure", args=[case.pk, picture.pk])).status_code == 200
    assert JournalEntry.objects.filter(event="viewed_enclosure").count() == 1
    assert not case.messages.filter(read_at=None).exists()
    client.post(desk(case), {"key": str(uuid4()), "words": "Our secret words."})
    mail = compose(Notice.objects.get(request=case, event=Event.MESSAGE))
    assert mail.subject == f"Request {case.reference}: there is a message for you"
    assert "secret" not in mail.body + str(mail.alternatives[0][0])
    assert "Our secret words." in person.get("status", request_id=case.pk).content.decode()
    write(person, case)
    assert Notice.objects.filter(event=Event.MESSAGE_IN).count() == 2


def test_who_does_not_handle_requests_reads_no_messages(case: RightsRequest) -> None:
    client = sign_in(Client(), member("judge", Role.REVIEW))
    assert client.get(desk(case)).status_code == 403
    assert client.post(desk(case), {"words": "x"}).status_code == 403


def test_by_mail_is_marked_as_proving_nothing(case: RightsRequest, staff: User) -> None:
    flow.hear(request_id=case.pk, words="I am Ada.", mail_digest="ab" * 32)
    assert "By mail, not authenticated" in sign_in(Client(), staff).get(desk(case)).content.decode()


def test_words_go_with_the_evidence_and_nothing_is_written_after(
    person: Person, case: RightsRequest, staff: User
) -> None:
    write(person, case, picture=upload())
    flow.withdraw(request_id=case.pk)
    assert not case.evidence.exclude(sealed=b"").exists()
    with pytest.raises(vault.Destroyed):
        vault.unseal(case, b"")
    page = write(person, case, "More.")
    assert "The words were destroyed." in page
    assert Message.objects.count() == 1
    client = sign_in(Client(), staff)
    assert "The words were destroyed." in client.get(desk(case)).content.decode()
    client.post(desk(case), {"key": str(uuid4()), "words": "x"})
    assert Message.objects.count() == 1


def test_a_thread_of_many_shows_the_newest(person: Person, case: RightsRequest) -> None:
    for number in range(53):
        flow.tell(request_id=case.pk, words=f"Number {number}.", actor="staff:1")
    page = person.get("status", request_id=case.pk).content.decode()
    assert "Number 52." in page
    assert "Number 2." not in page
    assert "3 older messages are not shown" in page
