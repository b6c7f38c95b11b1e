"""The messages of a request, opened for who may read them."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import quotequail

from portal import vault
from portal.models import Evidence, EvidenceKind, Message
from rights.models import RightsRequest

SHOWN: Final = 50
"""Messages on one page, the newest. All of them are in what `export_evidence` writes."""


@dataclass(frozen=True)
class Entry:
    """One message. `words` is None once they were destroyed; `quoted` is the history below a mail's own words."""

    message: Message
    words: str | None
    quoted: str
    pictures: list[Evidence]


def of_request(request: RightsRequest, *, most: int = SHOWN) -> list[Entry]:
    """The newest messages, the oldest of them first. Raises: vault.VaultError, where one cannot be opened."""
    newest = request.messages.order_by("-written_at", "-pk").prefetch_related("evidence")[:most]
    return [_entry(request, message) for message in reversed(newest)]


def _entry(request: RightsRequest, message: Message) -> Entry:
    kept = [item for item in message.evidence.all() if item.destroyed_at is None]
    sealed = next((item for item in kept if item.kind == EvidenceKind.MESSAGE), None)
    pictures = [item for item in kept if item.kind == EvidenceKind.ENCLOSURE]
    if sealed is None:
        return Entry(message, None, "", pictures)
    words, quoted = vault.unseal(request, bytes(sealed.sealed)).decode(), ""
    if message.by_mail:
        words, quoted = without_history(words)
    return Entry(message, words, quoted, pictures)


def without_history(text: str) -> tuple[str, str]:
    """A mail's own words, and the earlier mails quoted below them. Nothing is lost: the two make up the whole.

    Only what stands below everything else is taken for history; answers between quoted lines stay where they are.
    """
    found = quotequail.unwrap(text) or {}
    own = found.get("text_top") or ""
    if not own.strip() or found.get("text_bottom") or not text.startswith(own):
        return text, ""
    return own, text[len(own) :].strip("\n")


def picture(request: RightsRequest, evidence_id: UUID) -> bytes:
    """One picture of the thread, as JPEG. Raises: Evidence.DoesNotExist, vault.VaultError."""
    kept = request.evidence.get(pk=evidence_id, kind=EvidenceKind.ENCLOSURE, destroyed_at=None)
    return vault.unseal(request, bytes(kept.sealed))
