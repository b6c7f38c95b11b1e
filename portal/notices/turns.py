"""How many mails an address gets that has proven nothing: anybody can type anybody's.

A code, an acknowledgement, a question to the person concerned, their no to a requester who has proven nothing, and a
code for a new address are put on record at once, and go when the address has a turn: some in an hour and in a day, and
fewer of those that one network asked for, so that who floods a mailbox from one keeps no mail of others from it.
Nothing is refused and no page says that a mail waits, for that would tell strangers what else was asked with the
address. A code that was typed shows that the mails are wanted which the same network asked for: these begin anew. What
staff enter needs no turn.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.encoding import punycode

from portal.advisory import one_at_a_time
from portal.models import AddressChange, Audience, EmailCode, MailTurn, Notice, NoticeState

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
MOST: Final = {HOUR: 24, DAY: 60}
OF_ONE_NETWORK: Final = {HOUR: 8, DAY: 20}
"""Mails to one address: of all networks together, and of one. A request brings two, and one for each further code."""
SALT: Final = "portal.notices.turns"


def _mailbox(address: str) -> str:
    """One spelling of many: mail reaches the same mailbox with quotes, capitals, a plus sign and what follows it, with
    dots at some providers, and with every letter of a domain that IDNA takes for another.
    """
    local, _at, domain = address.strip().rpartition("@")
    name = re.sub(r'[\s".\\]', "", local).casefold().partition("+")[0]
    with suppress(UnicodeError):  # What is no domain stays as it is.
        domain = punycode(domain)
    return f"{name}@{domain.casefold()}"


def _hashed(address: str) -> str:
    """What is kept of an address."""
    return salted_hmac(SALT, _mailbox(address), algorithm="sha256").hexdigest()


def line_up(*, notice: Notice | None, address: str, network: str | None) -> None:
    """Let a notice wait for a turn, in the transaction that posts it.

    Args:
        notice: None for a stranger's, which costs as much.
        network: the keyed hash of the network that asks (`networks.network_of`), empty where it cannot be told; None
            where staff ask, who flood nobody.
    """
    if network is not None:
        MailTurn.objects.create(notice=notice, address=_hashed(address), network=network, asked_at=timezone.now())


def waits(notice: Notice) -> bool:
    """Whether its turn has yet to come."""
    return MailTurn.objects.filter(notice=notice, at=None).exists()


def is_over(notice: Notice) -> bool:
    """Whether it waited for a day in vain, as one among many: nobody waits for that mail any more.

    One that was never tried waited for a worker, and still goes.
    """
    old = MailTurn.objects.filter(notice=notice, at=None, asked_at__lte=timezone.now() - DAY)
    return old.filter(asked_at__lt=notice.not_before).exists()


@transaction.atomic
def take(notice: Notice) -> datetime | None:
    """Take the turn of a notice that is about to go; when it comes if it has not come, None if it goes now.

    A code lives from when its mail goes. What the mail server refused for now takes its turn anew with each try, so
    that after a long failure mails go as slowly as before it.
    """
    turn = MailTurn.objects.filter(notice=notice).first()
    if turn is None:
        return None
    one_at_a_time(bytes.fromhex(turn.address))
    now = timezone.now()
    later = max(_waits(turn, now), default=now)
    if later > now:
        return later
    if turn.at is None:
        _live_from(now, notice)
    MailTurn.objects.filter(pk=turn.pk).update(at=now)  # Unless a code was typed meanwhile, and it needs none.
    return None


def _live_from(now: datetime, notice: Notice) -> None:
    ends = now + EmailCode.LIFETIME
    if notice.code_id:
        EmailCode.objects.filter(pk=notice.code_id, used_at=None).update(expires_at=ends)
    if notice.audience == Audience.NEW_ADDRESS:
        AddressChange.objects.filter(pk=notice.key, applied_at=None).update(expires_at=ends)


def _waits(turn: MailTurn, now: datetime) -> Iterator[datetime]:
    """When each limit that is reached leaves room for one more."""
    went = MailTurn.objects.filter(address=turn.address, at__gt=now - DAY).exclude(pk=turn.pk)
    every = [(at, network) for at, network in went.order_by("at").values_list("at", "network") if at is not None]
    lanes = [(MOST, [at for at, _network in every])]
    if turn.network:
        lanes.append((OF_ONE_NETWORK, [at for at, network in every if network == turn.network]))
    for most_in, times in lanes:
        for span, most in most_in.items():
            recent = [at for at in times if at > now - span]
            if len(recent) >= most:
                yield recent[-most] + span
    if turn.network:
        yield now + HOUR * (_ahead(turn) // OF_ONE_NETWORK[HOUR])  # Not woken before, only to be put off again.


def _ahead(turn: MailTurn) -> int:
    """How many mails that the same network asked for wait longer."""
    same = MailTurn.objects.filter(address=turn.address, network=turn.network, at=None)
    return same.filter(asked_at__lt=turn.asked_at).exclude(notice=None).count()


def renew(address: str, *, codes: Iterable[EmailCode]) -> None:
    """Who typed one of these codes wants the mails that were asked for from where it was: what went of them counts no
    more, and what waits comes up now. What others asked for meanwhile waits on.
    """
    networks = list(MailTurn.objects.filter(notice__code__in=codes).values_list("network", flat=True))
    own = MailTurn.objects.filter(address=_hashed(address), network__in=networks)
    own.exclude(at=None).delete()
    Notice.objects.filter(turn__in=own, state=NoticeState.WAITING).update(not_before=timezone.now())


def waive(notice_id: UUID) -> None:
    """A member of staff sends it: it needs no turn."""
    MailTurn.objects.filter(notice=notice_id).delete()


def forget() -> None:
    """Delete what counts no more."""
    day_ago = timezone.now() - DAY
    old = MailTurn.objects.filter(Q(at__lte=day_ago) | Q(at=None, asked_at__lte=day_ago))
    old.exclude(notice__state__in=[NoticeState.WAITING, NoticeState.SENDING]).delete()
