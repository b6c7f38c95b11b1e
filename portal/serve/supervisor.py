"""Keeping a few programs running: what dies is started again, and at the end nothing is left behind.

Each program leads a process group of its own, so that a Ctrl-C on the terminal reaches only the supervisor, and so
that a program's children can be ended with it. Should the supervisor itself be killed, the kernel tells them.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from billiard.util import set_pdeathsig

from portal.serve.children import Child

LOOK_SECONDS: Final = 0.1
STOP_SECONDS: Final = 5.0
"""For what is being done to be finished. A task that needs longer is killed, and done again at the next start."""
STOP_LAST_SECONDS: Final = 2.0
SETTLED_SECONDS: Final = 20.0
"""What has run for this long did not fail at its start."""
LOOPING: Final = 4
"""So many failures at the start are more than an accident."""
LONGEST_WAIT: Final = 30.0

Say = Callable[[str], None]


class StartFailed(Exception):  # noqa: N818 - what happened
    """A program ended before everything was up."""


@dataclass
class Running:
    """A program as it runs, or as it waits to be started again."""

    child: Child
    pid_file: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    start_at: float = 0.0
    failures: int = 0

    def start(self) -> None:
        """Start the program as the leader of a process group."""
        again = self.started > 0
        with self.child.log.open("ab" if again else "wb") as log:
            self.process = subprocess.Popen(  # noqa: S603 - a command of our own
                self.child.command,
                env=dict(self.child.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_end_with_the_supervisor,  # Safe: the supervisor has one thread.
            )
        self.started = time.monotonic()
        self.pid_file.write_text(f"{self.process.pid}\n", encoding="ascii")

    def signal(self, number: int) -> None:
        """Tell the program alone."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def kill_group(self) -> None:
        """End the program and every process it has started."""
        if self.process is None:
            return
        with suppress(ProcessLookupError, PermissionError):  # Nothing is left of it.
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None
        self.pid_file.unlink(missing_ok=True)


def _end_with_the_supervisor() -> None:
    with suppress(OSError):  # Linux only; elsewhere a killed supervisor leaves its programs running.
        # Not asked to end: a worker that finishes what it is at may wait for ever for a broker that ended with it.
        set_pdeathsig(signal.SIGKILL)


class Supervisor:
    """Starts programs in order, restarts them, and stops them in the opposite order.

    Args:
        run: folder for the files with process identifiers.
        say: told, in one sentence, of everything a person should know.
    """

    def __init__(self, children: Sequence[Child], *, run: Path, say: Say) -> None:
        self.running = [Running(child, run / f"{child.name.replace(' ', '-')}.pid") for child in children]
        self.say = say
        self.stopping = False

    def listen(self) -> None:
        """From now on SIGINT, SIGTERM and SIGHUP end `watch` instead of the process."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop_soon)

    def _stop_soon(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def start(self, *, is_up: Callable[[], bool], patience: float) -> None:
        """Start everything and wait until it is up, or until somebody wants it to stop.

        Raises:
            StartFailed: a program ended meanwhile, or `patience` seconds have passed.
        """
        for item in self.running:
            item.start()
        deadline = time.monotonic() + patience
        while not self.stopping and not is_up():
            for item in self.running:
                if item.process is not None and item.process.poll() is not None:
                    raise StartFailed(f"The {item.child.name} could not start; {item.child.log} says why.")
            if time.monotonic() > deadline:
                raise StartFailed(
                    f"After {patience:.0f} seconds the portal does not answer; see {self.running[-1].child.log}."
                )
            time.sleep(LOOK_SECONDS)

    def watch(self) -> None:
        """Look after the programs until somebody wants them to stop."""
        while not self.stopping:
            for item in self.running:
                self._look_after(item)
            time.sleep(LOOK_SECONDS)

    def _look_after(self, item: Running) -> None:
        now = time.monotonic()
        if item.process is None:
            if now >= item.start_at:
                item.start()
        elif item.process.poll() is not None:
            how = _how_it_ended(item.process.returncode)
            settled = now - item.started >= SETTLED_SECONDS
            item.kill_group()  # What it leaves behind would do its work twice.
            item.failures = 1 if settled else item.failures + 1
            wait = min(2.0 ** (item.failures - 1) - 1, LONGEST_WAIT)
            item.start_at = now + wait
            self.say(self._sentence(item, how, wait))

    def _sentence(self, item: Running, how: str, wait: float) -> str:
        again = f"in {wait:.0f} seconds" if wait else "now"
        if item.failures < LOOPING:
            return f"The {item.child.name} ended unexpectedly ({how}); it is started again {again}."
        return f"The {item.child.name} keeps ending ({how}), {item.child.log} says why; it is tried again {again}."

    def stop(self) -> None:
        """Stop everything: first those that were started last, together, then the one they all need."""
        first, *others = self.running
        _stop_together(others, STOP_SECONDS)
        _stop_together([first], STOP_LAST_SECONDS)


def _stop_together(items: Sequence[Running], patience: float) -> None:
    for item in items:
        item.signal(signal.SIGTERM)
    deadline = time.monotonic() + patience
    for item in items:
        if item.process is not None:
            with suppress(subprocess.TimeoutExpired):
                item.process.wait(max(0.0, deadline - time.monotonic()))
    for item in items:
        item.kill_group()


def _how_it_ended(returncode: int) -> str:
    if returncode < 0:
        return f"killed by {signal.Signals(-returncode).name}"
    return f"exit status {returncode}"
