"""Correcting how one is called and written to."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from portal import attempts, flow
from portal.attempts import Attempt
from portal.citizens import passes
from portal.citizens.code_views import what_to_say
from portal.citizens.entry_forms import CodeForm
from portal.citizens.forms import ContactForm, language_field
from portal.citizens.guard import opened
from portal.identity import email_code, networks, new_address
from portal.models import Requester
from portal.wording import refusal
from rights.law.lifecycle import TransitionRefused
from rights.models import RightsRequest


class DetailsForm(forms.Form):
    """Name and language."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=Requester._meta.get_field("name").max_length,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    language = language_field()

    def __init__(self, *args: Any, on_behalf: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if on_behalf:  # Staff verified who acts, under the name that was given.
            del self.fields["name"]


class AddressForm(forms.Form):
    """Another e-mail address."""

    email = forms.EmailField(
        label=_("Your new e-mail address"),
        help_text=_("We send a code there; until you have typed it, we write to the present one."),
        max_length=Requester._meta.get_field("email").max_length,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
        error_messages=ContactForm.base_fields["email"].error_messages,
    )


@require_GET
@opened
def contact(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    """What we have of the person, and the forms to correct it."""
    return _show(request, case)


def _show(
    request: HttpRequest,
    case: RightsRequest,
    details: DetailsForm | None = None,
    address: AddressForm | None = None,
    code: CodeForm | None = None,
) -> HttpResponse:
    if not flow.can_correct(case):
        messages.info(request, gettext("This request has ended; nothing of it can be corrected any more."))
        return redirect("citizens:status", request_id=case.pk)
    who = case.requester
    known = {"name": who.name, "language": case.language}
    fresh = passes.download_until(request.session, case.pk) is not None
    waiting = new_address.pending(case) if fresh else None
    context = {
        "case": case,
        "details": details or DetailsForm(initial=known, on_behalf=who.on_behalf),
        "address": address or AddressForm(),
        "code": code or CodeForm(),
        "fresh": fresh,
        "waiting": waiting,
        "form": next((form for form in (details, address, code) if form is not None), DetailsForm(on_behalf=False)),
    }
    return render(request, "citizens/contact.html", context)


@require_POST
@opened
def details(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    """Take another name and language."""
    form = DetailsForm(request.POST, on_behalf=case.requester.on_behalf)
    if not form.is_valid():
        return _show(request, case, details=form)
    try:
        name = form.cleaned_data.get("name", case.requester.name)
        flow.correct_details(request_id=case.pk, name=name, language=form.cleaned_data["language"])
    except TransitionRefused as refused:
        messages.info(request, refusal(refused))
    else:
        messages.success(request, gettext("Thank you. It is corrected."))
    return redirect("citizens:contact", request_id=case.pk)


@require_POST
@opened
def ask(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    """Send a fresh code to the present address, which opens the form for another one."""
    email_code.issue_if_due(request=case, network=networks.asking(request))
    passes.ask(request.session, case.pk, passes.Purpose.CONTACT)
    return redirect("citizens:code", request_id=case.pk)


@require_POST
@opened
def address(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    """Send a code to another address."""
    if not _may_change(request, case):
        return redirect("citizens:contact", request_id=case.pk)
    form = AddressForm(request.POST)
    if not form.is_valid():
        return _show(request, case, address=form)
    try:
        email = form.cleaned_data["email"]
        flow.propose_address(request_id=case.pk, email=email, network=networks.asking(request))
    except TransitionRefused as refused:
        messages.info(request, refusal(refused))
    else:
        messages.success(request, gettext("We have sent six digits to the new address. Type them below."))
    return redirect("citizens:contact", request_id=case.pk)


@require_POST
@opened
def prove(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    """Take the code that was sent to the new address."""
    waiting = new_address.pending(case) if _may_change(request, case) else None
    if waiting is None:
        messages.info(request, gettext("No code is waited for any more. Give the new address again."))
        return redirect("citizens:contact", request_id=case.pk)
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _show(request, case, code=form)
    try:
        result = flow.prove_address(request_id=case.pk, change_id=waiting.pk, typed=form.cleaned_data["code"])
    except TransitionRefused as refused:
        messages.info(request, refusal(refused))
        return redirect("citizens:contact", request_id=case.pk)
    if not result.ok:
        attempts.refused(Attempt.CODE_WRONG, case.pk)
        form.add_error("code", what_to_say(result))
        return _show(request, case, code=form)
    passes.let_in(request.session, case.pk)  # What was opened before the change is closed, here and elsewhere.
    messages.success(request, gettext("From now on we write to your new address. The old one was told."))
    return redirect("citizens:status", request_id=case.pk)


def _may_change(request: HttpRequest, case: RightsRequest) -> bool:
    """Whether a code of the present address was typed within the last quarter of an hour."""
    if passes.download_until(request.session, case.pk):
        return True
    attempts.refused(Attempt.CONTACT, case.pk)
    return False
