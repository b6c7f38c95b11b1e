"""The page that asks for an identity document: why, what to cover, and what becomes of it."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from portal import flow, retention, vault
from portal.citizens.forms import DocumentForm, ReplyForm
from portal.citizens.guard import opened
from portal.models import DocumentCheck
from rights import queries
from rights.law.lifecycle import TransitionRefused
from rights.models import RightsRequest


@require_http_methods(("GET", "POST"))
@opened
def document(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    """Take the picture of a document. Where none was asked for, there is no such page."""
    check = flow.open_check(case) if queries.is_owed(case) else None
    if check is None:
        messages.info(request, gettext("We do not need an identity document. Please do not send one."))
        return redirect("citizens:status", request_id=case.pk)
    if request.method != "POST":
        return _show(request, case, check, DocumentForm())
    oversize = int(request.META.get("CONTENT_LENGTH") or 0) > settings.FILE_UPLOAD_MAX_MEMORY_SIZE
    form = DocumentForm(request.POST, request.FILES, oversize=oversize)
    if not form.is_valid():
        return _show(request, case, check, form)
    try:
        flow.receive_document(request_id=case.pk, picture=form.cleaned_data["photo"])
    except (TransitionRefused, vault.Destroyed):
        messages.info(request, gettext("We do not need an identity document. Please do not send one."))
    else:
        messages.success(request, gettext("Thank you. We have the picture, and destroy it once a person has looked."))
    return redirect("citizens:status", request_id=case.pk)


def _show(request: HttpRequest, case: RightsRequest, check: DocumentCheck, form: DocumentForm) -> HttpResponse:
    unanswered = queries.open_questions(case).filter(pk=check.question_id).exists()
    context = {
        "case": case,
        "check": check,
        "form": form,
        "reply_form": ReplyForm() if unanswered else None,
        "stands": queries.deadline(case).standing_since is not None,
        "days": retention.length("document").days,
    }
    return render(request, "citizens/document.html", context)
