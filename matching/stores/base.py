"""What every kind of storage must be able to do, and the two ways in which it may fail.

Whatever a storage raises is either "there is no such object" (FileNotFoundError) or `SourceUnreachable`: a source that
is away must never look like one that is empty.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar, Final, NamedTuple

from matching.models import Problem

SUFFIXES: Final = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".jfi", ".jif", ".pjpeg", ".pjp"),
    *(".png", ".webp", ".tif", ".tiff", ".heic", ".heif"),
    *(".gif", ".bmp", ".avif", ".jp2"),  # Listed as unreadable: pictures all the same.
)
"""Endings of the names of pictures."""


class SourceUnreachable(Exception):  # noqa: N818 - a state
    """The source cannot be listed, read or changed at the moment.

    Attributes:
        problem: why, in words for staff; it names no file.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return str(self.problem.label)


class SourceReadOnly(SourceUnreachable):
    """The source answers and cannot be written: somebody must delete the object where it is kept."""

    def __init__(self) -> None:
        super().__init__(Problem.READ_ONLY)

    def __reduce__(self) -> tuple[type["SourceReadOnly"], tuple[()]]:
        return type(self), ()


class ObjectInfo(NamedTuple):
    """One file: its path inside the source, its bytes, and a stamp that changes when it does."""

    path: str
    size: int
    version: str


STAMP_LENGTH = 200


def stamp(size: object, mark: object) -> str:
    """What the storage says of the object's last change, with its size; at most 200 characters."""
    text = f"{size}:{mark}" if mark else f"{size}"
    return text if len(text) <= STAMP_LENGTH else hashlib.sha256(text.encode()).hexdigest()


def beside(target: str) -> str:
    """The path under which a new version of an object is written before it takes its place.

    Always the same for an object: what a killed process left there, a further attempt or a deletion finds.
    """
    folder, _slash, _name = target.rpartition("/")
    return f"{folder}/.regard-{hashlib.sha256(target.encode(errors='surrogateescape')).hexdigest()[:16]}"


class Store(ABC):
    """The objects below one root. Paths are inside the root, with forward slashes.

    Every method may raise what `errors` lists, and `problem` says what it means; FileNotFoundError means that there is
    no such object, or no root, and nothing else.
    """

    read_only: ClassVar[bool] = False
    listing_is_proof: ClassVar[bool] = True
    """Whether an object that a listing lacks is gone."""
    errors: tuple[type[BaseException], ...] = (OSError,)

    @abstractmethod
    def url(self) -> str:
        """The root's address in its one normal form."""

    @abstractmethod
    def is_empty(self) -> bool:
        """Whether nothing at all lies below the root. Raises: FileNotFoundError, if there is no root."""

    def is_empty_folder(self, folder: str) -> bool | None:
        """Whether a folder holds nothing at all; None where there is none, or names only look like folders."""
        return None

    @abstractmethod
    def files(self) -> Iterator[tuple[str, ObjectInfo | None]]:
        """Every file below the root by its path, with its facts where listing tells them; raises for each level."""

    @abstractmethod
    def info(self, path: str) -> ObjectInfo:
        """The facts of one file. Raises: FileNotFoundError."""

    @abstractmethod
    def read(self, path: str) -> bytes:
        """The file's bytes. Raises: FileNotFoundError."""

    @abstractmethod
    def replace(self, path: str, data: bytes) -> None:
        """Put `data` in the file's place; a reader sees the old or the new one. No older version stays."""

    @abstractmethod
    def delete(self, path: str) -> None:
        """Delete the file in every version; what is gone already is no error."""

    def older(self, path: str, until: datetime | None) -> int:
        """How many earlier versions the storage still keeps of what lies or lay there.

        Args:
            until: count only those made up to this moment.
        """
        return 0

    def drop_older(self, path: str) -> None:  # noqa: B027 - most storages keep none
        """Delete the earlier versions of what lies or lay there."""

    def problem(self, error: BaseException) -> Problem:
        """What an error of this storage means."""
        if isinstance(error, PermissionError):
            return Problem.DENIED
        return Problem.SLOW if isinstance(error, TimeoutError) else Problem.AWAY

    def forget(self) -> None:  # noqa: B027 - most storages keep no connection
        """Use no connection again that has failed."""
