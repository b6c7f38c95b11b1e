"""A statute's periods and effects as data: `regimes/<code>.toml`, checked, frozen.

Only what every statute may have is here. What belongs to one statute alone (a number of free answers, a look-back) is
in `rights.law.particulars`, which nothing that answers a request reads: no cap can leak into another regime.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from rights.law.tables import Read, RegimeError, Source, Table, read_file

__all__ = ["CODES", "Effect", "Extension", "Period", "Read", "Regime", "RegimeError", "Roll", "RollRule", "Source",
           "Stop", "StopRule", "Unit", "Words", "for_place", "load", "parse"]  # fmt: skip

FOLDER: Final = Path(__file__).with_name("regimes")
CODES: Final = ("gdpr", "uk-gdpr", "ccpa", "vcdpa", "cpa", "lgpd", "fadp", "pipeda", "quebec-25")
"""Every regime that this project encodes; each has a file of that name."""


class Unit(StrEnum):
    """What a period is counted in."""

    CALENDAR_MONTHS = "calendar_months"
    CALENDAR_DAYS = "calendar_days"
    BUSINESS_DAYS = "business_days"
    CALENDAR_YEARS = "calendar_years"


class RollRule(StrEnum):
    """What happens to a last day on which nobody works."""

    NEXT_WORKING_DAY = "next_working_day"


class Stop(StrEnum):
    """What the person was asked for."""

    IDENTITY = "identity"
    CLARIFICATION = "clarification"
    FEE = "fee"


class Effect(StrEnum):
    """What a question to the person does to the clock."""

    PAUSES = "pauses"
    RESTARTS = "restarts"
    DAYS_DO_NOT_COUNT = "days_do_not_count"
    NEVER_STOPS = "never_stops"


@dataclass(frozen=True)
class Period:
    """A number of units, with the rule it comes from."""

    number: int
    unit: Unit
    source: Source

    @property
    def citation(self) -> str:
        return self.source.citation


@dataclass(frozen=True)
class Extension:
    """A further period, added to the first; None where the statute names no number that was seen."""

    number: int | None
    unit: Unit | None
    source: Source


@dataclass(frozen=True)
class Roll:
    """The rule that moves a last day."""

    rule: RollRule
    source: Source


@dataclass(frozen=True)
class StopRule:
    """What a question does to the clock; `month_days`: as how long a begun month counts, 0 where nothing is paused."""

    effect: Effect
    month_days: int
    source: Source


@dataclass(frozen=True)
class Words:
    """A provision that is said and not reckoned with: the fee, or whom a refusal names."""

    items: tuple[str, ...]
    source: Source


@dataclass(frozen=True)
class Regime:
    """What one statute gives a person. `absent` says of each part that is None why it is not there."""

    code: str
    title: str
    place: str
    answer: Period
    counting: Source | None
    extension: Extension | None
    acknowledge: Period | None
    opt_out: Period | None
    appeal: Period | None
    repeated: Period | None
    roll: Roll | None
    least_working_days: Period | None
    identity: StopRule | None
    clarification: StopRule | None
    fee: StopRule | None
    cost: Words | None
    refusal: Words | None
    places: Words | None
    absent: Mapping[str, str]

    def stop_rule(self, stop: Stop) -> StopRule | None:
        """What asking for that does to the clock; None where no rule was seen."""
        return {Stop.IDENTITY: self.identity, Stop.CLARIFICATION: self.clarification, Stop.FEE: self.fee}[stop]


_PARTS: Final = ("counting", "extension", "acknowledge", "opt_out", "appeal", "repeated", "roll", "least_working_days",
                 "identity", "clarification", "fee", "cost", "refusal", "places")  # fmt: skip


@cache
def load(code: str, on: date | None = None) -> Regime:
    """The regime of a code as in force on a day, or in its latest version.

    Raises:
        RegimeError: no such regime, or its file holds an unknown key, unit, rule or date, or lacks one.
    """
    if code not in CODES:
        raise RegimeError(f"There is no regime {code!r}; there are {', '.join(CODES)}.")
    path = FOLDER / f"{code}.toml"
    return parse(read_file(path), path.name, on)


def parse(raw: dict[str, Any], name: str, on: date | None = None) -> Regime:
    """A regime from the content of its file. Raises: RegimeError."""
    top = Table(raw, name)
    top.only({"code", "title", "place", "instruments", "answer", "absent"}, {*_PARTS, "particular"})
    absent = Table(raw["absent"], f"{name}: absent").texts()
    parts: dict[str, Any] = dict.fromkeys(_PARTS)
    for part in _PARTS:
        if (part in raw) == (part in absent):
            raise RegimeError(f"{name}: {part!r} must be either a table or a reason under [absent].")
        if part in raw:
            parts[part] = _READERS[part](top.in_force(part, on))
    for unknown in absent.keys() - set(_PARTS):
        raise RegimeError(f"{name}: absent: the key {unknown!r} is unknown.")
    code, title, place = (top.text(key) for key in ("code", "title", "place"))
    if f"{code}.toml" != name:
        raise RegimeError(f"{name}: code is {code!r}; it must be the file's name.")
    return Regime(
        code=code,
        title=title,
        place=place,
        answer=_period(top.in_force("answer", on)),
        absent=MappingProxyType(absent),
        **parts,
    )


def for_place(country: str, subdivision: str = "") -> str | None:
    """The code of the regime of a place (ISO 3166), the subdivision's before the country's; None: none known."""
    for place in (f"{country}-{subdivision}", country):
        for code in CODES:
            places = load(code).places
            if places and place in places.items:
                return code
    return None


def has_own(country: str, subdivision: str) -> bool:
    """Whether that part of a country has a law of its own."""
    return bool(subdivision) and for_place(country, subdivision) != for_place(country)


def _period(table: Table) -> Period:
    table.only_value({"number", "unit"})
    return Period(table.number("number"), table.choice("unit", Unit), table.source())


def _extension(table: Table) -> Extension:
    table.only_value(set(), {"number", "unit"})
    if ("number" in table.raw) != ("unit" in table.raw):
        raise RegimeError(f"{table.where}: number and unit go together.")
    known = "number" in table.raw
    return Extension(
        table.number("number") if known else None, table.choice("unit", Unit) if known else None, table.source()
    )


def _roll(table: Table) -> Roll:
    table.only_value({"rule"})
    return Roll(table.choice("rule", RollRule), table.source())


def _stop(table: Table) -> StopRule:
    table.only_value({"effect"}, {"month_days"})
    effect = table.choice("effect", Effect)
    if (effect is Effect.PAUSES) != ("month_days" in table.raw):
        raise RegimeError(f"{table.where}: month_days goes with the effect 'pauses', and only with it.")
    return StopRule(effect, table.number("month_days") if "month_days" in table.raw else 0, table.source())


def _words(table: Table) -> Words:
    table.only_value({"items"})
    return Words(table.list_of_text("items"), table.source())


def _counting(table: Table) -> Source:
    table.only_value(set())
    return table.source()


_READERS: Final = {
    "counting": _counting,
    "extension": _extension,
    "acknowledge": _period,
    "opt_out": _period,
    "appeal": _period,
    "repeated": _period,
    "roll": _roll,
    "least_working_days": _period,
    "identity": _stop,
    "clarification": _stop,
    "fee": _stop,
    "cost": _words,
    "refusal": _words,
    "places": _words,
}
