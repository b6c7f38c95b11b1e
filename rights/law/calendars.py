"""Working days: weekends and the public holidays of a country. The only module that knows the holidays library."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from typing import Final

import holidays

SATURDAY: Final = 5


class CalendarUnknown(ValueError):  # noqa: N818 - what it says
    """No calendar of public holidays is known for this country or subdivision."""


@cache
def _calendar(country: str, subdivision: str, language: str = "") -> Mapping[date, str]:
    """The holidays of a place, named in a language if the library knows their names in it, otherwise in English."""
    try:
        spoken = holidays.country_holidays(country, subdiv=subdivision or None).supported_languages
        known: Mapping[date, str] = holidays.country_holidays(
            country, subdiv=subdivision or None, language=language if language in spoken else "en_US"
        )
    except NotImplementedError as error:
        where = f"{country}-{subdivision}" if subdivision else country
        raise CalendarUnknown(f"No calendar of public holidays is known for {where!r}.") from error
    return known


def is_known(country: str, subdivision: str = "") -> bool:
    """Whether the public holidays of a place are known."""
    try:
        _calendar(country, subdivision)
    except CalendarUnknown:
        return False
    return True


def name(country: str, subdivision: str = "") -> str:
    """The calendar as it is named in a deadline. Raises: CalendarUnknown."""
    _calendar(country, subdivision)
    return f"public holidays of {country}-{subdivision}" if subdivision else f"public holidays of {country}"


def why_not_working(day: date, country: str, subdivision: str = "", *, language: str = "") -> str | None:
    """Why nobody works on that day: "Saturday", "Sunday", or the holiday's name; None on a working day.

    The name is in `language` where the calendar has it, otherwise in English; the days of the week are in English.

    Source: Regulation 1182/71, 2(1) and 2(2). Raises: CalendarUnknown.
    """
    holiday = _calendar(country, subdivision, language).get(day)
    if day.weekday() >= SATURDAY:
        return "Saturday" if day.weekday() == SATURDAY else "Sunday"
    return holiday


def next_working_day(day: date, country: str, subdivision: str = "") -> date:
    """The day itself if it is a working day, otherwise the next one. Raises: CalendarUnknown."""
    while why_not_working(day, country, subdivision):
        day += timedelta(days=1)
    return day


def working_days_between(after: date, until: date, country: str, subdivision: str = "") -> int:
    """Working days later than `after`, up to and including `until`. Raises: CalendarUnknown."""
    days = (after + timedelta(days=number) for number in range(1, (until - after).days + 1))
    return sum(why_not_working(day, country, subdivision) is None for day in days)
