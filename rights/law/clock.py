"""When an answer is due, and why. Pure: what time it is now plays no part, nor how many requests came before.

Each line of the derivation names the rule that it follows; the numbers are the regime's, never this module's.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from rights.law import calendars, stops
from rights.law.counting import Length, add_months, length, local_day
from rights.law.regime import Period, Regime, Unit
from rights.law.sentences import Params, Sentence, gettext_noop
from rights.law.states import TransitionRefused
from rights.law.stops import Pause, PauseRefused, Running

__all__ = ["Deadline", "ExtensionRefused", "Pause", "PauseRefused", "Sentence", "add_months", "deadline", "due_for",
           "gettext_noop", "local_day"]  # fmt: skip

EVERY_DAY = "every day counts"
"""The calendar of a regime under which no weekend and no holiday moves anything."""


class ExtensionRefused(TransitionRefused):
    """The time cannot be extended: there is no extension, or the notice was not sent inside the first period."""


@dataclass(frozen=True)
class Deadline:
    """The last day for an answer.

    Attributes:
        nominal_due: before rolling; warnings go by it.
        due: the legal limit, the last hour of that day in the controller's time zone.
        calendar: whose holidays counted.
        citation: the rules applied.
        derivation: the steps, in order, for the person to check.
        extension_limit: the last day on which a notice of extension may be sent; None where there is no extension.
        standing_since: the day of a question that still stops the clock; `due` is then the earliest it can be.
    """

    nominal_due: date
    due: date
    calendar: str
    citation: str
    derivation: tuple[Sentence, ...]
    extension_limit: date | None = None
    standing_since: date | None = None


@dataclass(frozen=True)
class _Case:
    """What does not change while one deadline is computed."""

    regime: Regime
    received: date
    country: str
    subdivision: str

    def rolled(self, nominal: date) -> date:
        """3(4): a last day on which nobody works moves to the next working day; 3(5): two working days at least."""
        if self.regime.roll is None:
            return nominal
        due = calendars.next_working_day(nominal, self.country, self.subdivision)
        least = self.regime.least_working_days
        while least and self._working_days(due) < least.number:
            due = calendars.next_working_day(due + timedelta(days=1), self.country, self.subdivision)
        return due

    def _working_days(self, until: date) -> int:
        return calendars.working_days_between(self.received, until, self.country, self.subdivision)

    def run(self, size: Length, pauses: Iterable[Pause], *, refuse_late: bool) -> Running:
        begun = Running(since=self.received, length=size, floor=self.received)
        return stops.apply(
            begun, pauses, regime=self.regime, country=self.country, subdivision=self.subdivision,
            rolled=self.rolled, refuse_late=refuse_late,
        )  # fmt: skip

    def nominal(self, running: Running) -> date:
        return running.nominal(self.country, self.subdivision)


def deadline(
    *,
    regime: Regime,
    received_at: datetime,
    country: str,
    subdivision: str = "",
    time_zone: str,
    pauses: Iterable[Pause] = (),
    extended_on: date | None = None,
    recorded: bool = False,
) -> Deadline:
    """When the answer to a request received then is due.

    Args:
        country: whose public holidays count, ISO 3166-1; `subdivision` likewise, the part of ISO 3166-2 after the dash.
        time_zone: the controller's; it decides the day of receipt.
        pauses: the recorded questions to the person.
        extended_on: the day on which the notice of extension was sent.
        recorded: these are facts and not intentions: what came too late has no effect, and is no error.

    Raises:
        ValueError: naive moment, unknown time zone, or no calendar of holidays for the country.
        PauseRefused: a question came before the receipt or after the end.
        ExtensionRefused: no extension, or the notice was late.
    """
    case = _Case(regime, local_day(received_at, time_zone), country, subdivision)
    asked = tuple(pauses)
    running = case.run(length(regime.answer), asked, refuse_late=extended_on is None and not recorded)
    nominal = case.nominal(running)
    limit = case.rolled(nominal) if regime.extension and regime.extension.number else None
    last: list[Sentence] = []
    cited: list[str] = []
    if recorded and extended_on is not None and limit is not None and not case.received <= extended_on <= limit:
        extended_on = None
    if extended_on is not None:
        extension = _extension(case, extended_on, limit)
        running = case.run(length(regime.answer) + length(extension), asked, refuse_late=not recorded)
        nominal = case.nominal(running)
        last, cited = [_extended(extension, extended_on, nominal)], [extension.citation]
    elif running.steps:
        text = gettext_noop("Reckoned so, the time to answer ends on {nominal}.")
        last = [Sentence(text, {"nominal": nominal, "citation": regime.answer.citation})]
    steps = [*_beginning(case, regime.answer), *running.steps, *last]
    result = _finished(case, nominal, steps, [regime.answer.citation, *running.citations, *cited])
    return replace(result, extension_limit=limit, standing_since=running.open_since)


def due_for(
    *, period: Period, regime: Regime, received_at: datetime, country: str, subdivision: str = "", time_zone: str
) -> Deadline:
    """When something other than the answer is due: the acknowledgement, an opt-out, the answer to an appeal.

    Raises:
        ValueError: as `deadline`.
    """
    case = _Case(regime, local_day(received_at, time_zone), country, subdivision)
    nominal = case.nominal(case.run(length(period), (), refuse_late=True))
    result = _finished(case, nominal, _beginning(case, period), [period.citation])
    return replace(result, calendar=_calendar(case, period))


def _beginning(case: _Case, period: Period) -> list[Sentence]:
    """The receipt and the period as they stand before anything happened."""
    nominal = length(period).after(case.received, case.country, case.subdivision)
    counting = case.regime.counting
    rule = counting.citation if counting else period.citation
    steps = [
        Sentence(gettext_noop("Your request reached us on {received}. This day itself does not count."),
                 {"received": case.received, "citation": rule}),
        Sentence(_lasts(period), {"number": period.number, "nominal": nominal, "citation": period.citation}),
    ]  # fmt: skip
    if period.unit is Unit.CALENDAR_MONTHS and nominal.day != case.received.day:
        text = gettext_noop("That month has no day {day}; it ends on its last day.")
        steps.append(Sentence(text, {"day": case.received.day, "citation": rule}))
    return steps


def _lasts(period: Period) -> str:
    if period.unit is Unit.CALENDAR_MONTHS and period.number == 1:
        return gettext_noop("We have one month to answer; it ends on the day of the same number, {nominal}.")
    return {
        Unit.CALENDAR_MONTHS: gettext_noop(
            "We have {number} months; they end on the day of the same number, {nominal}."
        ),
        Unit.CALENDAR_DAYS: gettext_noop(
            "We have {number} days, weekends and holidays included; the last is {nominal}."
        ),
        Unit.BUSINESS_DAYS: gettext_noop("We have {number} business days; the last is {nominal}."),
        Unit.CALENDAR_YEARS: gettext_noop("We have {number} years; they end on {nominal}."),
    }[period.unit]


def _extension(case: _Case, extended_on: date, limit: date | None) -> Period:
    """The period that a notice of that day adds. Raises: ExtensionRefused."""
    law = case.regime
    if law.extension is None:
        raise ExtensionRefused(gettext_noop("This law gives no extension."), law.answer.citation)
    citation = law.extension.source.citation
    if law.extension.number is None or law.extension.unit is None or limit is None:
        raise ExtensionRefused(gettext_noop("No number of days is known by which this law extends the time."), citation)
    if extended_on < case.received:
        raise ExtensionRefused(
            gettext_noop("The notice of {extended_on} lies before the receipt of {received}."),
            citation, extended_on=extended_on, received=case.received,
        )  # fmt: skip
    if extended_on > limit:
        raise ExtensionRefused(
            gettext_noop(
                "The notice of {extended_on} came too late: "
                "the first period ended on {limit}, and the extension with it."
            ),
            citation, extended_on=extended_on, limit=limit,
        )  # fmt: skip
    return Period(law.extension.number, law.extension.unit, law.extension.source)


def _extended(extension: Period, extended_on: date, nominal: date) -> Sentence:
    if extension.unit is Unit.CALENDAR_MONTHS:
        text = gettext_noop(
            "On {extended_on}, inside the first period, we told you that we need {number} more months, and why. "
            "Counted from the beginning, the time now ends on {nominal}."
        )
    else:
        text = gettext_noop(
            "On {extended_on}, inside the first period, we told you that we need {number} more days, and why. "
            "Counted from the beginning, the time now ends on {nominal}."
        )
    params: Params = {"extended_on": extended_on, "number": extension.number, "nominal": nominal}
    return Sentence(text, {**params, "citation": extension.citation})


def _finished(case: _Case, nominal: date, steps: list[Sentence], citations: list[str]) -> Deadline:
    """The nominal day rolled, with everything that was cited."""
    due, roll = case.rolled(nominal), case.regime.roll
    steps += _moved(case, nominal, due)
    cited = [*citations, roll.source.citation] if roll else citations
    calendar = calendars.name(case.country, case.subdivision) if roll else EVERY_DAY
    return Deadline(nominal, due, calendar, "; ".join(dict.fromkeys(cited)), tuple(steps))


def _moved(case: _Case, nominal: date, due: date) -> Iterator[Sentence]:
    """Why the date is not the nominal one."""
    roll, least = case.regime.roll, case.regime.least_working_days
    why = calendars.why_not_working(nominal, case.country, case.subdivision) if roll else None
    if roll and why:
        working = calendars.next_working_day(nominal, case.country, case.subdivision)
        text = gettext_noop("{nominal} is not a working day ({why}), so the date moves to the next one, {due}.")
        place = f"{case.country}-{case.subdivision}" if case.subdivision else case.country
        rule = roll.source.citation
        params: Params = {"nominal": nominal, "why": why, "place": place, "due": working, "citation": rule}
        yield Sentence(text, params)
        nominal = working
    if least and due != nominal:
        text = gettext_noop("The time must hold at least {number} working days, so the date moves to {due}.")
        yield Sentence(text, {"number": least.number, "due": due, "citation": least.citation})


def _calendar(case: _Case, period: Period) -> str:
    if case.regime.roll or period.unit is Unit.BUSINESS_DAYS:
        return calendars.name(case.country, case.subdivision)
    return EVERY_DAY
