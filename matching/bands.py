"""The bands of `bands.toml`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from matching.models import Band


@dataclass(frozen=True)
class Bands:
    """Upper limits, included, of the distances of each band; and what a probe has to be."""

    match: float
    possible: float
    smallest_face: int
    least_sharpness: float

    def of(self, distance: float) -> Band:
        """The band of a distance within `possible`. Raises: ValueError beyond it."""
        if distance > self.possible:
            raise ValueError(f"{distance} lies in no band.")
        return Band.MATCH if distance <= self.match else Band.POSSIBLE


@cache
def bands() -> Bands:
    """The bands in force."""
    raw = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return Bands(
        match=raw["match"]["up_to"],
        possible=raw["possible"]["up_to"],
        smallest_face=raw["probe"]["smallest_face"],
        least_sharpness=raw["probe"]["least_sharpness"],
    )
