"""Roles, and what each may do: one table. A role is a group of Django's, made from the table after every `migrate`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from django.contrib.auth.models import Group, Permission, User
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What somebody at the desk is there for; one person may have several."""

    TRIAGE = "triage", _("triage")
    REVIEW = "review", _("review")
    DECIDE = "decide", _("decide")
    ADMIN = "admin", _("administration")


READ: Final = "rights.view_rightsrequest"
ENTER: Final = "rights.add_rightsrequest"
CHANGE: Final = "rights.change_rightsrequest"
"""Whoever moves a request in some way; who has it is reminded of its date."""
HANDLE: Final = "portal.handle_request"
SEE_PROBE: Final = "portal.see_probe"
SEE_HITS: Final = "portal.see_hits"
JUDGE: Final = "portal.judge_hits"
DECIDE: Final = "portal.decide_claims"
ACCESSES: Final = "portal.see_accesses"
ACCOUNTS: Final = "auth.change_user"

_T, _R, _D, _A = Role.TRIAGE, Role.REVIEW, Role.DECIDE, Role.ADMIN

TABLE: Final[Mapping[str, frozenset[Role]]] = MappingProxyType(
    {
        # The request: its page, letters that came, what is asked of and told to the person.
        READ: frozenset({_T, _R, _D}),
        CHANGE: frozenset({_T, _R, _D}),
        ENTER: frozenset({_T}),
        HANDLE: frozenset({_T}),
        "portal.view_notice": frozenset({_T}),
        "portal.view_job": frozenset({_T, _A}),
        # Pictures: the requester's own, to ask for a better one; those held only for who judges and who decides.
        SEE_PROBE: frozenset({_T, _R, _D}),
        SEE_HITS: frozenset({_R, _D}),
        JUDGE: frozenset({_R}),
        "matching.view_photo": frozenset({_R, _A}),
        # What becomes of a claim, its time and its answer.
        DECIDE: frozenset({_D}),
        # The house: accounts, who looked at what, the controller's profile, the sources.
        ACCOUNTS: frozenset({_A}),
        "auth.view_user": frozenset({_A}),
        "auth.add_user": frozenset({_A}),
        "portal.view_signinfailures": frozenset({_A}),
        ACCESSES: frozenset({_A}),
        "rights.view_journalentry": frozenset({_A}),
        "matching.view_source": frozenset({_A}),
        "matching.change_source": frozenset({_A}),
        "portal.view_recipient": frozenset({_A}),
        "portal.add_recipient": frozenset({_A}),
        "portal.change_recipient": frozenset({_A}),
        "portal.view_controllerprofile": frozenset({_A}),
        "portal.add_controllerprofile": frozenset({_A}),
        "portal.change_controllerprofile": frozenset({_A}),
        "portal.view_controllertext": frozenset({_A}),
        "portal.add_controllertext": frozenset({_A}),
        "portal.change_controllertext": frozenset({_A}),
        "portal.delete_controllertext": frozenset({_A}),
        "portal.view_messagetext": frozenset({_A}),
        "portal.add_messagetext": frozenset({_A}),
        "portal.change_messagetext": frozenset({_A}),
        "portal.delete_messagetext": frozenset({_A}),
        "portal.view_remedy": frozenset({_A}),
        "portal.add_remedy": frozenset({_A}),
        "portal.change_remedy": frozenset({_A}),
        "portal.delete_remedy": frozenset({_A}),
    }
)
"""Which roles hold a permission. What is not named here nobody at the desk may do, whoever registers a page for it."""

BEFORE_ROLES: Final = "Desk"
"""The one group that there was before there were roles."""


def holders(permission: str) -> list[Role]:
    """The roles that hold a permission, in their order; none if nobody does."""
    return [role for role in Role if role in TABLE.get(permission, frozenset())]


def of(role: Role) -> list[str]:
    """The permissions of a role."""
    return [permission for permission, roles in TABLE.items() if role in roles]


def give(user: User, *roles: Role) -> None:
    """Give an account these roles, besides those that it has."""
    user.groups.add(*Group.objects.filter(name__in=roles))


@transaction.atomic
def make_groups() -> None:
    """Bring the groups to what the table says. Whoever was in the one group of earlier versions gets the roles that
    move requests; administration only if they had everything."""
    for role in Role:
        group, _created = Group.objects.get_or_create(name=role.value)
        group.permissions.set([_permission(name) for name in of(role)])
    before = Group.objects.filter(name=BEFORE_ROLES).first()
    if before is not None:
        for user in before.user_set.order_by("pk"):
            give(user, _T, _R, _D, *([_A] if user.is_superuser else []))
        before.delete()


def _permission(name: str) -> Permission:
    app, codename = name.split(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)


def after_migrate(**_signal: Any) -> None:
    """Handler of `post_migrate` of the last of our rooms: by then every permission is there."""
    if Permission.objects.filter(codename="handle_request").exists():  # Not when going back before roles.
        make_groups()
