"""How long each kind of data of a requester is kept: `retention.toml`, and what an installation sets instead."""

import tomllib
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import get_language

FILE = Path(__file__).with_name("retention.toml")
SENTENCES = ("what", "since", "why", "ends")


@dataclass(frozen=True)
class Kind:
    """One kind of data: how long it is kept, and sentences by language that say what, since when, why, and the end."""

    key: str
    days: int
    sentences: dict[str, dict[str, str]]

    @property
    def length(self) -> timedelta:
        """How long it is kept."""
        return timedelta(days=self.days)

    def __getattr__(self, name: str) -> str:
        """One of the sentences in the language of the page, or in English."""
        if name not in SENTENCES:
            raise AttributeError(name)
        texts = self.sentences[name]
        return texts.get((get_language() or "en").split("-")[0], texts["en"])


def read(text: str) -> dict[str, Kind]:
    """The kinds that a file describes, in its order.

    Raises:
        ImproperlyConfigured: names the table, and the key in it that is missing, unknown or of the wrong type.
    """
    raw = tomllib.loads(text)
    if set(raw) != set(settings.RETENTION_DAYS):
        raise ImproperlyConfigured(f"retention.toml has {sorted(raw)}; wanted are {sorted(settings.RETENTION_DAYS)}.")
    return {key: _kind(key, values) for key, values in raw.items()}


def _kind(key: str, values: dict[str, Any]) -> Kind:
    odd = set(values) ^ {"days", *SENTENCES}
    if odd:
        raise ImproperlyConfigured(f"retention.toml, [{key}]: {', '.join(sorted(odd))} missing or unknown.")
    days = values["days"]
    if type(days) is not int or days < 1:
        raise ImproperlyConfigured(f"retention.toml, [{key}]: days is {days!r}, not a number of days.")
    for name in SENTENCES:
        if not isinstance(values[name], dict) or "en" not in values[name]:
            raise ImproperlyConfigured(f"retention.toml, [{key}.{name}]: a sentence in English is missing.")
    return Kind(key, days, {name: values[name] for name in SENTENCES})


@cache
def _described() -> dict[str, Kind]:
    return read(FILE.read_text(encoding="utf-8"))


def kinds() -> list[Kind]:
    """Every kind, with the lengths that hold in this installation."""
    return [replace(kind, days=settings.RETENTION_DAYS[kind.key] or kind.days) for kind in _described().values()]


def length(key: str) -> timedelta:
    """How long a kind is kept."""
    return next(kind.length for kind in kinds() if kind.key == key)
