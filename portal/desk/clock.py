"""The clock on the desk: extend it, ask the person, note what arrived. Each act sends its notice or does not happen."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal import flow, vault
from portal.desk.access import actor, desk_view, member, seen
from portal.desk.forms import AgainForm, AnswerForm, AskForm, DoubtForm, ExtendForm, UndoubtForm
from portal.desk.pages import attempt, back
from portal.flow.timed import what_is_open
from portal.models import DocumentCheck, Evidence, EvidenceKind
from portal.staff.roles import DECIDE, HANDLE, READ
from portal.wording import refusal
from rights import queries
from rights.law.lifecycle import TransitionRefused, check_asking
from rights.law.regime import Stop
from rights.models import ClockEvent, ClockKind, RightsRequest


@dataclass(frozen=True)
class ClockView:
    """What the request's page shows of its clock, and the forms of what can be done to it now."""

    stands: bool
    events: list[ClockEvent]
    questions: list[tuple[ClockEvent, AnswerForm]]
    extend: ExtendForm | None
    doubt: DoubtForm | None
    identity: AskForm | None
    identity_why_not: str
    doubted: ClockEvent | None
    undoubt: UndoubtForm | None
    documents: list[DocumentCheck]
    clarification: AskForm | None
    again: AgainForm
    replies: list[Evidence]


def clock_view(request: RightsRequest) -> ClockView:
    """Of one request, now."""
    deadline = queries.deadline(request)
    owed = queries.is_owed(request)
    questions = list(queries.open_questions(request)) if owed else []
    open_kinds = {question.asked_for for question in questions}
    why_not = _why_no_identity(request)
    doubted = queries.doubt(request)
    limit = deadline.extension_limit
    extendable = owed and limit is not None and queries.today() <= limit and queries.extended_on(request) is None
    return ClockView(
        stands=deadline.standing_since is not None,
        events=list(request.clock_events.order_by("at", "pk")),
        questions=[(question, AnswerForm(prefix=f"answer-{question.pk}")) for question in questions],
        extend=ExtendForm(prefix="extend") if extendable else None,
        doubt=DoubtForm(prefix="doubt") if owed else None,
        identity=AskForm(prefix="identity") if owed and not why_not and Stop.IDENTITY not in open_kinds else None,
        identity_why_not=why_not,
        doubted=doubted,
        undoubt=UndoubtForm(prefix="undoubt") if owed and doubted else None,
        documents=list(request.document_checks.all()),
        clarification=AskForm(prefix="clarification") if owed and Stop.CLARIFICATION not in open_kinds else None,
        again=AgainForm(prefix="again"),
        replies=list(request.evidence.filter(kind=EvidenceKind.REPLY)),
    )


def _why_no_identity(request: RightsRequest) -> str:
    """Why no more may be asked about who the person is; empty if it may."""
    doubted = queries.doubt(request)
    try:
        check_asking(Stop.IDENTITY, what_is_open(request, doubt=doubted.words if doubted else ""))
    except TransitionRefused as refused:
        return refusal(refused)
    return ""


def _act(http: HttpRequest, form: forms.Form, act: Callable[[], object], done: str) -> None:
    """Act on a valid form; a mistake becomes a message that names it."""
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(http, " ".join(str(error) for error in errors))
        return
    attempt(http, act, done)


@require_POST
@desk_view(DECIDE)
def extend(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """Extend the time, with reasons that go to the person now."""
    form = ExtendForm(http.POST, prefix="extend")

    def act() -> None:
        flow.extend(request_id=request.pk, reasons=form.cleaned_data["reasons"], actor=actor(http))

    _act(http, form, act, _("The time is extended; the person is being told why."))
    return back(request)


@require_POST
@desk_view(HANDLE)
def doubt(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """Record a reasonable doubt about who asks."""
    form = DoubtForm(http.POST, prefix="doubt")

    def act() -> None:
        flow.doubt(request_id=request.pk, words=form.cleaned_data["doubt"], actor=actor(http))

    _act(http, form, act, _("The doubt is on record."))
    return back(request)


@require_POST
@desk_view(HANDLE)
def ask(http: HttpRequest, request: RightsRequest, kind: str) -> HttpResponse:
    """Ask the person for something."""
    form = AskForm(http.POST, prefix=kind)

    def act() -> None:
        question = form.cleaned_data["question"]
        flow.ask(request_id=request.pk, kind=Stop(kind), question=question, actor=actor(http))

    _act(http, form, act, _("The question is on its way."))
    return back(request)


@require_POST
@desk_view(HANDLE)
def answered(http: HttpRequest, request: RightsRequest, question_id: int) -> HttpResponse:
    """An answer arrived on paper, by telephone or in person."""
    question = get_object_or_404(request.clock_events, pk=question_id, kind=ClockKind.ASKED)
    form = AnswerForm(http.POST, prefix=f"answer-{question.pk}", earliest=question.at)

    def act() -> None:
        flow.answer(
            request_id=request.pk,
            question_id=question.pk,
            words=form.cleaned_data["words"],
            actor=actor(http),
            at=form.cleaned_data["at"],
        )

    _act(http, form, act, _("The answer is on record; the clock goes on."))
    return back(request)


@require_POST
@desk_view(HANDLE)
def again(http: HttpRequest, request: RightsRequest) -> HttpResponse:
    """The request reached us another time, or the person reminds us of it."""
    form = AgainForm(http.POST, prefix="again")
    step = partial(flow.received_again, request_id=request.pk, actor=actor(http))

    def act() -> None:
        if step(at=form.cleaned_data["at"], channel=form.cleaned_data["channel"]):
            messages.warning(http, _("That was earlier than the first receipt on record: the dates moved."))

    _act(http, form, act, _("Noted. A reminder is no new request."))
    return back(request)


@require_POST
@desk_view(DECIDE)
def countersign(http: HttpRequest, request: RightsRequest, right: str) -> HttpResponse:
    """Sign a proposed decision as the second person, or do not."""
    step = flow.reject if "reject" in http.POST else flow.countersign
    read = http.POST.get("proposal", "")
    proposal = int(read) if read.isascii() and read.isdigit() else 0
    done = _("The proposal was dropped.") if "reject" in http.POST else _("The decision is in force.")
    attempt(http, lambda: step(request_id=request.pk, right=right, proposal=proposal, by=member(http)), done)
    return back(request)


@desk_view(READ)
def reply(http: HttpRequest, request: RightsRequest, evidence_id: object) -> HttpResponse:
    """What the person wrote in answer to a question. Looking at it is journalled."""
    evidence = get_object_or_404(request.evidence, pk=evidence_id, kind=EvidenceKind.REPLY, destroyed_at=None)
    seen(http, request, "reply")
    words = vault.unseal(request, bytes(evidence.sealed)).decode()
    return HttpResponse(words, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})
