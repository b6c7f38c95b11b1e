"""The front of the desk: what is urgent, and for whom it waits. Every count leads to the list that it counts."""

from collections import Counter
from typing import NamedTuple

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.desk import holdups, lists
from portal.desk.access import member
from portal.desk.labels import Colour
from portal.desk.pages import page
from portal.models import Job, JobState
from portal.staff import roles
from rights.models import RightsRequest


class Count(NamedTuple):
    """A number on the front page.

    Attributes:
        words: what it counts. hint: what it means.
        address: of the list; empty where the reader may not open it.
    """

    number: int
    words: str
    hint: str
    colour: Colour
    address: str


def opening(http: HttpRequest) -> HttpResponse:
    """The desk opens on what is urgent; for staff who see no requests, on what they may open."""
    if not http.user.has_perm(roles.READ):
        return admin.site.index(http)
    return page(http, "desk/dashboard.html", _("Overview"), groups=groups(http))


def groups(http: HttpRequest) -> list[tuple[str, list[Count]]]:
    """The counts, by subject."""
    waits = lists.by_party(RightsRequest.objects.filter(lists.owed()))
    return [(_("Requests"), requests(member(http).pk, waits)), (_("What runs"), running(http, waits["held"]))]


def requests(me: int, waits: Counter[str]) -> list[Count]:
    """Of the open requests.

    Args:
        me: the member of staff who asks. waits: how many wait for whom (`lists.by_party`).
    """
    still = RightsRequest.objects.filter(lists.owed()).order_by()
    late = still.filter(lists.overdue()).count()
    soon = still.filter(lists.due_soon()).count()
    ours = waits["us"]
    free = still.filter(assignee=None).count()
    mine = still.filter(assignee=me).count()
    plain, bad, warn = Colour.PLAIN, Colour.BAD, Colour.WARN
    return [
        Count(late, _("overdue"), _("the legal date has passed"), bad if late else Colour.GOOD, _list("due=overdue")),
        Count(soon, _("due this week"), _("within seven days"), warn if soon else Colour.GOOD, _list("due=soon")),
        Count(ours, _("waiting for us"), _("to read, review, decide or sign"), plain, _list("waits=us")),
        Count(
            waits["person"],
            _("waiting for the person"),
            _("a code, a photograph, an answer, the copy"),
            plain,
            _list("waits=person"),
        ),
        Count(mine, _("mine"), _("assigned to you"), plain, _list("assignee=me")),
        Count(free, _("unassigned"), _("on nobody’s desk"), warn if free else Colour.GOOD, _list("assignee=nobody")),
    ]


def running(http: HttpRequest, held: int) -> list[Count]:
    """Of sources and jobs. `held`: requests that wait for one."""
    away = len(holdups.states())
    open_jobs = Job.objects.filter(state__in=[JobState.WAITING, JobState.RUNNING]).count()
    may_sources, may_jobs = (http.user.has_perm(name) for name in ("matching.view_source", "portal.view_job"))
    sources = reverse("admin:matching_source_changelist") + "?held_up=yes"
    jobs = reverse("admin:portal_job_changelist") + "?open=yes"
    bad = Colour.BAD
    return [
        Count(away, _("sources down"), _("or something waits in them"), bad if away else Colour.GOOD,
              sources if may_sources else ""),
        Count(open_jobs, _("open jobs"), _("work that the machine has still to do"), Colour.PLAIN,
              jobs if may_jobs else ""),
        Count(held, _("held up"), _("by a source or a server that does not answer"), bad if held else Colour.GOOD,
              _list("waits=held")),
    ]  # fmt: skip


def _list(narrowed: str) -> str:
    return f"{reverse('admin:rights_rightsrequest_changelist')}?{narrowed}"
