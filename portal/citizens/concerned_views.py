"""What the person concerned sees of a request that somebody else makes for them, and the mandate of who does."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from portal import flow, vault
from portal.citizens.forms import MandateForm
from portal.citizens.guard import opened, personal, to_find
from portal.identity import links, networks
from portal.models import Representation
from portal.wording import refusal
from rights import queries, requests
from rights.law.lifecycle import TransitionRefused
from rights.models import RightsRequest


@require_http_methods(("GET", "POST"))
@personal
def concerned(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the link in their mail. Opening it does nothing: a scanner of mails may do so, too."""
    request_id = links.concerned_request_of(token)
    found = Representation.objects.filter(request=request_id).select_related("request__requester").first()
    if found is None or found.endangers:
        messages.info(request, gettext("This link is not complete, or has expired. Write to us, and we help."))
        return to_find()
    said = request.POST.get("say") if request.method == "POST" else None
    try:
        if said == "yes":
            flow.agreed(request_id=found.request_id)
        elif said == "no":
            flow.disowned(request_id=found.request_id, network=networks.asking(request))
    except TransitionRefused as refused:
        messages.info(request, refusal(refused))
    if said:
        return redirect("citizens:concerned", token=token)
    case = found.request
    context = {
        "case": case,
        "found": found,
        "rights": [claim.right for claim in case.claims.order_by("right")],
        "can_say_yes": requests.allows(case, "withdraw"),
        "can_say_no": requests.allows(case, "disown"),
        "was_given": queries.happened(case, "answer_delivered", "erasure:carried_out"),
    }
    return render(request, "citizens/concerned.html", context)


@require_http_methods(("GET", "POST"))
@opened
def mandate(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    """Take a picture of the mandate, from who acts for another."""
    if not Representation.objects.filter(request=case).exists():
        return redirect("citizens:status", request_id=case.pk)
    oversize = int(request.META.get("CONTENT_LENGTH") or 0) > settings.FILE_UPLOAD_MAX_MEMORY_SIZE
    form = MandateForm(request.POST or None, request.FILES or None, oversize=oversize)
    if request.method == "POST" and form.is_valid():
        try:
            flow.put_mandate(request_id=case.pk, picture=form.cleaned_data["photo"])
        except (TransitionRefused, vault.Destroyed):
            messages.info(request, gettext("This request has ended; nothing more is needed."))
        else:
            messages.success(request, gettext("Thank you. We have the picture."))
        return redirect("citizens:status", request_id=case.pk)
    return render(request, "citizens/mandate.html", {"case": case, "form": form})
