"""A statute's periods as data: read from `regimes/<code>.toml`, checked, frozen."""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).with_name("regimes")


class RegimeError(ValueError):
    """A regime file says something that cannot be understood; the message names file and key."""


class Unit(StrEnum):
    CALENDAR_MONTHS = "calendar_months"


class RollRule(StrEnum):
    NEXT_WORKING_DAY = "next_working_day"


@dataclass(frozen=True)
class Period:
    """A number of units, with the rule it comes from."""

    number: int
    unit: Unit
    citation: str
    verified: bool
    read: str


@dataclass(frozen=True)
class Roll:
    """What happens to a last day on which nobody works."""

    rule: RollRule
    citation: str
    verified: bool
    read: str


@dataclass(frozen=True)
class Regime:
    """What one statute gives a person."""

    code: str
    title: str
    answer: Period
    extension: Period | None
    roll: Roll | None


@cache
def load(code: str) -> Regime:
    """The regime of a code.

    Raises:
        RegimeError: no such regime, or its file holds an unknown key, unit or rule, or lacks one.
    """
    path = FOLDER / f"{code}.toml"
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RegimeError(f"There is no regime {code!r}.") from error
    except tomllib.TOMLDecodeError as error:
        raise RegimeError(f"{path.name}: {error}") from error
    return parse(raw, path.name)


def parse(raw: dict[str, Any], name: str) -> Regime:
    """A regime from the content of its file. Raises: RegimeError."""
    _check_keys(raw, {"code", "title", "answer"}, {"extension", "roll"}, name)
    return Regime(
        code=raw["code"],
        title=raw["title"],
        answer=_period(raw["answer"], f"{name}: answer"),
        extension=_period(raw["extension"], f"{name}: extension") if "extension" in raw else None,
        roll=_roll(raw["roll"], f"{name}: roll") if "roll" in raw else None,
    )


def _check_keys(raw: dict[str, Any], needed: set[str], optional: set[str], where: str) -> None:
    for key in needed - raw.keys():
        raise RegimeError(f"{where}: the key {key!r} is missing.")
    for key in raw.keys() - needed - optional:
        raise RegimeError(f"{where}: the key {key!r} is unknown.")


_SOURCE: Final = {"citation", "verified", "read"}


def _period(raw: dict[str, Any], where: str) -> Period:
    _check_keys(raw, {"number", "unit"} | _SOURCE, set(), where)
    if not isinstance(raw["number"], int) or raw["number"] < 1:
        raise RegimeError(f"{where}: number is {raw['number']!r}; it must be a whole number from 1.")
    try:
        unit = Unit(raw["unit"])
    except ValueError as error:
        raise RegimeError(f"{where}: the unit {raw['unit']!r} is unknown.") from error
    return Period(raw["number"], unit, raw["citation"], _verified(raw, where), raw["read"])


def _roll(raw: dict[str, Any], where: str) -> Roll:
    _check_keys(raw, {"rule"} | _SOURCE, set(), where)
    try:
        rule = RollRule(raw["rule"])
    except ValueError as error:
        raise RegimeError(f"{where}: the rule {raw['rule']!r} is unknown.") from error
    return Roll(rule, raw["citation"], _verified(raw, where), raw["read"])


def _verified(raw: dict[str, Any], where: str) -> bool:
    if not isinstance(raw["verified"], bool):
        raise RegimeError(f"{where}: verified must be true or false.")
    if raw["read"] not in ("primary", "secondary", "none"):
        raise RegimeError(f"{where}: read is {raw['read']!r}; it must be primary, secondary or none.")
    return raw["verified"]
