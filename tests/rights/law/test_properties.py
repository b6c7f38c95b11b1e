"""What holds for every request, whatever its dates."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from rights.law import calendars, clock, regime
from rights.law.clock import Deadline, Pause, PauseRefused
from rights.law.regime import Period, Stop, Unit

MOMENTS = st.datetimes(datetime(2019, 1, 1), datetime(2039, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
PLACES = st.sampled_from(
    [
        ("FR", "", "Europe/Paris"),
        ("FR", "57", "Europe/Paris"),
        ("DE", "BY", "Europe/Berlin"),
        ("IE", "", "Europe/Dublin"),
        ("GR", "", "Europe/Athens"),
        ("PT", "", "Atlantic/Azores"),
        ("BG", "", "Europe/Sofia"),
        ("SE", "", "Europe/Stockholm"),
    ]
)
CODES = st.sampled_from(regime.CODES)
HOME = {
    "gdpr": ("FR", "", "Europe/Paris"),
    "uk-gdpr": ("GB", "ENG", "Europe/London"),
    "ccpa": ("US", "CA", "America/Los_Angeles"),
    "vcdpa": ("US", "VA", "America/New_York"),
    "cpa": ("US", "CO", "America/Denver"),
    "lgpd": ("BR", "", "America/Sao_Paulo"),
    "fadp": ("CH", "", "Europe/Zurich"),
    "pipeda": ("CA", "ON", "America/Toronto"),
    "quebec-25": ("CA", "QC", "America/Toronto"),
}
SPANS = st.lists(
    st.tuples(st.integers(0, 40), st.one_of(st.none(), st.integers(0, 60)), st.sampled_from(list(Stop))), max_size=4
)
THOROUGH = effort(max_examples=150, deadline=None)


def compute(code: str, moment: datetime, place: tuple[str, str, str], **more: Any) -> Deadline:
    country, subdivision, zone = place
    return clock.deadline(
        regime=regime.load(code), received_at=moment, country=country, subdivision=subdivision, time_zone=zone, **more
    )


def day(moment: datetime, place: tuple[str, str, str]) -> date:
    return clock.local_day(moment, place[2])


def questions(received: date, spans: list[tuple[int, int | None, Stop]]) -> list[Pause]:
    asked = [(received + timedelta(days=begin), length, kind) for begin, length, kind in spans]
    return [
        Pause(first, None if length is None else first + timedelta(days=length), kind) for first, length, kind in asked
    ]


@THOROUGH
@given(MOMENTS, PLACES)
def test_never_due_before_twenty_eight_days_after_receipt(moment: datetime, place: tuple[str, str, str]) -> None:
    found = compute("gdpr", moment, place)
    assert found.due >= found.nominal_due >= day(moment, place) + timedelta(days=28)


@THOROUGH
@given(MOMENTS, PLACES)
def test_rolling_never_moves_back_and_always_ends_on_a_working_day(
    moment: datetime, place: tuple[str, str, str]
) -> None:
    found = compute("gdpr", moment, place)
    assert found.due >= found.nominal_due
    assert calendars.why_not_working(found.due, *place[:2]) is None
    between = [found.nominal_due + timedelta(days=n) for n in range((found.due - found.nominal_due).days)]
    assert all(calendars.why_not_working(passed, *place[:2]) for passed in between), "a working day was skipped"


@THOROUGH
@given(MOMENTS, PLACES, st.integers(0, 40), SPANS)
def test_extending_never_shortens(
    moment: datetime, place: tuple[str, str, str], later: int, spans: list[tuple[int, int | None, Stop]]
) -> None:
    received = day(moment, place)
    pauses = questions(received, spans)
    try:
        plain = compute("gdpr", moment, place, pauses=pauses)
    except PauseRefused:
        assume(False)
    told = received + timedelta(days=later)
    assert plain.extension_limit is not None
    if told > plain.extension_limit:
        with pytest.raises(clock.ExtensionRefused) as refusal:
            compute("gdpr", moment, place, pauses=pauses, extended_on=told)
        assert refusal.value.citation == "GDPR 12(3)"
        return
    extended = compute("gdpr", moment, place, pauses=pauses, extended_on=told)
    assert extended.nominal_due >= plain.nominal_due
    assert extended.due >= plain.due
    assert extended.extension_limit == plain.extension_limit


@THOROUGH
@given(MOMENTS, CODES, SPANS)
def test_a_pause_never_shortens(moment: datetime, code: str, spans: list[tuple[int, int | None, Stop]]) -> None:
    place = HOME[code]
    plain = compute(code, moment, place)
    try:
        paused = compute(code, moment, place, pauses=questions(day(moment, place), spans))
    except PauseRefused:
        return
    assert paused.nominal_due >= plain.nominal_due
    assert paused.due >= plain.due


@THOROUGH
@given(MOMENTS, CODES, SPANS, st.sampled_from(list(Stop)))
def test_one_more_question_of_a_kind_never_shortens(
    moment: datetime, code: str, spans: list[tuple[int, int | None, Stop]], kind: Stop
) -> None:
    """Of one kind: where identity information starts a month anew, the clarification days before it are gone."""
    place = HOME[code]
    pauses = questions(day(moment, place), [(begin, waited, kind) for begin, waited, _kind in spans])
    before = compute(code, moment, place)
    for number in range(1, len(pauses) + 1):
        try:
            after = compute(code, moment, place, pauses=pauses[:number])
        except PauseRefused:
            return
        assert after.nominal_due >= before.nominal_due
        assert after.due >= before.due
        before = after


@THOROUGH
@given(MOMENTS, CODES, SPANS, st.randoms())
def test_the_order_in_which_questions_were_written_down_does_not_matter(
    moment: datetime, code: str, spans: list[tuple[int, int | None, Stop]], chance: Any
) -> None:
    place = HOME[code]
    pauses = questions(day(moment, place), spans)
    mixed = pauses[:]
    chance.shuffle(mixed)
    try:
        expected = compute(code, moment, place, pauses=pauses)
    except PauseRefused:
        with pytest.raises(PauseRefused):
            compute(code, moment, place, pauses=mixed)
        return
    assert compute(code, moment, place, pauses=mixed).due == expected.due


@THOROUGH
@given(MOMENTS, st.integers(0, 28), st.integers(0, 60), st.integers(0, 30))
def test_waiting_longer_for_an_answer_never_makes_the_date_earlier(
    moment: datetime, asked: int, waited: int, more: int
) -> None:
    place = HOME["gdpr"]
    first = day(moment, place) + timedelta(days=asked)
    short, long = (Pause(first, first + timedelta(days=days)) for days in (waited, waited + more))
    assert compute("gdpr", moment, place, pauses=[short]).due <= compute("gdpr", moment, place, pauses=[long]).due


@THOROUGH
@given(MOMENTS, PLACES, st.integers(2, 10))
def test_two_working_days_are_always_included(moment: datetime, place: tuple[str, str, str], days: int) -> None:
    """The month of the GDPR always holds them; a period of a few days, counted in the same way, shows the rule."""
    law = regime.load("gdpr")
    brief = replace(law, answer=Period(days, Unit.CALENDAR_DAYS, law.answer.source))
    for each in (law, brief):
        found = clock.deadline(
            regime=each, received_at=moment, country=place[0], subdivision=place[1], time_zone=place[2]
        )
        received = day(moment, place)
        assert calendars.working_days_between(received, found.due, *place[:2]) >= 2
        assert str(found.due) in " ".join(line.text.format(**line.params) for line in found.derivation)


@THOROUGH
@given(st.lists(MOMENTS, min_size=1, max_size=6), CODES)
def test_the_date_does_not_depend_on_any_number_of_earlier_requests(moments: list[datetime], code: str) -> None:
    """Whatever was computed before, and however often: the last one's date is what it is alone."""
    alone = compute(code, moments[-1], HOME[code])
    for moment in moments:
        found = compute(code, moment, HOME[code])
    assert found == alone


def test_nothing_in_the_signature_could_carry_an_earlier_request() -> None:
    facts = {"regime", "received_at", "country", "subdivision", "time_zone", "pauses", "extended_on", "recorded"}
    assert set(inspect.signature(clock.deadline).parameters) == facts


@THOROUGH
@given(MOMENTS, CODES, SPANS)
def test_every_sentence_has_all_that_it_names(
    moment: datetime, code: str, spans: list[tuple[int, int | None, Stop]]
) -> None:
    place = HOME[code]
    try:
        found = compute(code, moment, place, pauses=questions(day(moment, place), spans))
    except PauseRefused:
        return
    said = [line.text.format(**line.params) for line in found.derivation]
    assert str(found.due) in " ".join(said)
    assert all("{" not in line for line in said)


@pytest.mark.parametrize("code", regime.CODES)
def test_a_naive_moment_and_an_unknown_zone_are_refused(code: str) -> None:
    country, subdivision, _zone = HOME[code]
    attempt: Callable[..., Deadline] = clock.deadline
    for moment, zone in ((datetime(2026, 1, 1), "Europe/Paris"), (datetime(2026, 1, 1, tzinfo=UTC), "Europe/Atlantis")):  # noqa: DTZ001
        with pytest.raises(ValueError, match="time zone"):
            attempt(
                regime=regime.load(code), received_at=moment, country=country, subdivision=subdivision, time_zone=zone
            )
