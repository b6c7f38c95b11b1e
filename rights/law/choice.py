"""Which law governs a request: that of the place the person names, otherwise that of the controller."""

import re
from enum import StrEnum
from typing import Final, NamedTuple

from rights.law import regime, zones

FALLBACK: Final = "gdpr"
"""Where neither place has a law that this project encodes. No region is refused (docs/law/points.md, 17)."""


PLACE: Final = re.compile("[A-Z]{2}(-[A-Z0-9]{1,3})?")


class Because(StrEnum):
    """Why that law."""

    PERSON = "person"
    CONTROLLER = "controller"
    FALLBACK = "fallback"


class Choice(NamedTuple):
    """A law, whose public holidays count under it (ISO 3166), and why that law."""

    code: str
    country: str
    subdivision: str
    because: Because


def split(place: str) -> tuple[str, str]:
    """Country and subdivision of a place like FR or US-CA; the subdivision may be empty.

    Raises:
        ValueError: there is no such country.
    """
    country, _dash, subdivision = place.partition("-")
    if not PLACE.fullmatch(place) or not zones.of_country(country):
        raise ValueError(f"There is no country {country!r}; write a place like FR or US-CA.")
    return country, subdivision


def choose(*, place: str, country: str, subdivision: str) -> Choice:
    """The law of a request.

    The holidays are those of the place where the controller has to act (Regulation 1182/71, 2(1)); where the person's
    place has a law of another kind, they are that place's.

    Args:
        place: where the person says they live, empty where they did not say.
        country, subdivision: the controller's.

    Raises:
        ValueError: `place` is none.
    """
    home = regime.for_place(country, subdivision)
    named = split(place) if place else None
    own = regime.for_place(*named) if named else None
    if named and own and own != home:
        # A part of a country that has no law of its own counts the country's holidays.
        parts = named if regime.has_own(*named) else (named[0], "")
        return Choice(own, *parts, Because.PERSON)
    if own:
        return Choice(own, country, subdivision, Because.PERSON)
    if home:
        return Choice(home, country, subdivision, Because.CONTROLLER)
    return Choice(FALLBACK, country, subdivision, Because.FALLBACK)
