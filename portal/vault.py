"""Sealing what requesters hand in and what they are answered.

Every request has a key of its own, stored only wrapped by a master key that lives in the environment
(`REGARD_KEYS`). Destroying a request's key destroys all its evidence and archives at once, wherever copies lie.
AES-256-GCM throughout; a file is sealed in chunks, each bound to its place, so that none can be cut off or moved.
"""

import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import IntegrityError, transaction

from portal.models import EvidenceKey
from rights.models import RightsRequest

NONCE: Final = 12
TAG: Final = 16
CHUNK: Final = 1 << 20
MAGIC: Final = b"REGARD1\n"
# What a chunk is bound to: its number and whether it is the last one.
_PLACE = struct.Struct(">Q?")


class VaultError(Exception):
    """What was sealed cannot be opened."""


class Destroyed(VaultError):  # noqa: N818 - a state, and a lawful one
    """The key of this request was destroyed; what it sealed is gone for good."""


class MasterKeyMissing(VaultError):  # noqa: N818
    """The master key that wrapped this request's key is not among `REGARD_KEYS`."""


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


def _key_of(request: RightsRequest, *, create: bool = False) -> bytes:
    row = EvidenceKey.objects.filter(request=request).first()
    if row is None and create:
        identifier, master = settings.MASTER_KEYS[0]
        wrapped = seal_with(master, new_key(), bound_to=request.pk.bytes)
        try:
            with transaction.atomic():
                row = EvidenceKey.objects.create(request=request, wrapped=wrapped, master_key=identifier)
        except IntegrityError:  # Another process made the key a moment ago; that one holds.
            row = EvidenceKey.objects.get(request=request)
    if row is None:
        raise Destroyed("This request has no key any more.")
    return _unwrapped(row)


def _unwrapped(row: EvidenceKey) -> bytes:
    master_keys = dict(settings.MASTER_KEYS)
    if row.master_key not in master_keys:
        raise MasterKeyMissing(f"REGARD_KEYS lacks the key {row.master_key!r}.")
    return unseal_with(master_keys[row.master_key], bytes(row.wrapped), bound_to=row.request.pk.bytes)


class Rotation(NamedTuple):
    """What `rewrap` did.

    Attributes:
        rewrapped: keys that the newest master key wraps since now.
        in_use: identifiers of the master keys that some request still needs.
        unopened: keys whose master key is not listed, or is another one under its name.
    """

    rewrapped: int
    in_use: frozenset[str]
    unopened: int


def rewrap() -> Rotation:
    """Wrap every request's key with the newest master key. One row at a time, so it may be stopped and run again."""
    newest, master = settings.MASTER_KEYS[0]
    rewrapped = unopened = 0
    for pk in EvidenceKey.objects.exclude(master_key=newest).values_list("pk", flat=True):
        with transaction.atomic():
            row = EvidenceKey.objects.select_for_update().filter(pk=pk).select_related("request").first()
            if row is None:
                continue  # Destroyed meanwhile.
            try:
                key = _unwrapped(row)
            except VaultError:
                unopened += 1
                continue
            row.wrapped, row.master_key = seal_with(master, key, bound_to=row.request.pk.bytes), newest
            row.save(update_fields=["wrapped", "master_key"])
            rewrapped += 1
    in_use = EvidenceKey.objects.values_list("master_key", flat=True).distinct()
    return Rotation(rewrapped, frozenset(in_use), unopened)


def create_key(request: RightsRequest) -> None:
    """Give a new request its key. Only at its receipt: a destroyed key never comes back."""
    _key_of(request, create=True)


def seal(request: RightsRequest, data: bytes) -> bytes:
    """`data` under the request's key. Raises: Destroyed."""
    return seal_with(_key_of(request), data, bound_to=request.pk.bytes)


def unseal(request: RightsRequest, sealed: bytes) -> bytes:
    """What `seal` sealed. Raises: Destroyed, VaultError."""
    return unseal_with(_key_of(request), sealed, bound_to=request.pk.bytes)


def _in_chunks(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The pieces regrouped into chunks of `CHUNK` bytes, each with whether it is the last."""
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        while len(buffer) > CHUNK:
            yield bytes(buffer[:CHUNK]), False
            del buffer[:CHUNK]
    yield bytes(buffer), True


def seal_file(request: RightsRequest, chunks: Iterable[bytes], target: Path) -> None:
    """Write the chunks sealed to `target`: under a temporary name, flushed, then renamed. Raises: Destroyed."""
    key = _key_of(request)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            file.write(MAGIC)
            for number, (chunk, last) in enumerate(_in_chunks(chunks)):
                sealed = seal_with(key, chunk, bound_to=request.pk.bytes + _PLACE.pack(number, last))
                file.write(_PLACE.pack(len(sealed), last) + sealed)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def unseal_file(request: RightsRequest, path: Path) -> Iterator[bytes]:
    """The chunks that `seal_file` wrote, opened one at a time. Raises: Destroyed, VaultError, FileNotFoundError."""
    key = _key_of(request)
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise VaultError("This is not a sealed file.")
        number, last = 0, False
        while not last:
            header = file.read(_PLACE.size)
            if len(header) != _PLACE.size:
                raise VaultError("The sealed file was cut off.")
            length, last = _PLACE.unpack(header)
            if length > CHUNK + NONCE + TAG:
                raise VaultError("The sealed file was altered.")
            yield unseal_with(key, file.read(length), bound_to=request.pk.bytes + _PLACE.pack(number, last))
            number += 1


def destroy(request: RightsRequest) -> bool:
    """Destroy the request's key, and with it everything it sealed. False if it was destroyed before."""
    deleted, _by_model = EvidenceKey.objects.filter(request=request).delete()
    return bool(deleted)
