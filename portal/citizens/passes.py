"""What one browser session may see. A request is known to it by its id only; no name or address is kept here.

Three passes, each for one request: `asked` (may type a code), `open` (may see the status), `download` (may fetch the
answer, for a quarter of an hour after a code).
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone

from portal.models import AddressChange

ASKED: Final = "asked"
OPEN: Final = "open"
DOWNLOAD: Final = "download"
DOWNLOAD_LASTS: Final = timedelta(minutes=15)


class Purpose(StrEnum):
    """Why a code is asked for."""

    SENT = "sent"
    FIND = "find"
    DOWNLOAD = "download"
    CONTACT = "contact"


def ask(session: SessionBase, request_id: UUID, purpose: Purpose) -> None:
    """Let the session type a code for this request, which may not exist."""
    _put(session, ASKED, request_id, purpose.value)


def purpose_of(session: SessionBase, request_id: UUID) -> Purpose | None:
    """Why the session may type a code; None if it may not."""
    value = session.get(ASKED, {}).get(request_id.hex)
    return Purpose(value) if value else None


def let_in(session: SessionBase, request_id: UUID) -> None:
    """Open the request to this session, under a new session key."""
    session.cycle_key()
    session.get(ASKED, {}).pop(request_id.hex, None)
    _put(session, OPEN, request_id, timezone.now().isoformat())


def is_open(session: SessionBase, request_id: UUID) -> bool:
    """Whether the request is open to this session; one that was opened before its address was changed is not."""
    since = session.get(OPEN, {}).get(request_id.hex)
    changed = AddressChange.objects.filter(request=request_id, applied_at__gt=since) if since else None
    return changed is not None and not changed.exists()


def allow_download(session: SessionBase, request_id: UUID) -> None:
    _put(session, DOWNLOAD, request_id, (timezone.now() + DOWNLOAD_LASTS).isoformat())


def download_until(session: SessionBase, request_id: UUID) -> datetime | None:
    """Until when the answer may be fetched; None if a fresh code is needed."""
    value = session.get(DOWNLOAD, {}).get(request_id.hex)
    until = datetime.fromisoformat(value) if value else None
    return until if until and until > timezone.now() else None


def _put(session: SessionBase, name: str, request_id: UUID, value: str) -> None:
    session[name] = session.get(name, {}) | {request_id.hex: value}
