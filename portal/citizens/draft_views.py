"""The draft in this browser: the cookie that opens it, its photograph, and the way to destroy it."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from portal import drafts, retention
from portal.citizens.guard import personal

COOKIE = "regard_draft"
COOKIE_PATH = "/request/"
SALT = "portal.citizens.draft"


def draft_of(request: HttpRequest) -> drafts.OpenDraft | None:
    token = request.get_signed_cookie(COOKIE, default=None, salt=SALT)
    return drafts.open_draft(token) if token else None


def keep_cookie(response: HttpResponse, draft: drafts.OpenDraft) -> None:
    response.set_signed_cookie(
        COOKIE,
        draft.token,
        salt=SALT,
        max_age=int(retention.length("draft").total_seconds()),
        path=COOKIE_PATH,
        secure=bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
        samesite="Lax",
    )


def forget_cookie(response: HttpResponse) -> None:
    """Nobody at this browser finds the draft again, nor the address that was typed into it."""
    response.delete_cookie(COOKIE, path=COOKIE_PATH, samesite="Lax")


@require_GET
@personal
def draft_photo(request: HttpRequest) -> HttpResponse:
    """The photograph in the draft, for the person who gave it."""
    draft = draft_of(request)
    jpeg = draft.photo() if draft else None
    if jpeg is None:
        raise Http404
    return HttpResponse(jpeg, content_type="image/jpeg")


@require_POST
@personal
def leave(request: HttpRequest) -> HttpResponse:
    """Destroy the draft and its key, for whoever shares this browser with others or wants to start anew."""
    draft = draft_of(request)
    if draft and draft.sent_as is None:
        draft.destroy()
        messages.success(request, gettext("What you entered is destroyed. Nothing was sent."))
    response = redirect("citizens:form", step="rights") if "anew" in request.POST else redirect("citizens:front")
    forget_cookie(response)
    return response
