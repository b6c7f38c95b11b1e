"""The outbox: a mail is a row before it is a message, and is sent at most once per event.

Between handing a mail to the server and noting that it went lies a moment in which a process can die. A row found
in that moment is not sent again: if the mail backend can say whether the message arrived (the local mailbox can, by
its Message-ID), the row follows what it says; otherwise the row becomes `uncertain`, and a person decides.
"""

import logging
import smtplib
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from portal import leases
from portal.models import (
    AddressChange,
    Answer,
    Audience,
    EmailCode,
    Event,
    EvidenceKey,
    Notice,
    NoticeState,
    Recipient,
)
from portal.notices import concerned, turns
from portal.notices.compose import compose, message_id
from portal.nudges import nudge
from rights.models import RightsRequest

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
FIRST_RETRY = timedelta(seconds=30)
LAST_RETRY = timedelta(hours=2)
TO_PEOPLE = (Audience.REQUESTER, Audience.CONCERNED, Audience.NEW_ADDRESS, Audience.OLD_ADDRESS)
"""Audiences that read the language of the request."""


def post(
    *,
    request: RightsRequest,
    event: Event,
    key: str = "",
    code: EmailCode | None = None,
    recipient: Recipient | None = None,
    audience: Audience | None = None,
    context: dict[str, Any] | None = None,
) -> Notice:
    """Put a notice into the outbox, once per event and key, in the caller's transaction.

    Args:
        audience: the requester, or the recipient if there is one, unless it is somebody else.
        context: facts of the event; no name, address, code or picture.
    """
    audience = audience or (Audience.RECIPIENT if recipient else Audience.REQUESTER)
    to_requester = audience == Audience.REQUESTER
    reachable = not to_requester or bool(request.requester.email)
    notice, created = Notice.objects.get_or_create(
        request=request,
        event=event,
        key=key,
        defaults={
            "code": code,
            "audience": audience,
            "recipient": recipient,
            "language": request.language if audience in TO_PEOPLE else settings.LANGUAGE_CODE,
            "context": context or {},
            "state": NoticeState.WAITING if reachable else NoticeState.BY_POST,
            "not_before": timezone.now(),
        },
    )
    if created and reachable:
        transaction.on_commit(lambda: nudge("deliver", str(notice.pk)))
    copy = concerned.copy_of(notice) if created else None
    if copy is not None:
        transaction.on_commit(lambda: nudge("deliver", str(copy.pk)))
    return notice


def deliver(*, notice_id: UUID) -> bool:
    """Send one notice if it waits to be sent; whether this call sent it.

    Raises:
        RuntimeError: called inside a transaction, in which the claim would not be on disk before the mail goes.
    """
    now = timezone.now()
    with transaction.atomic(durable=True):
        won = Notice.objects.filter(pk=notice_id, state=NoticeState.WAITING, not_before__lte=now).update(
            state=NoticeState.SENDING, owner=leases.owner(), lease_until=now + LEASE
        )
    if not won:
        return False
    notice = Notice.objects.select_related("request__requester", "recipient", "code").get(pk=notice_id)
    if _is_moot(notice, now):
        _end(notice, NoticeState.FAILED)
        return False
    later = turns.take(notice)
    if later is not None:
        _put_off(notice, until=later)
        return False
    message = _ready(notice)
    if message is None:
        return False
    state = _hand_over(message)
    if state == NoticeState.WAITING:
        _try_later(notice)
    else:
        _end(notice, state)
    _hang_up(message)
    return state == NoticeState.SENT


def _is_moot(notice: Notice, now: datetime) -> bool:
    """What no longer holds would only confuse: a code that has expired, an answer that is gone or was made anew."""
    if turns.is_over(notice):
        return True
    if notice.code is not None:
        return _code_is_moot(notice, notice.code, now)
    if notice.audience == Audience.CONCERNED:
        return concerned.is_kept_from(notice)
    if notice.audience in (Audience.NEW_ADDRESS, Audience.OLD_ADDRESS):
        return _address_is_moot(notice, now)
    if notice.event == Event.ANSWER_READY:
        answer = Answer.objects.filter(request=notice.request).first()
        return answer is None or str(answer.pk) != notice.key
    return False


def _code_is_moot(notice: Notice, code: EmailCode, now: datetime) -> bool:
    """One that was used or has expired. A code whose mail had to wait lives from then; of several the newest goes."""
    if code.used_at is not None:
        return True
    if not turns.waits(notice):
        return code.expires_at <= now
    return EmailCode.objects.filter(request=notice.request_id, created_at__gt=code.created_at).exists()


def _address_is_moot(notice: Notice, now: datetime) -> bool:
    """A code for an address that another one took the place of; or the key went, and nobody knows the address."""
    if not EvidenceKey.objects.filter(request=notice.request_id).exists():
        return True
    change = AddressChange.objects.filter(pk=notice.key).first()
    lives = change is not None and (change.expires_at > now or turns.waits(notice))
    waits = change is not None and change.applied_at is None and lives
    told = change is not None and change.applied_at is not None
    return not (waits if notice.audience == Audience.NEW_ADDRESS else told)


def _ready(notice: Notice) -> EmailMultiAlternatives | None:
    """The mail, with a mail server that listens; None if there is none now. Until here nothing has gone."""
    try:
        message = compose(notice)
        message.message()  # What cannot be put into the form of a mail shows now.
        message.connection = get_connection()
        message.connection.open()
    except (smtplib.SMTPException, OSError) as error:
        logger.warning("The mail server cannot be used (%s); the notice waits.", type(error).__name__)
        _try_later(notice)
        return None
    except BaseException:
        _try_later(notice)
        raise
    return message


def _hand_over(message: EmailMultiAlternatives) -> NoticeState:
    """Give the mail to the server; what becomes of the notice. What is not caught here leaves it as interrupted."""
    try:
        message.send()
    except (
        smtplib.SMTPRecipientsRefused,
        smtplib.SMTPSenderRefused,
        smtplib.SMTPDataError,
        smtplib.SMTPNotSupportedError,
    ) as refused:
        # 4xx: the server asks to come back. 5xx, or an address it cannot spell: it never will take it.
        return NoticeState.WAITING if _smtp_code(refused) < 500 else NoticeState.FAILED
    except smtplib.SMTPServerDisconnected:
        return NoticeState.UNCERTAIN  # It may have been taken before the line broke.
    except (smtplib.SMTPException, OSError) as error:  # Not connected, not greeted, not logged in: nothing went.
        logger.warning("The mail server cannot be used (%s); the notice waits.", type(error).__name__)
        return NoticeState.WAITING
    return NoticeState.SENT


def _hang_up(message: EmailMultiAlternatives) -> None:
    """Part from the server. What it says now changes nothing: the mail was taken or was not."""
    if message.connection is not None:
        with suppress(smtplib.SMTPException, OSError):
            message.connection.close()


def _smtp_code(refused: smtplib.SMTPException) -> int:
    if isinstance(refused, smtplib.SMTPRecipientsRefused):
        return min((code for code, _text in refused.recipients.values()), default=500)
    return int(getattr(refused, "smtp_code", 500))


def _try_later(notice: Notice, *, at_once: bool = False) -> None:
    wait = timedelta(0) if at_once else min(FIRST_RETRY * 2 ** min(notice.attempts, 10), LAST_RETRY)
    _mine(notice).update(
        state=NoticeState.WAITING,
        attempts=notice.attempts + 1,
        not_before=timezone.now() + wait,
        owner="",
        lease_until=None,
    )


def _put_off(notice: Notice, *, until: datetime) -> None:
    """It is not its turn. Nothing was tried."""
    _mine(notice).update(state=NoticeState.WAITING, not_before=until, owner="", lease_until=None)


def _end(notice: Notice, state: NoticeState) -> None:
    _mine(notice).update(
        state=state,
        sent_at=timezone.now() if state == NoticeState.SENT else None,
        attempts=notice.attempts + 1,
        owner="",
        lease_until=None,
    )


def _mine(notice: Notice) -> QuerySet[Notice]:
    """The row, unless another process has settled or claimed it since it was read."""
    return Notice.objects.filter(pk=notice.pk, state=NoticeState.SENDING, owner=notice.owner)


def settle_the_interrupted() -> int:
    """Settle notices whose process died while sending; how many."""
    settled = 0
    for notice in Notice.objects.filter(state=NoticeState.SENDING):
        over = notice.lease_until is None or notice.lease_until < timezone.now()
        if not (leases.is_dead(notice.owner) or over):
            continue
        arrived = getattr(get_connection(), "arrived", None)
        began = not turns.waits(notice)  # Its turn is taken before anything goes.
        if began and arrived is None:
            _end(notice, NoticeState.UNCERTAIN)
        elif began and arrived is not None and arrived(message_id(notice)):
            _end(notice, NoticeState.SENT)
        else:  # A mail that kills each process that sends it must not be tried without a pause.
            _try_later(notice, at_once=notice.attempts == 0)
        settled += 1
    return settled


def due() -> list[UUID]:
    """Notices to be sent now."""
    waiting = Q(state=NoticeState.WAITING, not_before__lte=timezone.now())
    return list(Notice.objects.filter(waiting).order_by("not_before", "created_at").values_list("pk", flat=True))


def retry(*, notice_id: UUID) -> bool:
    """A person says that a failed or uncertain notice is to be sent again."""
    stuck = [NoticeState.FAILED, NoticeState.UNCERTAIN]
    again = Notice.objects.filter(pk=notice_id, state__in=stuck, code=None).update(
        state=NoticeState.WAITING, not_before=timezone.now()
    )
    if again:
        turns.waive(notice_id)
        transaction.on_commit(lambda: nudge("deliver", str(notice_id)))
    return bool(again)


def came_back(*, notice_id: UUID) -> bool:
    """The mail server of the addressee says that it did not deliver; whether the notice had counted as sent."""
    gone = Notice.objects.filter(pk=notice_id, state__in=[NoticeState.SENT, NoticeState.UNCERTAIN])
    return bool(gone.update(state=NoticeState.FAILED, sent_at=None))


def posted(*, notice_id: UUID) -> bool:
    """A person says that a notice for somebody without an e-mail address was sent by post."""
    by_post = Notice.objects.filter(pk=notice_id, state=NoticeState.BY_POST)
    return bool(by_post.update(state=NoticeState.SENT, sent_at=timezone.now()))
