"""Identity documents on the desk: asked for on a recorded doubt, looked at once, destroyed with the decision."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from portal import flow, vault
from portal.desk.access import actor, desk_view, seen
from portal.desk.forms import UndoubtForm
from portal.desk.pages import attempt, back, page
from portal.identity import mrz
from portal.models import CheckDigits, EvidenceKind
from portal.staff.roles import HANDLE
from rights import journal, queries
from rights.law import grounds
from rights.models import RightsRequest

UNKNOWN_PERSON = ("not-identifiable", "not-authenticated")
"""Ends of the codes of those grounds that say: we do not know who asks."""

FIELDS = {
    "number": gettext_lazy("number of the document"),
    "birth": gettext_lazy("date of birth"),
    "expiry": gettext_lazy("valid until"),
    "optional": gettext_lazy("optional part"),
    "all": gettext_lazy("all together"),
}


class LinesForm(forms.Form):
    """The lines of a machine-readable zone, as far as they can be seen. Never shown again, never stored."""

    lines = forms.CharField(
        label=gettext_lazy("The lines with < signs, one a line, with * for each covered character"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
    )


class DocumentDecisionForm(forms.Form):
    """Whether the document settles the doubt."""

    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)
    outcome = forms.ChoiceField(
        label=gettext_lazy("Does it settle the doubt?"),
        choices=[
            ("sufficient", gettext_lazy("Yes: the portrait shows the person, and the document is valid")),
            ("insufficient", gettext_lazy("No")),
        ],
        widget=forms.RadioSelect,
    )


@require_POST
@desk_view(HANDLE)
def ask(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """Ask for a document. Without a recorded doubt this is refused, and the attempt is put on record."""
    done = _("The person is being asked, and told what to cover.")
    if not attempt(http, lambda: flow.ask_document(request_id=request.pk, actor=actor(http)), done):
        journal.record(request=request, actor=actor(http), event="document_not_asked")
    return back(request)


@require_POST
@desk_view(HANDLE)
def withdraw_doubt(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """The doubt is gone, and with it what was asked because of it."""
    form = UndoubtForm(http.POST, prefix="undoubt")
    if not form.is_valid():
        messages.error(http, _("Say why the doubt is gone."))
        return back(request)
    words = form.cleaned_data["words"]
    attempt(
        http,
        lambda: flow.withdraw_doubt(request_id=request.pk, words=words, actor=actor(http)),
        _("The doubt is withdrawn. A document that came because of it is destroyed."),
    )
    return back(request)


@require_safe
@desk_view(HANDLE)
def document(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """The document beside the person's photographs."""
    return _page(http, request, LinesForm(), {})


def _page(http: HttpRequest, request: RightsRequest, lines: LinesForm, found: dict[str, CheckDigits]) -> HttpResponse:
    check = flow.open_check(request)
    if check is None or check.evidence is None:
        messages.info(http, _("There is no identity document to be decided on."))
        return back(request)
    context = {
        "case": request,
        "check": check,
        "doubt": queries.doubt(request),
        "probes": request.evidence.filter(kind=EvidenceKind.PROBE, destroyed_at=None),
        "lines": lines,
        "found": [(FIELDS[name], outcome.label) for name, outcome in found.items()],
        "decision": DocumentDecisionForm(initial={"seen": flow.on_the_table(request)}),
        "grounds": [ground for ground in grounds.for_regime(request.regime) if ground.code.endswith(UNKNOWN_PERSON)],
    }
    return page(http, "desk/document.html", request.reference, **context)


@require_safe
@desk_view(HANDLE)
def picture(http: HttpRequest, request: RightsRequest, evidence_id: UUID) -> HttpResponse:
    """The picture of the document. Looking at it is journalled."""
    evidence = get_object_or_404(request.evidence, pk=evidence_id, kind=EvidenceKind.DOCUMENT, destroyed_at=None)
    try:
        data = vault.unseal(request, bytes(evidence.sealed))
    except vault.VaultError as error:
        raise Http404 from error
    seen(http, request, "document")
    return HttpResponse(data, content_type="image/jpeg", headers={"Cache-Control": "no-store"})


@sensitive_post_parameters("lines")
@require_POST
@desk_view(HANDLE)
def check_digits(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """Check typed lines. What is kept is whether their digits are right."""
    form = LinesForm(http.POST)
    if not form.is_valid():
        messages.error(http, _("Type the lines, or leave this out: they may be covered."))
        return _page(http, request, LinesForm(), {})
    try:
        together, found = mrz.check(form.cleaned_data["lines"])
    except mrz.NoZone:
        messages.error(http, _("These are not two lines of 36 or 44 characters, nor three of 30."))
        return _page(http, request, LinesForm(), {})
    attempt(
        http,
        lambda: flow.note_check_digits(request_id=request.pk, outcome=together, actor=actor(http)),
        _("Checked. The lines were not kept."),
    )
    return _page(http, request, LinesForm(), found)


@require_POST
@desk_view(HANDLE)
def decide(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """Decide, and destroy the file with it."""
    form = DocumentDecisionForm(http.POST)
    if not form.is_valid():
        messages.error(http, _("Say whether the document settles the doubt."))
        return _page(http, request, LinesForm(), {})
    sufficient, seen = form.cleaned_data["outcome"] == "sufficient", form.cleaned_data["seen"]
    decided = attempt(
        http,
        lambda: flow.decide_document(request_id=request.pk, sufficient=sufficient, actor=actor(http), seen=seen),
        _("Decided. The file is destroyed; the note that it was checked remains."),
    )
    return back(request) if decided else _page(http, request, LinesForm(), {})
