"""Ways around the table of steps that somebody tried: each is closed."""

import io
import json
import re
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from freezegun import freeze_time

from matching import reviews
from matching.models import Source
from portal import flow
from portal.models import ControllerProfile, Event
from portal.notices.compose import compose
from rights import triggers
from rights.law.lifecycle import TransitionRefused
from rights.law.regime import Stop
from rights.models import Channel, ClockKind, Decision, RightsRequest
from tests.portal.deeds import Ask, Run, answered, decide, proposal_of, reviewed
from tests.staffing import sign_in

pytestmark = pytest.mark.django_db


def sign(request: RightsRequest, by: User) -> None:
    number = proposal_of(request, "erasure")
    flow.countersign(request_id=request.pk, right="erasure", proposal=number, by=by)


@pytest.fixture
def desk(staff: User) -> Client:
    client = Client()
    sign_in(client, staff)
    return client


@pytest.mark.parametrize("spell", ["{0.hex}", "{0}", "{0!s:.36}"])
@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_no_spelling_of_a_number_opens_a_form_over_the_rows(ask: Ask, desk: Client, spell: str, case: object) -> None:
    request = ask()
    number = getattr(str, case.__name__)(spell.format(request.pk))  # type: ignore[attr-defined]
    url = reverse("admin:rights_rightsrequest_changelist") + f"{number}/change/"
    page = desk.get(url, follow=True)
    assert page.templates[0].name == "desk/request.html"
    desk.post(url, {"state": "reviewed", "due": "2099-01-01", "regime": "ccpa"}, follow=True)
    before = (request.state, request.due, request.regime)
    request.refresh_from_db()
    assert (request.state, request.due, request.regime) == before


def test_the_file_for_the_authority_opens_no_request(
    ask: Ask, painted: Source, run_jobs: Run, staff: User, other_staff: User, tmp_path: Path
) -> None:
    request = answered(ask, run_jobs, staff, other_staff)
    target = tmp_path / "file.zip"
    with freeze_time("2026-12-01T10:00:00Z", auto_tick_seconds=1):
        call_command("export_evidence", request.reference, output=target)
    with zipfile.ZipFile(target) as packed:
        whole = "".join(packed.read(name).decode() for name in packed.namelist())
        notices = json.loads(packed.read(f"{request.reference}/notices.json"))
    assert "/open/" not in whole
    assert any("[personal link]" in item.get("text", "") for item in notices)
    assert not re.search(r"\b\d{6}\b", "".join(item.get("text", "") for item in notices if item["event"] == "code"))
    assert target.stat().st_mode & 0o077 == 0


def test_with_the_person_their_letter_and_words_are_in_it(
    ask: Ask, painted: Source, run_jobs: Run, staff: User, other_staff: User, tmp_path: Path
) -> None:
    request = reviewed(ask, run_jobs, staff, other_staff)
    flow.ask(request_id=request.pk, kind=Stop.CLARIFICATION, question="Which years?", actor="staff:1")
    question = request.clock_events.get(kind=ClockKind.ASKED)
    flow.answer(request_id=request.pk, question_id=question.pk, words="All of them.", actor="citizen")
    decide(request, staff)
    run_jobs()
    target = tmp_path / "file.zip"
    call_command("export_evidence", request.reference, output=target, with_person=True)
    with zipfile.ZipFile(io.BytesIO(target.read_bytes())) as packed:
        files = {name.partition("/")[2]: packed.read(name) for name in packed.namelist()}
    assert files["reply-1.txt"] == b"All of them."
    assert files["letter.pdf"].startswith(b"%PDF")
    assert json.loads(files["person.json"])["email"] == "ada@example.org"


FORGERIES = {
    "a decision changed": "UPDATE rights_decision SET reasons = 'forged'",
    "a decision taken out of force": "UPDATE rights_decision SET in_force = {false}",
    "a decision removed": "DELETE FROM rights_decision",
    "a claim removed": "DELETE FROM rights_claim",
    "a state leapt over": "UPDATE rights_rightsrequest SET state = 'received', ended_at = NULL",
    "a receipt put off": "UPDATE rights_rightsrequest SET received_at = '2099-01-01 00:00:00+00:00'",
    "a clock event changed": "UPDATE rights_clockevent SET at = '2099-01-01 00:00:00+00:00'",
    "a carried out claim reopened": "UPDATE rights_claim SET fulfilled_at = NULL",
}


@pytest.mark.parametrize("statement", FORGERIES.values(), ids=FORGERIES)
def test_the_database_refuses(
    ask: Ask, painted: Source, run_jobs: Run, staff: User, other_staff: User, statement: str
) -> None:
    answered(ask, run_jobs, staff, other_staff)
    false = "0" if connection.vendor == "sqlite" else "false"
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(false=false))


def test_replacing_a_row_is_changing_it(ask: Ask) -> None:
    ask()
    statement = {
        "sqlite": "INSERT OR REPLACE INTO rights_clockevent SELECT * FROM rights_clockevent",
        "postgresql": "INSERT INTO rights_clockevent SELECT * FROM rights_clockevent "
        "ON CONFLICT (id) DO UPDATE SET at = now()",
    }[connection.vendor]
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_rule_that_was_made_toothless_is_missed(db: None) -> None:
    assert triggers.missing(connection) == []
    name = "regard_rights_claim_stays"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"DROP TRIGGER {name}")
            cursor.execute(f"CREATE TRIGGER {name} BEFORE DELETE ON rights_claim BEGIN SELECT 1; END")
        else:
            cursor.execute(
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'"
            )
    assert triggers.missing(connection) == ["rights_claim_stays"]
    triggers.install(connection)
    assert triggers.missing(connection) == []


def test_a_proposal_does_not_outlive_the_review_it_was_made_on(
    ask: Ask, painted: Source, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = reviewed(ask, run_jobs, staff, other_staff, rights=("erasure",))
    ControllerProfile.objects.update(found_unlawful="A court.")
    decide(request, staff, "refused", ground="legal-claims", reasons="A trial is pending.")
    face = reviews.accepted_faces(request.pk).first()
    flow.review(request_id=request.pk, face_key=face.pk, verdict="not", by=staff)
    with pytest.raises(TransitionRefused, match="Nothing waits"):
        sign(request, other_staff)
    assert request.journal_entries.filter(event="proposal_dropped").exists()


def test_a_proposal_does_not_outlive_its_request(ask: Ask, staff: User) -> None:
    ask(rights=("access",))
    request = ask(rights=("access",))
    decide(request, staff, "refused", ground="unfounded", reasons="A joke.")
    flow.withdraw(request_id=request.pk)
    assert not Decision.objects.filter(claim__request=request).exists()


def test_the_first_signer_is_refused_as_the_second_whatever_changed(
    ask: Ask, painted: Source, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = reviewed(ask, run_jobs, staff, other_staff, rights=("erasure",))
    ControllerProfile.objects.update(found_unlawful="A court.")
    decide(request, staff, "refused", ground="legal-claims", reasons="A trial is pending.")
    ControllerProfile.objects.update(found_unlawful="")
    with pytest.raises(TransitionRefused, match="second person"):
        sign(request, staff)


@pytest.mark.parametrize("year", ["0001", "0026", "1999"])
def test_a_slip_in_the_year_is_named_and_moves_nothing(ask: Ask, desk: Client, year: str) -> None:
    request = ask()
    form = {"again-at": f"{year}-03-02T09:00", "again-channel": Channel.POST}
    page = desk.post(reverse("admin:rights_request_again", args=[request.pk]), form, follow=True)
    assert "Check the year" in page.content.decode()
    letter = {
        "channel": "post", "received_at": f"{year}-03-02T09:00", "rights": ["access"], "language": "en",
        "email": "bo@example.org",
    }  # fmt: skip
    assert "Check the year" in desk.post(reverse("admin:rights_request_enter"), letter).content.decode()
    assert RightsRequest.objects.count() == 1
    due = request.due
    request.refresh_from_db()
    assert request.due == due


def test_the_mails_keep_to_what_held_when_they_were_posted(ask: Ask) -> None:
    request = ask()
    flow.confirm(request_id=request.pk)
    flow.ask(request_id=request.pk, kind=Stop.CLARIFICATION, question="Which years?", actor="staff:1")
    flow.doubt(request_id=request.pk, words="Somebody else claims the address.", actor="staff:1")
    flow.ask(request_id=request.pk, kind=Stop.IDENTITY, question="Where was it taken?", actor="staff:1")
    first, second = request.clock_events.filter(kind=ClockKind.ASKED).order_by("pk")
    flow.answer(request_id=request.pk, question_id=first.pk, words="All.", actor="citizen")
    told = request.notices.get(event=Event.CLOCK_RUNS, key=str(first.pk))
    assert "still open" in str(compose(told).body)
    asked = request.notices.get(event=Event.ASKED, key=str(second.pk))
    before = str(compose(asked).body)
    assert "stands still" in before
    with freeze_time(request.received_at + timedelta(days=9)):
        flow.answer(request_id=request.pk, question_id=second.pk, words="In Lyon.", actor="citizen")
        assert "stands still" in str(compose(asked).body)


def test_a_late_reply_is_not_answered_with_a_date_that_has_passed(controller: object) -> None:
    with freeze_time("2026-03-02T10:00:00Z"):
        contact = flow.Contact(email="ada@example.org", place="US-CA")
        request = flow.receive(rights=["access"], contact=contact, channel="web", probe=None)
        flow.ask(request_id=request.pk, kind=Stop.CLARIFICATION, question="Which years?", actor="staff:1")
    with freeze_time("2026-05-05T10:00:00Z"):
        question = request.clock_events.get(kind=ClockKind.ASKED)
        flow.answer(request_id=request.pk, question_id=question.pk, words="All.", actor="citizen")
        body = str(compose(request.notices.get(event=Event.CLOCK_RUNS)).body)
    assert "was due on 16 April 2026 and is late" in body


def test_nothing_more_is_asked_once_it_is_decided(
    ask: Ask, painted: Source, run_jobs: Run, staff: User, other_staff: User
) -> None:
    request = answered(ask, run_jobs, staff, other_staff)
    assert request.state == "decided"
    with pytest.raises(TransitionRefused, match="is decided"):
        flow.ask(request_id=request.pk, kind=Stop.CLARIFICATION, question="Which years?", actor="staff:1")
