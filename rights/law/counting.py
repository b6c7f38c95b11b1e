"""Adding months and days, and what is left of a period. Arithmetic only: which rule asks for it is said in `clock`."""

import calendar as months
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rights.law import calendars
from rights.law.regime import Period, Unit

MONTHS_IN_A_YEAR: Final = 12


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
    year, month = divmod(day.year * MONTHS_IN_A_YEAR + day.month - 1 + number, MONTHS_IN_A_YEAR)
    return date(year, month + 1, min(day.day, months.monthrange(year, month + 1)[1]))


@dataclass(frozen=True)
class Length:
    """Whole months, then days, then business days: as much of a period as there is, or as is left of it."""

    months: int = 0
    days: int = 0
    business_days: int = 0

    def __add__(self, other: "Length") -> "Length":
        return Length(self.months + other.months, self.days + other.days, self.business_days + other.business_days)

    def after(self, day: date, country: str, subdivision: str) -> date:
        """The last day of a period of this length that an event on `day` begins; `day` itself does not count.

        Raises:
            CalendarUnknown: business days are counted and the country's holidays are unknown.
        """
        end = add_months(day, self.months) + timedelta(days=self.days)
        for _each in range(self.business_days):
            end = calendars.next_working_day(end + timedelta(days=1), country, subdivision)
        return end

    def left(self, since: date, on: date, month_days: int) -> "Length":
        """What is left of this length on a day, when it began to run on `since`.

        Whole months stay months; a begun month leaves `month_days` less the days that have passed of it
        (Regulation 1182/71, 3(2)(d), as this project applies it).
        """
        whole = 0
        while whole < self.months and add_months(since, whole + 1) <= on:
            whole += 1
        passed = (on - add_months(since, whole)).days
        if whole == self.months:
            return Length(0, max(0, self.days - passed))
        if not passed:
            return Length(self.months - whole, self.days)
        return Length(self.months - whole - 1, month_days - passed + self.days)


def length(period: Period) -> Length:
    """A period of the law as a length."""
    return {
        Unit.CALENDAR_YEARS: Length(months=MONTHS_IN_A_YEAR * period.number),
        Unit.CALENDAR_MONTHS: Length(months=period.number),
        Unit.CALENDAR_DAYS: Length(days=period.number),
        Unit.BUSINESS_DAYS: Length(business_days=period.number),
    }[period.unit]
