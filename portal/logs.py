"""Logs without personal data, whatever is logged and whoever's library logs it.

Messages of exceptions quote what they choked on: a row, a path, an address. So a trace is written as places and
classes, without any message. An address of a page may hold a link's token, so its pattern stands in its place.
"""

import logging
import traceback
from types import TracebackType

from pythonjsonlogger.json import JsonFormatter

Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def trace_of(error: BaseException | None) -> str:
    """Where an error was raised and what class it is, with those that led to it, the first one first."""
    parts: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        frames = traceback.extract_tb(error.__traceback__)
        places = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        parts.append("\n".join([*places, type(error).__qualname__]))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nwhich led to\n".join(reversed(parts))


class LineFormatter(logging.Formatter):
    """A line, and below it the trace without messages."""

    def formatException(self, ei: Raised) -> str:  # noqa: N802 - logging's name
        return trace_of(ei[1])


class ObjectFormatter(JsonFormatter):
    """A JSON object a line, the trace without messages in it."""

    def formatException(self, ei: Raised) -> str:  # noqa: N802 - logging's name
        return trace_of(ei[1])


class WithoutAddresses(logging.Filter):
    """Takes out of the lines of Django what came with the request: its address, its host, the request itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = record.__dict__.pop("request", None)
        if record.name.startswith("django.security"):
            # Host and address are the sender's own words.
            record.msg, record.args, record.exc_info = f"Refused: {record.name.rpartition('.')[2]}.", (), None
        elif record.name.startswith("django.request"):
            found = getattr(request, "resolver_match", None)
            status = getattr(record, "status_code", "")
            place = f"/{found.route}" if found else "an address that leads nowhere"
            record.msg, record.args = f"Answered {status} at {place}.", ()
        return True
