"""Accounts at the desk: made here or on the command line, first signed into through a link that is good for once."""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from portal.staff import factors, locks, roles, sessions
from portal.staff.roles import Role
from rights import journal
from rights.models import JournalEntry

IN_HAND: Final = ("account_added", "account_changed", "link_made", "factor_reset")
"""What gives whoever does it a way into an account, or gives an account of theirs another's rights."""
HELD_AGAINST: Final = timedelta(days=30)
"""For so long the two count as one person where two are needed. A rule of this project, not of a statute."""


@transaction.atomic
def add(*, name: str, roles_given: list[Role], email: str = "", actor: str) -> User:
    """An account without a password, which nobody can sign into before its link was used.

    Raises:
        django.core.exceptions.ValidationError: the name is taken, or cannot be one.
    """
    user = User(username=name, email=email, is_staff=True)
    user.set_unusable_password()
    user.full_clean()
    user.save()
    roles.give(user, *roles_given)
    note("account_added", user, actor=actor, roles=sorted(role.value for role in roles_given))
    return user


def link(user: User) -> str:
    """An address under which a password can be set once, until `PASSWORD_RESET_TIMEOUT`."""
    token = default_token_generator.make_token(user)
    key = urlsafe_base64_encode(force_bytes(user.pk))
    return settings.PUBLIC_URL + reverse("staff:password", kwargs={"uidb64": key, "token": token})


@transaction.atomic
def reset_factor(*, user: User, actor: str) -> bool:
    """Forget every second factor of an account and end its sessions. False if it had none."""
    had = factors.reset(user)
    sessions.end_all(user.pk)
    locks.forgive(user)
    note("factor_reset", user, actor=actor)
    return had


def had_in_hand(one: str, other: str) -> bool:
    """Whether `one` lately did something to the account of `other` that lets them in, or into others' rights.

    Args:
        one, other: as the journal names people.
    """
    acts = JournalEntry.objects.filter(actor=one, event__in=IN_HAND, at__gt=timezone.now() - HELD_AGAINST)
    return acts.filter(detail__account=other).exists()


def note(event: str, user: User, *, actor: str, **detail: object) -> None:
    """Journal what happened to an account, by its number."""
    journal.record(request=None, actor=actor, event=event, detail={"account": journal.staff(user.pk), **detail})
