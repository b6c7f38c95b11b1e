"""Who holds a piece of work, and whether that process still lives."""

import os
import subprocess
import sys
import time

import pytest

from portal import leases


def test_this_process_lives() -> None:
    assert not leases.is_dead(leases.owner())


def test_a_process_that_is_gone_is_dead() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert leases.is_dead(leases.owner().replace(f":{os.getpid()}:", f":{process.pid}:"))


def test_a_number_used_again_is_not_taken_for_the_process_before() -> None:
    host, pid, _started = leases.owner().rsplit(":", 2)
    assert leases.is_dead(f"{host}:{pid}:1")


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="only Linux tells the state of a process this way")
def test_one_that_ended_and_was_not_asked_how_is_dead() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    try:
        deadline = time.monotonic() + 10
        holder = leases.owner().split(":")[0] + f":{child}:{leases._started(child)}"
        while not leases.is_dead(holder) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert leases.is_dead(holder)
    finally:
        os.waitpid(child, 0)


def test_of_another_host_or_of_nobody_nothing_is_said() -> None:
    assert not leases.is_dead("elsewhere:1:1")
    assert not leases.is_dead("")
    assert not leases.is_dead("elsewhere")
