"""Six digits to a new e-mail address. They prove control of it, and are good for nothing else."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db.models import F
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from portal.identity import email_code
from portal.identity.email_code import CodeResult, CodeStatus
from portal.models import AddressChange
from portal.notices import turns
from rights.models import RightsRequest

SALT: Final = "portal.identity.new_address"
MOST_IN_AN_HOUR: Final = 5
"""Mails to addresses that nobody has proven yet."""


def digits(change: AddressChange) -> str:
    """The six digits of a change, derived anew each time."""
    return email_code.derived(change.pk, SALT)


def pending(request: RightsRequest) -> AddressChange | None:
    """The change that waits for its code; only the newest counts.

    For as long as its mail may have to wait, whether it does or not: nobody shall see what else the address gets.
    """
    since = timezone.now() - turns.DAY - email_code.LIFETIME
    newest = request.address_changes.filter(applied_at=None).order_by("asked_at", "pk").last()
    return newest if newest and newest.asked_at > since and newest.tries < email_code.TRIES else None


def may_ask(request: RightsRequest) -> bool:
    """Whether another address may be written to now."""
    hour_ago = timezone.now() - timedelta(hours=1)
    return request.address_changes.filter(asked_at__gt=hour_ago).count() < MOST_IN_AN_HOUR


def check(*, request: RightsRequest, change_id: UUID, typed: str) -> CodeResult:
    """Whether the typed text is the code of the change that waits. A wrong one counts."""
    change = pending(request)
    if change is None or change.pk != change_id:
        return CodeResult(CodeStatus.EXPIRED)
    counted = AddressChange.objects.filter(pk=change.pk, applied_at=None, tries__lt=email_code.TRIES)
    if not counted.update(tries=F("tries") + 1):
        return CodeResult(CodeStatus.EXPIRED)
    now = timezone.now()
    fits = constant_time_compare(email_code.plain(typed), digits(change))
    if fits and change.expires_at > now:
        return CodeResult(CodeStatus.OK)
    if change.asked_at + email_code.LIFETIME <= now:
        return CodeResult(CodeStatus.EXPIRED)
    return CodeResult(CodeStatus.WRONG, tries_left=max(0, email_code.TRIES - change.tries - 1))
