"""The front page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal import laws
from portal.citizens.guard import page


@require_safe
@page
def front(request: HttpRequest) -> HttpResponse:
    """What can be asked for here, how it goes, and by when."""
    within, _citation = laws.for_place("").gives[0]
    return render(request, "citizens/front.html", {"within": within})
