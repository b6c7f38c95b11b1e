"""When an answer is due, and why. Pure: what time it is now plays no part.

Regulation (EEC, Euratom) 1182/71 is quoted rule by rule beside the line that follows it.
"""

import calendar as months
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rights.law import calendars
from rights.law.regime import Regime, Unit

LEAST_WORKING_DAYS: Final = 2
"""Regulation 1182/71, 3(5)."""


def gettext_noop(text: str) -> str:
    """Marks a sentence for the catalogues; the reader's language is chosen where it is shown."""
    return text


@dataclass(frozen=True)
class Sentence:
    """A step of the derivation: an English sentence with {named} places, and what stands in them."""

    text: str
    params: Mapping[str, str | int | date]


@dataclass(frozen=True)
class Deadline:
    """The last day for an answer.

    Attributes:
        nominal_due: before rolling; warnings go by it.
        due: the legal limit, the last hour of that day in the controller's time zone.
        calendar: whose holidays counted.
        citation: the rules applied.
        derivation: the steps, in order, for the person to check.
    """

    nominal_due: date
    due: date
    calendar: str
    citation: str
    derivation: tuple[Sentence, ...]


def local_day(moment: datetime, time_zone: str) -> date:
    """The day of a moment where the controller is (C-171/03: the date itself fixes the end).

    Raises:
        ValueError: the moment is naive, or the time zone unknown.
    """
    if moment.tzinfo is None:
        raise ValueError("A receipt needs a time zone.")
    try:
        return moment.astimezone(ZoneInfo(time_zone)).date()
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"The time zone {time_zone!r} is unknown.") from error


def add_months(day: date, number: int) -> date:
    """The day of the same number, or the last day of the month where there is none (1182/71, 3(2)(c))."""
    year, month = divmod(day.year * 12 + day.month - 1 + number, 12)
    return date(year, month + 1, min(day.day, months.monthrange(year, month + 1)[1]))


def deadline(*, regime: Regime, received_at: datetime, country: str, subdivision: str = "", time_zone: str) -> Deadline:
    """When the answer to a request received then is due.

    Nothing else goes in: not how many requests came before, nor how old what is asked for is.

    Raises:
        ValueError: naive moment, unknown time zone, or no calendar of holidays for the country.
    """
    received = local_day(received_at, time_zone)
    if regime.answer.unit is not Unit.CALENDAR_MONTHS:
        raise ValueError(f"The unit {regime.answer.unit} cannot be counted.")
    nominal = add_months(received, regime.answer.number)
    steps = [
        Sentence(gettext_noop("Your request reached us on {received}. This day itself does not count."),
                 {"received": received, "citation": "Regulation 1182/71, 3(1)"}),
        Sentence(gettext_noop("We have one month to answer; it ends on the day of the same number, {nominal}."),
                 {"nominal": nominal, "citation": f"{regime.answer.citation}; Regulation 1182/71, 3(2)(c)"}),
    ]  # fmt: skip
    if nominal.day != received.day:
        steps.append(
            Sentence(
                gettext_noop("That month has no day {day}; it ends on its last day."),
                {"day": received.day, "citation": "Regulation 1182/71, 3(2)(c)"},
            )
        )
    due = _rolled(nominal, received, country, subdivision, steps) if regime.roll else nominal
    citations = [regime.answer.citation, "Regulation 1182/71"] if regime.roll else [regime.answer.citation]
    return Deadline(nominal, due, calendars.name(country, subdivision), "; ".join(citations), tuple(steps))


def _rolled(nominal: date, received: date, country: str, subdivision: str, steps: list[Sentence]) -> date:
    """3(4): a last day on which nobody works moves to the next working day; 3(5): two working days at least."""
    due = calendars.next_working_day(nominal, country, subdivision)
    if due != nominal:
        why = calendars.why_not_working(nominal, country, subdivision) or ""
        steps.append(
            Sentence(
                gettext_noop("{nominal} is not a working day ({why}), so the date moves to the next one, {due}."),
                {"nominal": nominal, "why": why, "due": due, "citation": "Regulation 1182/71, 3(4)"},
            )
        )
    while calendars.working_days_between(received, due, country, subdivision) < LEAST_WORKING_DAYS:
        due = calendars.next_working_day(due + timedelta(days=1), country, subdivision)
    return due
