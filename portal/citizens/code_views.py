"""The ways in: the code page, the find page, and the link in a mail."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.decorators import method_decorator
from django.utils.formats import time_format
from django.utils.translation import gettext, ngettext
from django.views import View
from django.views.decorators.http import require_GET, require_POST

from portal import attempts, flow
from portal.attempts import Attempt
from portal.citizens import passes
from portal.citizens.draft_views import forget_cookie
from portal.citizens.entry_forms import CodeForm, FindForm
from portal.citizens.guard import not_open, personal, to_find
from portal.citizens.passes import Purpose
from portal.errors import too_many
from portal.identity import email_code, links, networks, pace
from portal.identity.email_code import CodeResult, CodeStatus
from portal.models import Requester
from rights.models import RightsRequest

REFUSED = {CodeStatus.EXPIRED: Attempt.CODE_EXPIRED, CodeStatus.LOCKED: Attempt.CODE_LOCKED}


def clock_time(moment: datetime) -> str:
    """Hour and minute in the controller's time zone, as the reader's language writes them."""
    return time_format(timezone.localtime(moment), "TIME_FORMAT")


def what_to_say(result: CodeResult) -> str:
    """A sentence for a code that did not fit."""
    match result.status:
        case CodeStatus.LOCKED if result.until:
            return gettext(
                "That was wrong five times. To protect the request, no code is taken before %(time)s. "
                "Nothing is lost: come back then and ask for a new code."
            ) % {"time": clock_time(result.until)}
        case CodeStatus.WRONG:
            return ngettext(
                "This code is not right. Look at the newest mail; you can try %(tries)d more time.",
                "This code is not right. Look at the newest mail; you can try %(tries)d more times.",
                result.tries_left,
            ) % {"tries": result.tries_left}
        case _:
            return gettext(
                "This code is not right, or has expired: a code lasts 15 minutes. "
                "Look at the newest mail, or ask for a new one below."
            )


@method_decorator(personal, name="dispatch")
class Code(View):
    """Six digits. The page is the same whether or not there is a request behind its address."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request_id = self.request_id = kwargs["request_id"]
        self.purpose = passes.purpose_of(request.session, request_id)
        if self.purpose is None and passes.is_open(request.session, request_id):
            self.purpose = Purpose.SENT
        if self.purpose is None:
            return not_open(request_id)
        with pace.kept():
            self.case = RightsRequest.objects.filter(pk=request_id).first()
            self.holder: RightsRequest | UUID = self.case or request_id
            return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, request_id: UUID) -> HttpResponse:
        return self.show(CodeForm())

    def post(self, request: HttpRequest, request_id: UUID) -> HttpResponse:
        if "again" in request.POST:
            return self.send_again()
        form = CodeForm(request.POST)
        if not form.is_valid():
            return self.show(form)
        lifts = networks.closed_until(request)
        if lifts:
            return too_many(lifts)
        result = email_code.check(request=self.holder, digits=form.cleaned_data["code"])
        if self.case is None or not result.ok:
            attempts.refused(REFUSED.get(result.status, Attempt.CODE_WRONG), self.request_id)
            if result.guessed:
                networks.note_wrong(request)
            form.add_error("code", what_to_say(result))
            return self.show(form)
        return self.enter(self.case)

    def enter(self, case: RightsRequest) -> HttpResponse:
        """Control of the address is proven: the session is let in, and a request that waited for it begins."""
        flow.confirm(request_id=case.pk)
        passes.let_in(self.request.session, case.pk)
        if self.purpose is Purpose.DOWNLOAD:
            passes.allow_download(self.request.session, case.pk)
            return redirect("citizens:download", request_id=case.pk)
        if self.purpose is Purpose.CONTACT:
            passes.allow_download(self.request.session, case.pk)
            return redirect("citizens:contact", request_id=case.pk)
        return redirect("citizens:status", request_id=case.pk)

    def send_again(self) -> HttpResponse:
        if email_code.issue_if_due(request=self.holder, network=networks.asking(self.request)):
            messages.success(self.request, gettext("A new code is on its way."))
        elif wait := email_code.next_issue_at(request=self.holder):
            text = gettext("A code is on its way already. If none arrives, you can ask for another at %(time)s.")
            messages.info(self.request, text % {"time": clock_time(wait)})
        return redirect("citizens:code", request_id=self.request_id)

    def show(self, form: CodeForm) -> HttpResponse:
        # Only who just typed the address is shown it again; the find page must look alike for strangers.
        # Nor is one shown that they gave later: the browser in which the form was filled in may be anybody's by now.
        typed = self.case and self.purpose is Purpose.SENT and not links.has_moved(self.case.pk)
        shown = Requester.objects.filter(request=self.case) if typed else None
        context = {
            "form": form,
            "purpose": self.purpose,
            "address": shown.values_list("email", flat=True).first() if shown else None,
            "request_id": self.request_id,
        }
        return render(self.request, "citizens/code.html", context)


@method_decorator(personal, name="dispatch")
class Find(View):
    """Reference and e-mail address lead to the code page, always, and in the same words."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "citizens/find.html", {"form": FindForm()})

    def post(self, request: HttpRequest) -> HttpResponse:
        form = FindForm(request.POST)
        if not form.is_valid():
            return render(request, "citizens/find.html", {"form": form})
        with pace.kept():
            holder = holder_of(**form.cleaned_data)
            email_code.issue_if_due(request=holder, network=networks.asking(request))
            request_id = holder if isinstance(holder, UUID) else holder.pk
            passes.ask(request.session, request_id, Purpose.FIND)
            return redirect("citizens:code", request_id=request_id)


def holder_of(*, reference: str, email: str) -> RightsRequest | UUID:
    """The request that a reference and an address lead to, or an id that stands for a stranger.

    The same two words always give the same id, so that tries and locks of a stranger last like a request's own.
    """
    case = RightsRequest.objects.filter(reference=reference, requester__email__iexact=email).first()
    digest = salted_hmac("portal.citizens.stranger", f"{reference}\n{email.lower()}", algorithm="sha256").digest()
    return case or UUID(bytes=digest[:16], version=4)


def what_of_link(token: str) -> str:
    """A sentence for a link that opens nothing."""
    if not links.has_expired(token):
        return gettext("This link is not complete. Open your request here instead.")
    text = gettext("This link has expired: it opened your request for %(days)d days. Nothing is lost, open it here.")
    return text % {"days": links.LASTS.days}


@require_GET
@personal
def link(request: HttpRequest, token: str) -> HttpResponse:
    """The link in a mail: the session is let in, and the token leaves the address bar."""
    request_id = links.request_of(token)
    case = RightsRequest.objects.filter(pk=request_id).first() if request_id else None
    # A request by post has no address that a mail could have proved; it is followed by post.
    if case is None or Requester.objects.filter(request=case, email="").exists():
        attempts.refused(Attempt.LINK, request_id)
        messages.info(request, what_of_link(token))
        return to_find()
    passes.let_in(request.session, case.pk)
    response = redirect("citizens:status", request_id=case.pk)
    if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES and case.language in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            case.language,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            secure=bool(settings.SESSION_COOKIE_SECURE),
            httponly=True,
            samesite="Lax",
        )
    return response


@require_POST
@personal
def leave(request: HttpRequest) -> HttpResponse:
    """Close everything that this browser has open, as on a shared computer."""
    request.session.flush()
    messages.success(request, gettext("Closed. Nothing of your request is open in this browser any more."))
    response = redirect("citizens:front")
    response.headers["Clear-Site-Data"] = '"cache"'  # Nor is anything shown again by going back.
    forget_cookie(response)
    return response
