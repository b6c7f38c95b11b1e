"""What deleting a row means on the disk."""

from django.db import connection


def flush(*, patient: bool = True) -> bool:
    """Drop the write-ahead log's copies of deleted rows; whether they are gone.

    SQLite only; the main file overwrites what is deleted (`secure_delete`). While somebody still reads an older state,
    the log keeps it. Not `patient`: whoever reads or writes just then is not made to wait. PostgreSQL reuses the space
    after its own vacuum, which docs/suppression.md says.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return True
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        (usual,) = cursor.fetchone()
        if not patient:
            cursor.execute("PRAGMA busy_timeout = 0")
        try:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            busy, _pages, _moved = cursor.fetchone()
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(usual)}")
    return not busy
