"""What each page of the desk demands, and the journal of who looked.

A view that gives out evidence or a picture calls `seen`; without that, the gate gives nothing out that is not a page.
"""

from collections.abc import Callable
from functools import wraps
from typing import Final, NamedTuple
from uuid import UUID

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404

from portal import vault
from portal.words import LOOKS
from rights import journal
from rights.models import RightsRequest

View = Callable[..., HttpResponseBase]
DEMAND: Final = "desk_demand"
"""The attribute of a view that tells what it demands. Decorators around it keep it."""
SEEN: Final = "regard.seen"
"""What a request carries once the look that it answers was journalled."""


class Demand(NamedTuple):
    """The permission that a page asks for, and the one that acting on it asks for."""

    read: str
    write: str


def desk_view(read: str, *, write: str = "") -> Callable[[View], View]:
    """A view of one request, which is loaded. `portal.desk.gate` lets in whom it demands, and nobody else.

    Args:
        read: the permission to open it. write: the one to post to it, if that is another.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def loaded(http: HttpRequest, request_id: UUID, **kwargs: object) -> HttpResponseBase:
            return view(http, get_object_or_404(RightsRequest, pk=request_id), **kwargs)

        return _demanding(loaded, read, write)

    return decorate


def staff_view(read: str, *, write: str = "") -> Callable[[View], View]:
    """A view of no one request; otherwise like `desk_view`."""

    def decorate(view: View) -> View:
        return _demanding(view, read, write)

    return decorate


def _demanding(view: View, read: str, write: str) -> View:
    guarded: View = admin.site.admin_view(view)
    setattr(guarded, DEMAND, Demand(read, write or read))
    return guarded


def member(http: HttpRequest) -> User:
    """The member of staff who asks; the desk's views let nobody else in."""
    if not isinstance(http.user, User):
        raise PermissionDenied
    return http.user


def actor(http: HttpRequest) -> str:
    """The member of staff, as the journal names them."""
    return journal.staff(member(http).pk)


def seen(http: HttpRequest, request: RightsRequest | None, what: str, **detail: object) -> None:
    """Journal that a member of staff looks at evidence or at a picture: who, of which request, what kind.

    Never what it shows. A photo or face looked at for a request has an alias there, which ends with the request's key.

    Args:
        what: one of `portal.words.LOOKS`.
    """
    if what not in LOOKS:
        raise ValueError(f"A look at {what!r} has no words on the page of looks: add it to LOOKS.")
    if request is not None:
        named = {kind: detail[kind] for kind in ("face", "photo") if kind in detail}
        detail |= {kind: vault.alias(request, kind, int(str(number))) for kind, number in named.items()}
    http.META[SEEN] = True
    journal.record(request=request, actor=actor(http), event=f"viewed_{what}", detail=detail)
