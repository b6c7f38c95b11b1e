"""Reading a law's TOML strictly: what cannot be understood is an error that names file and key."""

import tomllib
from collections.abc import Set
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

NOT_SEEN: Final = "not seen"
_Choice = TypeVar("_Choice", bound=StrEnum)


class RegimeError(ValueError):
    """A law's file says something that cannot be understood; the message names file and key."""


class Read(StrEnum):
    """How a value was read before it was written down.

    `unmarked`: the notes that this project encodes state it without saying how it was read. `none`: general knowledge.
    """

    PRIMARY = "primary"
    SECONDARY = "secondary"
    UNMARKED = "unmarked"
    NONE = "none"


@dataclass(frozen=True)
class Source:
    """Where a value comes from.

    Attributes:
        citation: instrument and article as they are cited.
        instrument: the instrument's full title.
        url: an address of the text that was read, where one is known.
        since: the day from which the value applies; None where that was not seen.
        verified: it was read in a primary or a secondary source.
    """

    citation: str
    instrument: str
    url: str
    since: date | None
    read: Read
    verified: bool
    note: str


_SOURCE: Final = {"instrument", "article", "read", "verified", "since"}
_SOURCE_OPTIONAL: Final = {"url", "note"}


def read_file(path: Path) -> dict[str, Any]:
    """The content of a TOML file. Raises: RegimeError, naming the file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RegimeError(f"{path.name}: the file is missing.") from error
    except tomllib.TOMLDecodeError as error:
        raise RegimeError(f"{path.name}: {error}") from error


class Table:
    """One table of a file, with the place in the file for the errors. Every reader raises RegimeError."""

    def __init__(self, raw: object, where: str, instruments: dict[str, Any] | None = None) -> None:
        if not isinstance(raw, dict):
            raise RegimeError(f"{where}: must be a table.")
        self.raw: dict[str, Any] = raw
        self.where = where
        self.instruments: dict[str, Any] = instruments if instruments is not None else raw.get("instruments", {})

    def only(self, needed: Set[str], optional: Set[str]) -> None:
        """Refuse a missing key and an unknown one."""
        for key in sorted(needed - self.raw.keys()):
            raise RegimeError(f"{self.where}: the key {key!r} is missing.")
        for key in sorted(self.raw.keys() - needed - optional):
            raise RegimeError(f"{self.where}: the key {key!r} is unknown.")

    def only_value(self, needed: Set[str], optional: Set[str] = frozenset()) -> None:
        """`only`, for the table of a value: its source belongs to it."""
        self.only(needed | _SOURCE, set(optional) | _SOURCE_OPTIONAL)

    def in_force(self, key: str, on: date | None) -> "Table":
        """The version of a value in force on a day; the first one for any day before, the last one without a day."""
        where = f"{self.where}: {key}"
        versions = self.raw[key] if isinstance(self.raw[key], list) else [self.raw[key]]
        tables = [Table(version, where, self.instruments) for version in versions]
        if not tables:
            raise RegimeError(f"{where}: is empty.")
        dates = [table.since() for table in tables]
        if len(dates) > 1 and (None in dates or sorted(set(dates), key=str) != dates):
            raise RegimeError(f"{where}: several versions need each its own date since, the earliest first.")
        chosen = tables[0]
        for table, since in zip(tables, dates, strict=True):
            if on is None or (since is not None and since <= on):
                chosen = table
        return chosen

    def text(self, key: str) -> str:
        value = self.raw[key]
        if not isinstance(value, str) or not value.strip():
            raise RegimeError(f"{self.where}: {key} must be a text.")
        return value

    def texts(self) -> dict[str, str]:
        """Every key with its text."""
        return {key: self.text(key) for key in self.raw}

    def list_of_text(self, key: str) -> tuple[str, ...]:
        value = self.raw[key]
        if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
            raise RegimeError(f"{self.where}: {key} must be a list of texts.")
        return tuple(value)

    def number(self, key: str) -> int:
        value = self.raw[key]
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise RegimeError(f"{self.where}: {key} is {value!r}; it must be a whole number from 1.")
        return value

    def choice(self, key: str, choices: type[_Choice]) -> _Choice:
        try:
            return choices(self.raw[key])
        except ValueError as error:
            known = ", ".join(choices)
            raise RegimeError(f"{self.where}: the {key} {self.raw[key]!r} is unknown; known are {known}.") from error

    def day(self, key: str) -> date:
        value = self.raw[key]
        if type(value) is not date:  # A datetime is a date too, and would be wrong.
            raise RegimeError(f"{self.where}: {key} is {value!r}; it must be a date like 2018-05-25.")
        return value

    def since(self) -> date | None:
        """The day from which the value applies, None where it says "not seen"."""
        if "since" not in self.raw:
            raise RegimeError(f"{self.where}: the key 'since' is missing.")
        return None if self.raw["since"] == NOT_SEEN else self.day("since")

    def source(self) -> Source:
        """The source keys of a value."""
        name = self.text("instrument")
        if name not in self.instruments:
            raise RegimeError(f"{self.where}: the instrument {name!r} is not among [instruments].")
        instrument = Table(self.instruments[name], f"{self.where}: instrument {name!r}")
        instrument.only({"cite", "title"}, {"url"})
        read, verified = self.choice("read", Read), self.raw["verified"]
        if verified is not (read in (Read.PRIMARY, Read.SECONDARY)):
            raise RegimeError(f"{self.where}: verified is {verified!r} and read is {read.value!r}; they contradict.")
        cite = instrument.text("cite")
        if "{article}" not in cite:
            raise RegimeError(f"{instrument.where}: cite needs a place for the {{article}}.")
        url = self.raw.get("url") or instrument.raw.get("url") or ""
        if url and not (isinstance(url, str) and url.startswith("https://")):
            raise RegimeError(f"{self.where}: url is {url!r}; it must begin with https://.")
        return Source(
            citation=cite.format(article=self.text("article")),
            instrument=instrument.text("title"),
            url=url,
            since=self.since(),
            read=read,
            verified=verified,
            note=self.text("note") if "note" in self.raw else "",
        )
