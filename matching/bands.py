"""The bands of `bands.toml`, and how often they were measured to be wrong."""

import tomllib
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from matching.models import Band


@dataclass(frozen=True)
class Share:
    """Pairs of faces judged wrongly: how many of how many, their share, and its 95 % interval."""

    errors: int
    pairs: int
    rate: float
    low: float
    high: float


@dataclass(frozen=True)
class Errors:
    """What a band gets wrong if it reaches `up_to`: different people within it, and one person's faces beyond it."""

    up_to: float
    false_match: Share
    false_non_match: Share


@dataclass(frozen=True)
class Measurement:
    """Where the figures of the bands come from: `benchmarks/accuracy.py` writes them.

    Attributes:
        data: what was measured on, as a sentence without its full stop.
        synthetic: its people do not exist.
        pictures_without_face: pictures of a person in which the engine found none.
        engine, engine_class: what found and encoded the faces: its name with its version, and the setting.
        interval: which interval the figures have.
    """

    on: date
    data: str
    synthetic: bool
    people: int
    pictures: int
    pictures_without_face: int
    engine: str
    engine_class: str
    interval: str
    command: str
    match: Errors
    possible: Errors

    def as_json(self) -> dict[str, Any]:
        """All of it, the date as ISO 8601."""
        return asdict(self) | {"on": self.on.isoformat()}


@dataclass(frozen=True)
class Bands:
    """Upper limits, included, of the distances of each band; what a probe has to be; and what was measured.

    Attributes:
        one_reviewer: up to this distance, included, one reviewer is enough for a match; beyond it lie look-alikes.
    """

    match: float
    possible: float
    one_reviewer: float
    smallest_face: int
    least_sharpness: float
    measured: tuple[Measurement, ...] = ()

    def of(self, distance: float) -> Band:
        """The band of a distance within `possible`. Raises: ValueError beyond it."""
        if distance > self.possible:
            raise ValueError(f"{distance} lies in no band.")
        return Band.MATCH if distance <= self.match else Band.POSSIBLE

    def as_json(self) -> dict[str, Any]:
        """The limits and their measurements, for a certificate."""
        return {
            "match": self.match,
            "possible": self.possible,
            "one_reviewer": self.one_reviewer,
            "measured": [measurement.as_json() for measurement in self.measured],
        }


@cache
def bands() -> Bands:
    """The bands in force."""
    return read(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def read(text: str) -> Bands:
    """The bands in a text as `bands.toml` is one.

    Raises:
        KeyError, TypeError: something is missing, or has a name that is not known.
        ValueError: a measurement was made at other limits, and says nothing about these; or one reviewer would be
            enough at a distance at which two different people were measured.
        tomllib.TOMLDecodeError: it is no TOML.
    """
    raw = tomllib.loads(text)
    found = Bands(
        match=raw["match"]["up_to"],
        possible=raw["possible"]["up_to"],
        one_reviewer=raw["one_reviewer"]["up_to"],
        smallest_face=raw["probe"]["smallest_face"],
        least_sharpness=raw["probe"]["least_sharpness"],
        measured=tuple(_measurement(each) for each in raw.get("measured", ())),
    )
    for each in found.measured:
        if (each.match.up_to, each.possible.up_to) != (found.match, found.possible):
            raise ValueError(f"The bands of {each.on} were others; measure again with benchmarks/accuracy.py.")
    if found.one_reviewer >= min(raw["one_reviewer"]["nearest"].values()):
        raise ValueError("One reviewer must not be enough where different people were measured.")
    return found


def _measurement(raw: dict[str, Any]) -> Measurement:
    return Measurement(**raw | {band: _errors(raw[band]) for band in ("match", "possible")})


def _errors(raw: dict[str, Any]) -> Errors:
    return Errors(raw["up_to"], Share(**raw["false_match"]), Share(**raw["false_non_match"]))
