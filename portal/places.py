"""Countries, and the parts of countries that have a law of their own, by their names in the reader's language."""

from collections.abc import Iterable
from functools import cache
from unicodedata import combining, normalize

from babel import Locale
from django.utils.translation import get_language, gettext

from rights.law import regime, zones


@cache
def _countries(language: str) -> dict[str, str]:
    names = Locale.parse(language, sep="-").territories
    return {code: str(name) for code, name in names.items() if zones.of_country(code)}


def with_own_law() -> list[str]:
    """Parts of countries that have a law of their own, like US-CA."""
    found = [place for code in regime.CODES for place in (_places(code)) if "-" in place]
    return sorted(found)


def _places(code: str) -> tuple[str, ...]:
    places = regime.load(code).places
    return places.items if places else ()


def name(place: str) -> str:
    """The name of a place in the active language; the code itself if it has none."""
    country, _dash, part = place.partition("-")
    found = _countries(get_language() or "en").get(country, country)
    if not part:
        return found
    law = regime.for_place(country, part)
    inside = gettext(regime.load(law).place) if law and place in _places(law) else part
    return f"{found} – {inside}"


def choices() -> list[tuple[str, str]]:
    """Every country of the world with its parts that have a law of their own, by name; no region is left out."""
    return by_name([*_countries(get_language() or "en"), *with_own_law()])


def by_name(places: Iterable[str]) -> list[tuple[str, str]]:
    """Places with their names in the active language, sorted by these."""
    return sorted(((place, name(place)) for place in places), key=lambda choice: _without_accents(choice[1]))


def _without_accents(word: str) -> str:
    """What a list is sorted by, so that Österreich stands before Paraguay."""
    return "".join(letter for letter in normalize("NFKD", word.casefold()) if not combining(letter))
