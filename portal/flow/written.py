"""Written: what the person and staff write to each other. No word of it starts, stops or moves a legal clock."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from portal import retention, vault
from portal.models import Audience, Author, Event, Evidence, EvidenceKind, Message
from portal.notices import outbox
from rights import journal, requests
from rights.law.lifecycle import RequestState, TransitionRefused
from rights.law.sentences import gettext_noop
from rights.models import RightsRequest

AN_HOUR: Final = timedelta(hours=1)
MOST_IN_AN_HOUR: Final = 20
"""Messages from a person. Nobody is locked out by it: the next one is taken as soon as the oldest is an hour old."""


class NotYet(Exception):  # noqa: N818 - a matter of minutes
    """Too much was written within the hour.

    Attributes:
        until: when the next message is taken.
    """

    def __init__(self, until: datetime) -> None:
        super().__init__()
        self.until = until


@transaction.atomic
def hear(
    *,
    request_id: UUID,
    words: str,
    pictures: Sequence[bytes] = (),
    key: UUID | None = None,
    mail_digest: str = "",
    left_out: int = 0,
) -> Message:
    """Take a message from the person, once; staff are told if they have nothing else to read of this request.

    Args:
        pictures: cleaned JPEGs (`matching.images.clean_upload`).
        key: made with the form, so that a form sent twice is one message.
        mail_digest: of the mail it came by. left_out: attachments of that mail that were not taken.

    Raises:
        NotYet: nothing was taken.
        TransitionRefused: the request is closed.
    """
    request = _writable(request_id)
    known = _known(request, key, mail_digest)
    if known is not None:
        return known
    now = timezone.now()
    heard = request.messages.filter(author=Author.PERSON)
    # Mails apart: anybody can send some in the person's name, and their own page must stay open to them.
    recent = heard.filter(written_at__gt=now - AN_HOUR, by_mail=bool(mail_digest))
    lately = list(recent.order_by("written_at").values_list("written_at", flat=True))
    if len(lately) >= MOST_IN_AN_HOUR:
        raise NotYet(lately[-MOST_IN_AN_HOUR] + AN_HOUR)
    unread = heard.filter(read_at=None).exists()
    message = Message.objects.create(
        pk=_free(key),
        request=request,
        author=Author.PERSON,
        written_by=journal.CITIZEN,
        written_at=now,
        by_mail=bool(mail_digest),
        mail_digest=mail_digest,
        left_out=left_out,
    )
    _keep(message, words, pictures)
    if not unread:
        outbox.post(request=request, event=Event.MESSAGE_IN, key=message.pk.hex, audience=Audience.STAFF)
    return message


@transaction.atomic
def tell(
    *, request_id: UUID, words: str, actor: str, pictures: Sequence[bytes] = (), key: UUID | None = None
) -> Message:
    """Write to the person; a mail tells them that there is a message, and not what it says.

    Args:
        pictures: cleaned JPEGs. key: as in `hear`.

    Raises:
        TransitionRefused: the request is closed, or the person has no e-mail address and so no page.
    """
    request = _writable(request_id)
    known = _known(request, key, "")
    if known is not None:
        return known
    if not request.requester.email:
        raise TransitionRefused(gettext_noop("The person has no e-mail address, and so no page: write a letter."))
    message = Message.objects.create(
        pk=_free(key), request=request, author=Author.STAFF, written_by=actor, written_at=timezone.now()
    )
    _keep(message, words, pictures)
    outbox.post(request=request, event=Event.MESSAGE, key=message.pk.hex)
    return message


def were_read(request: RightsRequest) -> None:
    """Staff have the thread before them."""
    request.messages.filter(author=Author.PERSON, read_at=None).update(read_at=timezone.now())


def can_write(request: RightsRequest) -> bool:
    """Whether messages can be sealed: until the request's key is destroyed."""
    return request.state not in (RequestState.CLOSED, RequestState.WITHDRAWN)


def _writable(request_id: UUID) -> RightsRequest:
    request = requests.locked(request_id)
    if not can_write(request):
        raise TransitionRefused(gettext_noop("This request is closed; no messages can be written about it any more."))
    return request


def _known(request: RightsRequest, key: UUID | None, mail_digest: str) -> Message | None:
    """The message, if this one was taken before."""
    if mail_digest:
        return request.messages.filter(mail_digest=mail_digest).first()
    return request.messages.filter(pk=key).first() if key else None


def _free(key: UUID | None) -> UUID:
    """The form's number for the message, unless another request has it: then somebody tampered with the form."""
    return key if key and not Message.objects.filter(pk=key).exists() else uuid4()


def _keep(message: Message, words: str, pictures: Sequence[bytes]) -> None:
    request = message.request
    parts = [(EvidenceKind.MESSAGE, "text/plain", words.encode())]
    parts += [(EvidenceKind.ENCLOSURE, "image/jpeg", picture) for picture in pictures]
    for kind, media_type, data in parts:
        Evidence.objects.create(
            request=request,
            message=message,
            kind=kind,
            media_type=media_type,
            sealed=vault.seal(request, data),
            destroy_on=_destroyed_on(request),
        )
    detail = {"pictures": len(pictures), "by_mail": message.by_mail}
    event = "message_received" if message.author == Author.PERSON else "message_written"
    journal.record(request=request, actor=message.written_by, event=event, detail=detail)


def _destroyed_on(request: RightsRequest) -> date:
    """With everything else that the person handed in."""
    done = request.state == RequestState.CARRIED_OUT
    return (timezone.localdate(request.state_since) if done else request.due) + retention.length("evidence")
