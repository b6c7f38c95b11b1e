"""Who holds a piece of work, and whether that process still lives."""

import os
import socket


def _status(pid: int) -> list[str]:
    """What Linux says of a process after its name: its state, ...; empty where nobody can say."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()
    except OSError:
        return []


def _started(pid: int) -> str:
    """When the process began, so that a number used again is not taken for the same process; empty if unknown."""
    status = _status(pid)
    return status[19] if len(status) > 19 else ""


def owner() -> str:
    """This process, as `host:pid:start`."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def is_dead(holder: str) -> bool:
    """Whether the holder ran on this host and is gone. One of another host is never called dead: its lease ends."""
    host, _colon, rest = holder.partition(":")
    pid, _colon, started = rest.partition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    if _status(int(pid))[:1] in (["Z"], ["X"]):
        return True  # It ended, and its parent has not asked how: it works no more.
    return bool(started) and _started(int(pid)) != started
