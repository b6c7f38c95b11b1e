"""Locks after failures to sign in: by name, by second factor, by network address.

A name is locked whether or not there is such an account, so that a lock tells nobody that there is one. What was typed
and where from is kept only as a keyed hash, and neither goes into the journal.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from portal import advisory
from portal.identity import networks
from portal.models import FailureKind, SignInFailures
from rights import journal

ADDRESS_FACTOR: Final = 4
"""An address may fail as many times more often than a name: colleagues share one."""
LONGEST: Final = timedelta(days=1)
"""Whoever fails at the second factor knows the password: each further lock lasts twice as long, up to this."""

Counted = tuple[FailureKind, str]


def address_of(http: HttpRequest) -> str:
    """The network address that the request came from; empty if it cannot be told.

    Behind `REGARD_PROXIES` proxies, the address that the outermost of them saw; what a client wrote before it is not
    believed.
    """
    if not settings.PROXIES:
        return http.META.get("REMOTE_ADDR", "")
    hops = [hop.strip() for hop in http.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    return hops[-settings.PROXIES] if len(hops) >= settings.PROXIES else ""


def of_name(name: str) -> Counted:
    """By the name that was typed."""
    return _counted(FailureKind.ACCOUNT, name.strip().casefold())


def of_second(user: User) -> Counted:
    """By the account whose password was right."""
    return _counted(FailureKind.SECOND, str(user.pk))


def of_address(http: HttpRequest) -> Counted:
    """By the network it came from, as `portal.identity.networks` groups addresses."""
    return _counted(FailureKind.ADDRESS, networks.grouped(address_of(http)))


def _counted(kind: FailureKind, text: str) -> Counted:
    return kind, salted_hmac(f"portal.staff.locks.{kind}", text, algorithm="sha256").hexdigest() if text else ""


@contextmanager
def one_at_a_time(*counted: Counted) -> Iterator[None]:
    """Wait for whoever tries under the same name, account or address just now, until their try was counted.

    Whether there is a lock is asked, what was typed is looked at, and a failure is counted inside; otherwise many
    guesses sent together would all be looked at before the first of them counts. What is raised inside undoes the
    count. SQLite lets one transaction write at a time.
    """
    with transaction.atomic():
        advisory.one_at_a_time(*(bytes.fromhex(digest) for _kind, digest in counted if digest))
        yield


def locked_until(*counted: Counted) -> datetime | None:
    """When the last of these locks lifts; None if none is locked now."""
    now = timezone.now()
    found = [
        row.locked_until
        for kind, digest in counted
        for row in SignInFailures.objects.filter(kind=kind, digest=digest, locked_until__gt=now)
    ]
    return max((until for until in found if until), default=None)


@transaction.atomic
def failed(*counted: Counted, user: User | None = None) -> None:
    """Count a failure; too many of them lock.

    Args:
        user: the account meant, if there is one; the journal names it by its number.
    """
    for kind, digest in counted:
        if digest:
            _count(kind, digest, user)


def _count(kind: FailureKind, digest: str, user: User | None) -> None:
    now, pause = timezone.now(), timedelta(minutes=settings.LOCK_MINUTES)
    SignInFailures.objects.get_or_create(kind=kind, digest=digest, defaults={"last_at": now})
    row = SignInFailures.objects.select_for_update().get(kind=kind, digest=digest)
    # Wrong codes after the right password are not forgotten with time: whoever types them slowly knows the password.
    forgotten = row.last_at + pause < now and kind != FailureKind.SECOND
    row.count = 1 if forgotten else row.count + 1
    row.last_at = now
    limit = settings.LOCK_FAILURES * (ADDRESS_FACTOR if kind == FailureKind.ADDRESS else 1)
    if row.count >= limit:
        row.count, row.locks = 0, row.locks + 1
        doubled = 2 ** (row.locks - 1) if kind == FailureKind.SECOND else 1
        row.locked_until = now + min(LONGEST, pause * doubled)
        detail = {"by": kind.value, "until": row.locked_until.isoformat(timespec="seconds")}
        if user is not None and kind != FailureKind.ADDRESS:
            detail["account"] = journal.staff(user.pk)
        journal.record(request=None, actor=journal.SYSTEM, event="sign_in_locked", detail=detail)
    row.save()


def forgive(user: User) -> None:
    """Forget the failures of an account: it has signed in, or an administrator lifts its lock."""
    for kind, digest in (of_name(user.get_username()), of_second(user)):
        SignInFailures.objects.filter(kind=kind, digest=digest).delete()


def account_of(row: SignInFailures) -> User | None:
    """The account whose failures these are; None if there is none, or they are those of an address."""
    for user in User.objects.order_by("pk"):
        if (row.kind, row.digest) in (of_name(user.get_username()), of_second(user)):
            return user
    return None


def forget_old() -> None:
    """Delete what is older than the longest lock."""
    SignInFailures.objects.filter(last_at__lt=timezone.now() - LONGEST).delete()
