"""What deleting a row means on the disk."""

from django.db import connection


def flush() -> bool:
    """Drop the write-ahead log's copies of deleted rows; whether they are gone.

    SQLite only; the main file overwrites what is deleted (`secure_delete`). While somebody still reads an older state,
    the log keeps it. PostgreSQL reuses the space after its own vacuum, which docs/suppression.md says.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return True
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        busy, _pages, _moved = cursor.fetchone()
    return not busy
