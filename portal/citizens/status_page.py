"""What the status page shows of one request, gathered for its template."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone
from django.utils.functional import Promise

from portal import flow, laws, thread, vault, wording, words
from portal.answers.remedies import Remedies
from portal.answers.remedies import of_request as remedies_of
from portal.citizens import passes, record
from portal.citizens.claims import ClaimView, claims_of
from portal.citizens.keeping import Keeping, keeping
from portal.citizens.record import ANSWERED, Piece
from portal.citizens.story import HELD_UP, Step, next_words, shown_state, timeline
from portal.citizens.wording import probe_problem
from portal.flow.carried_out import DISCLOSING
from portal.flow.searched import probes_of
from portal.models import (
    Answer,
    DocumentCheck,
    DocumentState,
    EvidenceKind,
    Job,
    JobKind,
    JobState,
    LiveCheck,
    Representation,
)
from rights import queries, requests
from rights.law.lifecycle import RequestState
from rights.models import Claim, ClockEvent, ClockKind, Right, RightsRequest

logger = logging.getLogger(__name__)

ENDED = (RequestState.CARRIED_OUT, RequestState.CLOSED, RequestState.WITHDRAWN)


@dataclass(frozen=True)
class Clock:
    """The legal date, how far it is, and how it was computed."""

    due: date
    days_left: int
    ended: bool
    answered_on: datetime | None
    derivation: list[str]
    citation: str
    stands: bool
    extended: ClockEvent | None

    @property
    def days_over(self) -> int:
        return -self.days_left

    @property
    def in_calendars(self) -> bool:
        """Whether the date is still to come and does not wait for the person's answer."""
        return not self.ended and not self.stands and self.days_left >= 0


@dataclass(frozen=True)
class PhotoAsk:
    """What is asked of the person: a photograph, and why."""

    problem: Promise | None


@dataclass(frozen=True)
class Linked:
    """Another request of the same address."""

    case: RightsRequest
    is_open_here: bool


@dataclass(frozen=True)
class StatusPage:
    """Everything the template needs; absent parts are None or empty."""

    case: RightsRequest
    clock: Clock
    steps: list[Step]
    next_words: str | Promise
    claims: list[ClaimView]
    must_confirm: bool
    photo_ask: PhotoAsk | None
    answer: Answer | None
    answer_expired: bool
    answer_kept_until: date | None
    address_kept_until: date | None
    waits_for_copy: bool
    certificate: Mapping[str, Any] | None
    proof: Mapping[str, Any] | None
    told: list[str]
    evidence: list[Piece]
    keeping: Keeping | None
    linked: list[Linked]
    law: laws.LawView
    questions: list[ClockEvent]
    document: DocumentCheck | None
    live: LiveCheck | None
    may_go_live: bool
    representation: Representation | None
    remedies: Remedies
    can_correct: bool
    can_withdraw: bool
    messages: list[thread.Entry]
    messages_hidden: int
    can_write: bool
    is_working: bool

    @property
    def version(self) -> str:
        """Changes when something happened to the request; the page is refreshed by it."""
        asks = ("photo" if self.photo_ask else "") + "".join(str(question.pk) for question in self.questions)
        answer = str(self.answer.delivered_at) if self.answer else ""
        document = f"{self.document.pk}{self.document.state}" if self.document else ""
        live = f"{self.live.pk}{self.live.state}" if self.live else ""
        kept = bool(self.keeping and self.keeping.kept)
        since = max(step.at.timestamp() for step in self.steps if step.at)
        shown = shown_state(self.case)
        held_up = self.next_words == HELD_UP
        return f"{shown}-{since:.0f}-{asks}-{answer}-{kept}-{document}-{live}-{self.is_working}-{held_up}"


def build(case: RightsRequest, *, session: SessionBase) -> StatusPage:
    """The page of one request, for one session."""
    answer = Answer.objects.filter(request=case, offered_at__isnull=False).first()
    ask, questions = photo_ask(case), questions_of(case)
    document = case.document_checks.last() if queries.is_owed(case) else None
    return StatusPage(
        case=case,
        clock=clock_of(case),
        steps=timeline(case),
        next_words=_next(case, ask, asked=bool(questions) or _is_asked(document)),
        claims=claims_of(case, decided=case.state in ANSWERED),
        must_confirm=case.state == RequestState.RECEIVED,
        photo_ask=ask,
        answer=answer,
        answer_expired=answer is not None and (answer.expires_at is None or answer.expires_at <= timezone.now()),
        answer_kept_until=record.answer_kept_until(case),
        address_kept_until=record.address_kept_until(case),
        waits_for_copy=waits_for_copy(case),
        certificate=record.certificate(case),
        proof=record.proof(case),
        told=record.told(case),
        evidence=record.pieces_of(case),
        keeping=keeping(case),
        linked=linked(case, session),
        law=laws.of_request(case),
        questions=questions,
        document=document,
        live=flow.live_check(case),
        may_go_live=flow.may_go_live(case),
        representation=Representation.objects.filter(request=case).first() if queries.is_owed(case) else None,
        remedies=remedies_of(case),
        can_correct=flow.can_correct(case),
        can_withdraw=can_withdraw(case),
        messages=(shown := messages_of(case)),
        messages_hidden=max(0, case.messages.count() - len(shown)),
        can_write=flow.can_write(case),
        is_working=is_working(case),
    )


def _next(case: RightsRequest, ask: PhotoAsk | None, *, asked: bool) -> Promise:
    return next_words(
        case,
        wants_photo=ask is not None,
        waits_for_copy=waits_for_copy(case),
        waits_for_look=case.not_me.filter(settled_at=None).exists(),
        waits_for_reply=asked,
        held_up=is_held_up(case),
    )


def _is_asked(document: DocumentCheck | None) -> bool:
    return document is not None and document.state == DocumentState.ASKED


def clock_of(case: RightsRequest) -> Clock:
    deadline = queries.deadline(case)
    reached = {milestone.state: milestone.at for milestone in queries.milestones(case)}
    return Clock(
        due=case.due,
        days_left=queries.days_left(case),
        ended=case.state in ENDED,
        answered_on=reached.get(RequestState.CARRIED_OUT),
        derivation=[wording.sentence(line) for line in deadline.derivation],
        citation=wording.cited(deadline.citation),
        stands=deadline.standing_since is not None,
        extended=case.clock_events.filter(kind=ClockKind.EXTENDED).first(),
    )


def questions_of(case: RightsRequest) -> list[ClockEvent]:
    """The questions that are answered in words here; a document has a page of its own."""
    return list(queries.open_questions(case).filter(document_check=None)) if queries.is_owed(case) else []


def photo_ask(case: RightsRequest) -> PhotoAsk | None:
    """A photograph is asked for while none can be searched with; with the reason the last one could not."""
    if case.state not in (RequestState.RECEIVED, RequestState.CONFIRMED) or probes_of(case):
        return None
    last = case.evidence.filter(kind=EvidenceKind.PROBE).order_by("created_at", "pk").last()
    return PhotoAsk(problem=probe_problem(last.problem) if last else None)


def waits_for_copy(case: RightsRequest) -> bool:
    """Whether an erasure waits until the person has fetched, or waived, their copy."""
    if case.state != RequestState.DECIDED:
        return False
    pending = Claim.objects.filter(request=case, right=Right.ERASURE, outcome__in=DISCLOSING, fulfilled_at=None)
    unsettled = Answer.objects.filter(
        request=case, offered_at__isnull=False, delivered_at=None, waived_at=None, expires_at__gt=timezone.now()
    )
    copy = Claim.objects.filter(request=case, right=Right.ACCESS, outcome__in=DISCLOSING)
    return pending.exists() and copy.exists() and unsettled.exists()


def messages_of(case: RightsRequest) -> list[thread.Entry]:
    """The thread; empty where it cannot be opened, so that the rest of the page still is."""
    try:
        return thread.of_request(case)
    except vault.VaultError as problem:
        logger.error("The messages of request %s cannot be opened: %s.", case.pk, type(problem).__name__)
        return []


def can_withdraw(case: RightsRequest) -> bool:
    return requests.allows(case, "withdraw")


def is_working(case: RightsRequest) -> bool:
    """Whether a worker is about to change what the page shows."""
    return Job.objects.filter(request=case, state__in=[JobState.WAITING, JobState.RUNNING]).exists()


def is_held_up(case: RightsRequest) -> bool:
    """Whether the search waits for what could not be searched."""
    held = Job.objects.filter(request=case, kind=JobKind.SEARCH, problem__in=words.JOB_PROBLEMS)
    return held.filter(state__in=[JobState.WAITING, JobState.RUNNING]).exists()  # Each try in between is no news.


def linked(case: RightsRequest, session: SessionBase) -> list[Linked]:
    """The request this one was linked to, those linked to it, and their siblings: all of the same address."""
    first = case.linked_to or case
    related = RightsRequest.objects.filter(linked_to=first).exclude(pk=case.pk).order_by("received_at", "pk")
    others = ([] if first == case else [first]) + list(related.select_related("requester"))
    own = case.requester.email.lower()
    others = [other for other in others if other.requester.email.lower() == own]  # One may have moved since.
    return [Linked(case=other, is_open_here=passes.is_open(session, other.pk)) for other in others]
