"""The way back to the list as it was: its filters, order and page."""

from typing import Final

from django.http import HttpRequest, QueryDict
from django.urls import reverse

LAST: Final = "desk_list"
CARRIED: Final = "_changelist_filters"
LONGEST: Final = 1000


def remember(http: HttpRequest) -> None:
    """Keep how the list was narrowed, for pages that were reached by a form and carry it no more."""
    shown = http.GET.urlencode()
    if len(shown) <= LONGEST and http.session.get(LAST, "") != shown:
        http.session[LAST] = shown


def address(http: HttpRequest) -> str:
    """The list's address with what the page's own address carries, or as it was last looked at."""
    carried = QueryDict(http.GET.get(CARRIED, http.session.get(LAST, ""))).urlencode()
    plain = reverse("admin:rights_rightsrequest_changelist")
    return f"{plain}?{carried}" if carried else plain
