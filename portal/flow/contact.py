"""Contact: the person corrects how they are called and written to."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from portal import vault
from portal.identity import email_code, new_address
from portal.identity.email_code import CodeResult, CodeStatus
from portal.models import AddressChange, Audience, EmailCode, Event, Requester
from portal.notices import outbox, turns
from rights import journal, requests
from rights.law.lifecycle import RequestState, TransitionRefused
from rights.law.sentences import gettext_noop
from rights.models import RightsRequest


def can_correct(request: RightsRequest) -> bool:
    """Whether there is still somebody to write to."""
    return request.state not in (RequestState.CLOSED, RequestState.WITHDRAWN)


def _open(request_id: UUID) -> RightsRequest:
    request = requests.locked(request_id)
    if not can_correct(request):
        raise TransitionRefused(gettext_noop("This request has ended; nothing of it can be corrected any more."))
    return request


@transaction.atomic
def correct_details(*, request_id: UUID, name: str, language: str) -> None:
    """Take another name and language. The journal has which of them changed, not what to. Raises: TransitionRefused."""
    request = _open(request_id)
    changed = []
    if Requester.objects.filter(request=request).exclude(name=name).update(name=name):
        changed.append("name")
    if requests.speak(request=request, language=language):
        changed.append("language")
    if changed:
        journal.record(request=request, actor=journal.CITIZEN, event="contact_corrected", detail={"changed": changed})


@transaction.atomic
def propose_address(*, request_id: UUID, email: str, network: str | None = "") -> AddressChange:
    """Send a code to a new address; until it is typed nothing changes.

    Args:
        network: who typed it, as `turns.line_up` takes it.

    Raises:
        TransitionRefused: the request has ended, or too many addresses were written to within the hour.
    """
    request = _open(request_id)
    if not new_address.may_ask(request):
        raise TransitionRefused(gettext_noop("Several addresses were tried within an hour. Try again later."))
    now = timezone.now()
    change = AddressChange.objects.create(
        request=request,
        sealed=vault.seal(request, email.encode()),
        asked_at=now,
        expires_at=now + email_code.LIFETIME,
    )
    to_new = Audience.NEW_ADDRESS
    notice = outbox.post(request=request, event=Event.NEW_ADDRESS, key=change.pk.hex, audience=to_new)
    turns.line_up(notice=notice, address=email, network=network)
    journal.record(request=request, actor=journal.CITIZEN, event="address_proposed")
    return change


@transaction.atomic
def prove_address(*, request_id: UUID, change_id: UUID, typed: str) -> CodeResult:
    """Write to the new address from now on, if this is its code. The old one is told, and what was sent there opens
    nothing any more: no code, no link, no session.

    Raises:
        TransitionRefused: the request has ended.
    """
    request = _open(request_id)
    result = new_address.check(request=request, change_id=change_id, typed=typed)
    if result.status is not CodeStatus.OK:
        return result
    change = AddressChange.objects.get(pk=change_id)
    now = timezone.now()
    requester = Requester.objects.get(request=request)
    old = requester.email
    requester.email = vault.unseal(request, bytes(change.sealed)).decode()
    requester.save(update_fields=["email"])
    change.sealed, change.applied_at = vault.seal(request, old.encode()), now
    change.save(update_fields=["sealed", "applied_at"])
    request.address_changes.filter(applied_at=None).delete()
    EmailCode.objects.filter(request=request, expires_at__gt=now).update(expires_at=now)
    outbox.post(request=request, event=Event.ADDRESS_CHANGED, key=change.pk.hex, audience=Audience.OLD_ADDRESS)
    journal.record(request=request, actor=journal.CITIZEN, event="address_changed")
    return result
