"""The front page, what is kept of those who ask, and for whom the pages were made usable."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal import laws, retention

TESTED = date(2026, 11, 24)
"""When what the page on accessibility says was last gone through."""


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """What can be asked for here, how it goes, and by when."""
    within, _citation = laws.for_place("").gives[0]
    return render(request, "citizens/front.html", {"within": within})


@require_safe
def kept(request: HttpRequest) -> HttpResponse:
    """What is kept of people who make requests, how long, and why."""
    return render(request, "citizens/kept.html", {"kinds": retention.kinds()})


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """What was tested of how accessible the pages are, what was not, and whom to tell of a barrier."""
    return render(request, "citizens/accessibility.html", {"tested": TESTED})
