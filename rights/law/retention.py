"""Duties to destroy that need no request: `retention_rules/<code>.toml`."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from rights.law.counting import length
from rights.law.regime import Period, Unit
from rights.law.tables import RegimeError, Table, read_file

FOLDER: Final = Path(__file__).with_name("retention_rules")
CODES: Final = ("bipa",)


@dataclass(frozen=True)
class RetentionRule:
    """How long a statute lets biometric data be kept at the longest."""

    code: str
    title: str
    place: str
    destroy: Period

    def destroy_by(self, *, last_interaction: date, purpose_met: date | None = None) -> date:
        """The last day on which the data may be held: the period's end or the day the purpose is met, the earlier."""
        latest = length(self.destroy).after(last_interaction, "", "")
        return min(latest, purpose_met) if purpose_met else latest


@cache
def load(code: str) -> RetentionRule:
    """The rule of a code. Raises: RegimeError."""
    if code not in CODES:
        raise RegimeError(f"There is no retention rule {code!r}.")
    path = FOLDER / f"{code}.toml"
    return parse(read_file(path), path.name)


def parse(raw: dict[str, Any], name: str) -> RetentionRule:
    """A rule from the content of its file. Raises: RegimeError."""
    top = Table(raw, name)
    top.only({"code", "title", "place", "instruments", "destroy"}, set())
    table = top.in_force("destroy", None)
    table.only_value({"number", "unit"})
    unit = table.choice("unit", Unit)
    if unit is Unit.BUSINESS_DAYS:
        raise RegimeError(f"{table.where}: a retention is not counted in business days.")
    code, title, place = (top.text(key) for key in ("code", "title", "place"))
    return RetentionRule(code, title, place, Period(table.number("number"), unit, table.source()))
