"""What the planner of SQLite knows of the desk's tables: it chooses between indexes by it."""

from typing import Final

from django.db import connection, models

from portal.models import Job, Message, Notice
from rights.models import Claim, ClockEvent, Decision, JournalEntry, RightsRequest

COUNTED: Final[tuple[type[models.Model], ...]] = (
    RightsRequest, Claim, ClockEvent, Decision, JournalEntry, Job, Message, Notice,
)  # fmt: skip
"""Tables whose indexes hold nothing that names a person: some builds of SQLite (STAT4) keep samples of their keys."""
LOOKED_AT: Final = 1000
"""Rows of each index, so that it takes no time that anybody notices."""


def take_statistics() -> None:
    """Count anew what the indexes hold. PostgreSQL does so by itself."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA analysis_limit = {LOOKED_AT}")
        for model in COUNTED:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")
