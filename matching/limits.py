"""What the kernel holds a process to that reads files of strangers. No Django: it is called before anything is loaded.

Every limit is lowered for the rest of the process's life and that of its children; none can be raised again.
"""

import ctypes
import resource
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38
"""From linux/prctl.h; see prctl(2)."""


def limit_process(*, memory: int, seconds: int) -> None:
    """Bound this process's memory and processor time, and keep it from leaving a core file or gaining privileges.

    Too much memory makes an allocation fail: a MemoryError, or whatever a library makes of it. Too much time ends the
    process by SIGXCPU. Only Linux bounds the memory; other systems accept the limit and ignore it, or refuse it.

    Args:
        memory: bytes of address space, libraries and thread stacks included.
        seconds: of processor time, all threads together.
    """
    if sys.platform == "linux":
        _lower(resource.RLIMIT_AS, memory)
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _lower(resource.RLIMIT_CPU, seconds)
    _lower(resource.RLIMIT_CORE, 0)


def shut_in() -> None:
    """From here on nothing can be opened: no file, no socket, no pipe. What is open stays open; no file may grow.

    On Linux the process also dies with the thread that started it, and others of the same user cannot trace it.
    """
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        _prctl(_PR_SET_DUMPABLE, 0)
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_NOFILE, 0)  # A new descriptor would have a number of 0 or more.


def _lower(what: int, value: int) -> None:
    _soft, hard = resource.getrlimit(what)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, value))


def _prctl(option: int, value: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, ctypes.c_ulong(value), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
