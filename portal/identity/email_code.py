"""Six digits by e-mail: the one proof of control of an address, for confirming, for finding and for downloading.

A code lives fifteen minutes, and as long from when its mail goes. Five wrong tries, over however many codes, lock the
entry for fifteen minutes. That counts per request; what a network may get wrong in all is `portal.identity.networks`,
and how many mails an address gets in all `portal.notices.turns`.
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from portal.advisory import one_at_a_time
from portal.models import EmailCode, Event, Notice, Requester
from portal.notices import outbox, turns
from portal.nudges import nudge
from rights.law.lifecycle import RequestState
from rights.models import RightsRequest

LIFETIME: Final = EmailCode.LIFETIME
LOCK: Final = timedelta(minutes=15)
TRIES: Final = 5
PAUSE_BETWEEN: Final = timedelta(minutes=1)
MOST_PER_HOUR: Final = 6
SALT: Final = "portal.identity.email_code"

Holder = RightsRequest | UUID
"""Whose code: a request's, or a stranger's, who is treated alike and mailed nothing."""


class CodeStatus(StrEnum):
    OK = "ok"
    WRONG = "wrong"
    EXPIRED = "expired"
    LOCKED = "locked"


@dataclass(frozen=True)
class CodeResult:
    """What became of a try.

    Attributes:
        tries_left: how many more tries there are; only with `wrong`.
        until: when the lock lifts; only with `locked`.
        guessed: a code was typed in time and was wrong; one that came late, or to a locked entry, is no guess.
    """

    status: CodeStatus
    tries_left: int = 0
    until: datetime | None = None
    guessed: bool = False

    @property
    def ok(self) -> bool:
        return self.status is CodeStatus.OK


def digits(code: EmailCode) -> str:
    """The six digits of a code, derived anew each time."""
    return derived(code.pk, SALT)


def derived(number: UUID, salt: str) -> str:
    """Six digits for a row, under the server's secret."""
    digest = salted_hmac(salt, number.hex, algorithm="sha256").digest()
    return f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06d}"


def plain(typed: str) -> str:
    """What was typed, without what does not matter: blanks, dashes, the width of digits."""
    return re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", typed))


@transaction.atomic
def issue(*, request: Holder, network: str | None = "") -> EmailCode:
    """Make a code and post its notice. While the entry is locked the last code is returned and nothing is posted.

    Args:
        network: whose question it is, as `turns.line_up` takes it.
    """
    now = timezone.now()
    last = _codes(request).last()
    locked = locked_until(request=request, now=now)  # Asked for in any case: a stranger has no last code.
    if last is not None and locked:
        return last
    carried = last.tries if last is not None and last.used_at is None and not _is_late(last, now) else 0
    lives = {"created_at": now, "expires_at": now + LIFETIME, "tries": 0 if carried >= TRIES else carried}
    if isinstance(request, UUID):
        code = EmailCode.objects.create(stranger=request, **lives)
        _as_much_work(now)
        turns.line_up(notice=None, address=code.pk.hex, network=network)
        return code
    code = EmailCode.objects.create(request=request, **lives)
    notice = outbox.post(request=request, event=Event.CODE, key=code.pk.hex, code=code)
    # Who proved the address for this request is not kept from it by what others ask for with that address.
    unproven = request.state == RequestState.RECEIVED
    turns.line_up(notice=notice, address=request.requester.email if unproven else code.pk.hex, network=network)
    return code


def _as_much_work(now: datetime) -> None:
    """What posting a notice costs, for nobody: the time of an answer tells no stranger whether a request exists.

    The same statements in the same order, one row of waste that goes with the expired codes, one message to the broker.
    """
    nobody = uuid4()
    Requester.objects.filter(request=nobody).first()
    Notice.objects.filter(request=nobody, event=Event.CODE, key=nobody.hex).first()
    with transaction.atomic():
        EmailCode.objects.create(stranger=nobody, created_at=now, expires_at=now)
    transaction.on_commit(lambda: nudge("deliver", str(nobody)))


def next_issue_at(*, request: Holder, now: datetime | None = None) -> datetime | None:
    """When another code may be sent; None if at once.

    A minute lies between two codes and an hour sees six of them: enough for a slow mailbox, too few to fill one.
    A code that was typed does not count: who has it reads that mailbox.
    """
    now = now or timezone.now()
    unused = _codes(request).filter(used_at=None, created_at__gt=now - timedelta(hours=1))
    sent = list(unused.values_list("created_at", flat=True))
    waits = [sent[-1] + PAUSE_BETWEEN] if sent else []
    if len(sent) >= MOST_PER_HOUR:
        waits.append(sent[-MOST_PER_HOUR] + timedelta(hours=1))
    locked = locked_until(request=request, now=now)
    if locked:
        waits.append(locked)
    latest = max(waits, default=None)
    return latest if latest and latest > now else None


@transaction.atomic
def issue_if_due(*, request: Holder, network: str | None = "") -> bool:
    """`issue`, unless the last one is too recent; whether one was issued. Of many who ask at once, one is served."""
    one_at_a_time(_number(request))
    if next_issue_at(request=request):
        return False
    issue(request=request, network=network)
    return True


def _number(holder: Holder) -> bytes:
    return (holder if isinstance(holder, UUID) else holder.pk).bytes


def locked_until(*, request: Holder, now: datetime | None = None) -> datetime | None:
    """When the entry of codes opens again; None if it is open."""
    locked = _codes(request).filter(locked_until__gt=now or timezone.now()).order_by("-locked_until").first()
    return locked.locked_until if locked else None


@transaction.atomic
def check(*, request: Holder, digits: str, now: datetime | None = None) -> CodeResult:
    """Compare what was typed with every code that still lives, in constant time, and use it up if it fits.

    The try is counted before it is compared, by a conditional update, so that parallel guesses cannot pass five.
    Several codes may live at once, because mails overtake one another; a success ends them all. No code is issued
    meanwhile, for the next one carries what was counted on the last.

    What is said of a wrong code follows from when one was asked for, not from when its mail went: whether a mail had to
    wait would tell what else was asked with the address.
    """
    one_at_a_time(_number(request))
    now = now or timezone.now()
    until = locked_until(request=request, now=now)
    if until:
        return CodeResult(CodeStatus.LOCKED, until=until)
    newest = _codes(request).last()
    if newest is None or newest.used_at is not None:
        return CodeResult(CodeStatus.EXPIRED)
    late = _is_late(newest, now)
    live = list(_codes(request).filter(used_at=None, expires_at__gt=now))
    counted = EmailCode.objects.filter(pk=newest.pk, used_at=None, tries__lt=TRIES).update(tries=F("tries") + 1)
    if not counted:
        newest.refresh_from_db()
        return CodeResult(CodeStatus.EXPIRED) if late or newest.used_at else _lock(newest, now)
    fitting = _fitting(typed=digits, codes=live)
    if fitting and isinstance(request, RightsRequest):  # A stranger's guess is never right.
        used = EmailCode.objects.filter(pk=newest.pk, used_at=None).update(used_at=now)
        EmailCode.objects.filter(pk__in=[code.pk for code in live], used_at=None).update(used_at=now)
        turns.renew(request.requester.email, codes=fitting)
        return CodeResult(CodeStatus.OK if used else CodeStatus.EXPIRED)
    if late:
        return CodeResult(CodeStatus.EXPIRED)
    newest.refresh_from_db()
    if newest.tries >= TRIES:
        return replace(_lock(newest, now), guessed=True)
    return CodeResult(CodeStatus.WRONG, tries_left=TRIES - newest.tries, guessed=True)


def _is_late(code: EmailCode, now: datetime) -> bool:
    """Whether it was asked for so long ago that it has expired, unless its mail had to wait."""
    return code.created_at + LIFETIME <= now


def _codes(request: Holder) -> QuerySet[EmailCode]:
    own = {"stranger": request} if isinstance(request, UUID) else {"request": request}
    return EmailCode.objects.filter(**own).order_by("created_at", "pk")


def _fitting(*, typed: str, codes: list[EmailCode]) -> list[EmailCode]:
    """Which of the codes the typed text is. Each is compared."""
    return [code for code in codes if constant_time_compare(plain(typed), digits(code))]


def _lock(code: EmailCode, now: datetime) -> CodeResult:
    EmailCode.objects.filter(pk=code.pk, locked_until=None).update(locked_until=now + LOCK)
    code.refresh_from_db()
    return CodeResult(CodeStatus.LOCKED, until=code.locked_until)
