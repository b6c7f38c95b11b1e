"""What moves the legal date: each act with its notice, or not at all."""

from datetime import UTC, date, datetime

import pytest
from django.contrib.auth.models import User
from freezegun import freeze_time

from portal import flow, vault
from portal.models import Event, EvidenceKind, Notice, NoticeState
from portal.notices import outbox
from portal.notices.compose import compose
from rights import queries
from rights.law.lifecycle import TransitionRefused
from rights.law.regime import Stop
from rights.models import ClockKind, RightsRequest
from tests.portal.citizens.person import Person
from tests.portal.deeds import Ask

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(ask: Ask) -> RightsRequest:
    with freeze_time("2026-03-02T10:00:00Z"):
        request = ask()
        flow.confirm(request_id=request.pk)
        request.refresh_from_db()
        return request


def question(case: RightsRequest, kind: Stop = Stop.CLARIFICATION) -> int:
    flow.ask(request_id=case.pk, kind=kind, question="Which years do you mean?", actor="staff:1")
    return case.clock_events.get(kind=ClockKind.ASKED, asked_for=kind).pk


def test_a_question_stops_the_clock_and_the_answer_lets_it_go_on(case: RightsRequest) -> None:
    with freeze_time("2026-03-12T10:00:00Z"):
        pk = question(case)
        assert "stands still" in str(compose(case.notices.get(event=Event.ASKED)).body)
    with freeze_time("2026-04-20T10:00:00Z"):
        flow.watch_what_is_owed()
        case.refresh_from_db()
        assert case.due == date(2026, 5, 11), "20 days are left: 10 May is a Sunday"
        assert not case.notices.filter(event__in=[Event.DUE, Event.DUE_SOON]).exists(), "it stands: nobody is late"
        flow.answer(request_id=case.pk, question_id=pk, words="2019 to 2021.", actor="citizen")
        flow.answer(request_id=case.pk, question_id=pk, words="Once more.", actor="citizen")
    case.refresh_from_db()
    assert case.due == date(2026, 5, 11)
    reply = case.evidence.get(kind=EvidenceKind.REPLY)
    assert b"2019" not in bytes(reply.sealed)
    assert vault.unseal(case, bytes(reply.sealed)) == b"2019 to 2021."
    assert case.notices.filter(event=Event.CLOCK_RUNS).count() == 1


def test_the_person_answers_on_their_page(ask: Ask) -> None:
    person = Person()
    case = person.ask()
    person.type_code(case)
    pk = question(case)
    assert "Which years do you mean?" in person.get("status", request_id=case.pk).content.decode()
    empty = person.post("reply", {"words": " "}, request_id=case.pk, question_id=pk)
    assert "Write your answer here." in empty.content.decode()
    assert queries.open_questions(case).exists()
    person.post("reply", {"words": "All of them."}, request_id=case.pk, question_id=pk)
    assert not queries.open_questions(case).exists()
    assert "Which years" not in person.get("status", request_id=case.pk).content.decode()
    assert "All of them." not in person.get("status", request_id=case.pk).content.decode()
    other = Person()
    assert other.post("reply", {"words": "Me too."}, request_id=case.pk, question_id=pk).status_code == 302
    assert case.evidence.filter(kind=EvidenceKind.REPLY).count() == 1


def test_one_question_of_a_kind_at_a_time(case: RightsRequest) -> None:
    with freeze_time("2026-03-12T10:00:00Z"):
        question(case)
        with pytest.raises(TransitionRefused, match="already"):
            question(case)


def test_a_question_after_the_time_is_over_stops_nothing(case: RightsRequest) -> None:
    with freeze_time("2026-04-03T10:00:00Z"), pytest.raises(TransitionRefused, match="came after"):
        question(case)
    assert not Notice.objects.filter(event=Event.ASKED).exists()


@pytest.mark.parametrize("act", ["extend", "ask"])
def test_without_its_notice_nothing_happens(case: RightsRequest, act: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**what: object) -> None:
        raise OSError("no outbox")

    monkeypatch.setattr(outbox, "post", broken)
    how = {
        "extend": lambda: flow.extend(request_id=case.pk, reasons="Many pictures.", actor="staff:1"),
        "ask": lambda: question(case),
    }[act]
    with freeze_time("2026-03-12T10:00:00Z"), pytest.raises(OSError, match="no outbox"):
        how()
    case.refresh_from_db()
    assert case.due == date(2026, 4, 2)
    assert set(case.clock_events.values_list("kind", flat=True)) == {"received"}


def test_the_time_is_extended_once(case: RightsRequest) -> None:
    with freeze_time("2026-03-12T10:00:00Z"):
        flow.extend(request_id=case.pk, reasons="Many pictures.", actor="staff:1")
        with pytest.raises(TransitionRefused, match="extended before"):
            flow.extend(request_id=case.pk, reasons="Even more.", actor="staff:1")
    case.refresh_from_db()
    assert case.due == date(2026, 6, 2)


def test_an_earlier_receipt_may_show_that_an_extension_came_too_late(case: RightsRequest) -> None:
    with freeze_time("2026-04-02T10:00:00Z"):
        flow.extend(request_id=case.pk, reasons="Many pictures.", actor="staff:1")
        moved = flow.received_again(
            request_id=case.pk, at=datetime(2026, 2, 2, 9, tzinfo=UTC), channel="post", actor="staff:1"
        )
    assert moved
    case.refresh_from_db()
    assert case.due == date(2026, 3, 2), "the notice of 2 April was not inside the first month after all"


def test_a_person_without_mail_is_told_by_post_and_staff_record_the_answer(case: RightsRequest) -> None:
    case.requester.email = ""
    case.requester.save()
    with freeze_time("2026-03-12T10:00:00Z"):
        pk = question(case)
        assert case.notices.get(event=Event.ASKED).state == NoticeState.BY_POST
        with pytest.raises(ValueError, match="after its question"):
            flow.answer(
                request_id=case.pk, question_id=pk, words="", actor="staff:1", at=datetime(2026, 3, 1, tzinfo=UTC)
            )
    with freeze_time("2026-03-22T10:00:00Z"):
        at = datetime(2026, 3, 20, 9, tzinfo=UTC)
        flow.answer(request_id=case.pk, question_id=pk, words="", actor="staff:1", at=at)
    assert case.clock_events.get(kind=ClockKind.ANSWERED).at == at


def test_under_california_nothing_that_is_asked_moves_the_date(controller: object, staff: User) -> None:
    with freeze_time("2026-03-02T10:00:00Z"):
        contact = flow.Contact(email="ada@example.org", place="US-CA")
        request = flow.receive(rights=["access"], contact=contact, channel="web", probe=None)
        assert (request.regime, request.due) == ("ccpa", date(2026, 4, 16))
    with freeze_time("2026-03-12T10:00:00Z"):
        question(request)
        assert "goes on" in str(compose(request.notices.get(event=Event.ASKED)).body)
    with freeze_time("2026-04-20T10:00:00Z"):
        flow.watch_what_is_owed()
        request.refresh_from_db()
        assert request.due == date(2026, 4, 16)
        assert queries.days_left(request) == -4
