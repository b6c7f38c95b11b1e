"""Mails to an address that somebody typed: how many go, what waits, and what frees it."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.core.validators import validate_email
from django.db import connections
from django.utils import timezone
from freezegun import freeze_time

from portal import flow
from portal.identity import email_code, new_address
from portal.models import AddressChange, EmailCode, Event, MailTurn, Notice, NoticeState, Role
from portal.notices import outbox, turns
from rights.models import Channel, RightsRequest
from tests.portal.citizens.person import Person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("controller")]

MORNING = "2026-03-02 09:00:00+00:00"
HERE, THERE = "a" * 64, "b" * 64
FEW = turns.OF_ONE_NETWORK[turns.HOUR]
MOST = turns.MOST[turns.HOUR]


@pytest.fixture
def clock() -> Iterator[Any]:
    with freeze_time(MORNING) as frozen:
        yield frozen


def ask(email: str = "ada@example.org", network: str | None = HERE, **contact: Any) -> RightsRequest:
    who = flow.Contact(name="Ada", email=email, language="en", **contact)
    return flow.receive(rights=["access"], contact=who, channel=Channel.WEB, probe=None, network=network)


def deliver() -> list[str]:
    """What the worker does with everything that is due; to whom mails went."""
    before = len(mail.outbox)
    for number in outbox.due():
        outbox.deliver(notice_id=number)
    return [message.to[0] for message in mail.outbox[before:]]


def flood(requests: int, email: str = "ada@example.org", network: str = THERE) -> None:
    for _number in range(requests):
        ask(email, network)


def test_somebody_who_asks_once_waits_for_nothing(clock: Any) -> None:
    case = ask()
    assert deliver() == ["ada@example.org"] * 2
    assert set(case.notices.values_list("state", flat=True)) == {NoticeState.SENT}


def test_many_requests_are_all_on_record_and_few_of_their_mails_go(clock: Any) -> None:
    flood(20)
    assert RightsRequest.objects.count() == 20
    assert len(deliver()) == FEW
    assert Notice.objects.filter(state=NoticeState.WAITING).count() == 40 - FEW
    assert outbox.due() == []
    clock.tick(turns.HOUR)
    assert len(deliver()) == FEW


def test_workers_that_deliver_at_once_take_no_turn_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    flood(FEW)
    counted = turns._waits

    def slowly(turn: MailTurn, now: datetime) -> list[datetime]:
        found = list(counted(turn, now))
        time.sleep(0.02)
        return found

    monkeypatch.setattr(turns, "_waits", slowly)

    def deliver_one(number: UUID) -> bool:
        try:
            return outbox.deliver(notice_id=number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2 * FEW) as workers:
        assert sum(workers.map(deliver_one, outbox.due())) == FEW


def test_no_day_brings_more_than_said(clock: Any) -> None:
    flood(40)
    sent = 0
    for _hour in range(24):
        sent += len(deliver())
        clock.tick(turns.HOUR)
    assert sent == turns.OF_ONE_NETWORK[turns.DAY]


def test_who_floods_a_mailbox_keeps_no_mail_of_others_from_it(clock: Any) -> None:
    flood(20)
    deliver()
    case = ask(network=HERE)
    assert len(deliver()) == 2
    code = EmailCode.objects.get(request=case)
    assert email_code.check(request=case, digits=email_code.digits(code)).ok


def test_many_networks_together_have_a_limit_too(clock: Any) -> None:
    for number in range(10):
        flood(4, network=f"{number:064d}")
    assert len(deliver()) == MOST


OTHERWISE = (
    "ADA@Example.org",
    "ada+again@example.org",
    '"ada"@example.org',
    '"a\\da+again"@example.org',
    "a.da@example.org",
    "ada@\uff45xample.org",  # A full-width e.
    "ada@exam\u00adple.org",  # A soft hyphen.
)


@pytest.mark.parametrize("email", OTHERWISE)
def test_the_same_mailbox_written_otherwise_is_the_same(clock: Any, email: str) -> None:
    validate_email(email)
    flood(FEW)
    deliver()
    flood(1, email=email)
    assert deliver() == []
    flood(1, email="bo@example.org")
    assert deliver() == ["bo@example.org"] * 2


def test_a_code_that_had_to_wait_lives_from_when_its_mail_goes(clock: Any) -> None:
    flood(FEW)
    deliver()
    late = ask(network=THERE)
    deliver()
    code = EmailCode.objects.get(request=late)
    clock.tick(turns.HOUR - timedelta(seconds=1))
    assert not email_code.check(request=late, digits=email_code.digits(code)).ok, "nobody has it yet, so it is none"
    Notice.objects.exclude(request=late).filter(state=NoticeState.WAITING).delete()
    clock.tick(timedelta(seconds=1))
    assert len(deliver()) == 2
    clock.tick(email_code.LIFETIME - timedelta(seconds=1))
    assert email_code.check(request=late, digits=email_code.digits(code)).ok


def test_of_several_codes_that_wait_the_newest_goes(clock: Any) -> None:
    flood(FEW)
    deliver()
    late = ask(network=THERE)
    for _again in range(2):
        clock.tick(email_code.PAUSE_BETWEEN)
        assert email_code.issue_if_due(request=late, network=THERE)
        deliver()
    Notice.objects.exclude(request=late).filter(state=NoticeState.WAITING).delete()
    clock.tick(turns.HOUR)
    deliver()
    states = list(late.notices.filter(event=Event.CODE).order_by("created_at").values_list("state", flat=True))
    assert states == [NoticeState.FAILED, NoticeState.FAILED, NoticeState.SENT]


def test_a_code_that_was_typed_lets_the_others_come(clock: Any) -> None:
    """As of an agent who makes many requests from one mailbox."""
    flood(20, network=HERE)
    first = RightsRequest.objects.order_by("received_at", "pk")
    deliver()
    came = first.filter(notices__event=Event.CODE, notices__state=NoticeState.SENT).first()
    assert came is not None
    assert email_code.check(request=came, digits=email_code.digits(came.codes.get())).ok
    assert len(deliver()) == FEW
    assert not MailTurn.objects.filter(notice__request=came, notice__event=Event.CODE, at=None).exists()


def test_a_code_that_the_person_typed_lets_no_flood_of_another_network_come(clock: Any) -> None:
    flood(20)
    case = ask(network=HERE)
    assert len(deliver()) == FEW + 2
    assert email_code.check(request=case, digits=email_code.digits(case.codes.get())).ok
    assert deliver() == []


def test_what_waited_for_a_day_in_vain_does_not_go_and_staff_can_still_send_it(clock: Any) -> None:
    flood(30)
    deliver()
    clock.tick(turns.DAY)
    assert deliver() == []
    given_up = Notice.objects.filter(state=NoticeState.FAILED, event=Event.ACKNOWLEDGED).first()
    assert given_up is not None
    assert outbox.retry(notice_id=given_up.pk)
    assert len(deliver()) == 1


def test_a_person_concerned_is_not_flooded_either(clock: Any) -> None:
    for number in range(12):
        who = {"on_behalf": True, "role": Role.AGENT, "person_name": "Bo", "person_email": "bo@example.org"}
        ask(f"agent-{number}@example.org", network=THERE, **who)
    assert deliver().count("bo@example.org") == FEW


def test_who_acts_is_not_flooded_with_noes_that_somebody_says_in_both_names(clock: Any) -> None:
    for number in range(12):
        who = {"on_behalf": True, "role": Role.AGENT, "person_name": "Bo", "person_email": f"bo-{number}@example.org"}
        case = ask(network=THERE, **who)
        flow.disowned(request_id=case.pk, network=THERE)
    assert deliver().count("ada@example.org") == FEW
    proven = ask("eve@example.org", network=THERE, **who)
    flow.confirm(request_id=proven.pk)
    flow.disowned(request_id=proven.pk, network=THERE)
    assert not MailTurn.objects.filter(notice__request=proven, notice__event=Event.DISOWNED).exists()


def test_a_new_address_is_not_flooded_and_its_code_lives_from_its_mail(clock: Any) -> None:
    flood(FEW, email="new@example.org", network=HERE)
    deliver()
    case = ask()
    deliver()
    change = flow.propose_address(request_id=case.pk, email="new@example.org", network=HERE)
    assert deliver() == []
    Notice.objects.filter(state=NoticeState.WAITING).exclude(event=Event.NEW_ADDRESS).delete()
    clock.tick(turns.HOUR)
    assert deliver() == ["new@example.org"]
    assert AddressChange.objects.get(pk=change.pk).expires_at == timezone.now() + email_code.LIFETIME


def test_what_staff_enter_needs_no_turn(clock: Any) -> None:
    for _number in range(FEW):
        ask(network=None)
    assert len(deliver()) == 2 * FEW
    assert not MailTurn.objects.exists()


def test_a_mail_that_the_server_refuses_for_now_counts_once(clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ask()
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.backends.locmem.EmailBackend.open", _no_server)
        assert deliver() == []
    clock.tick(outbox.FIRST_RETRY)
    assert len(deliver()) == 2
    assert MailTurn.objects.exclude(at=None).count() == 2


def test_a_server_that_was_away_for_long_brings_no_more_at_once(clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    flood(20)
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.backends.locmem.EmailBackend.open", _no_server)
        for _hour in range(30):
            assert deliver() == []
            turns.forget()
            clock.tick(turns.HOUR)
    clock.tick(outbox.LAST_RETRY)
    assert 0 < len(deliver()) <= FEW


def test_what_waited_for_a_worker_goes_however_late(clock: Any) -> None:
    ask()
    clock.tick(3 * turns.DAY)
    turns.forget()
    assert deliver() == ["ada@example.org"] * 2


@pytest.mark.parametrize("waits", [True, False])
def test_a_worker_that_died_before_the_turn_came_sent_nothing(clock: Any, waits: bool) -> None:
    notice = ask().notices.get(event=Event.CODE)
    Notice.objects.filter(pk=notice.pk).update(state=NoticeState.SENDING, lease_until=timezone.now())
    if not waits:
        assert turns.take(notice) is None
    clock.tick(outbox.LEASE)
    assert outbox.settle_the_interrupted() == 1
    notice.refresh_from_db()
    assert notice.state == (NoticeState.WAITING if waits else NoticeState.UNCERTAIN)


def _no_server(_self: object) -> None:
    raise ConnectionRefusedError


def test_the_page_of_a_flooded_address_says_what_it_says_to_everybody(clock: Any) -> None:
    flood(3 * FEW, network="")
    deliver()
    words = {}
    for email in ("ada@example.org", "bo@example.org"):
        person = Person()
        case = person.ask(email=email)
        clock.tick(email_code.PAUSE_BETWEEN)
        person.post("code", {"again": "yes"}, request_id=case.pk)
        page = person.get("code", request_id=case.pk).content.decode()
        words[email] = [line for line in page.splitlines() if not any(c in line for c in (email, "csrf", "nonce"))]
        words[email] = [line.replace(str(case.pk), "") for line in words[email]]
    assert words["ada@example.org"] == words["bo@example.org"]


def test_what_is_said_of_a_wrong_code_tells_nobody_whether_its_mail_had_to_wait(clock: Any) -> None:
    flood(FEW)
    deliver()
    held, free = ask(network=THERE), ask("bo@example.org", network=THERE)
    Notice.objects.exclude(request__in=[held, free]).filter(state=NoticeState.WAITING).delete()
    deliver()
    assert held.notices.filter(state=NoticeState.WAITING).count() == 2
    said = []
    for minutes in (1, 16, 44, 1, 1, 1):  # The mail that was held goes when an hour is over.
        clock.tick(timedelta(minutes=minutes))
        deliver()
        for case in (held, free):
            said.append(email_code.check(request=case, digits="wrong"))
            if minutes == 44:
                assert email_code.issue(request=case, network=THERE).tries == 0
                EmailCode.objects.filter(request=case).latest("created_at").delete()
    assert said[::2] == said[1::2]
    assert not email_code.check(request=held, digits="wrong").ok
    assert EmailCode.objects.get(request=held).tries == email_code.TRIES


def test_a_code_that_had_to_wait_is_still_taken_after_a_slip(clock: Any) -> None:
    case, code = _held_code(clock)
    assert not email_code.check(request=case, digits="wrong").ok
    assert email_code.check(request=case, digits=email_code.digits(code)).ok


def test_a_code_that_had_to_wait_is_tried_five_times_at_most(clock: Any) -> None:
    case, code = _held_code(clock)
    for _try in range(email_code.TRIES):
        assert not email_code.check(request=case, digits="wrong").ok
    assert not email_code.check(request=case, digits=email_code.digits(code)).ok


def _held_code(clock: Any) -> tuple[RightsRequest, EmailCode]:
    """One whose mail went after an hour."""
    flood(FEW)
    deliver()
    case = ask(network=THERE)
    Notice.objects.exclude(request=case).filter(state=NoticeState.WAITING).delete()
    deliver()
    clock.tick(turns.HOUR)
    assert len(deliver()) == 2
    return case, case.codes.get()


def test_a_new_address_is_waited_for_as_long_whether_or_not_its_mail_had_to_wait(clock: Any) -> None:
    flood(FEW, email="new@example.org", network=HERE)
    deliver()
    held, free = ask("ada@example.org"), ask("bo@example.org")
    changes = [
        flow.propose_address(request_id=case.pk, email=email, network=HERE)
        for case, email in ((held, "new@example.org"), (free, "other@example.org"))
    ]
    Notice.objects.exclude(event=Event.NEW_ADDRESS).filter(state=NoticeState.WAITING).delete()
    for minutes in (0, 16, 44):
        clock.tick(timedelta(minutes=minutes))
        deliver()
        both = zip((held, free), changes, strict=True)
        one, other = (new_address.check(request=case, change_id=change.pk, typed="wrong") for case, change in both)
        assert one == other
    assert new_address.check(request=held, change_id=changes[0].pk, typed=new_address.digits(changes[0])).ok
    clock.tick(turns.DAY - turns.HOUR)
    assert new_address.pending(held) is not None
    assert new_address.pending(free) is not None
    clock.tick(email_code.LIFETIME)
    assert new_address.pending(held) is new_address.pending(free) is None


def test_no_address_is_kept_and_all_is_forgotten_after_a_day(clock: Any) -> None:
    flood(FEW)
    email_code.issue(request=UUID(int=1), network=HERE)
    deliver()
    kept = str(list(MailTurn.objects.values()))
    assert "@" not in kept, "a digest may well hold the letters of a name"
    assert "example" not in kept
    clock.tick(turns.DAY)
    deliver()  # Gives up what still waits.
    turns.forget()
    assert not MailTurn.objects.exists()


def test_who_proved_the_address_for_a_request_gets_its_codes_whatever_others_ask_for(clock: Any) -> None:
    case = ask(network=HERE)
    deliver()
    assert email_code.check(request=case, digits=email_code.digits(case.codes.get())).ok
    flow.confirm(request_id=case.pk)
    case.refresh_from_db()
    for number in range(10):
        flood(4, network=f"{number:064d}")
    deliver()
    clock.tick(email_code.PAUSE_BETWEEN)
    assert email_code.issue_if_due(request=case, network=HERE)
    newest = case.notices.filter(event=Event.CODE).latest("created_at")
    assert outbox.deliver(notice_id=newest.pk)


def test_what_waits_in_a_long_line_is_not_woken_each_time_that_one_goes(clock: Any) -> None:
    for _number in range(3 * FEW):
        flood(1)
        clock.tick(timedelta(seconds=1))
    deliver()
    clock.tick(turns.HOUR)
    assert len(outbox.due()) <= 2 * FEW, "those whose turn it is, not the whole line"


def test_who_forgets_to_say_which_network_asks_is_limited(clock: Any) -> None:
    for _number in range(MOST):
        who = flow.Contact(name="Ada", email="ada@example.org", language="en")
        flow.receive(rights=["access"], contact=who, channel=Channel.WEB, probe=None)
    assert len(deliver()) == MOST
