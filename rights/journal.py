"""The only writer of the journal. An entry holds procedural facts: who, what, when; never a name or an address."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from rights.models import JournalEntry, RightsRequest

CITIZEN = "citizen"
SYSTEM = "system"


def staff(user_id: int) -> str:
    """The actor that stands for a member of staff."""
    return f"staff:{user_id}"


def record(
    *,
    request: RightsRequest | None,
    actor: str,
    event: str,
    detail: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> JournalEntry:
    """Append one entry; in the caller's transaction, so that it stands or falls with what it tells."""
    return JournalEntry.objects.create(
        request=request, at=at or timezone.now(), actor=actor, event=event, detail=dict(detail or {})
    )
