"""Every key that a master key of `REGARD_KEYS` wraps."""

from matching import suppression
from matching.sealing import Keys
from portal import vault
from portal.staff import factors


def every() -> list[Keys]:
    """Keys of requests, of kept templates, and of staff's apps."""
    return [vault.wrapped_keys(), suppression.wrapped_keys(), factors.wrapped_keys()]


def in_use() -> frozenset[str]:
    """Identifiers of the master keys that some key still needs."""
    return frozenset().union(*(keys.in_use() for keys in every()))
