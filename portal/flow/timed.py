"""Timed: what moves the legal date. Each act sends its notice in the same transaction, or does not happen."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from portal import retention, vault
from portal.flow.searched import probes_of
from portal.models import Event, Evidence, EvidenceKind
from portal.notices import outbox
from rights import queries, requests, timing
from rights.law.lifecycle import Facts, RequestState, TransitionRefused
from rights.law.regime import Stop
from rights.law.sentences import gettext_noop
from rights.models import ClockEvent, RightsRequest


@transaction.atomic
def extend(*, request_id: UUID, reasons: str, actor: str) -> None:
    """Extend the time to answer and tell the person why (GDPR 12(3)).

    Raises:
        rights.law.clock.ExtensionRefused, TransitionRefused: nothing was extended, nothing is sent.
    """
    event = timing.extend(request=requests.locked(request_id), reasons=reasons, actor=actor)
    outbox.post(request=event.request, event=Event.EXTENDED, key=str(event.pk), context=as_it_is(event.request))


@transaction.atomic
def doubt(*, request_id: UUID, words: str, actor: str) -> None:
    """Record why there is a reasonable doubt about who asks; more is asked for only then. Raises: TransitionRefused."""
    timing.doubt(request=requests.locked(request_id), words=words, actor=actor)


@transaction.atomic
def ask(*, request_id: UUID, kind: Stop, question: str, actor: str) -> None:
    """Ask the person for something; where the law says so, the clock stands until they answer.

    Raises:
        TransitionRefused: nothing was asked, nothing is sent.
    """
    request = requests.locked(request_id)
    event = timing.ask(request=request, kind=kind, question=question, actor=actor, facts=what_is_open(request))
    outbox.post(request=request, event=Event.ASKED, key=str(event.pk), context=as_it_is(request))


def what_is_open(request: RightsRequest, *, doubt: str = "") -> Facts:
    """What less intrusive proof is still to come from the person, and the doubt on record."""
    return Facts(
        doubt=doubt,
        email_open=bool(request.requester.email) and request.state == RequestState.RECEIVED,
        photo_open=not probes_of(request),
    )


@transaction.atomic
def answer(*, request_id: UUID, question_id: int, words: str, actor: str, at: datetime | None = None) -> None:
    """The person answered a question; what they wrote is sealed, the clock goes on, and they learn the new date.

    Args:
        words: empty where the answer came on paper or by word of mouth.
        at: when it arrived, if it was not just now.

    Raises:
        ClockEvent.DoesNotExist: the request has no such question.
        TransitionRefused: the request has ended.
        ValueError: the moment lies before the question, or in the future.
    """
    request = requests.locked(request_id)
    question = request.clock_events.get(pk=question_id, asked_for__gt="")
    if not queries.is_owed(request):
        raise TransitionRefused(gettext_noop("This request has ended; no answer is needed any more."))
    if not timing.answered(question=question, at=at or timezone.now(), actor=actor):
        return
    if words.strip():
        Evidence.objects.create(
            request=request,
            kind=EvidenceKind.REPLY,
            media_type="text/plain",
            sealed=vault.seal(request, words.strip().encode()),
            destroy_on=request.due + retention.length("evidence"),
        )
    outbox.post(request=request, event=Event.CLOCK_RUNS, key=str(question.pk), context=as_it_is(request))


def as_it_is(request: RightsRequest) -> dict[str, object]:
    """The clock at the moment of a notice: what it says must not change until it goes, nor when it is shown again."""
    return {"due": request.due.isoformat(), "stands": queries.deadline(request).standing_since is not None}


@transaction.atomic
def received_again(*, request_id: UUID, at: datetime, channel: str, actor: str) -> bool:
    """The request, or a reminder of it, reached us another time. The clock moves only if that was earlier.

    Returns:
        Whether it moved. Raises: ValueError.
    """
    return timing.received_again(request=requests.locked(request_id), at=at, channel=channel, actor=actor)


def standing_since(request: RightsRequest) -> ClockEvent | None:
    """The oldest question that stands open and stops the clock."""
    deadline = queries.deadline(request)
    return queries.open_questions(request).first() if deadline.standing_since else None
