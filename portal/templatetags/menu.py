"""The desk's menu: what the member of staff may open, by subject."""

from collections.abc import Callable
from typing import NamedTuple

from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from matching import suppression
from portal.staff import CHANGE

register = template.Library()


def _held_photos() -> int:
    """Held photos that nobody decided about yet."""
    return suppression.undecided().count()


class Entry(NamedTuple):
    """A page of the desk, the permission that it needs, and what counts the work that waits there."""

    title: Promise
    page: str
    permission: str
    waits: Callable[[], int] | None = None


class Item(NamedTuple):
    """An entry as it is shown."""

    title: Promise
    address: str
    here: bool
    waiting: int


VIEW = "rights.view_rightsrequest"
MENU = {
    _("Requests"): [
        Entry(_("Queue"), "rights_rightsrequest_changelist", VIEW),
        Entry(_("Enter a letter"), "rights_request_enter", "rights.add_rightsrequest"),
        Entry(_("Notices"), "portal_notice_changelist", "portal.view_notice"),
        Entry(_("Jobs"), "portal_job_changelist", "portal.view_job"),
        Entry(_("Journal"), "rights_journalentry_changelist", "rights.view_journalentry"),
    ],
    _("What is held"): [
        Entry(_("Sources"), "matching_source_changelist", "matching.view_source"),
        Entry(_("Photos"), "matching_photo_changelist", "matching.view_photo"),
        Entry(_("No face found"), "matching_photo_faceless", CHANGE),
        Entry(_("Held photos"), "matching_hold_changelist", VIEW, _held_photos),
    ],
    _("Who we are"): [
        Entry(_("Controller profile"), "portal_controllerprofile_changelist", "portal.view_controllerprofile"),
        Entry(_("Recipients"), "portal_recipient_changelist", "portal.view_recipient"),
        Entry(_("Staff"), "auth_user_changelist", "auth.view_user"),
        Entry(_("Groups"), "auth_group_changelist", "auth.view_group"),
    ],
}


@register.simple_tag(takes_context=True)
def menu(context: Context) -> list[tuple[Promise, list[Item]]]:
    """Sections with the items that this member of staff may open; sections without any are left out."""
    http: HttpRequest = context["request"]
    shown: list[tuple[Promise, list[Item]]] = []
    for title, entries in MENU.items():
        items = [_item(http, entry) for entry in entries if http.user.has_perm(entry.permission)]
        if items:
            shown.append((title, items))
    return shown


def _item(http: HttpRequest, entry: Entry) -> Item:
    address = reverse(f"admin:{entry.page}")
    return Item(entry.title, address, http.path == address, entry.waits() if entry.waits else 0)
