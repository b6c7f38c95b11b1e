"""What deleting a row means on the disk."""

from django.db import connection


def flush() -> None:
    """Drop the write-ahead log's copies of deleted rows. SQLite only; the main file overwrites what is deleted
    (`secure_delete`). PostgreSQL reuses the space after its own vacuum, which docs/suppression.md says."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
