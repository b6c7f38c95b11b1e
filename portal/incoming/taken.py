"""Which request a mail belongs to, and what becomes of it.

A sender proves nothing: anybody can write any address into a mail. So a mail becomes a message that says of itself
that it came by mail; it confirms no identity, changes no address, and is no answer to a question until staff say so.
"""

from enum import StrEnum

from django.db import transaction

from portal import flow, vault
from portal.incoming import parsed
from portal.incoming.parsed import Mail, Sort
from portal.models import Audience, Notice
from portal.notices import outbox
from rights import journal
from rights.law.lifecycle import RequestState, TransitionRefused
from rights.models import RightsRequest


class Fate(StrEnum):
    """What becomes of a mail in the mailbox."""

    TAKEN = "taken"  # it is a message now, and can go
    IN_PART = "taken in part"  # likewise, but people should look at what was left out
    ASIDE = "left to people"
    LATER = "left for later"


def take(raw: bytes) -> Fate:
    """Take a mail into its thread, if it is certain which that is. Taking it twice changes nothing."""
    try:
        mail = parsed.read(raw)
        if mail.sort == Sort.BOUNCE:
            _came_back(mail)
        request = _request_of(mail) if mail.sort == Sort.MESSAGE else None
        if request is None:
            return Fate.ASIDE
        content = parsed.content_of(mail)
        flow.hear(
            request_id=request.pk,
            words=content.words,
            pictures=content.pictures,
            mail_digest=content.digest,
            left_out=content.left_out,
        )
    except flow.NotYet:
        return Fate.LATER
    except (parsed.Unreadable, TransitionRefused, vault.Destroyed):
        return Fate.ASIDE
    return Fate.IN_PART if content.left_out else Fate.TAKEN


def _request_of(mail: Mail) -> RightsRequest | None:
    """The one request that the mail names or answers, if its sender is the requester's confirmed address."""
    answered = Notice.objects.filter(pk__in=mail.notices, audience=Audience.REQUESTER)
    found = set(answered.values_list("request_id", flat=True))
    found |= set(RightsRequest.objects.filter(reference__in=mail.references).values_list("pk", flat=True))
    if len(found) != 1:
        return None
    request = RightsRequest.objects.select_related("requester").get(pk__in=found)
    own = request.requester.email
    is_theirs = bool(own) and mail.sender.casefold() == own.casefold()
    return request if is_theirs and request.state != RequestState.RECEIVED else None


def _came_back(mail: Mail) -> None:
    """Mark the notices that were not delivered."""
    for notice in Notice.objects.filter(pk__in=mail.notices).select_related("request"):
        with transaction.atomic():
            if outbox.came_back(notice_id=notice.pk):
                detail = {"event": notice.event}
                journal.record(request=notice.request, actor=journal.SYSTEM, event="notice_came_back", detail=detail)
