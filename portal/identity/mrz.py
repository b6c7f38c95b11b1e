"""Check digits of a machine-readable zone (ICAO Doc 9303, part 3, 4.9): weights 7, 3, 1, the sum modulo 10.

The lines are typed by a person who looks at the picture, are checked in memory and go nowhere. `*` stands for a
character that is covered, as people are told to cover what is not needed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from types import MappingProxyType
from typing import Final

from portal.models import CheckDigits

WEIGHTS: Final = (7, 3, 1)
COVERED: Final = "*"
FILLER: Final = "<"
_ALLOWED: Final = re.compile(r"[A-Z0-9<*]+")

Span = tuple[int, int]
"""Half-open, counted in the lines joined together."""


@dataclass(frozen=True)
class _Check:
    """A digit and the fields it covers."""

    name: str
    fields: tuple[Span, ...]
    digit: int
    may_be_filler: bool = False


FORMATS: Final[Mapping[tuple[int, int], tuple[_Check, ...]]] = MappingProxyType(
    {
        (3, 30): (
            _Check("number", ((5, 14),), 14),
            _Check("birth", ((30, 36),), 36),
            _Check("expiry", ((38, 44),), 44),
            _Check("all", ((5, 30), (30, 37), (38, 45), (48, 59)), 59),
        ),
        (2, 36): (
            _Check("number", ((36, 45),), 45),
            _Check("birth", ((49, 55),), 55),
            _Check("expiry", ((57, 63),), 63),
            _Check("all", ((36, 46), (49, 56), (57, 71)), 71),
        ),
        (2, 44): (
            _Check("number", ((44, 53),), 53),
            _Check("birth", ((57, 63),), 63),
            _Check("expiry", ((65, 71),), 71),
            _Check("optional", ((72, 86),), 86, may_be_filler=True),
            _Check("all", ((44, 54), (57, 64), (65, 87)), 87),
        ),
    }
)
"""By number and length of the lines: identity cards (TD1), older cards (TD2), passports (TD3); parts 4 to 6."""


class NoZone(ValueError):  # noqa: N818 - what it says
    """The lines are not those of a machine-readable zone."""


def digit_of(text: str) -> int:
    """The check digit of a text. Raises: ValueError for a character that a zone cannot hold."""
    return sum(_value(character) * weight for character, weight in zip(text, cycle(WEIGHTS), strict=False)) % 10


def _value(character: str) -> int:
    if character == FILLER:
        return 0
    if not _ALLOWED.fullmatch(character) or character == COVERED:
        raise ValueError("A machine-readable zone holds A to Z, 0 to 9 and fillers.")
    return int(character, 36)


def check(text: str) -> tuple[CheckDigits, dict[str, CheckDigits]]:
    """What the check digits of typed lines say, together and each by its name.

    Raises:
        NoZone: not two lines of 36 or 44 characters, nor three of 30, or characters that no zone holds.
    """
    lines = [re.sub(r"\s", "", line).upper() for line in text.strip().splitlines() if line.strip()]
    joined = "".join(lines)
    checks = FORMATS.get((len(lines), len(lines[0]) if lines else 0))
    if checks is None or len(set(map(len, lines))) != 1 or not _ALLOWED.fullmatch(joined):
        raise NoZone("These are not the lines of a machine-readable zone.")
    found = {each.name: _outcome(joined, each) for each in checks}
    return _together(list(found.values())), found


def _outcome(joined: str, each: _Check) -> CheckDigits:
    covered = "".join(joined[start:end] for start, end in each.fields)
    digit = joined[each.digit]
    if COVERED in covered + digit:
        return CheckDigits.COVERED
    if each.may_be_filler and digit == FILLER and not covered.strip(FILLER):
        return CheckDigits.RIGHT
    return CheckDigits.RIGHT if digit == str(digit_of(covered)) else CheckDigits.WRONG


def _together(outcomes: Sequence[CheckDigits]) -> CheckDigits:
    if CheckDigits.WRONG in outcomes:
        return CheckDigits.WRONG
    return CheckDigits.RIGHT if CheckDigits.RIGHT in outcomes else CheckDigits.COVERED
