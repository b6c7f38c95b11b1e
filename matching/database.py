"""What deleting a row means on the disk."""

import time
from typing import Final

from django.db import connection
from django.db.backends.utils import CursorWrapper

TRIES: Final = 20
PAUSE: Final = 0.1
"""Seconds between two tries."""


def flush(*, patient: bool = True) -> bool:
    """Drop the write-ahead log's copies of deleted rows; whether they are gone.

    SQLite only; the main file overwrites what is deleted (`secure_delete`). While somebody still reads an older state,
    the log keeps it. Not `patient`: whoever reads or writes just then is not made to wait. PostgreSQL reuses the space
    after its own vacuum, which docs/suppression.md says.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return True
    with connection.cursor() as cursor:
        if patient:  # SQLite itself does not wait where another process empties the log just then.
            for _try in range(TRIES):
                if _emptied(cursor):
                    return True
                time.sleep(PAUSE)
            return False
        cursor.execute("PRAGMA busy_timeout")
        (usual,) = cursor.fetchone()
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            return _emptied(cursor)
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(usual)}")


def _emptied(cursor: CursorWrapper) -> bool:
    cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    busy, _pages, _moved = cursor.fetchone()
    return not busy
