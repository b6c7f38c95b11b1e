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
from portal.desk import gate

register = template.Library()


def _held_photos() -> int:
    """Held photos that nobody decided about yet."""
    return suppression.undecided().count()


class Entry(NamedTuple):
    """A page of the desk, by the name of its address, and what counts the work that waits there."""

    title: Promise
    page: str
    waits: Callable[[], int] | None = None


class Item(NamedTuple):
    """An entry as it is shown."""

    title: Promise
    address: str
    here: bool
    waiting: int


MENU = {
    _("Requests"): [
        Entry(_("Overview"), "desk"),
        Entry(_("Queue"), "admin:rights_rightsrequest_changelist"),
        Entry(_("Enter a letter"), "admin:rights_request_enter"),
        Entry(_("Notices"), "admin:portal_notice_changelist"),
        Entry(_("Jobs"), "admin:portal_job_changelist"),
        Entry(_("Journal"), "admin:rights_journalentry_changelist"),
    ],
    _("What is held"): [
        Entry(_("Sources"), "admin:matching_source_changelist"),
        Entry(_("Photos"), "admin:matching_photo_changelist"),
        Entry(_("No face found"), "admin:matching_photo_faceless"),
        Entry(_("Held photos"), "admin:matching_hold_changelist", _held_photos),
    ],
    _("Who we are"): [
        Entry(_("Controller profile"), "admin:portal_controllerprofile_changelist"),
        Entry(_("Texts for messages"), "admin:portal_messagetext_changelist"),
        Entry(_("Recipients"), "admin:portal_recipient_changelist"),
        Entry(_("Staff"), "admin:auth_user_changelist"),
        Entry(_("Failed sign-ins"), "admin:portal_signinfailures_changelist"),
        Entry(_("Who looked"), "staff:accesses"),
    ],
}


@register.simple_tag(takes_context=True)
def menu(context: Context) -> list[tuple[Promise, list[Item]]]:
    """Sections with the items that this member of staff may open; sections without any are left out."""
    http: HttpRequest = context["request"]
    shown: list[tuple[Promise, list[Item]]] = []
    for title, entries in MENU.items():
        items = [_item(http, entry) for entry in entries if gate.opens(http, reverse(entry.page))]
        if items:
            shown.append((title, items))
    return shown


def _item(http: HttpRequest, entry: Entry) -> Item:
    address = reverse(entry.page)
    return Item(entry.title, address, http.path == address, entry.waits() if entry.waits else 0)
