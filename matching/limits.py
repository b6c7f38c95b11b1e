"""Everything that a picture of unknown origin is held to: what is asked of its header, and what the kernel allows.

Bytes, pixels, memory and seconds are settings (`UPLOAD_MAX_BYTES`, `IMAGE_MAX_PIXELS`, `UPLOAD_MAX_MEMORY`,
`UPLOAD_SECONDS`), because machines differ; the rest is here. No Django: it is loaded by the process that decodes.
"""

import ctypes
import re
import resource
import signal
import sys
from typing import Final

from matching import seccomp

FORMATS: Final = ("JPEG", "PNG", "WEBP", "TIFF", "HEIF")
"""What is decoded, told from the first bytes. No other decoder of Pillow's is ever asked."""
LONGEST_SIDE: Final = 65_535
"""Pixels. What a JPEG can have; Pillow holds a pointer for each row."""
MOST_FRAMES: Final = 1
"""Pictures in one file, where the format is one for films or pages."""
MOST_SCANS: Final = 200
"""A progressive JPEG has about ten scans. Each costs a pass over the whole picture however little it holds."""

SIGNATURES: Final = (
    ("JPEG", re.compile(rb"\xff\xd8\xff")),
    ("PNG", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("WEBP", re.compile(rb"RIFF.{4}WEBP", re.DOTALL)),
    ("TIFF", re.compile(rb"II[*+]\0|MM\0[*+]")),
    ("HEIF", re.compile(rb".{4}ftyp(?:heic|heix|heim|heis|mif1)", re.DOTALL)),
    ("sequence", re.compile(rb".{4}ftyp(?:hevc|hevx|hevm|hevs|msf1)", re.DOTALL)),
    # GIF, BMP, Photoshop, icon, JPEG 2000, JPEG XL, AVIF: pictures, and not taken.
    ("other", re.compile(rb"GIF8|BM.{4}\0{4}|8BPS|\x00\x00\x01\x00|.{4}(?:jP  |JXL )\r\n\x87\n"
                         rb"|\xff\x4f\xff\x51|\xff\x0a|.{4}ftypavi[fs]", re.DOTALL)),
)  # fmt: skip
"""By which bytes a file begins with its format is told. A name or a declared type is never asked."""

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38
"""From linux/prctl.h; see prctl(2)."""
_libc: Final = ctypes.CDLL(None, use_errno=True)


def seal_process() -> None:
    """No core file, no new privileges, and on Linux no other process of the same user may look into this one."""
    _lower(resource.RLIMIT_CORE, 0)
    if sys.platform == "linux":
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
        _prctl(_PR_SET_DUMPABLE, 0)


def confine_process(*, memory: int, seconds: int) -> None:
    """For the rest of this process's life: bounded memory and time, no new file or socket, no file may grow.

    What is open stays open. Too much memory makes an allocation fail: a MemoryError, or whatever a library makes of
    it. Too much time ends the process by SIGXCPU. Only Linux bounds the memory; other systems accept the limit and
    ignore it, or refuse it. On Linux the process also dies with its parent, and may ask of the kernel only what
    decoding needs (`matching.seccomp`). RLIMIT_NPROC is left alone: it counts all processes and threads of the user,
    the web server's too, and libde265 reads no HEIC without a thread.

    Args:
        memory: bytes of address space, libraries and thread stacks included.
        seconds: of processor time, all threads together.
    """
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        _lower(resource.RLIMIT_AS, memory)
    _lower(resource.RLIMIT_CPU, seconds)
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_NOFILE, 0)  # A new descriptor would have a number of 0 or more.
    seccomp.narrow()


def _lower(what: int, value: int) -> None:
    _soft, hard = resource.getrlimit(what)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, value))


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
