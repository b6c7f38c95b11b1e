"""Six digits by mail: how long, how often, and for whom."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from freezegun import freeze_time

from portal.identity import email_code
from portal.identity.email_code import CodeStatus
from portal.models import EmailCode, Event
from rights.models import RightsRequest

pytestmark = pytest.mark.django_db

MORNING = "2026-03-02 09:00:00+00:00"


@pytest.fixture
def case(ask: Callable[..., RightsRequest]) -> RightsRequest:
    with freeze_time(MORNING):
        return ask()


def wrong(case: RightsRequest) -> str:
    """Six digits that fit none of the request's codes."""
    right = {email_code.digits(code) for code in case.codes.order_by("pk")}
    return next(guess for guess in ("000000", "111111", "222222") if guess not in right)


def newest(case: RightsRequest) -> EmailCode:
    return case.codes.latest("created_at")


def test_a_code_has_six_digits_that_are_the_same_each_time_and_stored_nowhere(case: RightsRequest) -> None:
    code = newest(case)
    digits = email_code.digits(code)
    assert len(digits) == 6
    assert digits.isdecimal()
    assert digits == email_code.digits(EmailCode.objects.get(pk=code.pk))
    assert digits not in repr(EmailCode.objects.filter(pk=code.pk).values().get())


def test_issuing_posts_one_notice_for_that_code(case: RightsRequest) -> None:
    notice = case.notices.get(event=Event.CODE)
    assert notice.code == newest(case)


@freeze_time(MORNING)
@pytest.mark.parametrize("written", ["{0}", " {0} ", "{1} {2}", "{1}-{2}"])
def test_the_right_digits_are_taken_however_they_are_grouped(case: RightsRequest, written: str) -> None:
    digits = email_code.digits(newest(case))
    typed = written.format(digits, digits[:3], digits[3:])
    assert email_code.check(request=case, digits=typed).ok


@freeze_time(MORNING)
def test_a_code_is_taken_once(case: RightsRequest) -> None:
    digits = email_code.digits(newest(case))
    assert email_code.check(request=case, digits=digits).ok
    assert email_code.check(request=case, digits=digits).status is CodeStatus.EXPIRED


def test_a_code_expires_after_fifteen_minutes(case: RightsRequest) -> None:
    code = newest(case)
    digits = email_code.digits(code)
    late = code.created_at + timedelta(minutes=15)
    assert email_code.check(request=case, digits=digits, now=late).status is CodeStatus.EXPIRED
    assert email_code.check(request=case, digits=digits, now=late - timedelta(seconds=1)).ok


@freeze_time(MORNING)
def test_five_wrong_tries_lock_the_entry_and_say_until_when(case: RightsRequest) -> None:
    results = [email_code.check(request=case, digits=wrong(case)) for _try in range(5)]
    assert [result.tries_left for result in results[:4]] == [4, 3, 2, 1]
    assert results[4].status is CodeStatus.LOCKED
    assert results[4].until == timezone.now() + timedelta(minutes=15)
    right = email_code.check(request=case, digits=email_code.digits(newest(case)))
    assert right.status is CodeStatus.LOCKED


def test_the_lock_lifts_when_it_said_and_a_new_code_works(case: RightsRequest) -> None:
    with freeze_time(MORNING):
        until = [email_code.check(request=case, digits=wrong(case)) for _try in range(5)][-1].until
    assert until is not None
    with freeze_time(until):
        assert email_code.locked_until(request=case) is None
        code = email_code.issue(request=case)
        assert email_code.check(request=case, digits=email_code.digits(code)).ok


def test_a_new_code_does_not_give_new_tries(case: RightsRequest) -> None:
    with freeze_time(MORNING) as clock:
        for _try in range(4):
            email_code.check(request=case, digits=wrong(case))
        clock.tick(timedelta(minutes=1))
        email_code.issue(request=case)
        assert email_code.check(request=case, digits=wrong(case)).status is CodeStatus.LOCKED


def test_an_earlier_code_still_works_when_mails_overtake_one_another(case: RightsRequest) -> None:
    with freeze_time(MORNING) as clock:
        first = email_code.digits(newest(case))
        clock.tick(timedelta(minutes=1))
        second = email_code.digits(email_code.issue(request=case))
        assert email_code.check(request=case, digits=first).ok
        assert not email_code.check(request=case, digits=second).ok


def test_another_code_waits_a_minute_and_an_hour_sees_six(case: RightsRequest) -> None:
    with freeze_time(MORNING) as clock:
        assert email_code.next_issue_at(request=case) == timezone.now() + timedelta(minutes=1)
        issued = 1
        while email_code.next_issue_at(request=case, now=timezone.now() + timedelta(minutes=1)) is None:
            clock.tick(timedelta(minutes=1))
            assert email_code.issue_if_due(request=case)
            issued += 1
        assert issued == 6
        clock.tick(timedelta(minutes=1))
        assert not email_code.issue_if_due(request=case)


@freeze_time(MORNING)
def test_who_typed_a_code_may_have_the_next_one_at_once(case: RightsRequest) -> None:
    assert email_code.check(request=case, digits=email_code.digits(newest(case))).ok
    assert email_code.issue_if_due(request=case)


@freeze_time(MORNING)
def test_while_the_entry_is_locked_no_code_is_mailed(case: RightsRequest) -> None:
    for _try in range(5):
        email_code.check(request=case, digits=wrong(case))
    before = case.notices.filter(event=Event.CODE).count()
    email_code.issue(request=case)
    assert case.notices.filter(event=Event.CODE).count() == before


@freeze_time(MORNING)
def test_a_code_of_one_request_opens_no_other(case: RightsRequest, ask: Callable[..., RightsRequest]) -> None:
    other = ask(email="bo@example.org")
    digits = email_code.digits(newest(case))
    if digits not in {email_code.digits(code) for code in other.codes.order_by("pk")}:
        assert not email_code.check(request=other, digits=digits).ok


@freeze_time(MORNING)
def test_a_stranger_gets_tries_and_a_lock_like_everybody_and_never_the_right_code(db: None) -> None:
    stranger = uuid4()
    code = email_code.issue(request=stranger)
    assert not email_code.check(request=stranger, digits=email_code.digits(code)).ok
    results = [email_code.check(request=stranger, digits="000000") for _try in range(4)]
    assert [result.tries_left for result in results[:3]] == [3, 2, 1]
    assert results[3].status is CodeStatus.LOCKED
