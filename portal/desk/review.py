"""The review of hits: the probe beside each hit, one verdict after another, with the keyboard if one likes."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from matching import reviews
from matching.models import Hit, Review, Verdict
from matching.reviews import Outcome
from portal import flow
from portal.desk.access import actor, desk_view, member
from portal.desk.views import CHANGE, attempt, back, page, review_url
from portal.models import EvidenceKind
from rights.models import RightsRequest

UNSETTLED = (Outcome.OPEN, Outcome.DISPUTED)


@require_http_methods(["GET", "POST"])
@desk_view(CHANGE)
def review(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """Show the next hit this reviewer has not judged, or take a verdict and go on."""
    latest = reviews.latest_search(request.pk)
    if latest is None:
        return back(request)
    hits = list(latest.hits.select_related("photo__source", "face").order_by("distance", "pk"))
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
@desk_view(CHANGE)
def finish(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """Close the review once every hit is settled."""
    attempt(
        http,
        lambda: flow.finish_review(request_id=request.pk, by=member(http)),
        _("The review is complete; decide next."),
    )
    return back(request)
