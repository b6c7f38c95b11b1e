"""Who may see a page, and what browsers may do with it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache

from portal.citizens import passes
from rights.models import RightsRequest

P = ParamSpec("P")
View = Callable[..., HttpResponseBase]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy: everything from this server, nothing inline. `blob:` is the preview of a chosen photo."""


def page(view: View) -> View:
    """A page of the portal: it loads nothing from elsewhere."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    return guarded


def personal(view: View) -> View:
    """A page about one person: kept by no cache and found by no search engine."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return page(never_cache(guarded))


def opened(view: Callable[Concatenate[HttpRequest, RightsRequest, P], HttpResponseBase]) -> View:
    """A page of one request, for a session that has proved itself.

    Everybody else is sent to the find page, with the same words whether or not the request exists.
    """

    @wraps(view)
    def guarded(request: HttpRequest, request_id: UUID, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        case = None
        if passes.is_open(request.session, request_id):
            case = RightsRequest.objects.filter(pk=request_id).first()
        return view(request, case, *args, **kwargs) if case else to_find()

    return personal(guarded)


def to_find() -> HttpResponse:
    return redirect("citizens:find")
