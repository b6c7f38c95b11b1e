"""Sealing what requesters hand in and what they are answered.

Every request has a key of its own, stored only wrapped by a master key that lives in the environment
(`REGARD_KEYS`). Destroying a request's key destroys all its evidence and archives at once, wherever copies lie.
AES-256-GCM throughout; a file is sealed in chunks, each bound to its place, so that none can be cut off or moved.
"""

import hmac
import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from matching import database
from matching.sealing import (
    NONCE,
    TAG,
    Keys,
    MasterKeyMissing,
    VaultError,
    new_key,
    seal_with,
    unseal_with,
    unwrap,
    wrap,
)
from portal.models import Evidence, EvidenceKey
from rights.models import RightsRequest

__all__ = [
    "CHUNK",
    "MAGIC",
    "NONCE",
    "TAG",
    "Destroyed",
    "MasterKeyMissing",
    "VaultError",
    "alias",
    "create_key",
    "destroy",
    "new_key",
    "overwrite",
    "seal",
    "seal_file",
    "seal_with",
    "unseal",
    "unseal_file",
    "unseal_with",
]

CHUNK: Final = 1 << 20
MAGIC: Final = b"REGARD1\n"
# What a chunk is bound to: its number and whether it is the last one.
_PLACE = struct.Struct(">Q?")


class Destroyed(VaultError):  # noqa: N818 - a state, and a lawful one
    """The key of this request was destroyed; what it sealed is gone for good."""


def _key_of(request: RightsRequest, *, create: bool = False) -> bytes:
    row = EvidenceKey.objects.filter(request=request).first()
    if row is None and create:
        identifier, wrapped = wrap(new_key(), bound_to=request.pk.bytes)
        try:
            with transaction.atomic():
                row = EvidenceKey.objects.create(request=request, wrapped=wrapped, master_key=identifier)
        except IntegrityError:  # Another process made the key a moment ago; that one holds.
            row = EvidenceKey.objects.get(request=request)
    if row is None:
        raise Destroyed("This request has no key any more.")
    return unwrap(row.master_key, bytes(row.wrapped), bound_to=request.pk.bytes)


def wrapped_keys() -> Keys:
    """The key of every request."""
    return Keys(EvidenceKey.objects.select_related("request"), lambda row: row.request.pk.bytes)


def create_key(request: RightsRequest) -> None:
    """Give a new request its key. Only at its receipt: a destroyed key never comes back."""
    _key_of(request, create=True)


def seal(request: RightsRequest, data: bytes) -> bytes:
    """`data` under the request's key. Raises: Destroyed."""
    return seal_with(_key_of(request), data, bound_to=request.pk.bytes)


def unseal(request: RightsRequest, sealed: bytes) -> bytes:
    """What `seal` sealed. Raises: Destroyed, VaultError."""
    return unseal_with(_key_of(request), sealed, bound_to=request.pk.bytes)


def alias(request: RightsRequest, kind: str, number: int) -> str:
    """What stands in the journal for a face or a picture: 16 hexadecimal digits, empty once there is no key.

    The same each time while the request has its key, so that looks and verdicts can be told apart; afterwards nobody
    can say which picture was meant, though the journal and the picture stay.
    """
    try:
        key = _key_of(request)
    except VaultError:
        return ""
    return hmac.new(key, f"regard.alias.{kind}.{number}".encode(), "sha256").hexdigest()[:16]


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


def overwrite(evidence: QuerySet[Evidence]) -> int:
    """Overwrite sealed files, each before the rest of its request; how many. The rows stay and say when."""
    count = evidence.update(sealed=b"", destroyed_at=timezone.now())
    transaction.on_commit(lambda: database.flush(patient=False))
    return count


def destroy(request: RightsRequest) -> bool:
    """Destroy the request's key, and with it everything it sealed. False if it was destroyed before.

    Its copy in the database's log goes with the commit, or with a later beat if somebody reads just then.
    """
    deleted, _by_model = EvidenceKey.objects.filter(request=request).delete()
    transaction.on_commit(lambda: database.flush(patient=False))
    return bool(deleted)
