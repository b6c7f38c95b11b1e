"""Who acts for whom, on the desk: what is known of each, and what shows the right to act."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from portal import flow, vault
from portal.desk.access import actor, desk_view, seen
from portal.desk.pages import attempt, back
from portal.flow.represented import BASES
from portal.models import EvidenceKind, Representation, Role
from portal.staff.roles import HANDLE, SEE_PROBE
from rights import queries
from rights.models import RightsRequest

NAMES = {
    "photo_and_email": gettext_lazy("control of the e-mail address"),
    "in_person": gettext_lazy("met in person"),
    "video_call": gettext_lazy("video call"),
    "known_contact": gettext_lazy("known contact details or an existing account"),
    "by_post": gettext_lazy("answered by letter"),
    "mandate_seen": gettext_lazy("mandate seen"),
    "guardianship_seen": gettext_lazy("proof of parenthood or guardianship seen"),
    "register_seen": gettext_lazy("entry in a public register seen"),
}
WHO = {
    "agent": gettext_lazy("Who acts"),
    "person": gettext_lazy("The person concerned"),
    "mandate": gettext_lazy("The right to act"),
}


class KnownForm(forms.Form):
    """How staff know one of the three."""

    basis = forms.ChoiceField(label=gettext_lazy("Established by"))

    def __init__(self, data: QueryDict | None = None, *, who: str) -> None:
        super().__init__(data, prefix=who)
        field = self.fields["basis"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - told to the type checker
        field.choices = [(basis, NAMES[basis]) for basis in BASES[who]]


class EndangersForm(forms.Form):
    """Why notices would endanger the child."""

    why = forms.CharField(
        label=gettext_lazy("Why notices would endanger the child; destroyed with the evidence, never in the journal"),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


def context_of(request: RightsRequest) -> dict[str, object]:
    """What the request's page shows of it."""
    found = Representation.objects.filter(request=request).first()
    if found is None:
        return {"representation": None}
    owed = queries.is_owed(request)
    return {
        "representation": found,
        "known": [
            (who, name, NAMES.get(getattr(found, f"{who}_basis"), ""), KnownForm(who=who) if owed else None)
            for who, name in WHO.items()
        ],
        "mandates": request.evidence.filter(kind=EvidenceKind.MANDATE),
        "endangers": EndangersForm() if owed and found.role == Role.PARENT and not found.endangers else None,
    }


@require_POST
@desk_view(HANDLE)
def known(http: HttpRequest, request: RightsRequest, who: str) -> HttpResponse:
    """Record how one of the three is known."""
    if who not in BASES:
        raise Http404
    form = KnownForm(http.POST, who=who)
    if form.is_valid():
        basis = form.cleaned_data["basis"]
        attempt(
            http,
            lambda: flow.record_known(request_id=request.pk, who=who, basis=basis, actor=actor(http)),
            _("Recorded."),
        )
    else:
        messages.error(http, _("Say how it was established."))
    return back(request)


@require_POST
@desk_view(HANDLE)
def endangers(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """No notice goes to the child any more."""
    why = http.POST.get("why", "")
    attempt(
        http,
        lambda: flow.keep_from_child(request_id=request.pk, why=why, actor=actor(http)),
        _("Recorded. No notice goes to the child."),
    )
    return back(request)


@require_safe
@desk_view(SEE_PROBE)
def mandate(http: HttpRequest, request: RightsRequest, evidence_id: UUID) -> HttpResponse:
    """The picture of the mandate. Looking at it is journalled."""
    evidence = get_object_or_404(request.evidence, pk=evidence_id, kind=EvidenceKind.MANDATE, destroyed_at=None)
    try:
        data = vault.unseal(request, bytes(evidence.sealed))
    except vault.VaultError as error:
        raise Http404 from error
    seen(http, request, "mandate")
    return HttpResponse(data, content_type="image/jpeg", headers={"Cache-Control": "no-store"})
