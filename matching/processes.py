"""How a further process of an import begins.

Apart from everything else, because it is loaded before Django is: nothing here may need a model.
"""

import logging
import multiprocessing
import os
import resource
import signal
import threading
from typing import Final

import django

ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "REGARD_ENCODER_THREADS")
"""There is a process for each core already."""


def begin(most_memory: int | None = None) -> None:
    """Load Django, on one thread. Ctrl-C is for the parent to handle; without it, there is nothing left to do.

    Args:
        most_memory: bytes of address space that the process may have.
    """
    if most_memory is not None:
        resource.setrlimit(resource.RLIMIT_AS, (most_memory, most_memory))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    os.environ |= dict.fromkeys(ONE_THREAD, "1")
    django.setup()
    # That all is well need not be said once for each process.
    logging.getLogger("matching").setLevel(logging.WARNING)


def _end_with_the_parent() -> None:
    """A parent that was killed tells nobody, and a process of its pool would wait for work forever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
