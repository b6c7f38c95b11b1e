"""Programs are kept running, restarted when they die, and never left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal.serve import supervisor as module
from portal.serve.children import SOCKET_PATH_LIMIT, Child, children, socket_path
from portal.serve.supervisor import StartFailed, Supervisor

SLEEP = "import time; time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
)
PARENT = (
    "import subprocess, sys, time;"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "print(child.pid, flush=True); time.sleep(600)"
)


def until(true: Callable[[], object], seconds: float = 10) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.02)


def runs(pid: int) -> bool:
    """Whether the process exists and is not merely waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Supervisor]]:
    made: list[Supervisor] = []

    def build(**codes: str) -> Supervisor:
        said: list[str] = []
        programs = [
            Child(name, (sys.executable, "-c", code), dict(os.environ), tmp_path / f"{name}.log")
            for name, code in codes.items()
        ]
        supervisor = Supervisor(programs, run=tmp_path, say=said.append)
        supervisor.said = said  # type: ignore[attr-defined]
        made.append(supervisor)
        return supervisor

    yield build
    for supervisor in made:
        supervisor.stop()


def pids(supervisor: Supervisor) -> list[int]:
    return [item.process.pid for item in supervisor.running if item.process]


def watched(supervisor: Supervisor) -> threading.Thread:
    """Look after the programs from another thread, as `serve` does from its only one."""
    thread = threading.Thread(target=supervisor.watch)
    thread.start()
    return thread


def test_everything_is_started_and_stopped(make: Callable[..., Supervisor], tmp_path: Path) -> None:
    supervisor = make(broker=SLEEP, worker=SLEEP)
    supervisor.start(is_up=lambda: True, patience=5)
    started = pids(supervisor)
    assert all(map(runs, started))
    assert int((tmp_path / "worker.pid").read_text(encoding="ascii")) == started[1]
    supervisor.stop()
    assert not any(map(runs, started))
    assert not (tmp_path / "worker.pid").exists()


def test_a_program_that_will_not_stop_is_killed_within_ten_seconds(make: Callable[..., Supervisor]) -> None:
    supervisor = make(broker=STUBBORN, worker=STUBBORN)
    logs = [item.child.log for item in supervisor.running]
    supervisor.start(is_up=lambda: all("ready" in log.read_text(encoding="utf-8") for log in logs), patience=5)
    started = pids(supervisor)
    begun = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - begun < 10
    assert not any(map(runs, started))


def test_what_a_program_has_started_goes_with_it(make: Callable[..., Supervisor]) -> None:
    supervisor = make(broker=SLEEP, worker=PARENT)
    log = supervisor.running[1].child.log
    supervisor.start(is_up=lambda: bool(log.read_text(encoding="utf-8").strip()), patience=5)
    grandchild = int(log.read_text(encoding="utf-8"))
    assert runs(grandchild)
    supervisor.stop()
    until(lambda: not runs(grandchild), 2)


def test_a_program_that_is_killed_comes_back_without_what_it_left_behind(make: Callable[..., Supervisor]) -> None:
    supervisor = make(broker=SLEEP, worker=PARENT)
    log = supervisor.running[1].child.log
    supervisor.start(is_up=lambda: bool(log.read_text(encoding="utf-8").strip()), patience=5)
    first, grandchild = pids(supervisor)[1], int(log.read_text(encoding="utf-8"))
    thread = watched(supervisor)
    try:
        os.kill(first, signal.SIGKILL)
        until(lambda: len(log.read_text(encoding="utf-8").split()) == 2)
        assert not runs(grandchild)
        assert pids(supervisor)[1] != first
        assert supervisor.said == [  # type: ignore[attr-defined]
            "The worker ended unexpectedly (killed by SIGKILL); it is started again now."
        ]
    finally:
        supervisor.stopping = True
        thread.join()


def test_a_program_that_keeps_ending_is_tried_less_and_less_often(
    make: Callable[..., Supervisor], monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor = make(broker=SLEEP, worker="raise SystemExit(3)")
    worker = supervisor.running[1]
    worker.start()
    waits = []
    for _death in range(7):
        assert worker.process is not None
        worker.process.wait()
        now = time.monotonic()
        supervisor._look_after(worker)
        waits.append(round(worker.start_at - now))
        worker.start()
    assert waits == [0, 1, 3, 7, 15, 30, 30]
    said = supervisor.said  # type: ignore[attr-defined]
    assert "ended unexpectedly (exit status 3)" in said[0]
    assert said[3].startswith(f"The worker keeps ending (exit status 3), {worker.child.log} says why")


def test_a_program_that_fails_at_the_start_is_named(make: Callable[..., Supervisor]) -> None:
    supervisor = make(broker=SLEEP, worker="raise SystemExit(1)")
    with pytest.raises(StartFailed, match=r"The worker could not start; .*worker\.log says why\."):
        supervisor.start(is_up=lambda: False, patience=10)


def test_a_portal_that_never_answers_is_not_waited_for_forever(make: Callable[..., Supervisor]) -> None:
    supervisor = make(broker=SLEEP)
    with pytest.raises(StartFailed, match="does not answer"):
        supervisor.start(is_up=lambda: False, patience=0.3)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Only Linux tells a program that its parent is gone.")
def test_programs_end_even_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, sys, time; from pathlib import Path;"
        "from portal.serve.children import Child; from portal.serve.supervisor import Supervisor;"
        "run = Path(sys.argv[1]);"
        "child = Child('worker', (sys.executable, '-c', 'import time; time.sleep(600)'), os.environ, run / 'log');"
        "supervisor = Supervisor([child], run=run, say=print);"
        "supervisor.start(is_up=lambda: True, patience=5); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, tmp_path], cwd=module.__file__.rpartition("/portal/")[0])
    pid_file = tmp_path / "worker.pid"
    until(lambda: pid_file.exists() and pid_file.read_text(encoding="ascii").strip())
    pid = int(pid_file.read_text(encoding="ascii"))
    process.kill()
    process.wait()
    until(lambda: not runs(pid))


def test_the_broker_listens_on_a_unix_socket_and_the_web_server_on_this_machine_only(tmp_path: Path) -> None:
    broker, worker, web = children(run=tmp_path, port=8123)
    assert "--port" in broker.command
    assert broker.command[broker.command.index("--port") + 1] == "0"
    assert web.command[web.command.index("--bind") + 1] == "127.0.0.1:8123"
    assert worker.environment["REGARD_BROKER_URL"].startswith("redis+socket:///")
    assert "--access-logfile" not in web.command


def test_a_socket_whose_path_would_be_too_long_lies_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 120)
    assert socket_path(tmp_path).parent == tmp_path
    elsewhere = socket_path(deep)
    assert len(os.fsencode(elsewhere)) <= SOCKET_PATH_LIMIT
    assert elsewhere.parent.stat().st_mode & 0o077 == 0
    elsewhere.parent.rmdir()
