"""Sealing with AES-256-GCM, under keys of their own that are stored only wrapped by a master key of the environment.

Whoever holds the master key (`settings.MASTER_KEYS`) opens what is sealed; destroying the wrapped key destroys it.
"""

import os
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

NONCE: Final = 12
TAG: Final = 16


class VaultError(Exception):
    """What was sealed cannot be opened."""


class MasterKeyMissing(VaultError):  # noqa: N818
    """The master key that wrapped a key is not among `REGARD_KEYS`."""


def new_key() -> bytes:
    """A random 256-bit key."""
    return AESGCM.generate_key(256)


def seal_with(key: bytes, data: bytes, *, bound_to: bytes = b"") -> bytes:
    """Nonce, ciphertext and tag of `data`, which opens only with the same `bound_to`."""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, data, bound_to)


def unseal_with(key: bytes, sealed: bytes, *, bound_to: bytes = b"") -> bytes:
    """What `seal_with` sealed.

    Raises:
        VaultError: wrong key, or the bytes were altered.
    """
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], bound_to)
    except (InvalidTag, ValueError) as error:
        raise VaultError("Sealed bytes do not open: wrong key, or they were altered.") from error


def wrap(key: bytes, *, bound_to: bytes) -> tuple[str, bytes]:
    """A key under the newest master key: that one's identifier, and the wrapped key."""
    identifier, master = settings.MASTER_KEYS[0]
    return identifier, seal_with(master, key, bound_to=bound_to)


def unwrap(identifier: str, wrapped: bytes, *, bound_to: bytes) -> bytes:
    """The key that `wrap` wrapped.

    Raises:
        MasterKeyMissing: the master key of this identifier is not known any more.
        VaultError: it is another key of the same name, or the bytes were altered.
    """
    master_keys = dict(settings.MASTER_KEYS)
    if identifier not in master_keys:
        raise MasterKeyMissing(f"REGARD_KEYS lacks the key {identifier!r}.")
    return unseal_with(master_keys[identifier], wrapped, bound_to=bound_to)


class Rotation(NamedTuple):
    """What `rewrap` did.

    Attributes:
        rewrapped: keys that the newest master key wraps since now.
        unopened: keys whose master key is not listed, or is another one under its name.
    """

    rewrapped: int
    unopened: int


class Keys(NamedTuple):
    """Keys of one kind, each wrapped by a master key.

    Attributes:
        rows: with `master_key` and `wrapped`. bound_to: what the wrapped key of a row is bound to.
    """

    rows: QuerySet[Any]
    bound_to: Callable[[Any], bytes]

    def in_use(self) -> frozenset[str]:
        """Identifiers of the master keys that wrap one of them."""
        return frozenset(self.rows.order_by().values_list("master_key", flat=True).distinct())

    def opens(self, row: Any) -> bool:
        """Whether the master key that the row names opens it: another one may have been given the same name."""
        try:
            unwrap(row.master_key, bytes(row.wrapped), bound_to=self.bound_to(row))
        except VaultError:
            return False
        return True

    def sample_opens(self) -> bool:
        """Whether the newest row of each master key is opened by it."""
        newest = [self.rows.filter(master_key=name).order_by("-pk").first() for name in sorted(self.in_use())]
        return all(row is None or self.opens(row) for row in newest)


def rewrap(keys: Keys) -> Rotation:
    """Wrap each of the keys with the newest master key. One row at a time, so it may be stopped and run again."""
    newest = settings.MASTER_KEYS[0][0]
    done = keys.rows.filter(master_key=newest).order_by("pk")
    unopened = sum(not keys.opens(row) for row in done.iterator(chunk_size=2000))
    rewrapped = 0
    for pk in keys.rows.exclude(master_key=newest).order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            row = keys.rows.select_for_update(of=("self",)).filter(pk=pk).first()
            if row is None:
                continue  # Destroyed meanwhile.
            try:
                key = unwrap(row.master_key, bytes(row.wrapped), bound_to=keys.bound_to(row))
            except VaultError:
                unopened += 1
                continue
            row.master_key, row.wrapped = wrap(key, bound_to=keys.bound_to(row))
            row.save(update_fields=["master_key", "wrapped"])
            rewrapped += 1
    return Rotation(rewrapped, unopened)
