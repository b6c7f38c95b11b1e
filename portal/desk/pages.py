"""What the desk's own pages share: their frame, the way back, and trying a step."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render

from portal.staff import CHANGE
from portal.wording import refusal
from rights.law.lifecycle import TransitionRefused
from rights.models import RightsRequest

__all__ = ["CHANGE", "attempt", "back", "page"]


def page(http: HttpRequest, template: str, title: str, **context: object) -> HttpResponse:
    """A desk page inside the admin's frame. Its template has a heading of its own."""
    http.current_app = admin.site.name
    return render(http, template, {**admin.site.each_context(http), "title": title, "own_title": True, **context})


def back(request: RightsRequest) -> HttpResponseRedirect:
    """To the request's page."""
    return redirect("admin:rights_rightsrequest_change", request.pk)


def attempt(http: HttpRequest, step: Callable[[], object], done: str) -> bool:
    """Take a step; a refusal becomes a message that says why and by which rule."""
    try:
        step()
    except TransitionRefused as refused:
        messages.error(http, refusal(refused))
        return False
    messages.success(http, done)
    return True
