"""What has to be right before anything is started: each check is a sentence that says what to do.

Stdlib only and without Django: `bootstrap.py` runs these checks before anything is installed.
"""

import os
import shutil
import socket
import sysconfig
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

DEFAULT_PORT: Final = 8000


class NotReady(Exception):  # noqa: N818 - a state, told to a person
    """One sentence saying what is wrong and what to do."""


def port(value: str) -> int:
    """A free port of 127.0.0.1, from its text; 8000 if that is empty. Raises: NotReady."""
    text = value.strip() or str(DEFAULT_PORT)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise NotReady(f"PORT={text} is not a port: use a number from 1 to 65535, for example PORT=8001.")
    number = int(text)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except PermissionError:
            raise NotReady(f"Port {number} needs special rights: choose one above 1023, as in PORT=8001.") from None
        except OSError:
            other = number + 1 if number < 65535 else DEFAULT_PORT
            raise NotReady(
                f"Port {number} is in use: stop the program that uses it, or choose another one, as in PORT={other}."
            ) from None
    return number


def writable(folder: Path) -> None:
    """That files can be made in a folder, which is made if need be. Raises: NotReady."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        raise NotReady(
            f"Nothing can be written in {folder}: make it writable for you, or run Regard from a copy elsewhere."
        ) from None


def photos(value: str) -> Path | None:
    """The folder of one's own photographs, from PHOTOS; None if it is empty. Raises: NotReady."""
    if not value.strip():
        return None
    folder = Path(value.strip()).expanduser().resolve()
    if not folder.is_dir():
        raise NotReady(f"PHOTOS={value} is not a folder: give the folder that holds the photographs.")
    try:
        next(folder.iterdir(), None)
    except OSError:
        raise NotReady(f"PHOTOS={value} cannot be read: allow reading it, or choose another folder.") from None
    return folder


def compiler(environment: Mapping[str, str] = os.environ) -> None:
    """That Annoy, which has no ready-made package, can be compiled. Raises: NotReady."""
    chosen = environment.get("CXX", "").split()
    candidates = chosen[:1] or ["c++", "g++", "clang++"]
    if not any(shutil.which(name, path=environment.get("PATH")) for name in candidates):
        raise NotReady(
            "A C++ compiler is missing: install one (Debian, Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++; "
            "macOS: xcode-select --install) and run this again."
        )
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        raise NotReady(
            "Python's header files are missing: install them (Debian, Ubuntu: apt-get install python3-dev; "
            "Fedora: dnf install python3-devel) and run this again."
        )
