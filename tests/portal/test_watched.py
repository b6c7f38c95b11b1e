"""Nobody forgets a date: each reminder once, missed days caught up, the officer told daily, and nothing mutes it."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.exceptions import ValidationError
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from portal import flow
from portal.models import Audience, ControllerProfile, Event, Notice, NoticeState, Reminder
from portal.notices import outbox
from rights.law import reminders
from rights.law.regime import Stop
from rights.models import RightsRequest
from tests.portal.deeds import Ask, Run

pytestmark = pytest.mark.django_db

DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@given(DAYS, st.integers(0, 5), st.lists(st.integers(0, 80), max_size=12))
def test_whenever_the_beat_looks_each_reminder_is_made_once_and_none_is_lost(
    nominal: date, rolled: int, looks: list[int]
) -> None:
    limit = nominal + timedelta(days=rolled)
    last = max(looks, default=0)
    made: list[reminders.Reminder] = []
    for offset in sorted(looks):
        by = nominal - timedelta(days=30) + timedelta(days=offset)
        made += [item for item in reminders.due(nominal=nominal, limit=limit, by=by) if item not in made]
    end = nominal - timedelta(days=30) + timedelta(days=last)
    assert len(made) == len(set(made))
    wanted = [nominal - timedelta(days=days) for days in reminders.BEFORE if nominal - timedelta(days=days) <= end]
    wanted += [limit + timedelta(days=days) for days in range(max(0, (end - limit).days + 1))]
    assert sorted(item.on for item in made) == (sorted(wanted) if looks else [])


@pytest.fixture
def case(ask: Ask, staff: User) -> RightsRequest:
    with freeze_time("2026-03-02T10:00:00Z"):
        return ask()  # Due on 2 April, a Thursday.


def watch(day: str) -> list[tuple[str, int, int]]:
    """What is newly posted when the beat looks on that day, as (event, days, missed before)."""
    before = set(Notice.objects.values_list("pk", flat=True))
    with freeze_time(f"{day}T09:00:00Z"):
        flow.watch_what_is_owed()
        flow.watch_what_is_owed()
    new = Notice.objects.exclude(pk__in=before).order_by("created_at", "pk")
    return sorted((notice.event, notice.context["days"], notice.context["missed"]) for notice in new)


def test_staff_are_reminded_before_and_the_officer_told_from_the_day_on(case: RightsRequest) -> None:
    seen = {day: watch(f"2026-{day}") for day in ("03-18", "03-19", "03-20", "03-26", "03-30", "04-01")}
    assert seen == {
        "03-18": [], "03-19": [("due_soon", 14, 0)], "03-20": [], "03-26": [("due_soon", 7, 0)],
        "03-30": [("due_soon", 3, 0)], "04-01": [("due_soon", 1, 0)],
    }  # fmt: skip
    assert [watch(f"2026-04-0{day}") for day in (2, 3, 4)] == [[("due", 0, 0)], [("due", -1, 0)], [("due", -2, 0)]]


def test_missed_days_are_caught_up_in_one_mail_and_each_is_on_record(case: RightsRequest) -> None:
    assert watch("2026-04-05") == [("due", -3, 3), ("due_soon", 1, 3)]
    assert Reminder.objects.filter(request=case).count() == 8
    assert case.journal_entries.get(event="reminded").detail["missed"] == 3
    assert case.journal_entries.get(event="escalated").detail["missed"] == 3
    assert watch("2026-04-05") == []


def test_the_mails_say_where_it_stands_and_go_to_staff_and_officer(
    case: RightsRequest, other_staff: User, run_jobs: Run
) -> None:
    User.objects.create_user("visitor", "visitor@example.org", is_staff=True)
    watch("2026-04-04")
    mail.outbox.clear()
    with freeze_time("2026-04-04T09:00:00Z"):
        run_jobs()
    told = {message.subject: message for message in mail.outbox if "overdue" in message.subject}
    (subject,) = told
    messages = [message for message in mail.outbox if message.subject == subject]
    assert sorted(tuple(message.to) for message in messages) == [
        ("dpo@example.org",), ("reviewer-one@example.org", "reviewer-two@example.org"),
    ]  # fmt: skip
    assert case.reference in subject
    for message in messages:
        assert "ada" not in str(message.body).lower()
        assert "3 earlier" in str(message.body) or "2 earlier" in str(message.body)


def test_without_an_officers_address_the_notice_waits_and_is_not_lost(case: RightsRequest) -> None:
    ControllerProfile.objects.update(dpo_email="", email="")
    watch("2026-04-02")
    notice = Notice.objects.get(event=Event.DUE)
    with freeze_time("2026-04-02T09:00:00Z"), pytest.raises(Exception, match="no e-mail address"):
        outbox.deliver(notice_id=notice.pk)
    notice.refresh_from_db()
    assert (notice.audience, notice.state) == (Audience.DPO, NoticeState.WAITING)


def test_what_is_answered_or_withdrawn_is_not_reminded_of(case: RightsRequest) -> None:
    with freeze_time("2026-03-03T10:00:00Z"):
        flow.withdraw(request_id=case.pk)
    assert watch("2026-04-05") == []


def test_a_new_date_has_reminders_of_its_own(case: RightsRequest) -> None:
    watch("2026-03-19")
    with freeze_time("2026-03-20T10:00:00Z"):
        flow.extend(request_id=case.pk, reasons="Many pictures.", actor="staff:1")
    assert watch("2026-04-10") == []
    assert watch("2026-05-19") == [("due_soon", 14, 0)]


def test_the_persons_page_says_so_in_red_with_the_authority(
    case: RightsRequest, client: object, ask: Callable[..., RightsRequest]
) -> None:
    from tests.portal.citizens.person import Person

    person = Person()
    with freeze_time("2026-03-02T10:00:00Z"):
        late = person.ask()
        person.type_code(late)
    with freeze_time("2026-03-02T10:05:00Z"):
        token_page = person.get("status", request_id=late.pk).content.decode()
    assert "due over" not in token_page
    RightsRequest.objects.filter(pk=late.pk).update(due=date(2026, 3, 1), nominal_due=date(2026, 3, 1))
    with freeze_time("2026-03-02T10:06:00Z"):
        page = person.get("status", request_id=late.pk).content.decode()
    profile = ControllerProfile.load()
    for part in ("due over", "How to complain", profile.authority_url, profile.authority_address.splitlines()[0]):
        assert part in page


def test_one_that_cannot_be_reckoned_does_not_silence_the_others(
    case: RightsRequest, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    with freeze_time("2026-03-02T09:00:00Z"):
        odd = ask()
    RightsRequest.objects.filter(pk=odd.pk).update(country="XX")
    assert watch("2026-04-02") == [("due", 0, 0), ("due_soon", 1, 3)]
    assert str(odd.pk) in caplog.text
    assert odd.reference not in caplog.text


def test_a_place_without_a_known_calendar_is_refused_in_the_profile(controller: ControllerProfile) -> None:
    controller.country = "XX"
    with pytest.raises(ValidationError, match="XX"):
        controller.full_clean()


def test_while_the_clock_stands_nobody_is_reminded_every_day(case: RightsRequest) -> None:
    with freeze_time("2026-03-10T10:00:00Z"):
        flow.confirm(request_id=case.pk)
        flow.ask(request_id=case.pk, kind=Stop.CLARIFICATION, question="Which years?", actor="staff:1")
    assert [watch(f"2026-04-{day:02}") for day in range(1, 12)] == [[]] * 11
    assert not case.journal_entries.filter(event="due_moved").exists()


def test_ten_years_late_is_one_mail_and_soon_done(case: RightsRequest) -> None:
    assert watch("2036-04-02") == [("due", -3653, 3653), ("due_soon", 1, 3)]
    assert case.journal_entries.filter(event__in=["reminded", "escalated"]).count() == 2
    assert watch("2036-04-03") == [("due", -3654, 0)]
