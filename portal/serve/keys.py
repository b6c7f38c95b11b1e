"""Settings of a folder in which Regard is tried out, readable by their owner alone: secrets, generated once, and where.

Stdlib only and without Django: the settings read these files, so they have to be there before they are loaded.
"""

import base64
import os
import secrets
from pathlib import Path
from typing import Final

NAME: Final = "development.env"


def ensure(var: Path) -> bool:
    """Generate the secrets if the folder has none. Returns whether it had none."""
    target = var / NAME
    if target.exists():
        return False
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    lines = [
        "# Generated for trying Regard out on this machine. Losing it makes the evidence in this folder unreadable.",
        f"REGARD_SECRET_KEY={secrets.token_urlsafe(48)}",
        f"REGARD_KEYS=development:{key}",
    ]
    write_private(target, "\n".join(lines) + "\n")
    return True


def note_address(run: Path, port: int) -> None:
    """Note where the portal is reached, for the commands that print links beside it."""
    write_private(run / "address.env", f"REGARD_PUBLIC_URL=http://127.0.0.1:{port}\n")


def write_private(target: Path, text: str) -> None:
    """Write a text file that only its owner can read, whole or not at all."""
    partial = target.with_name(f"{target.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    partial.rename(target)
