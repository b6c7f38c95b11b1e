"""Who may do what on the desk, and the journal of who looked."""

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404

from rights import journal
from rights.models import RightsRequest

View = Callable[..., HttpResponseBase]


def desk_view(permission: str) -> Callable[[View], View]:
    """A view of one request for staff with a permission; the request is loaded, nothing is ever cached."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(http: HttpRequest, request_id: UUID, **kwargs: object) -> HttpResponseBase:
            if not http.user.has_perm(permission):
                raise PermissionDenied
            return view(http, get_object_or_404(RightsRequest, pk=request_id), **kwargs)

        return admin.site.admin_view(guarded)

    return decorate


def staff_view(permission: str) -> Callable[[View], View]:
    """A view of no one request, for staff with a permission."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(http: HttpRequest, **kwargs: object) -> HttpResponseBase:
            if not http.user.has_perm(permission):
                raise PermissionDenied
            return view(http, **kwargs)

        return admin.site.admin_view(guarded)

    return decorate


def member(http: HttpRequest) -> User:
    """The member of staff who asks; the desk's views let nobody else in."""
    if not isinstance(http.user, User):
        raise PermissionDenied
    return http.user


def actor(http: HttpRequest) -> str:
    """The member of staff, as the journal names them."""
    return journal.staff(member(http).pk)


def seen(http: HttpRequest, request: RightsRequest | None, what: str, **detail: object) -> None:
    """Journal that a member of staff looked at evidence or at a picture."""
    journal.record(request=request, actor=actor(http), event=f"viewed_{what}", detail=detail)
