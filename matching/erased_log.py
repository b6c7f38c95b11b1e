"""What was erased, one line each, in a file beside the database: a restored backup knows nothing of it.

A line holds what is needed to erase again and no more: the file's hash, random identifiers of faces, and the opaque
subject. No path, address, template or name. It is kept where no restore puts back an older one; `matching.replay` reads
it.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from matching.models import Erasure

ERASED: Final = "erased"
FORGOTTEN: Final = "forgotten"


class LogDamaged(ValueError):  # noqa: N818 - a state
    """A line of the log is not what was written."""


def erased(erasure: Erasure) -> None:
    """Add one picture's erasure, on disk when this returns; before its commit, so that no finished one is missing.

    Raises:
        OSError: it cannot be written; the erasure must not be called done.
    """
    _append(
        kind=ERASED,
        subject=str(erasure.subject),
        sha256=erasure.sha256,
        action=str(erasure.action),
        face_keys=erasure.face_keys,
    )


def forgotten(subject: UUID) -> None:
    """Add that a template kept with consent was destroyed. Raises: OSError."""
    _append(kind=FORGOTTEN, subject=str(subject))


def _append(**line: Any) -> None:
    line["at"] = timezone.now().isoformat(timespec="seconds")
    path = Path(settings.ERASED_LOG)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        whole = file.read().rfind(b"\n") + 1 if _is_torn(file) else file.seek(0, os.SEEK_END)
        file.seek(whole)
        file.truncate()  # Half a line: its writer died before its erasure was done, which was done again since.
        file.write(json.dumps(line).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _is_torn(file: Any) -> bool:
    """Whether the file ends within a line; leaves it at its beginning."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 1))
    torn = bool(size) and file.read(1) != b"\n"
    file.seek(0)
    return torn


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """Every whole line, the oldest first.

    Raises:
        OSError: it cannot be read.
        LogDamaged: a line is not what was written; names its number.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return  # Its writer died, and its erasure was not done.
            try:
                found = json.loads(line)
                found["subject"] = UUID(found["subject"])
                wanted = {"face_keys", "sha256", "action"} if found["kind"] == ERASED else set()
                if found["kind"] not in (ERASED, FORGOTTEN) or not wanted <= set(found):
                    raise LogDamaged(f"line {number}")
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise LogDamaged(f"line {number}") from error
            yield found
