"""What belongs to one statute alone: a number of free answers, a look-back. Recorded for lawyers, applied to nobody.

`Regime` has no place for either, so no code that answers a request can read them, whatever regime it serves. A file of
a statute that does not know one of them may not even write it down: see `BELONGS_TO`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from rights.law.regime import CODES, FOLDER
from rights.law.tables import RegimeError, Source, Table, read_file

BELONGS_TO: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {"free_answers": frozenset({"ccpa", "vcdpa", "cpa"}), "look_back": frozenset({"ccpa"})}
)
"""Which statutes know which particular."""
UNLIMITED: Final = "unlimited"


@dataclass(frozen=True)
class FreeAnswers:
    """How many answers cost nothing; after them a fee would be possible, never a refusal to receive a request.

    `within` is a text on purpose: nothing reckons with it.
    """

    number: int
    within: str
    source: Source


@dataclass(frozen=True)
class LookBack:
    """How far an answer must look back at least: a floor that the person may lift; this portal always does."""

    months: int
    person_may_lift: bool
    lifted_since: date
    portal: str
    source: Source


@dataclass(frozen=True)
class Particulars:
    """Both, where the statute has them."""

    free_answers: FreeAnswers | None
    look_back: LookBack | None


def of(code: str) -> Particulars:
    """What belongs to this statute alone. Raises: RegimeError."""
    if code not in CODES:
        raise RegimeError(f"There is no regime {code!r}.")
    path = FOLDER / f"{code}.toml"
    return parse(read_file(path), path.name)


def parse(raw: dict[str, Any], name: str) -> Particulars:
    """The particulars in the content of a file. Raises: RegimeError, also for one that belongs to another statute."""
    top = Table(raw.get("particular", {}), f"{name}: particular", raw.get("instruments", {}))
    top.only(set(), set(BELONGS_TO))
    for key in top.raw:
        if name.removesuffix(".toml") not in BELONGS_TO[key]:
            raise RegimeError(f"{top.where}: {key!r} belongs to {', '.join(sorted(BELONGS_TO[key]))} alone.")
    return Particulars(
        _free_answers(top.in_force("free_answers", None)) if "free_answers" in top.raw else None,
        _look_back(top.in_force("look_back", None)) if "look_back" in top.raw else None,
    )


def _free_answers(table: Table) -> FreeAnswers:
    table.only_value({"number", "within"})
    return FreeAnswers(table.number("number"), table.text("within"), table.source())


def _look_back(table: Table) -> LookBack:
    table.only_value({"months", "person_may_lift", "lifted_since", "portal"})
    if table.text("portal") != UNLIMITED:
        raise RegimeError(f"{table.where}: portal must be {UNLIMITED!r}: this portal looks at everything it holds.")
    if not isinstance(table.raw["person_may_lift"], bool):
        raise RegimeError(f"{table.where}: person_may_lift must be true or false.")
    return LookBack(
        table.number("months"), table.raw["person_may_lift"], table.day("lifted_since"), UNLIMITED, table.source()
    )
