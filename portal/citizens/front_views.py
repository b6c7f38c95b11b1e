"""The front page, and what is kept of those who ask."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal import laws, retention


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """What can be asked for here, how it goes, and by when."""
    within, _citation = laws.for_place("").gives[0]
    return render(request, "citizens/front.html", {"within": within})


@require_safe
def kept(request: HttpRequest) -> HttpResponse:
    """What is kept of people who make requests, how long, and why."""
    return render(request, "citizens/kept.html", {"kinds": retention.kinds()})
