"""Who looked at what: for the data protection officer and for who runs the desk. It shows the journal, no evidence."""

import re
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal import words
from portal.desk.access import desk_view, staff_view
from portal.desk.pages import page
from portal.staff.roles import ACCESSES
from rights.models import JournalEntry, RightsRequest

PER_PAGE = 100
VIEWED = Q(event__in=sorted(f"viewed_{kind}" for kind in words.LOOKS))
"""By name, which an index answers under whatever collation."""
LOOKED = VIEWED | Q(event="role_missing")
LOOKS = JournalEntry.objects.filter(VIEWED, request__isnull=False)
POSITION = re.compile("[0-9]{1,15}")


def last_looks(*, before: int | None) -> QuerySet[JournalEntry, tuple[UUID, int]]:
    """Requests with the position of the last look at each, the latest first.

    Args:
        before: only those last looked at before this position of the journal.
    """
    # By its beginning, which no index answers: so the journal is walked from its end, and left when the page is full.
    entries = JournalEntry.objects.filter(event__startswith="viewed_", request__isnull=False)
    if before is not None:
        entries = entries.filter(position__lt=before)
    later = LOOKS.filter(request=OuterRef("request"), position__gt=OuterRef("position"))
    return entries.filter(~Exists(later)).order_by("-position").values_list("request", "position")


@require_safe
@staff_view(ACCESSES)
def every(http: HttpRequest) -> HttpResponse:
    """The requests that somebody looked at, the last one first, and what was looked at that belongs to none.

    A page begins where the one before ended in the journal: however long that is, none reads all of it.
    """
    before = http.GET.get("before", "")
    last = list(last_looks(before=int(before) if POSITION.fullmatch(before) else None)[: PER_PAGE + 1])
    shown = [request for request, _position in last[:PER_PAGE]]
    counted = LOOKS.filter(request__in=shown).order_by().values("request")
    facts = {
        row["request"]: row
        for row in counted.annotate(looks=Count("pk"), people=Count("actor", distinct=True), last=Max("at"))
    }
    cases = RightsRequest.objects.in_bulk(shown)
    return page(
        http,
        "desk/accesses.html",
        _("Who looked"),
        older=last[PER_PAGE - 1][1] if len(last) > PER_PAGE else None,
        newest=not before,
        requests=[(cases[key], facts[key]) for key in shown],
        others=JournalEntry.objects.filter(LOOKED, request=None).order_by("-position")[:PER_PAGE],
    )


@require_safe
@desk_view(ACCESSES)
def of_request(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """Every look at one request, and every attempt that a missing role stopped."""
    entries = JournalEntry.objects.filter(LOOKED, request=request).order_by("-position")
    return page(
        http,
        "desk/access.html",
        _("Who looked at %(reference)s") % {"reference": request.reference},
        case=request,
        entries=Paginator(entries, PER_PAGE).get_page(http.GET.get("page")),
    )
