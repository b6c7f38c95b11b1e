"""The review of hits: the probe beside each hit, one verdict after another, with the keyboard if one likes.

Every address works as a page, without scripts. `static/review.js` asks the same addresses for the part of the page that
changes, and puts it in: verdict after verdict without loading a page, and each picture given out once.
"""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from matching import reviews
from matching.models import Hit, Verdict
from portal import flow
from portal.desk.access import desk_view, member
from portal.desk.explained import explain
from portal.desk.sheet import UNSETTLED, Sheet, is_open, sheet_of
from portal.desk.views import attempt, back, page, review_url
from portal.models import EvidenceKind
from portal.staff.roles import JUDGE, SEE_HITS
from portal.wording import refusal
from rights.law.lifecycle import TransitionRefused
from rights.models import RightsRequest

ALIGNED, WHOLE = "aligned", "whole"


@require_http_methods(["GET", "POST"])
@desk_view(SEE_HITS, write=JUDGE)
def review(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """Show the next hit this reviewer has not judged, or take a verdict and go on."""
    if http.method == "POST":
        return _take_verdict(http, request)
    if reviews.latest_search(request.pk) is None:
        return back(request)
    sheet = sheet_of(http, request)
    wanted = next((hit for hit in sheet.hits if str(hit.pk) == http.GET.get("hit")), None)
    return _show(http, sheet, wanted or next(iter(sheet.waiting()), None))


def _take_verdict(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    hit, verdict = _hit(http, request), http.POST.get("verdict", "")
    if hit is None:
        return _no_such_hit(http, request)
    if verdict not in Verdict.values:
        return _refuse(http, request, _("That is no verdict."), status=400)

    def step() -> None:
        flow.review(request_id=request.pk, face_key=hit.face_key, verdict=verdict, by=member(http))

    done = str(Verdict(verdict).label)
    return _take(http, request, step, done, lambda after: next(iter(after.waiting(after=hit)), None))


@require_POST
@desk_view(JUDGE)
def withdraw_verdict(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """Take back what one said of a hit, and show it again."""
    hit = _hit(http, request)
    if hit is None:
        return _no_such_hit(http, request)

    def step() -> None:
        flow.withdraw_verdict(request_id=request.pk, face_key=hit.face_key, by=member(http))

    return _take(http, request, step, _("Taken back."), lambda _after: hit)


def _take(
    http: HttpRequest, request: RightsRequest, step: Callable[[], None], done: str, then: Callable[[Sheet], Hit | None]
) -> HttpResponse:
    """Take a step and show the hit that `then` chooses afterwards; as a page, or as the part that changes."""
    if _wants_part(http):
        try:
            step()
        except TransitionRefused as refused:
            return _refuse(http, request, refusal(refused), status=409)
    else:
        attempt(http, step, done)
    request.refresh_from_db()
    sheet = sheet_of(http, request)
    hit = then(sheet)
    return _show(http, sheet, hit, done=done) if _wants_part(http) else redirect(_address(http, request, hit))


def _show(http: HttpRequest, sheet: Sheet, hit: Hit | None, *, done: str = "") -> HttpResponse:
    request = sheet.request
    shown = {
        "case": request,
        "done": done,
        "sheet": sheet,
        "hits": [(each, sheet.state(each)) for each in sheet.hits],
        "look": _look(http),
        "address": _address(http, request, hit),
        "may_judge": is_open(request),
        "waiting": len(sheet.waiting()),
        "unsettled": sum(outcome in UNSETTLED for outcome in sheet.outcomes.values()),
        "probes": request.evidence.filter(kind=EvidenceKind.PROBE, problem="", destroyed_at=None),
        "last": sheet.last_said(),
        **(_of_hit(http, sheet, hit) if hit else {"hit": None, "ahead": "", "before": None, "after": None}),
    }
    if _wants_part(http):
        return render(http, "desk/review_hit.html", shown)
    return page(http, "desk/review.html", _("Review of %(reference)s") % {"reference": request.reference}, **shown)


def _of_hit(http: HttpRequest, sheet: Sheet, hit: Hit) -> dict[str, object]:
    """What is shown of the hit before the reviewer."""
    hit = Hit.objects.select_related("search", "photo__source", "face").get(pk=hit.pk)
    outcome, position = sheet.outcomes[hit.face_key], sheet.hits.index(hit)
    following = next(iter(sheet.waiting(after=hit)), None)
    return {
        "hit": hit,
        "verdict": sheet.mine.get(hit.face_key),
        "outcome": outcome if sheet.is_known(hit) else None,
        "explained": explain(hit, among=sheet.hits, outcome=outcome),
        "known": sheet.is_known(hit),
        "of_others": sheet.of_others(hit),
        "elsewhere": sheet.elsewhere(hit),
        "may_look_again": is_open(sheet.request) and not flow.is_decided(sheet.request),
        "number": position + 1,
        "before": sheet.hits[position - 1] if position else None,
        "after": sheet.hits[position + 1] if position + 1 < len(sheet.hits) else None,
        "ahead": _picture(http, sheet.request, following) if following else "",
    }


def _picture(http: HttpRequest, request: RightsRequest, hit: Hit) -> str:
    """The address of the picture of a hit that the page would show; empty if it shows none."""
    if hit.face is None or hit.photo is None or not hit.photo.is_held:
        return ""
    name = "photo" if _look(http) == WHOLE else "face_aligned"
    return reverse(f"admin:rights_request_{name}", args=[request.pk, hit.pk])


def _hit(http: HttpRequest, request: RightsRequest) -> Hit | None:
    """The hit that a form names, if it is one of the latest search."""
    return Hit.objects.filter(search=reviews.latest_search(request.pk), pk=_number(http.POST.get("hit"))).first()


def _look(http: HttpRequest) -> str:
    """How the pictures are shown."""
    return WHOLE if (http.POST.get("look") or http.GET.get("look")) == WHOLE else ALIGNED


def _address(http: HttpRequest, request: RightsRequest, hit: Hit | None) -> str:
    """Of the page that shows this hit in this way."""
    query = ({"hit": hit.pk} if hit else {}) | ({"look": WHOLE} if _look(http) == WHOLE else {})
    return f"{review_url(request.pk)}?{urlencode(query)}" if query else review_url(request.pk)


def _wants_part(http: HttpRequest) -> bool:
    """Whether a script asks, which puts in what changes."""
    return http.headers.get("X-Requested-With") == "fetch"


def _no_such_hit(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    return _refuse(http, request, _("This is no hit of the latest search; load the page again."), status=404)


def _refuse(http: HttpRequest, request: RightsRequest, why: str, *, status: int) -> HttpResponse:
    """Say why nothing was done; whoever has no scripts is shown what there is to do."""
    return JsonResponse({"problem": why}, status=status) if _wants_part(http) else redirect(review_url(request.pk))


@require_POST
@desk_view(JUDGE)
def look_again(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """Search also with a hit that was found to be the person."""
    latest = reviews.latest_search(request.pk)
    hit = get_object_or_404(Hit.objects.filter(search=latest), pk=_number(http.POST.get("hit")))
    attempt(
        http,
        lambda: flow.look_again(request_id=request.pk, face_key=hit.face_key, by=member(http)),
        _("Everything is searched again, with this picture too. What it finds is reviewed by two people."),
    )
    return redirect(review_url(request.pk))


def _number(text: str | None) -> int:
    """A number that a form sent; 0, which nothing has, for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0


@require_POST
@desk_view(JUDGE)
def finish(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """Close the review once every hit is settled."""
    attempt(
        http,
        lambda: flow.finish_review(request_id=request.pk, by=member(http)),
        _("The review is complete; decide next."),
    )
    return back(request)


ADDRESSES: Final = (
    ("review", "review/", review),
    ("withdraw_verdict", "review/undo/", withdraw_verdict),
    ("look_again", "review/look-again/", look_again),
    ("finish_review", "review/finish/", finish),
)
"""Below the address of a request: names, routes and views."""
