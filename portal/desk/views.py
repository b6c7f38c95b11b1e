"""The pages of one request. They translate between a form and one step of `portal.flow`."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from matching import reviews
from matching.reviews import Outcome
from portal import flow, laws
from portal.answers import archive, kept
from portal.answers.facts import missing
from portal.desk import bulk, holdups, live, not_me, represented
from portal.desk.access import actor, desk_view, member, seen, staff_view
from portal.desk.clock import clock_view
from portal.desk.forms import DecisionForm, LetterForm, ProbeForm
from portal.desk.pages import attempt, back, page
from portal.models import Answer, Author, EvidenceKind, NoticeState
from portal.notices import outbox
from portal.notices.compose import compose
from portal.staff.roles import DECIDE, ENTER, HANDLE, READ
from portal.wording import sentence
from rights import journal, queries, requests
from rights.law.guards import BEFORE_REVIEW
from rights.law.lifecycle import RequestState
from rights.models import RightsRequest


@require_safe
@desk_view(READ)
def overview(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """Everything about one request."""
    seen(http, request, "request")
    return _request_page(http, request)


def _request_page(http: HttpRequest, request: RightsRequest, form: DecisionForm | None = None) -> HttpResponse:
    context = overview_context(request, form) | bulk.context_of(http, request)
    return page(http, "desk/request.html", request.reference, **context)


def accepted_photos(request: RightsRequest) -> dict[int, str]:
    """The accepted photos by id, each with the address of a picture of the face in it; empty if no picture is held."""
    latest = reviews.latest_search(request.pk)
    if latest is None:
        return {}
    accepted = reviews.accepted_faces(request.pk)
    hits = latest.hits.filter(face__in=accepted, photo__isnull=False).select_related("photo")
    return {
        hit.photo.pk: reverse("admin:rights_request_face", args=[request.pk, hit.pk]) if hit.photo.is_held else ""
        for hit in hits.order_by("photo_id", "-distance", "-pk")
        if hit.photo
    }


def overview_context(request: RightsRequest, form: DecisionForm | None = None) -> dict[str, object]:
    """What the request's page shows."""
    found = reviews.outcomes(request.pk)
    deadline = queries.deadline(request)
    photos = accepted_photos(request)
    return (
        _decisions_context(request, photos, form)
        | represented.context_of(request)
        | live.context_of(request)
        | not_me.context_of(request, photos)
        | {
            "case": request,
            "requester": getattr(request, "requester", None),
            "days_left": queries.days_left(request),
            "deadline": deadline,
            "derivation": [sentence(line) for line in deadline.derivation],
            "milestones": queries.milestones(request),
            "law": laws.of_request(request),
            "missing": missing(request),
            "holdups": holdups.of_request(request),
            "latest": reviews.latest_search(request.pk),
            "counts": {outcome.value: list(found.values()).count(outcome) for outcome in Outcome},
            "hits": len(found),
            "photos": len(photos),
            "answer": Answer.objects.filter(request=request).first(),
            "evidence": request.evidence.filter(kind=EvidenceKind.PROBE),
            "jobs": request.jobs.all(),
            "notices": request.notices.all(),
            "unread": request.messages.filter(author=Author.PERSON, read_at=None).count(),
            "written": request.messages.count(),
            "journal": request.journal_entries.order_by("-position")[:200],
            "clock": clock_view(request),
            "kept_templates": kept.templates_of(request),
            "probe_form": ProbeForm(),
            "can_take_probe": request.state in (RequestState.RECEIVED, RequestState.CONFIRMED),
            "can_review": request.state in (RequestState.SEARCHED, RequestState.REVIEWED) and found,
            "can_withdraw": requests.allows(request, "withdraw"),
        }
    )


def _decisions_context(request: RightsRequest, photos: dict[int, str], form: DecisionForm | None) -> dict[str, object]:
    """What was decided, what waits for a second signature, and the forms of what can be decided now."""
    decidable = request.state in (*BEFORE_REVIEW, RequestState.REVIEWED)
    claims = list(request.claims.all())
    return {
        "claims": [(claim, queries.decision(claim)) for claim in claims],
        "proposals": [proposal for claim in claims if (proposal := queries.proposal(claim))],
        "decision_forms": [
            form if form is not None and form.claim == claim else DecisionForm(claim=claim, photos=photos)
            for claim in claims
            if decidable and claim.fulfilled_at is None
        ],
    }


@require_POST
@desk_view(HANDLE)
def confirm(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """Staff know that the request comes from the person: a letter, a visit, a known address."""
    attempt(
        http, lambda: flow.confirm(request_id=request.pk, actor=actor(http)), _("Confirmed; the search was started.")
    )
    return back(request)


@require_POST
@desk_view(HANDLE)
def withdraw(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """The person told staff that they take the request back."""
    attempt(http, lambda: flow.withdraw(request_id=request.pk, actor=actor(http)), _("The request was withdrawn."))
    return back(request)


@require_POST
@desk_view(HANDLE)
def add_probe(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """Add a photograph that arrived by post or mail."""
    form = ProbeForm(http.POST, http.FILES)
    if form.is_valid():
        photo = form.cleaned_data["photo"]
        attempt(
            http,
            lambda: flow.replace_probe(request_id=request.pk, probe=photo, actor=actor(http)),
            _("The photograph was added."),
        )
    else:
        messages.error(http, " ".join(str(error) for error in form.errors["photo"]))
    return back(request)


@require_POST
@desk_view(DECIDE)
def decide(http: HttpRequest, request: RightsRequest, right: str) -> HttpResponse:
    """Sign the outcome of one claim."""
    claim = request.claims.get(right=right)
    photos = accepted_photos(request)
    form = DecisionForm(http.POST, claim=claim, photos=photos)
    if form.is_valid():
        chosen = form.cleaned_data

        def step() -> None:
            flow.decide(request_id=request.pk, right=right, by=member(http), **chosen)

        if attempt(http, step, _("The decision was recorded.")):
            return back(request)
    else:
        messages.error(http, _("The decision was not recorded: choose an outcome."))
    return _request_page(http, request, form)


@require_http_methods(["GET", "POST"])
@desk_view(HANDLE)
def by_post(http: HttpRequest, request: RightsRequest, notice_id: UUID) -> HttpResponse:
    """A notice for somebody without an e-mail address: its text to print, and the note that it was posted."""
    notice = get_object_or_404(request.notices.filter(state=NoticeState.BY_POST), pk=notice_id)
    if http.method == "POST":
        if outbox.posted(notice_id=notice.pk):
            journal.record(request=request, actor=actor(http), event="posted", detail={"event": notice.event})
        messages.success(http, _("Noted as sent by post."))
        return back(request)
    seen(http, request, "letter", event=notice.event)
    message = compose(notice)
    return page(http, "desk/post.html", str(message.subject), case=request, notice=notice, body=message.body)


@require_POST
@desk_view(DECIDE)
def archive_file(http: HttpRequest, request: RightsRequest) -> HttpResponseBase:
    """The archive, for staff to hand over to a person who has no e-mail address; that counts as its delivery."""
    answer = get_object_or_404(Answer, request=request, offered_at__isnull=False)
    if getattr(request, "requester", None) is not None and request.requester.email:
        messages.error(http, _("The person fetches this answer with a code of their own; the desk does not open it."))
        return back(request)
    seen(http, request, "archive")
    flow.delivered(request_id=request.pk)
    headers = {
        "Content-Disposition": f'attachment; filename="{request.reference}.zip"',
        "Content-Length": str(answer.size),
        "Cache-Control": "no-store",
    }
    return StreamingHttpResponse(archive.stream(answer), content_type="application/zip", headers=headers)


@require_http_methods(["GET", "POST"])
@staff_view(ENTER)
def enter(http: HttpRequest) -> HttpResponse:
    """Enter a request that came by letter, mail, telephone or in person."""
    form = LetterForm(http.POST or None, http.FILES or None)
    if http.method == "POST" and form.is_valid():
        data = form.cleaned_data
        request = flow.receive(
            rights=data["rights"],
            contact=form.contact(),
            channel=data["channel"],
            probe=data["photo"],
            received_at=data["received_at"],
            actor=actor(http),
            network=None,
        )
        messages.success(http, _("Entered as %(reference)s.") % {"reference": request.reference})
        return back(request)
    return page(http, "desk/enter.html", _("Enter a request"), form=form)


def review_url(request_id: UUID, hit_id: int | None = None) -> str:
    """The review page, at one hit if given."""
    url = reverse("admin:rights_request_review", args=[request_id])
    return f"{url}?hit={hit_id}" if hit_id else url
