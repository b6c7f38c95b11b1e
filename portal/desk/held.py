"""Held photos: those that an import found to show, perhaps, somebody whose template is kept with their consent."""

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from matching import suppression
from matching.models import Face, Hold, HoldOutcome, TemplateSuppression
from matching.reviews import reviewers_at
from portal import flow
from portal.desk import pictures
from portal.desk.access import actor, desk_view, staff_view
from portal.desk.forms import HeldForm
from portal.desk.pages import back, page
from portal.desk.records import ReadOnly
from portal.staff.roles import HANDLE, JUDGE
from rights.models import RightsRequest

LISTED = 200
"""Open cases on the page, the oldest first; the page says how many there are."""


@admin.register(Hold)
class HoldAdmin(ReadOnly):
    """The pages are the desk's own."""

    def get_urls(self) -> list[URLPattern]:
        one = "<int:hold_id>/"
        return [
            path("", held, name="matching_hold_changelist"),
            path(one, judge, name="matching_hold_judge"),
            path(one + "face.jpg", pictures.held_face, name="matching_hold_face"),
            path(one + "photo.jpg", pictures.held_photo, name="matching_hold_photo"),
        ]


@staff_view(JUDGE)
def held(http: HttpRequest) -> HttpResponse:
    """The cases that wait for a decision, and how many were decided which way."""
    open_cases = suppression.undecided().prefetch_related("verdicts")
    decided = Hold.objects.exclude(outcome="")
    return page(
        http,
        "desk/held.html",
        _("Held photos"),
        cases=[(case, reviewers_at(case.distance), len(case.verdicts.all())) for case in open_cases[:LISTED]],
        total=open_cases.count(),
        refused=decided.filter(outcome=HoldOutcome.REFUSE).count(),
        not_gone=decided.filter(outcome=HoldOutcome.REFUSE, erased_at=None).count(),
        released=decided.filter(outcome=HoldOutcome.RELEASE).count(),
        templates=TemplateSuppression.objects.count(),
        unusable=suppression.unusable(),
    )


@require_http_methods(["GET", "POST"])
@staff_view(JUDGE)
def judge(http: HttpRequest, hold_id: int) -> HttpResponse:
    """One case: look, and say what becomes of the photo."""
    case = suppression.undecided().filter(pk=hold_id).select_related("suppression").first()
    if case is None:
        messages.info(http, _("This case is decided, or what it was about is gone."))
        return redirect("admin:matching_hold_changelist")
    form = HeldForm(http.POST or None)
    if http.method == "POST" and form.is_valid():
        return _take(http, case, form)
    found = get_object_or_404(Face.objects.select_related("photo__source"), pk=case.face_key)
    return page(
        http,
        "desk/hold.html",
        _("Held photo %(number)d") % {"number": case.pk},
        hold=case,
        photo=found.photo,
        others=found.photo.face_count - 1,
        needed=reviewers_at(case.distance),
        verdicts=case.verdicts.all(),
        mine=actor(http),
        case=RightsRequest.objects.get(pk=case.suppression.subject),
        form=form,
    )


def _take(http: HttpRequest, case: Hold, form: HeldForm) -> HttpResponse:
    chosen = form.cleaned_data
    try:
        after = flow.judge_held(hold_id=case.pk, outcome=chosen["outcome"], reason=chosen["reason"], actor=actor(http))
    except suppression.AlreadyDecided:
        messages.info(http, _("This case is decided, or what it was about is gone."))
        return redirect("admin:matching_hold_changelist")
    if not after.outcome:
        messages.success(http, _("Noted. Somebody else must say the same before it is decided."))
    elif after.outcome == HoldOutcome.REFUSE:
        messages.success(http, _("Refused. The person is being erased from the photo, and that is proven."))
    else:
        messages.success(http, _("Released. The same file is not held again."))
    return redirect("admin:matching_hold_changelist")


@require_POST
@desk_view(HANDLE)
def withdraw_consent(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """The person told staff, on paper or in person, that they withdraw their consent."""
    if flow.withdraw_consent(request_id=request.pk, actor=actor(http)):
        messages.success(http, _("The consent is withdrawn; the template is destroyed."))
    return back(request)
