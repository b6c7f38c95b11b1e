"""The form: one thing per page, kept sealed until it is sent, and sent once."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from portal import drafts, flow, laws
from portal.citizens import passes
from portal.citizens.draft_views import draft_of, keep_cookie
from portal.citizens.forms import ContactForm, PersonForm, PhotoStepForm, RightsForm
from portal.citizens.guard import personal
from portal.headers import allows
from portal.identity import networks
from portal.models import Role
from rights.models import Channel, Right, RightsRequest

QUESTIONS = ("rights", "person", "contact", "photo")
STEPS = (*QUESTIONS, "check")
TITLES = {
    "rights": _("What would you like to ask for?"),
    "person": _("Who is the request about?"),
    "contact": _("How can we reach you?"),
    "photo": _("A photograph to search with"),
    "check": _("Check and send"),
}
FORMS: dict[str, type[Form]] = {
    "rights": RightsForm,
    "person": PersonForm,
    "contact": ContactForm,
    "photo": PhotoStepForm,
}


def is_complete(step: str, draft: drafts.OpenDraft) -> bool:
    """Whether a question has a valid answer in the draft."""
    answers = draft.answers()
    if step == "photo":
        return draft.photo() is not None or bool(answers.get("photo", {}).get("later"))
    return FORMS[step](answers.get(step, {}), **_options(step, draft)).is_valid()


def first_open(draft: drafts.OpenDraft) -> str | None:
    """The first question without a valid answer; None if the draft can be sent."""
    return next((step for step in QUESTIONS if not is_complete(step, draft)), None)


def _options(step: str, draft: drafts.OpenDraft | None) -> dict[str, Any]:
    answers = draft.answers() if draft else {}
    on_behalf = answers.get("person", {}).get("about") in Role.values
    if step == "contact":
        return {"on_behalf": on_behalf}
    if step == "photo":
        return {"held": bool(draft and draft.photo())}
    return {}


def _typed(form: Form) -> dict[str, Any]:
    """What was typed, valid or not. A file is not typed."""
    return {name: form[name].data for name, field in form.fields.items() if not field.widget.needs_multipart_form}


@method_decorator(personal, name="dispatch")
class Step(View):
    """One question. Going on needs a valid answer; going back keeps whatever was typed."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        step = kwargs["step"]
        if step not in QUESTIONS:
            raise Http404
        draft = draft_of(request)
        if draft and draft.sent_as:
            if step != QUESTIONS[0]:
                return to_sent(request, draft.sent_as)
            draft = None  # The first question begins a new request.
        if draft is None and step != QUESTIONS[0]:
            return start_again(request)
        self.draft = draft
        answer = super().dispatch
        return (allows("camera")(answer) if step == "photo" else answer)(request, *args, **kwargs)

    def get(self, request: HttpRequest, step: str) -> HttpResponse:
        initial = self.draft.answers().get(step, {}) if self.draft else {}
        wanted = [right for right in request.GET.getlist("want") if right in Right.values]
        if step == "rights" and wanted:
            initial = {"rights": wanted}
        return self.show(FORMS[step](initial=initial, **_options(step, self.draft)), step)

    def post(self, request: HttpRequest, step: str) -> HttpResponse:
        options = _options(step, self.draft)
        if step == "photo":
            sent = int(request.META.get("CONTENT_LENGTH") or 0)
            options["oversize"] = sent > settings.FILE_UPLOAD_MAX_MEMORY_SIZE
        if step == "photo" and "remove" in request.POST and self.draft:
            self.draft.put_photo(jpeg=None)
            return self.go(step)
        form = FORMS[step](request.POST, request.FILES, **options)
        valid = form.is_valid()
        if self.draft is None:
            if not valid:
                return self.show(form, step)
            self.draft = drafts.begin()
        self.keep(form, step)
        if "back" in request.POST:
            return self.go(STEPS[max(STEPS.index(step) - 1, 0)])
        if not valid:
            return self.show(form, step)
        if "check" in request.GET and first_open(self.draft) is None:
            return self.go("check")
        return self.go(STEPS[STEPS.index(step) + 1])

    def go_on_at(self, step: str) -> str | None:
        """Where somebody who comes back to the first question goes on; None elsewhere."""
        if self.draft is None or step != QUESTIONS[0] or self.request.method != "GET" or "check" in self.request.GET:
            return None
        following = first_open(self.draft)
        if following == step:
            return None
        return reverse("citizens:form", args=[following]) if following else reverse("citizens:check")

    def keep(self, form: Form, step: str) -> None:
        draft = self.draft
        if draft is None:
            return
        typed = _typed(form)
        jpeg = form.cleaned_data.get("photo") if step == "photo" else None
        if jpeg:
            draft.put_photo(jpeg=jpeg)
            typed["later"] = False
        elif typed.get("later"):
            draft.put_photo(jpeg=None)
        draft.write(step=step, typed=typed)

    def go(self, step: str) -> HttpResponse:
        response = redirect("citizens:check") if step == "check" else redirect("citizens:form", step=step)
        if self.draft:
            keep_cookie(response, self.draft)
        return response

    def show(self, form: Form, step: str) -> HttpResponse:
        answers = self.draft.answers() if self.draft else {}
        context = progress(step) | {
            "form": form,
            "step": step,
            "on_behalf": answers.get("person", {}).get("about") in Role.values,
            "held": bool(self.draft and self.draft.photo()),
            "has_draft": self.draft is not None,
            "go_on_at": self.go_on_at(step),
            "to_check": "check" in self.request.GET,
        }
        response = render(self.request, f"citizens/form/{step}.html", context)
        if self.draft:
            keep_cookie(response, self.draft)
        return response


def progress(step: str) -> dict[str, object]:
    """Where the person is: title, number, total, and the bar."""
    number = STEPS.index(step) + 1
    bar = ["done" if i < number else "now" if i == number else "todo" for i in range(1, len(STEPS) + 1)]
    return {"title": TITLES[step], "number": number, "total": len(STEPS), "bar": bar}


def start_again(request: HttpRequest) -> HttpResponse:
    messages.info(
        request, gettext("Please begin here. An unfinished form is kept for 24 hours in this browser, then destroyed.")
    )
    return redirect("citizens:form", step=QUESTIONS[0])


def to_sent(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """On to the request that the draft became: to its code, or to its status once that was given."""
    if passes.is_open(request.session, request_id):
        return redirect("citizens:status", request_id=request_id)
    passes.ask(request.session, request_id, passes.Purpose.SENT)
    return redirect("citizens:code", request_id=request_id)


@method_decorator(personal, name="dispatch")
class Check(View):
    """Everything at a glance, to be changed or sent."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        draft = draft_of(request)
        if draft is None:
            return start_again(request)
        if draft.sent_as:
            return to_sent(request, draft.sent_as)
        missing = first_open(draft)
        if missing:
            return redirect("citizens:form", step=missing)
        self.draft = draft
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        answers = self.draft.answers()
        contact = answers["contact"]
        context = progress("check") | {
            "rights": answers["rights"]["rights"],
            "person": answers["person"],
            "contact": contact | {"language_name": dict(settings.LANGUAGES).get(contact["language"], "")},
            "law": laws.for_place(contact.get("place") or ""),
            "held": self.draft.photo() is not None,
            "has_draft": True,
            "version": self.draft.version,
        }
        response = render(request, "citizens/form/check.html", context)
        keep_cookie(response, self.draft)
        return response

    def post(self, request: HttpRequest) -> HttpResponse:
        if "back" in request.POST:
            return redirect("citizens:form", step=QUESTIONS[-1])
        if request.POST.get("version") != self.draft.version:
            messages.warning(
                request, gettext("An answer was changed in another tab. Please check once more, then send.")
            )
            return redirect("citizens:check")
        return to_sent(request, drafts.send(self.draft, receive=receiver(self.draft, networks.asking(request))))


def receiver(draft: drafts.OpenDraft, network: str) -> Any:
    """What puts the draft on record as a request."""
    answers, probe = draft.answers(), draft.photo()
    person, contact = answers["person"], answers["contact"]
    on_behalf = person["about"] in Role.values

    def receive() -> RightsRequest:
        return flow.receive(
            rights=[Right(right) for right in answers["rights"]["rights"]],
            contact=flow.Contact(
                name=contact["name"].strip(),
                email=contact["email"].strip(),
                language=contact["language"] or get_language(),
                on_behalf=on_behalf,
                person_name=person["person_name"].strip() if on_behalf else "",
                relation=person["relation"].strip() if on_behalf else "",
                role=person["about"] if on_behalf else Role.AGENT,
                person_email=(person.get("person_email") or "").strip() if on_behalf else "",
                place=contact.get("place") or "",
            ),
            channel=Channel.WEB,
            probe=probe,
            network=network,
        )

    return receive
