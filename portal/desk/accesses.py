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
    looked = Q(journal_entries__event__startswith="viewed_")
    requests = (
        RightsRequest.objects.filter(looked)
        .annotate(
            looks=Count("journal_entries", filter=looked),
            people=Count("journal_entries__actor", filter=looked, distinct=True),
            last=Max("journal_entries__at", filter=looked),
        )
        .order_by("-last", "pk")
    )
    return page(
        http,
        "desk/accesses.html",
        _("Who looked"),
        requests=Paginator(requests, PER_PAGE).get_page(http.GET.get("page")),
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
