"""The review of hits: the probe beside each hit, one verdict after another, with the keyboard if one likes."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from matching import reviews
from matching.models import Hit, Review, Verdict
from matching.reviews import Outcome
from portal import flow
from portal.desk.access import actor, desk_view, member
from portal.desk.explained import explain
from portal.desk.views import attempt, back, page, review_url
from portal.models import EvidenceKind
from portal.staff.roles import JUDGE, SEE_HITS
from rights.law.lifecycle import RequestState
from rights.models import RightsRequest

UNSETTLED = (Outcome.OPEN, Outcome.DISPUTED)


@require_http_methods(["GET", "POST"])
@desk_view(SEE_HITS, write=JUDGE)
def review(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """Show the next hit this reviewer has not judged, or take a verdict and go on."""
    latest = reviews.latest_search(request.pk)
    if latest is None:
        return back(request)
    hits = list(latest.hits.select_related("photo__source", "search", "face").order_by("distance", "pk"))
    if http.method == "POST":
        return _take_verdict(http, request, hits)
    mine = {
        review.face_key: Verdict(review.verdict)
        for review in Review.objects.filter(subject=request.pk, reviewer=actor(http))
    }
    outcomes = reviews.outcomes(request.pk)
    current = _current(http, hits, mine, outcomes)
    position = hits.index(current) if current else 0
    return page(
        http,
        "desk/review.html",
        _("Review of %(reference)s") % {"reference": request.reference},
        case=request,
        hits=[(hit, outcomes[hit.face_key], mine.get(hit.face_key)) for hit in hits],
        hit=current,
        verdict=mine.get(current.face_key) if current else None,
        outcome=outcomes[current.face_key] if current else None,
        explained=explain(current, among=hits, outcome=outcomes[current.face_key]) if current else None,
        may_judge=request.state in (RequestState.SEARCHED, RequestState.REVIEWED),
        may_look_again=request.state in (RequestState.SEARCHED, RequestState.REVIEWED) and not flow.is_decided(request),
        number=position + 1,
        before=hits[position - 1] if current and position else None,
        after=hits[position + 1] if current and position + 1 < len(hits) else None,
        unsettled=sum(outcome in UNSETTLED for outcome in outcomes.values()),
        probes=request.evidence.filter(kind=EvidenceKind.PROBE, problem="", destroyed_at=None),
    )


def _current(http: HttpRequest, hits: list[Hit], mine: dict[int, Verdict], outcomes: dict[int, Outcome]) -> Hit | None:
    wanted = http.GET.get("hit", "")
    for hit in hits:
        if str(hit.pk) == wanted:
            return hit
    return next((hit for hit in hits if outcomes[hit.face_key] in UNSETTLED and hit.face_key not in mine), None)


def _take_verdict(http: HttpRequest, request: RightsRequest, hits: list[Hit]) -> HttpResponse:
    hit = next((hit for hit in hits if str(hit.pk) == http.POST.get("hit")), None)
    verdict = http.POST.get("verdict", "")
    if hit is None or verdict not in Verdict.values:
        return redirect(review_url(request.pk))

    def step() -> None:
        flow.review(request_id=request.pk, face_key=hit.face_key, verdict=verdict, by=member(http))

    attempt(http, step, str(Verdict(verdict).label))
    return redirect(review_url(request.pk))


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
