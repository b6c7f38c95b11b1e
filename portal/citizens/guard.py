"""Who may see a page, and what browsers may do with it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache

from portal import attempts
from portal.attempts import Attempt
from portal.citizens import passes
from rights.models import RightsRequest

P = ParamSpec("P")
View = Callable[..., HttpResponseBase]


def personal(view: View) -> View:
    """A page about one person: found by no search engine. That no cache keeps it is so for all pages."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return never_cache(guarded)


def opened(view: Callable[Concatenate[HttpRequest, RightsRequest, P], HttpResponseBase]) -> View:
    """A page of one request, for a session that has proved itself.

    Everybody else is sent to the find page, with the same words whether or not the request exists.
    """

    @wraps(view)
    def guarded(request: HttpRequest, request_id: UUID, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        case = None
        if passes.is_open(request.session, request_id):
            case = RightsRequest.objects.filter(pk=request_id).first()
        return view(request, case, *args, **kwargs) if case else not_open(request_id)

    return personal(guarded)


def not_open(request_id: UUID) -> HttpResponse:
    """The answer to whoever has not proved themselves, whether or not there is such a request."""
    attempts.refused(Attempt.PAGE, request_id)
    return to_find()


def to_find() -> HttpResponse:
    return redirect("citizens:find")
