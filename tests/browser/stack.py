"""A whole Regard in a folder of its own: broker, worker and web server, as `make run` starts them."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from billiard.util import set_pdeathsig

from tests.project import ROOT

PEOPLE = ("P001", "P004", "P007", "P010")
MAX_SIDE = 1000
BEAT_SECONDS = "0.5"

T = TypeVar("T")


def until(found: Callable[[], T], *, seconds: float = 60, every: float = 0.05, what: str = "") -> T:
    """What `found` returns, as soon as it is true."""
    deadline = time.monotonic() + seconds
    while True:
        result = found()
        if result:
            return result
        assert time.monotonic() < deadline, f"It did not happen within {seconds:.0f} seconds: {what or found}"
        time.sleep(every)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Stack:
    """One installation, started and stopped at will.

    Args:
        var: its folder.
        settings: further environment variables.
    """

    def __init__(self, var: Path, **settings: str) -> None:
        self.var = var
        self.port = free_port()
        self.process: subprocess.Popen[str] | None = None
        self.output = var / "serve.log"
        self.sessions: dict[str, Any] = {}
        """Cookies of the members of staff who have signed in."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(("REGARD_", "DJANGO_"))}
        self.environment = own | {
            "REGARD_PROFILE": "dev",
            "REGARD_VAR": str(var),
            "REGARD_BEAT_SECONDS": BEAT_SECONDS,
            "PYTHONWARNINGS": "default",
            **settings,
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a management command."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )

    def make_demo(self, people: Sequence[str] = PEOPLE, max_side: int = MAX_SIDE) -> None:
        """A smaller demonstration than `serve` would make."""
        result = self.manage("make_demo", "--people", ",".join(people), "--max-side", str(max_side))
        assert result.returncode == 0, result.stderr

    def start(self, *, seconds: float = 180) -> float:
        """Start everything; the seconds until it was up."""
        begun = time.monotonic()
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--port", str(self.port)],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
                preexec_fn=partial(set_pdeathsig, signal.SIGTERM),  # Not even a killed pytest leaves it running.
            )
        until(lambda: "Regard is running" in self.said() or self.process.poll() is not None, seconds=seconds)
        assert self.process.poll() is None, self.said()
        return time.monotonic() - begun

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Stop everything; the seconds it took. Nothing may be left of it."""
        if self.process is None:
            return 0.0
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(timeout=30)
        took = time.monotonic() - begun
        self.process = None
        return took

    def logins(self) -> dict[str, str]:
        """Staff and their passwords, as they were printed."""
        return dict(re.findall(r"^ {12}(\S+)  (\S+)$", self.said(), re.MULTILINE))

    def code(self, name: str) -> str:
        """What an account's app shows now."""
        result = self.manage("staff_code", name)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    def pid(self, name: str) -> int:
        """The process identifier of a program; 0 while it is not running."""
        try:
            return int((self.var / "run" / f"{name}.pid").read_text(encoding="ascii") or 0)
        except FileNotFoundError:
            return 0

    def kill_worker(self) -> None:
        """SIGKILL to the worker and every process of it at once: no time to say goodbye."""
        os.killpg(self.pid("worker"), signal.SIGKILL)

    def processes(self) -> list[str]:
        """Command lines of all living processes that belong to this installation."""
        found = []
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit() or int(folder.name) == os.getpid():
                continue
            try:
                alive = (folder / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0]
                environment = (folder / "environ").read_bytes()
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue  # It ended meanwhile, or belongs to somebody else.
            ours = f"REGARD_VAR={self.var}".encode() in environment.split(b"\0")
            if alive != "Z" and (ours or str(self.var) in command):  # Valkey writes over its environment.
                found.append(command)
        return found

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Look into the database, from outside, without waiting for anybody."""
        connection = sqlite3.connect(f"file:{self.var / 'regard.sqlite3'}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def row(self, query: str, *values: object) -> tuple[Any, ...] | None:
        return next(iter(self.rows(query, *values)), None)

    def value(self, query: str, *values: object) -> Any:
        """The first column of the first row, or None."""
        found = self.row(query, *values)
        return found[0] if found else None


def shell(stack: Stack, code: str) -> str:
    """What the code prints, run beside the running servers."""
    said = stack.manage("shell", "--no-imports", "-c", code)
    assert said.returncode == 0, said.stderr
    return said.stdout.strip()
