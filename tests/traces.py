"""Every byte that the database has on the disk: what was deleted, or never meant to be written, must not be in it."""

from pathlib import Path

from django.db import connection


def database_bytes() -> bytes:
    """Of SQLite's files, log included; of every file of PostgreSQL's folder that its server has written."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            main = Path(connection.settings_dict["NAME"])
            found = sorted(main.parent.glob(main.name + "*"))
        else:
            cursor.execute("CHECKPOINT")
            cursor.execute("SHOW data_directory")
            found = sorted(path for path in Path(cursor.fetchone()[0]).rglob("*") if path.is_file())
    return b"".join(path.read_bytes() for path in found)
