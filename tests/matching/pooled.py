"""What other processes of an import do in tests: it has to be importable there, so no test can define it.

Nothing here needs Django or an engine: `pooled_engines` has what does.
"""

import os
import signal
from pathlib import Path


def die() -> None:
    """As a fault in a decoder, or the kernel when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def double(number: int, deadly: str = "", once: str = "") -> int:
    """Twice the number. Dies of it if it is named as deadly, or the first time if `once` is a path to remember by."""
    if deadly:
        die()
    if once and not Path(once).exists():
        Path(once).touch()
        die()
    return 2 * number


def fail() -> None:
    raise OSError("A storage went away.")


def ready() -> None:
    """All is well. Also what a process begins with where only the pool is tested: loading Django takes two seconds."""


def threads() -> tuple[str | None, str | None, int]:
    """How many threads numpy's library, dlib and ONNX Runtime may use here."""
    from django.conf import settings

    return os.environ.get("OPENBLAS_NUM_THREADS"), os.environ.get("OMP_NUM_THREADS"), settings.ENCODER_THREADS
