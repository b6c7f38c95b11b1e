"""How a further process of an import begins.

Apart from everything else, because it is loaded before Django is: nothing here may need a model.
"""

import resource
import signal

import django


def begin(most_memory: int | None = None) -> None:
    """Load Django. Ctrl-C is for the parent to handle.

    Args:
        most_memory: bytes of address space that the process may have.
    """
    if most_memory is not None:
        resource.setrlimit(resource.RLIMIT_AS, (most_memory, most_memory))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    django.setup()
