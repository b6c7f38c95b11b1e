"""On which days somebody is reminded of a legal date. Pure; the numbers are this portal's, no statute has them."""

from datetime import date, timedelta
from typing import Final, NamedTuple

BEFORE: Final = (14, 7, 3, 1)
"""Days before the nominal date on which staff are reminded. Warnings go by the nominal date, the limit by the legal."""


class Reminder(NamedTuple):
    """`days` before `about`: staff are told of the nominal date; at 0 and below, the officer of the legal one."""

    about: date
    days: int

    @property
    def on(self) -> date:
        return self.about - timedelta(days=self.days)


def due(*, nominal: date, limit: date, by: date) -> list[Reminder]:
    """Every reminder whose day has come by that day, the earliest first: also those of days that nobody looked."""
    staff = [Reminder(nominal, days) for days in BEFORE]
    officer = [Reminder(limit, -late) for late in range((by - limit).days + 1)]
    return [reminder for reminder in (*staff, *officer) if reminder.on <= by]
