"""The only writer of the journal. An entry holds procedural facts: who, what, when; never a name or an address.

Each entry's digest covers its content and the digest of the entry before it. Whoever alters, removes or reorders one
past the triggers of the database breaks the chain at that place, and `check` names it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from rights.models import JournalEntry, JournalHead, RightsRequest

CITIZEN = "citizen"
SYSTEM = "system"
UNKNOWN = "unknown"
"""Somebody who has proved nothing."""
CHUNK: Final = 2000


def staff(user_id: int) -> str:
    """The actor that stands for a member of staff."""
    return f"staff:{user_id}"


@transaction.atomic
def record(
    *,
    request: RightsRequest | None,
    actor: str,
    event: str,
    detail: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> JournalEntry:
    """Append one entry; in the caller's transaction, so that it stands or falls with what it tells.

    Writers wait for one another here until they commit. A caller that also locks the request's row locks that first
    (`requests.locked`), so that two of them never wait for each other.
    """
    JournalHead.objects.get_or_create(pk=1)
    head = JournalHead.objects.select_for_update().get(pk=1)
    entry = JournalEntry(
        position=head.position + 1,
        request=request,
        at=at or timezone.now(),
        actor=actor,
        event=event,
        detail=json.loads(json.dumps(dict(detail or {}))),  # As it comes back from the database.
        previous=head.digest,
    )
    entry.digest = digest_of(entry)
    entry.save(force_insert=True)
    JournalHead.objects.filter(pk=1).update(position=entry.position, digest=entry.digest)
    return entry


def digest_of(entry: JournalEntry) -> str:
    """SHA-256 over the previous digest and the entry's content as canonical JSON, hexadecimal."""
    content = [
        entry.previous,
        entry.position,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.actor,
        entry.event,
        entry.request_id.hex if entry.request_id else "",
        entry.detail,
    ]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


class Flaw(NamedTuple):
    """Something wrong at one place of the journal."""

    position: int
    what: str


def check(*, anchors: Mapping[int, str] | None = None) -> Iterator[Flaw]:
    """Every entry that was altered, removed or put elsewhere, in order.

    Args:
        anchors: digests by position, noted earlier and kept elsewhere: a chain that was made anew from the beginning
            fits in itself, and not to them.
    """
    wanted = dict(anchors or {})
    expected, digest = 1, ""
    end = head()  # Others may write meanwhile: what comes after it is left to the next check.
    entries = JournalEntry.objects.filter(position__lte=max([end.position, *wanted]))
    for entry in entries.order_by("position", "pk").iterator(chunk_size=CHUNK):
        if entry.position != expected:
            gone = f"{expected}" if entry.position == expected + 1 else f"{expected} to {entry.position - 1}"
            yield Flaw(expected, f"entry {gone} is missing")
        elif entry.previous != digest:
            yield Flaw(entry.position, f"{_named(entry)} does not follow the entry before it")
        if digest_of(entry) != entry.digest:
            yield Flaw(entry.position, f"{_named(entry)} was altered")
        if wanted.pop(entry.position, entry.digest) != entry.digest:
            yield Flaw(entry.position, f"{_named(entry)} is not the one that was noted")
        expected, digest = entry.position + 1, entry.digest
        if entry.position == end.position and entry.digest != end.digest:
            yield Flaw(entry.position, f"{_named(entry)} is not the one that the journal's head names")
    yield from _check_end(expected - 1, end)
    for position in sorted(wanted):
        yield Flaw(position, f"entry {position}, which was noted, is missing")


def _check_end(position: int, end: JournalHead) -> Iterator[Flaw]:
    if end.position > position:
        gone = str(position + 1) if end.position == position + 1 else f"{position + 1} to {end.position}"
        yield Flaw(position + 1, f"entry {gone} is missing at the end")
    last = JournalEntry.objects.aggregate(last=Max("position"))["last"] or 0
    if last > head().position:  # Read after it: whoever writes an entry moves the head with it.
        yield Flaw(head().position + 1, "the journal goes on past its head")


def _named(entry: JournalEntry) -> str:
    return f"entry {entry.position} ({entry.event}, {entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC)"


def head() -> JournalHead:
    """Where the journal ends now; its digest, kept elsewhere, is an anchor for `check`."""
    return JournalHead.objects.filter(pk=1).first() or JournalHead(pk=1)
