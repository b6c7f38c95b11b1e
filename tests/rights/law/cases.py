"""The cases of `tests/rights/cases/*.toml`, read strictly: a misspelt key would otherwise test nothing."""

import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from rights.law import clock, regime
from rights.law.regime import Stop

FOLDER = Path(__file__).parents[1] / "cases"
KINDS = {"official", "decided", "own"}
FACTS = {"received", "country", "subdivision", "time_zone", "pauses", "extended_on", "act"}
EXPECTED = {"nominal", "due", "extension_limit", "no_extension", "not_due", "standing_since", "refused"}
ABOUT = {"name", "kind", "source", "why"}


@dataclass(frozen=True)
class Case:
    """One case: its facts, with those of its file, and what it expects."""

    regime: str
    name: str
    kind: str
    raw: dict[str, Any]

    @property
    def id(self) -> str:
        return f"{self.regime}: {self.name}"

    def compute(self) -> clock.Deadline:
        """The deadline by the code under test."""
        law = regime.load(self.regime)
        where = {
            "regime": law,
            "received_at": datetime.fromisoformat(self.raw["received"]),
            "country": self.raw["country"],
            "subdivision": self.raw.get("subdivision", ""),
            "time_zone": self.raw["time_zone"],
        }
        if "act" in self.raw:
            period = getattr(law, self.raw["act"])
            if period is None:
                raise LookupError("no such period")
            return clock.due_for(period=period, **where)
        return clock.deadline(pauses=self.pauses(), extended_on=self.raw.get("extended_on"), **where)

    def pauses(self) -> list[clock.Pause]:
        return [
            clock.Pause(item["asked"], item.get("answered"), Stop(item["kind"])) for item in self.raw.get("pauses", [])
        ]

    def received_on(self) -> date:
        return clock.local_day(datetime.fromisoformat(self.raw["received"]), self.raw["time_zone"])


def all_cases() -> list[Case]:
    """Every case of every file."""
    return [case for path in sorted(FOLDER.glob("*.toml")) for case in _read(path)]


def _read(path: Path) -> list[Case]:
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    cases = content.pop("case")
    code = content.pop("regime")
    assert content.keys() <= {"country", "subdivision", "time_zone"}, path.name
    for case in cases:
        assert ABOUT <= case.keys() <= ABOUT | FACTS | EXPECTED, f"{path.name}: {case.get('name')}"
        assert case["kind"] in KINDS, f"{path.name}: {case['name']}"
        assert ("refused" in case) != ({"nominal", "due"} <= case.keys()), f"{path.name}: {case['name']}"
        elsewhere = "country" in case and "subdivision" not in case
        defaults = {key: value for key, value in content.items() if not (elsewhere and key == "subdivision")}
        case.update({**defaults, **case})
    return [Case(code, case["name"], case["kind"], case) for case in cases]
