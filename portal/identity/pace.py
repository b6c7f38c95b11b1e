"""Answers to strangers leave at one pace: how long an answer took tells nobody whether a request exists.

The statements and tasks are the same for known and unknown already (`email_code`); what is left, some tenths of a
millisecond in making and reading rows, would show over many tries.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings


@contextmanager
def kept() -> Iterator[None]:
    """Leave no sooner than `settings.ANSWER_SECONDS` after entering; what takes longer than that is not held up."""
    began = time.monotonic()
    try:
        yield
    finally:
        time.sleep(max(0.0, began + settings.ANSWER_SECONDS - time.monotonic()))
