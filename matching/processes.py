"""How a further process of an import begins.

Apart from everything else, because it is loaded before Django is: nothing here may need a model.
"""

import signal

import django


def begin() -> None:
    """Load Django. Ctrl-C is for the parent to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    django.setup()
