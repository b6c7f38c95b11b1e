"""What a check found: a level, what it means, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is. A warning can wait until tomorrow; what is wrong keeps somebody from their right."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """One line for operators: it names no person, picture, request or secret."""

    level: Level
    says: str
    do: str = ""


def ok(says: str) -> Finding:
    return Finding(Level.OK, says)


def warning(says: str, do: str) -> Finding:
    return Finding(Level.WARNING, says, do)


def wrong(says: str, do: str) -> Finding:
    return Finding(Level.WRONG, says, do)
