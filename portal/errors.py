"""Pages for what goes wrong before a view has its say. They need neither the database nor the profile."""

from datetime import datetime
from http import HTTPStatus

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.views import defaults


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What could not be understood; 413 for what was too large."""
    if isinstance(exception, RequestDataTooBig):
        return HttpResponse(render_to_string("413.html"), status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return defaults.bad_request(request, exception)


def too_many(until: datetime) -> HttpResponse:
    """429: too much was tried from one network; when it can be tried again."""
    seconds = max(1, round((until - timezone.now()).total_seconds()))
    page = render_to_string("429.html", {"until": timezone.localtime(until)})
    return HttpResponse(page, status=429, headers={"Retry-After": str(seconds)})
