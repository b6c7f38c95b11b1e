"""Who looked at what: for the data protection officer and for who runs the desk. It shows the journal, no evidence."""

from django.core.paginator import Paginator
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.desk.access import desk_view, staff_view
from portal.desk.pages import page
from portal.staff.roles import ACCESSES
from rights.models import JournalEntry, RightsRequest

PER_PAGE = 100
LOOKED = Q(event__startswith="viewed_") | Q(event="role_missing")


@require_safe
@staff_view(ACCESSES)
def every(http: HttpRequest) -> HttpResponse:
    """The requests that somebody looked at, the last one first, and what was looked at that belongs to none."""
    looks = JournalEntry.objects.filter(event__startswith="viewed_", request__isnull=False).order_by()
    latest = looks.values_list("request").annotate(last=Max("position")).order_by("-last")
    shown = Paginator(latest.values_list("request", flat=True), PER_PAGE).get_page(http.GET.get("page"))
    counted = looks.filter(request__in=list(shown)).values("request")
    facts = {
        row["request"]: row
        for row in counted.annotate(looks=Count("pk"), people=Count("actor", distinct=True), last=Max("at"))
    }
    cases = RightsRequest.objects.in_bulk(list(shown))
    return page(
        http,
        "desk/accesses.html",
        _("Who looked"),
        turned=shown,
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
