"""An identity document: asked for on a recorded doubt, masked, looked at once, and gone with the decision."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from freezegun import freeze_time

from matching.models import Source
from portal import flow, vault
from portal.identity import document as documents
from portal.models import DocumentCheck, Event, Evidence, EvidenceKind, Job, JobKind, JobState, Likeness
from portal.notices.compose import compose
from rights import queries
from rights.law.lifecycle import TransitionRefused
from rights.law.regime import Stop
from rights.models import JournalEntry, RightsRequest
from tests.fakes import paint
from tests.portal.citizens.person import Person, upload
from tests.portal.deeds import Ask, Run, reviewed
from tests.staffing import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

DAY = "2026-03-12T10:00:00Z"


@pytest.fixture
def case(painted: Source, ask: Ask) -> RightsRequest:
    request = ask()
    flow.confirm(request_id=request.pk)
    request.refresh_from_db()
    return request


@pytest.fixture
def of_march(painted: Source, ask: Ask) -> RightsRequest:
    with freeze_time("2026-03-02T10:00:00Z"):
        request = ask()
        flow.confirm(request_id=request.pk)
        request.refresh_from_db()
        return request


@pytest.fixture
def desk(client: Client, staff: User) -> Client:
    sign_in(client, staff)
    return client


def url(name: str, request: RightsRequest, *args: object) -> str:
    return reverse(f"admin:rights_request_{name}", args=[request.pk, *args])


def page(request: RightsRequest) -> str:
    return reverse("admin:rights_rightsrequest_change", args=[request.pk])


def asked(case: RightsRequest) -> DocumentCheck:
    flow.doubt(request_id=case.pk, words="The age in the letter differs.", actor="staff:1")
    return flow.ask_document(request_id=case.pk, actor="staff:1")


def person_of(case: RightsRequest) -> Person:
    person = Person()
    person.open(case)
    return person


def send(person: Person, case: RightsRequest, who: str = "ada", shade: int = 3) -> object:
    return person.post("document", {"photo": upload(paint([None, who], shade=shade), "card.jpg")}, request_id=case.pk)


def decision(desk: Client, case: RightsRequest, outcome: str) -> dict[str, str]:
    """The form of the page, with the mark of what was seen on it."""
    form = desk.get(url("document", case)).context["decision"]
    return {"outcome": outcome, "seen": form.initial["seen"]}


def events(case: RightsRequest) -> list[str]:
    return list(JournalEntry.objects.filter(request=case).order_by("position").values_list("event", flat=True))


def test_without_a_doubt_the_desk_has_no_button_and_an_attempt_is_refused_and_journalled(
    case: RightsRequest, desk: Client
) -> None:
    assert url("ask_document", case) not in desk.get(page(case)).content.decode()
    said = desk.post(url("ask_document", case), follow=True).content.decode()
    assert "Photograph and e-mail suffice" in said
    assert not DocumentCheck.objects.exists()
    assert not case.notices.filter(event=Event.DOCUMENT_ASKED).exists()
    assert "document_not_asked" in events(case)
    assert (
        "We do not need"
        in person_of(case).client.get(reverse("citizens:document", args=[case.pk]), follow=True).content.decode()
    )


def test_the_whole_way_over_desk_and_web(case: RightsRequest, desk: Client, run_jobs: Run) -> None:
    desk.post(url("doubt", case), {"doubt-doubt": "The age in the letter differs."})
    assert url("ask_document", case) in desk.get(page(case)).content.decode()
    desk.post(url("ask_document", case))
    person = person_of(case)
    assert "See what we need" in person.get("status", request_id=case.pk).content.decode()
    told = person.get("document", request_id=case.pk).content.decode()
    assert "Please cover everything else" in told
    assert "no PDF" in told
    send(person, case)
    run_jobs()
    shown = desk.get(url("document", case)).content.decode()
    assert "the portrait matches" in shown
    evidence = Evidence.objects.get(kind=EvidenceKind.DOCUMENT)
    assert desk.get(url("document_picture", case, evidence.pk)).status_code == 200
    assert "viewed_document" in events(case)
    desk.post(url("decide_document", case), decision(desk, case, "sufficient"))
    check = DocumentCheck.objects.get()
    assert check.state == "sufficient"
    assert "Identity card was checked" in person.get("status", request_id=case.pk).content.decode()
    assert desk.get(url("document_picture", case, evidence.pk)).status_code == 404
    assert "identity_card_checked" in events(case)
    mail = str(compose(case.notices.get(event=Event.DOCUMENT_DONE)).body)
    assert "settles our doubt" in mail
    words = str(list(JournalEntry.objects.filter(request=case).values_list("event", "detail")))
    assert "differs" not in words


def test_the_mail_and_the_question_are_one_transaction(case: RightsRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    flow.doubt(request_id=case.pk, words="The age differs.", actor="staff:1")

    def broken(**what: object) -> None:
        raise OSError("no outbox")

    monkeypatch.setattr("portal.notices.outbox.post", broken)
    with pytest.raises(OSError, match="no outbox"):
        flow.ask_document(request_id=case.pk, actor="staff:1")
    assert not DocumentCheck.objects.exists()
    assert not queries.open_questions(case).exists()


def test_the_clock_stands_until_the_picture_arrives(of_march: RightsRequest) -> None:
    with freeze_time(DAY):
        asked(of_march)
        mail = str(compose(of_march.notices.get(event=Event.DOCUMENT_ASKED)).body)
        assert "stands still" in mail
        assert "cover everything else" in mail
    with freeze_time("2026-04-20T10:00:00Z"):
        flow.receive_document(request_id=of_march.pk, picture=paint(["ada"]))
        flow.receive_document(request_id=of_march.pk, picture=paint(["ada"], shade=2))
    of_march.refresh_from_db()
    assert of_march.due == date(2026, 5, 11), "20 days are left: 10 May is a Sunday"
    assert of_march.notices.filter(event=Event.CLOCK_RUNS).count() == 1


def test_under_california_the_clock_never_stands(controller: object, painted: Source) -> None:
    with freeze_time("2026-03-02T10:00:00Z"):
        contact = flow.Contact(email="ada@example.org", place="US-CA")
        request = flow.receive(rights=["access"], contact=contact, channel="web", probe=paint(["ada"]))
        flow.confirm(request_id=request.pk)
    with freeze_time(DAY):
        asked(request)
        assert "goes on" in str(compose(request.notices.get(event=Event.DOCUMENT_ASKED)).body)
        assert "The legal time goes on" in person_of(request).get("document", request_id=request.pk).content.decode()
    with freeze_time("2026-03-30T10:00:00Z"):
        flow.receive_document(request_id=request.pk, picture=paint(["ada"]))
    request.refresh_from_db()
    assert request.due == date(2026, 4, 16)


def test_a_second_picture_takes_the_place_of_the_first(case: RightsRequest, run_jobs: Run) -> None:
    asked(case)
    person = person_of(case)
    send(person, case, who="bo")
    run_jobs()
    assert DocumentCheck.objects.get().likeness == "different"
    send(person, case, who="ada", shade=5)
    first, second = Evidence.objects.filter(kind=EvidenceKind.DOCUMENT).order_by("created_at")
    assert (bytes(first.sealed), first.destroyed_at is None) == (b"", False)
    assert DocumentCheck.objects.get().likeness == "", "what was said of the first is not said of the second"
    run_jobs()
    assert DocumentCheck.objects.get().likeness == "same"
    assert DocumentCheck.objects.get().evidence == second


@pytest.mark.parametrize(
    ("people", "said"), [([None], "no_face"), (["ada", "ada"], "same"), (["ada's twin"], "possible")]
)
def test_what_the_faces_say(case: RightsRequest, run_jobs: Run, people: list[str | None], said: str) -> None:
    asked(case)
    flow.receive_document(request_id=case.pk, picture=paint(people))
    run_jobs()
    assert DocumentCheck.objects.get().likeness == said


def test_a_picture_that_came_while_another_was_compared_is_compared_as_well(case: RightsRequest) -> None:
    asked(case)
    flow.receive_document(request_id=case.pk, picture=paint(["ada"]))
    Job.objects.filter(kind=JobKind.COMPARE_DOCUMENT).update(state=JobState.DONE)
    flow.start_due_comparisons()
    assert Job.objects.filter(kind=JobKind.COMPARE_DOCUMENT, state=JobState.WAITING).count() == 1


def test_a_photograph_that_comes_while_a_document_is_compared_is_compared_as_well(
    case: RightsRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stalker's document matches their own photograph; the victim's comes in the moment of the comparison."""
    asked(case)
    flow.receive_document(request_id=case.pk, picture=paint(["ada"]))
    compare = documents.compare
    added: list[None] = []

    def slow(request: RightsRequest, document: bytes) -> Likeness:
        said = compare(request, document)
        if not added:
            added.append(None)
            flow.replace_probe(request_id=case.pk, probe=paint(["bo"], shade=4))
        return said

    monkeypatch.setattr(documents, "compare", slow)
    flow.compare_document(request_id=case.pk)
    assert DocumentCheck.objects.get().likeness == "different"


@pytest.mark.parametrize("comes", ["photograph", "document"])
def test_staff_decide_on_what_they_saw_and_nothing_that_came_since(
    case: RightsRequest, desk: Client, comes: str
) -> None:
    asked(case)
    flow.receive_document(request_id=case.pk, picture=paint(["ada"]))
    form = decision(desk, case, "sufficient")
    if comes == "photograph":
        flow.replace_probe(request_id=case.pk, probe=paint(["bo"], shade=4))
    else:
        flow.receive_document(request_id=case.pk, picture=paint(["bo"], shade=4))
    said = desk.post(url("decide_document", case), form).content.decode()
    assert "look again" in said
    assert DocumentCheck.objects.get().state == "received"
    desk.post(url("decide_document", case), decision(desk, case, "insufficient"))
    assert DocumentCheck.objects.get().state == "insufficient"


def test_another_session_neither_sees_the_page_nor_leaves_a_file(
    case: RightsRequest, ask: Ask, another_case: RightsRequest
) -> None:
    asked(case)
    stranger = person_of(another_case)
    for response in (stranger.get("document", request_id=case.pk), send(stranger, case), send(Person(), case)):
        assert response.status_code == 302
        assert response.url == reverse("citizens:find")
    send(stranger, another_case)
    assert not Evidence.objects.filter(kind=EvidenceKind.DOCUMENT).exists(), "nobody was asked there"


@pytest.fixture
def another_case(ask: Ask) -> RightsRequest:
    return ask(name="bo", email="bo@example.org")


def test_a_file_that_is_no_picture_is_refused_with_a_sentence(case: RightsRequest) -> None:
    asked(case)
    said = person_of(case).post("document", {"photo": upload(b"%PDF-1.7 x", "card.pdf")}, request_id=case.pk)
    assert "not a picture" in said.content.decode()
    assert not Evidence.objects.filter(kind=EvidenceKind.DOCUMENT).exists()


def test_who_sends_none_can_say_why(case: RightsRequest) -> None:
    check = asked(case)
    person = person_of(case)
    person.post("reply", {"words": "I have none. May I come?"}, request_id=case.pk, question_id=check.question_id)
    assert not queries.open_questions(case).exists()
    assert queries.is_owed(case)


def test_the_file_is_gone_with_the_decision_and_nothing_of_it_is_left(
    case: RightsRequest, desk: Client, run_jobs: Run, settings: object
) -> None:
    asked(case)
    send(person_of(case), case)
    run_jobs()
    evidence = Evidence.objects.get(kind=EvidenceKind.DOCUMENT)
    sealed, jpeg = bytes(evidence.sealed), vault.unseal(case, bytes(evidence.sealed))
    lines = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
    checked = desk.post(url("check_digits", case), {"lines": lines}).content.decode()
    assert "the check digits are right" in checked
    assert "L898902C3" not in checked
    pieces = [sealed[100:160], jpeg[200:260], b"ERIKSSON", b"L898902C3"]
    assert pieces[0] in everything_stored(), "or the search below could not find anything"
    desk.post(url("decide_document", case), decision(desk, case, "insufficient"))
    evidence.refresh_from_db()
    assert bytes(evidence.sealed) == b""
    stored = everything_stored()
    assert [piece for piece in pieces if piece in stored] == []
    assert DocumentCheck.objects.get().check_digits == "right", "the note stays"


def everything_stored() -> bytes:
    """Every value of every table, and every file of the installation but the models and the database's own pages."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                found += [bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode() for cell in row]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        found.append(Path(str(connection.settings_dict["NAME"])).read_bytes())
    for path in Path(configured.VAR_DIR).rglob("*"):
        if path.is_file() and ".sqlite3" not in path.name:
            found.append(path.read_bytes())
    return b"\0".join(found)


def test_decision_and_destruction_are_one_transaction(case: RightsRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    asked(case)
    flow.receive_document(request_id=case.pk, picture=paint(["ada"]))

    def broken(**what: object) -> None:
        raise OSError("no outbox")

    monkeypatch.setattr("portal.notices.outbox.post", broken)
    with pytest.raises(OSError, match="no outbox"):
        flow.decide_document(request_id=case.pk, sufficient=True, actor="staff:1")
    assert DocumentCheck.objects.get().state == "received"
    assert bytes(Evidence.objects.get(kind=EvidenceKind.DOCUMENT).sealed) != b""


def test_deciding_twice_is_refused(case: RightsRequest) -> None:
    asked(case)
    flow.receive_document(request_id=case.pk, picture=paint(["ada"]))
    flow.decide_document(request_id=case.pk, sufficient=False, actor="staff:1")
    with pytest.raises(TransitionRefused, match="no identity document"):
        flow.decide_document(request_id=case.pk, sufficient=True, actor="staff:1")
    with pytest.raises(TransitionRefused, match="do not need"):
        flow.receive_document(request_id=case.pk, picture=paint(["ada"]))
    assert DocumentCheck.objects.get().state == "insufficient"


def test_a_doubt_that_is_withdrawn_takes_everything_with_it(of_march: RightsRequest, desk: Client) -> None:
    with freeze_time(DAY):
        asked(of_march)
        sign_in(desk, User.objects.get())
        desk.post(url("undoubt", of_march), {"undoubt-words": ""})
        assert DocumentCheck.objects.get().state == "asked"
    with freeze_time("2026-03-22T10:00:00Z"):
        sign_in(desk, User.objects.get())
        desk.post(url("undoubt", of_march), {"undoubt-words": "The letter had a slip."})
        assert "our doubt is gone" in str(compose(of_march.notices.get(event=Event.DOCUMENT_MOOT)).body).lower()
        assert DocumentCheck.objects.get().state == "moot"
        assert queries.deadline(of_march).standing_since is None
        with pytest.raises(TransitionRefused, match="suffice"):
            flow.ask_document(request_id=of_march.pk, actor="staff:1")
        with pytest.raises(TransitionRefused, match="no doubt"):
            flow.withdraw_doubt(request_id=of_march.pk, words="Again.", actor="staff:1")
        assert url("ask_document", of_march) not in desk.get(page(of_march)).content.decode()


def test_a_plain_question_about_identity_ends_with_the_doubt(case: RightsRequest) -> None:
    flow.doubt(request_id=case.pk, words="The age differs.", actor="staff:1")
    flow.ask(request_id=case.pk, kind=Stop.IDENTITY, question="When did you move?", actor="staff:1")
    flow.withdraw_doubt(request_id=case.pk, words="A slip.", actor="staff:1")
    assert not queries.open_questions(case).exists()
    assert case.notices.filter(event=Event.DOCUMENT_MOOT).count() == 1


def test_a_picture_that_came_is_destroyed_with_the_doubt(case: RightsRequest) -> None:
    asked(case)
    flow.receive_document(request_id=case.pk, picture=paint(["ada"]))
    flow.withdraw_doubt(request_id=case.pk, words="The letter had a slip.", actor="staff:1")
    assert bytes(Evidence.objects.get(kind=EvidenceKind.DOCUMENT).sealed) == b""


def test_a_picture_that_nobody_looks_at_is_destroyed_on_its_date(case: RightsRequest) -> None:
    asked(case)
    flow.receive_document(request_id=case.pk, picture=paint(["ada"]))
    assert Evidence.objects.get(kind=EvidenceKind.DOCUMENT).destroy_on == timezone.localdate() + timedelta(days=14)
    with freeze_time(timezone.now() + timedelta(days=13)):
        flow.destroy_unused_documents()
        flow.destroy_what_is_due()
        assert DocumentCheck.objects.get().state == "received"
    with freeze_time(timezone.now() + timedelta(days=15)):
        flow.destroy_unused_documents()
        flow.destroy_what_is_due()
    assert DocumentCheck.objects.get().state == "unused"
    assert bytes(Evidence.objects.get(kind=EvidenceKind.DOCUMENT).sealed) == b""
    assert "document_destroyed_unused" in events(case)


def test_who_withdraws_the_request_takes_the_document_along(case: RightsRequest, run_jobs: Run) -> None:
    asked(case)
    flow.receive_document(request_id=case.pk, picture=paint(["ada"]))
    flow.withdraw(request_id=case.pk)
    assert bytes(Evidence.objects.get(kind=EvidenceKind.DOCUMENT).sealed) == b""
    assert DocumentCheck.objects.get().state == "unused"
    run_jobs()


def test_nothing_is_disclosed_on_a_basis_that_the_document_did_not_give(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    case = reviewed(ask, run_jobs, staff, other_staff)

    def grant(basis: str) -> None:
        flow.decide(request_id=case.pk, right="access", outcome="granted", by=staff, identity_basis=basis)

    with pytest.raises(TransitionRefused, match="No identity document was checked"):
        grant("identity_card")
    asked(case)
    for _state in ("asked", "received", "insufficient"):
        with pytest.raises(TransitionRefused, match="has not settled"):
            grant("photo_and_email")
        if _state == "asked":
            flow.receive_document(request_id=case.pk, picture=paint(["ada"]))
        elif _state == "received":
            flow.decide_document(request_id=case.pk, sufficient=False, actor="staff:1")
    flow.ask_document(request_id=case.pk, actor="staff:1")
    flow.receive_document(request_id=case.pk, picture=paint(["ada"]))
    flow.decide_document(request_id=case.pk, sufficient=True, actor="staff:1")
    grant("identity_card")
