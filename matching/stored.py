"""What a database can hold of what files say of themselves: any text, number or date may stand in them."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

LONGEST_PATH: Final = 1000
"""Characters."""
FIRST_YEAR: Final = 1826
"""Of the oldest photograph that is left. An earlier date is a camera's that was never set."""
LAST_YEAR: Final = 9998
"""Any zone's clock can show it."""


def text(value: object, *, longest: int) -> str:
    """A text without what PostgreSQL or UTF-8 cannot hold, cut off where it is too long; "" for what is none."""
    if not isinstance(value, str):
        return ""
    return value.replace("\0", "").encode("utf-8", "replace").decode()[:longest]


def mapping(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those entries of a JSON object that JSON and a database can hold."""
    return {key: value for key, value in values.items() if _is_json(key) and _is_json(value)}


def _is_json(value: Any) -> bool:
    try:
        written = json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, TypeError, RecursionError):
        return False
    return b"\\u0000" not in written


def moment(value: datetime | None) -> datetime | None:
    """A date that every zone's calendar has; None for one before photography or at the end of time."""
    if value is None or value.tzinfo is None:
        return None
    try:
        value.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return value if FIRST_YEAR <= value.year <= LAST_YEAR else None


def path(name: str) -> str:
    """The path under which a file is listed that has another one, which cannot be written down.

    That it is not the file's own shows in it: nothing lies there.
    """
    plain = name.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
    return plain if len(plain) <= LONGEST_PATH else f"{plain[: LONGEST_PATH - 17]} {_short_digest(name)}"


def _short_digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def address(url: str) -> str:
    """The one form of a web address by which it is known again: http and https, the host's case, the usual port and a
    fragment make no difference. What is no web address stays as it is.
    """
    try:
        parts = urlsplit(url)
        port = "" if parts.port in (None, 80, 443) else f":{parts.port}"
    except ValueError:
        return url
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return url
    return urlunsplit(("https", parts.hostname + port, parts.path or "/", parts.query, ""))
