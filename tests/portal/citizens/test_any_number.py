"""No quota: any number of requests at any intervals is accepted, each with its full time (LAW.md, points 2 and 17)."""

from datetime import UTC, datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from freezegun import freeze_time
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from portal import flow
from portal.models import ControllerProfile
from portal.serve import seed
from rights import requests
from rights.law import clock, regime
from rights.models import Channel, RightsRequest
from tests.portal.citizens.person import Person

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
INTERVALS = st.lists(
    st.one_of(st.just(timedelta(0)), st.timedeltas(timedelta(0), timedelta(days=800))), min_size=1, max_size=6
)
MODEST = effort(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def full_deadline(case: RightsRequest) -> clock.Deadline:
    """What a first request, received at the same moment, would be due by."""
    return clock.deadline(
        regime=regime.load("gdpr"), received_at=case.received_at, country=case.country, time_zone=case.time_zone
    )


class AnyNumberOfRequests(TestCase):
    controller: ClassVar[ControllerProfile]

    @classmethod
    def setUpTestData(cls) -> None:
        cls.controller = seed.demo_controller()

    @MODEST
    @given(INTERVALS)
    def test_through_the_form_each_is_accepted_with_its_full_due_date(self, intervals: list[timedelta]) -> None:
        person, moment, made = Person(), START, []
        for interval in intervals:
            moment += interval
            with freeze_time(moment):
                made.append(person.ask())
        self._each_has_its_full_time(made, intervals)

    @effort(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(INTERVALS, st.sampled_from([Channel.WEB, Channel.API, Channel.EMAIL, Channel.POST]))
    def test_through_every_channel_each_is_accepted_with_its_full_due_date(
        self, intervals: list[timedelta], channel: Channel
    ) -> None:
        moment, made = START - timedelta(days=6000), []
        for interval in intervals:
            moment += interval
            contact = flow.Contact(name="Ada", email="ada@example.org", language="en")
            made.append(
                flow.receive(rights=["access"], contact=contact, channel=channel, probe=None, received_at=moment)
            )
        self._each_has_its_full_time(made, intervals)

    @MODEST
    @given(st.timedeltas(timedelta(0), timedelta(days=400)), st.booleans())
    def test_a_second_one_while_one_is_open_is_accepted_and_linked(self, interval: timedelta, ended: bool) -> None:
        with freeze_time(START):
            first = Person().ask()
            if ended:
                requests.take(request=first, step="withdraw", actor="citizen")
        with freeze_time(START + interval):
            second = Person().ask(email="Ada@Example.org")
        assert second.linked_to == (None if ended else first)
        assert second.due == full_deadline(second).due
        first.refresh_from_db()
        assert first.due == full_deadline(first).due, "the first one's date moved"

    def _each_has_its_full_time(self, made: list[RightsRequest], intervals: list[timedelta]) -> None:
        assert len({case.pk for case in made}) == len(intervals)
        zone = ZoneInfo(settings.TIME_ZONE)
        for case in made:
            assert case.due == full_deadline(case).due
            assert (case.nominal_due - case.received_at.astimezone(zone).date()).days >= 28
