"""The messages of a request on the desk: read, which is journalled, and answered."""

import re
from collections.abc import Callable, Iterable
from typing import Final
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages as warn
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from matching import sources
from matching.images import ImageProblem, clean_upload
from matching.models import Photo
from portal import flow, thread, vault
from portal.desk import texts
from portal.desk.access import actor, desk_view, member, seen
from portal.desk.forms import PROBLEMS, PhotoField
from portal.desk.pages import attempt, page
from portal.models import Author, Evidence
from portal.staff.roles import HANDLE, JUDGE
from rights.law.lifecycle import TransitionRefused
from rights.law.sentences import gettext_noop
from rights.models import RightsRequest

ADDRESS: Final = re.compile(r"https?://[^\s<>\"]+")
MOST_HELD: Final = 20
"""Pictures held at addresses that were named, on one page."""

LONG: Final = 10
"""Digits of a number that is none of a text."""


class TellForm(forms.Form):
    """A message to the person."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    words = forms.CharField(
        label=gettext_lazy("To the person, in their language"),
        help_text=gettext_lazy(
            "They read it on their page, which the link in any of our mails opens: write nothing of what was found."
        ),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    photo = PhotoField(label=gettext_lazy("A picture, if needed"), required=False)


@require_http_methods(["GET", "POST"])
@desk_view(HANDLE)
def messages(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """The thread, and a message to the person."""
    form = _with_text(http, request) or TellForm(http.POST or None, http.FILES or None)
    if http.method == "POST" and form.is_bound and form.is_valid():
        chosen = form.cleaned_data

        def act() -> None:
            pictures = [chosen["photo"]] if chosen["photo"] else []
            flow.tell(
                request_id=request.pk, words=chosen["words"], pictures=pictures, key=chosen["key"], actor=actor(http)
            )

        attempt(http, act, _("Written. A mail tells the person that there is a message, and not what it says."))
        return redirect("admin:rights_request_thread", request.pk)
    seen(http, request, "messages")
    entries = _entries(request)
    flow.were_read(request)
    context = {
        "case": request,
        "entries": entries,
        "held": list(_held_at(entries)[:MOST_HELD]),
        "hidden": max(0, request.messages.count() - len(entries)),
        "texts": texts.offered(request),
        "form": form if flow.can_write(request) and request.requester.email else None,
    }
    return page(http, "desk/thread.html", request.reference, **context)


def _with_text(http: HttpRequest, request: RightsRequest) -> TellForm | None:
    """The form as it was typed with a kept text added; None if no text was asked for. Nothing is sent by it."""
    if "add_text" not in http.POST:
        return None
    wanted = http.POST.get("text", "")
    text = texts.offered(request).filter(pk=wanted).first() if wanted.isdecimal() and len(wanted) < LONG else None
    typed = http.POST.get("words", "")
    return TellForm(initial={"words": texts.added(typed, text, request) if text else typed})


def _entries(request: RightsRequest) -> list[thread.Entry]:
    try:
        return thread.of_request(request)
    except vault.VaultError as error:
        raise Http404("The messages cannot be opened.") from error


@require_POST
@desk_view(JUDGE)
def search_with(http: HttpRequest, request: RightsRequest, evidence_id: UUID) -> HttpResponse:
    """Search with a picture that the person sent: one that we missed."""
    return _search_with(http, request, lambda: thread.picture(request, evidence_id))


@require_POST
@desk_view(JUDGE)
def search_with_held(http: HttpRequest, request: RightsRequest, photo_id: int) -> HttpResponse:
    """Search with a picture that is held at the address the person named."""
    photo = get_object_or_404(_held_at(_entries(request)), pk=photo_id)
    return _search_with(http, request, lambda: clean_upload(sources.read_object(photo.source, photo.path)))


def _search_with(http: HttpRequest, request: RightsRequest, read: Callable[[], bytes]) -> HttpResponse:
    try:
        picture = read()
    except (Evidence.DoesNotExist, vault.VaultError, FileNotFoundError, sources.SourceUnreachable) as error:
        raise Http404 from error
    except ImageProblem as problem:
        warn.error(http, str(PROBLEMS[problem.code]))
        return redirect("admin:rights_request_thread", request.pk)
    searched: list[RightsRequest] = []

    def act() -> None:
        try:
            searched.append(flow.search_with(request_id=request.pk, picture=picture, by=member(http)))
        except vault.Destroyed as error:
            raise TransitionRefused(gettext_noop("What the person handed in was destroyed.")) from error

    attempt(http, act, _("Everything is searched again, with this picture too."))
    return redirect("admin:rights_rightsrequest_change", searched[0].pk if searched else request.pk)


def _held_at(entries: Iterable[thread.Entry]) -> QuerySet[Photo]:
    """Pictures held whose address on the web stands in a message of the person."""
    said = [entry.words for entry in entries if entry.words and entry.message.author == Author.PERSON]
    addresses = {found for words in said for found in ADDRESS.findall(words)}
    none = Photo.objects.none()
    return Photo.objects.filter(source_url__in=addresses).select_related("source") if addresses else none


@require_safe
@desk_view(HANDLE)
def picture(http: HttpRequest, request: RightsRequest, evidence_id: UUID) -> HttpResponse:
    """A picture that was sent with a message. Looking at it is journalled."""
    try:
        data = thread.picture(request, evidence_id)
    except (Evidence.DoesNotExist, vault.VaultError) as error:
        raise Http404 from error
    seen(http, request, "enclosure", evidence=evidence_id.hex)
    return HttpResponse(data, content_type="image/jpeg", headers={"Cache-Control": "no-store"})
