"""The few calls to the kernel that decoding a picture needs; every other one fails from then on (seccomp(2)).

Whoever makes a decoder run code of theirs can compute and answer: not open, remove or rename a file, not signal, start
or look into another process, not reach the network. No library: libseccomp is not everywhere, and this is one table.
"""

import ctypes
import errno
import platform
import struct
import sys
from collections.abc import Mapping
from typing import Final, NamedTuple

_PR_SET_SECCOMP: Final = 22
_MODE_FILTER: Final = 2
_ALLOW: Final = 0x7FFF0000
_FAIL: Final = 0x00050000
_KILL: Final = 0x80000000
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER_AT, _MACHINE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
"""Offsets in struct seccomp_data; the low half of an argument, as both machines are little-endian."""
_CLONE_THREAD: Final = 0x10000


class _Machine(NamedTuple):
    """Its AUDIT_ARCH, its numbers of clone and clone3, and of what is allowed (linux/audit.h, asm/unistd.h)."""

    audit: int
    clone: int
    clone3: int
    allowed: tuple[int, ...]


# read write close fstat poll|ppoll lseek mmap mprotect munmap brk mremap madvise; rt_sigaction rt_sigprocmask
# rt_sigreturn sigaltstack restart_syscall; sched_yield sched_getaffinity getpid gettid; nanosleep clock_nanosleep
# clock_gettime gettimeofday; sendto recvfrom shutdown; futex set_robust_list rseq membarrier; getrandom; exit
# exit_group
_MACHINES: Final[Mapping[str, _Machine]] = {
    "x86_64": _Machine(0xC000003E, 56, 435, (
        0, 1, 3, 5, 7, 8, 9, 10, 11, 12, 25, 28, 13, 14, 15, 131, 219, 24, 204, 39, 186, 35, 230, 228, 96, 44, 45, 48,
        202, 273, 334, 324, 318, 60, 231,
    )),
    "aarch64": _Machine(0xC00000B7, 220, 435, (
        63, 64, 57, 80, 73, 62, 222, 226, 215, 214, 216, 233, 134, 135, 139, 132, 128, 124, 123, 172, 178, 101, 115,
        113, 169, 206, 207, 210, 98, 99, 293, 283, 278, 93, 94,
    )),
}  # fmt: skip


class _Program(ctypes.Structure):
    """struct sock_fprog of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def narrow() -> bool:
    """Leave this thread, and those it starts, only what decoding needs; needs PR_SET_NO_NEW_PRIVS.

    Returns:
        Whether it was done: it is on Linux, on x86-64 and 64-bit ARM, in a kernel that can.

    Raises:
        OSError: the kernel refused it.
    """
    machine = _MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None:
        return False
    code = _compiled(machine)
    program = _Program(len(code) // 8, code)
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0:
        return True
    if ctypes.get_errno() == errno.EINVAL:  # Built without.
        return False
    raise OSError(ctypes.get_errno(), "seccomp")


def _compiled(machine: _Machine) -> bytes:
    """The filter, as an array of struct sock_filter: operation, two jumps counted from the next one, and a number."""
    allowed = machine.allowed
    instructions = [
        (_LOAD, 0, 0, _MACHINE_AT),
        (_EQUAL, 1, 0, machine.audit),
        (_RETURN, 0, 0, _KILL),  # Numbers of another machine mean other calls.
        (_LOAD, 0, 0, _NUMBER_AT),
        *((_EQUAL, len(allowed) + 5 - index, 0, number) for index, number in enumerate(allowed)),
        (_EQUAL, 0, 1, machine.clone3),
        (_RETURN, 0, 0, _FAIL | errno.ENOSYS),  # Its flags lie in memory; glibc then asks clone.
        (_EQUAL, 0, 2, machine.clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_ANY_BIT, 1, 0, _CLONE_THREAD),  # A thread, not a process.
        (_RETURN, 0, 0, _FAIL | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
