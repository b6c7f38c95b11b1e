"""How long somebody stays signed in at the desk, and what ends it. Sessions of citizens are none of this."""

import time
from enum import StrEnum
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.contrib.sessions.backends.base import SessionBase
from django.db.models import F
from django.http import HttpRequest

from portal.models import StaffAccount

KEY: Final = "staff"
TOUCH_SECONDS: Final = 60
"""A session's row is written again only this often, not for every picture on a page."""
FRESH_SECONDS: Final = 10 * 60
"""For so long after the second factor one's own factors may be changed without asking for it again."""
ENDING: Final = ("is_active", "is_staff", "is_superuser")
"""A change of one of these ends the sessions of an account; a password does so by itself, in Django."""


class Over(StrEnum):
    """Why a session has ended."""

    IDLE = "idle"
    LONG = "long"
    ENDED = "ended"


def begin(*, request: HttpRequest, user: User, **_signal: Any) -> None:
    """Handler of `user_logged_in`: from now on the session counts."""
    now = int(time.time())
    request.session[KEY] = {"since": now, "seen": now, "epoch": _epoch(user)}


def why_over(session: SessionBase, user: User) -> Over | None:
    """Why the session has ended; None while it lasts."""
    known, now = session.get(KEY), time.time()
    if known is None or known["epoch"] != _epoch(user):
        return Over.ENDED
    if now - known["seen"] > settings.STAFF_IDLE_MINUTES * 60:
        return Over.IDLE
    if now - known["since"] > settings.STAFF_SESSION_HOURS * 3600:
        return Over.LONG
    return None


def touch(session: SessionBase) -> None:
    """Note that the session is in use."""
    now = int(time.time())
    if now - session[KEY]["seen"] >= TOUCH_SECONDS:
        session[KEY] = session[KEY] | {"seen": now}


def passed(session: SessionBase) -> None:
    """Note that the second factor was shown now, under a new session key."""
    session.cycle_key()
    session[KEY] = session[KEY] | {"passed": int(time.time())}


def is_fresh(session: SessionBase) -> bool:
    """Whether the second factor was shown a moment ago."""
    return time.time() - session.get(KEY, {}).get("passed", 0) <= FRESH_SECONDS


def _epoch(user: User) -> int:
    account = StaffAccount.objects.filter(user=user).first()
    return account.epoch if account else 0


def end_all(user_id: int) -> None:
    """End every session of an account, on whatever machine."""
    StaffAccount.objects.get_or_create(user_id=user_id)
    StaffAccount.objects.filter(user_id=user_id).update(epoch=F("epoch") + 1)


def when_account_changes(*, instance: User, raw: bool = False, **_signal: Any) -> None:
    """Handler of `pre_save` of accounts."""
    before = User.objects.filter(pk=instance.pk).first() if instance.pk and not raw else None
    if before is not None and any(getattr(before, name) != getattr(instance, name) for name in ENDING):
        end_all(instance.pk)


def when_roles_change(*, instance: User | Group, action: str, pk_set: set[int] | None, **_signal: Any) -> None:
    """Handler of `m2m_changed` of an account's groups, from either side."""
    if action not in ("post_add", "post_remove", "pre_clear"):
        return
    if isinstance(instance, User):
        touched = [instance.pk] if pk_set or action == "pre_clear" else []
    else:
        touched = list(pk_set or instance.user_set.order_by("pk").values_list("pk", flat=True))
    for user_id in touched:
        end_all(user_id)
