"""Messages on the page of a request: the person writes here, and reads what staff wrote."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from portal import flow, thread, vault
from portal.citizens.action_views import show_status
from portal.citizens.forms import PhotoForm
from portal.citizens.guard import opened
from portal.citizens.message_form import MessageForm, MissedForm
from portal.citizens.picture_views import show_pictures
from portal.models import Evidence
from portal.wording import refusal
from rights.law.lifecycle import TransitionRefused
from rights.models import RightsRequest


@require_http_methods(("GET", "POST"))
@opened
def message(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    """Take a message to staff."""
    if request.method != "POST":  # Where the language was switched on the page with a mistake.
        return redirect("citizens:status", request_id=case.pk)
    oversize = int(request.META.get("CONTENT_LENGTH") or 0) > settings.FILE_UPLOAD_MAX_MEMORY_SIZE
    form = MessageForm(request.POST, request.FILES, oversize=oversize)
    if not form.is_valid():
        return show_status(request, case, PhotoForm(), message_form=form)
    chosen = form.cleaned_data
    try:
        pictures = [chosen["picture"]] if chosen["picture"] else []
        flow.hear(request_id=case.pk, words=chosen["words"], pictures=pictures, key=chosen["key"])
    except flow.NotYet as later:
        until = date_format(timezone.localtime(later.until), "TIME_FORMAT")
        form.add_error(
            "words", gettext("You have written a lot within an hour. Send this after %(time)s.") % {"time": until}
        )
        return show_status(request, case, PhotoForm(), message_form=form)
    except TransitionRefused as refused:
        messages.info(request, refusal(refused))
    else:
        messages.success(request, gettext("Thank you. We have your message."))
    return redirect("citizens:status", request_id=case.pk)


@require_http_methods(("GET", "POST"))
@opened
def missed(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    """Take a picture that we missed, or its address: a message to staff, who search with it."""
    if request.method != "POST":
        return redirect("citizens:pictures", request_id=case.pk)
    oversize = int(request.META.get("CONTENT_LENGTH") or 0) > settings.FILE_UPLOAD_MAX_MEMORY_SIZE
    form = MissedForm(request.POST, request.FILES, oversize=oversize)
    if not form.is_valid():
        return show_pictures(request, case, missed=form)
    chosen = form.cleaned_data
    words = gettext("You missed a picture of me.")
    if chosen["address"]:
        words = f"{words}\n{chosen['address']}"
    try:
        pictures = [chosen["missed"]] if chosen["missed"] else []
        flow.hear(request_id=case.pk, words=words, pictures=pictures, key=chosen["key"])
    except flow.NotYet as later:
        until = date_format(timezone.localtime(later.until), "TIME_FORMAT")
        form.add_error(
            "address", gettext("You have written a lot within an hour. Send this after %(time)s.") % {"time": until}
        )
        return show_pictures(request, case, missed=form)
    except TransitionRefused as refused:
        messages.info(request, refusal(refused))
    else:
        text = gettext("Thank you. Somebody will look at it, and search with it if it shows you. We will write to you.")
        messages.success(request, text)
    return redirect("citizens:pictures", request_id=case.pk)


@require_safe
@opened
def picture(request: HttpRequest, case: RightsRequest, evidence_id: UUID) -> HttpResponse:
    """A picture that was sent with a message, by either side."""
    try:
        data = thread.picture(case, evidence_id)
    except (Evidence.DoesNotExist, vault.VaultError) as error:
        raise Http404 from error
    return HttpResponse(data, content_type="image/jpeg", headers={"Cache-Control": "no-store"})
