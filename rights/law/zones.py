"""The time zones of a country, from the table that comes with the IANA time zone database."""

from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

_COUNTRY, _ZONE = 0, 2
_TABLE: Final = "zone.tab"


@cache
def of_country(country: str) -> tuple[str, ...]:
    """The zones of a country (ISO 3166-1), the table's first first; empty where it knows none."""
    lines = files("tzdata.zoneinfo").joinpath(_TABLE).read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return tuple(row[_ZONE] for row in rows if row[_COUNTRY] == country)


def of_moment(moment: datetime, country: str) -> str | None:
    """The zone of the country in which a moment was written down; None where that cannot be told.

    A zone with the moment's own offset is taken; otherwise any, if it was the same day in all of them.

    Args:
        moment: aware.
    """
    zones = of_country(country)
    for zone in zones:
        if moment.astimezone(ZoneInfo(zone)).utcoffset() == moment.utcoffset():
            return zone
    days = {moment.astimezone(ZoneInfo(zone)).date() for zone in zones}
    return zones[0] if len(days) == 1 else None
