"""One at a time: whoever does the same about the same person waits until the transaction of the other ends."""

from django.db import connection


def one_at_a_time(*numbers: bytes) -> None:
    """Wait for whoever holds one of these numbers, and hold them until the transaction ends.

    No row is needed to lock, so strangers cost as much as people who are known. SQLite lets one transaction write at a
    time.

    Args:
        numbers: eight bytes or more of each, of which the first eight count; taken in order, so that nobody waits for
            each other.

    Raises:
        TransactionManagementError: called outside a transaction, on PostgreSQL.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for number in sorted({int.from_bytes(each[:8], "big", signed=True) for each in numbers}):
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
