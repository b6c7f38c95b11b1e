"""The gate of the desk: the one place that decides who gets in, whatever the address.

Everything under the desk's address passes here: signed in, session not over, second factor shown, role held. A page
that says nothing of what it demands is open to nobody. And what leaves is looked at too: a picture or a file whose
giving out was not journalled does not go out.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from django.contrib import admin, messages
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.desk.access import DEMAND, SEEN, Demand, actor
from portal.desk.pages import page
from portal.staff import roles, sessions
from portal.staff.sessions import Over
from rights import journal
from rights.models import RightsRequest

NOBODY: Final = "nobody"
"""What no table grants, even to somebody who holds everything."""
OPEN: Final = frozenset({"admin:login", "admin:logout", "staff:password"})
"""Where people go before they are known; nothing of the desk is shown there."""
BEFORE_SECOND: Final = frozenset(
    {
        "staff:second",
        "staff:enrol",
        "staff:passkey_add",
        "staff:passkey_added",
        "staff:passkey_ask",
        "staff:passkey_told",
    }
)
"""Where the second factor is shown or enrolled."""
EVERYBODY: Final = BEFORE_SECOND | {
    "staff:factors",
    # Where the desk opens: it leads to a page that asks for its own role, or lists what there is.
    "desk",
    "admin:index",
    "admin:app_list",
    "admin:search",
    "staff:password_change",
    "admin:password_change_done",
    # An address that leads nowhere, and an old one that leads to the page of its row.
    "admin:django.contrib.admin.sites.catch_all_view",
    "admin:django.views.generic.base.RedirectView",
}
"""Pages that ask for no role; what they list depends on the roles."""
SCRIPTS: Final = frozenset({"admin:jsi18n"})
MODEL_PAGE: Final = re.compile(r"admin:([a-z_]+?)_([a-z]+)_(changelist|add|change|history|delete)")
VERBS: Final = {
    "changelist": ("view", "view"),
    "history": ("view", "view"),
    "add": ("add", "add"),
    "change": ("view", "change"),
    "delete": ("delete", "delete"),
}
WHY: Final = {
    Over.IDLE: _("You were signed out: nothing happened for a while."),
    Over.LONG: _("You were signed out: a session lasts no longer. Sign in again."),
    Over.ENDED: _("You were signed out: your account was changed, or you ended all sessions."),
}


class Unjournalled(RuntimeError):  # noqa: N818 - what it is
    """A view was about to give out a picture or a file, and nobody would have known."""


class Gate:
    """Middleware; it stands after those that know who asks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, http: HttpRequest) -> HttpResponseBase:
        response = self.get_response(http)
        if _is_desk(http):
            _check_journalled(http, response)
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    def process_view(
        self, http: HttpRequest, view: Callable[..., Any], args: Any, kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        if not _is_desk(http) or _name(http) in OPEN:
            return None
        user = http.user
        if not (isinstance(user, User) and user.is_active and user.is_staff):
            return redirect_to_login(http.get_full_path(), reverse("admin:login"))
        over = sessions.why_over(http.session, user)
        if over is not None:
            logout(http)
            messages.info(http, str(WHY[over]))
            return redirect_to_login(http.get_full_path(), reverse("admin:login"))
        sessions.touch(http.session)
        if not is_verified(http):
            return None if _name(http) in BEFORE_SECOND else to_second(http)
        needed = needed_for(_name(http), http.method or "", view)
        return _refuse(http, needed, kwargs) if needed and not may(user, needed) else None


def _is_desk(http: HttpRequest) -> bool:
    return http.path_info.startswith(reverse("admin:index"))


def _name(http: HttpRequest) -> str:
    return http.resolver_match.view_name if http.resolver_match else ""


def is_verified(http: HttpRequest) -> bool:
    """Whether this session has shown the second factor (`django_otp.middleware`)."""
    return bool(http.user.is_verified())  # type: ignore[union-attr]


def to_second(http: HttpRequest) -> HttpResponse:
    """To the page that asks for the second factor, and from there back."""
    target = http.get_full_path() if http.method == "GET" else reverse("admin:index")
    return redirect(f"{reverse('staff:second')}?{urlencode({'next': target})}")


# --- what a page demands ----------------------------------------------------------------------------------------------


def needed_for(name: str, method: str, view: Callable[..., Any]) -> str:
    """The permission that a page asks for; empty if none, `NOBODY` if nothing is known of it.

    Args:
        name: of the address, with its namespace.
    """
    demand = getattr(view, DEMAND, None) or _of_model(name)
    if demand is not None:
        return demand.read if method in ("GET", "HEAD", "OPTIONS") else demand.write
    return "" if name in EVERYBODY | SCRIPTS else NOBODY


def _of_model(name: str) -> Demand | None:
    """Of a page that Django's admin makes for a model."""
    found = MODEL_PAGE.fullmatch(name)
    known = {f"{model._meta.app_label}_{model._meta.model_name}": model for model in admin.site._registry}
    model = known.get(f"{found[1]}_{found[2]}") if found else None
    if found is None or model is None:
        return None
    read, write = (f"{model._meta.app_label}.{verb}_{model._meta.model_name}" for verb in VERBS[found[3]])
    return Demand(read, write)


def may(user: User, permission: str) -> bool:
    """Whether somebody holds a permission that the table knows. What it does not know nobody holds."""
    return permission in roles.TABLE and user.has_perm(permission)


def _refuse(http: HttpRequest, needed: str, kwargs: dict[str, Any]) -> HttpResponse:
    """A page that says which role is missing; the attempt is journalled."""
    request = RightsRequest.objects.filter(pk=kwargs["request_id"]).first() if "request_id" in kwargs else None
    detail = {"page": _name(http), "method": http.method, "needs": needed}
    journal.record(request=request, actor=actor(http), event="role_missing", detail=detail)
    response = page(
        http,
        "desk/refused.html",
        gettext("Your role does not open this page"),
        needed=[role.label for role in roles.holders(needed)],
        own=[roles.Role(name).label for name in _own_roles(http)],
    )
    response.status_code = 403
    return response


def _own_roles(http: HttpRequest) -> list[str]:
    names = set(http.user.groups.values_list("name", flat=True))
    return [role.value for role in roles.Role if role in names]


# --- what leaves ------------------------------------------------------------------------------------------------------


def _check_journalled(http: HttpRequest, response: HttpResponseBase) -> None:
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    harmless = response.status_code != 200 or kind == "text/html" or _name(http) in SCRIPTS | BEFORE_SECOND
    if not harmless and SEEN not in http.META:
        response.close()
        raise Unjournalled(f"{_name(http)} gives out {kind} without a word in the journal.")


# --- the menu ---------------------------------------------------------------------------------------------------------


def opens(http: HttpRequest, address: str) -> bool:
    """Whether this member of staff may open a page of the desk, so that the menu lists it."""
    try:
        found = resolve(address)
    except Resolver404:
        return False
    needed = needed_for(found.view_name, "GET", found.func)
    user = http.user
    return isinstance(user, User) and is_verified(http) and (not needed or may(user, needed))
