"""What staff and the person do to the clock: extend it, ask, answer. Each is recorded, then the dates are made anew.

The notice that must go with it is the portal's; it posts it in the same transaction (`portal.flow.timed`).
"""

from dataclasses import replace
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from rights import journal, queries
from rights.law import clock
from rights.law.clock import ExtensionRefused
from rights.law.lifecycle import Facts, RequestState, TransitionRefused, check_asking
from rights.law.regime import Stop
from rights.law.sentences import gettext_noop
from rights.models import ClockEvent, ClockKind, RightsRequest
from rights.requests import check_receipt


def refresh(request: RightsRequest) -> bool:
    """Compute the dates anew from the recorded facts; whether one changed.

    A change is put on record, unless it is only another day on which the clock stands.
    """
    deadline = queries.deadline(request)
    if (request.nominal_due, request.due) == (deadline.nominal_due, deadline.due):
        return False
    detail = {"from": request.due.isoformat(), "due": deadline.due.isoformat(), "citation": deadline.citation}
    request.nominal_due, request.due = deadline.nominal_due, deadline.due
    request.watched_on = None
    request.save(update_fields=["nominal_due", "due", "watched_on"])
    if deadline.standing_since is None:
        journal.record(request=request, actor=journal.SYSTEM, event="due_moved", detail=detail)
    return True


def _day(request: RightsRequest, moment: datetime) -> date:
    return clock.local_day(moment, request.time_zone)


def _owed(request: RightsRequest) -> None:
    if not queries.is_owed(request):
        raise TransitionRefused(gettext_noop("This request is answered or has ended; its clock stands."))


def _said(words: str, text: str, citation: str) -> str:
    if not words.strip():
        raise TransitionRefused(text, citation)
    return words.strip()


@transaction.atomic
def extend(*, request: RightsRequest, reasons: str, actor: str) -> ClockEvent:
    """Extend the time to answer, with a notice that goes today and gives these reasons.

    Raises:
        ExtensionRefused: the law gives none, the first period is over, or it was extended before.
        TransitionRefused: no reasons, or nothing is owed any more.
    """
    _owed(request)
    now = timezone.now()
    law = queries.law_of(request)
    citation = law.extension.source.citation if law.extension else law.answer.citation
    words = _said(reasons, gettext_noop("The person must be told the reasons of an extension."), citation)
    if request.clock_events.filter(kind=ClockKind.EXTENDED).exists():
        raise ExtensionRefused(gettext_noop("The time was extended before; the law gives one extension."), citation)
    clock.deadline(
        **queries.place_of(request),
        received_at=request.received_at,
        pauses=queries.pauses(request, until=_day(request, now)),
        extended_on=_day(request, now),
    )
    event = ClockEvent.objects.create(request=request, kind=ClockKind.EXTENDED, at=now, words=words, by=actor)
    journal.record(request=request, actor=actor, event="extended", detail={"citation": citation})
    refresh(request)
    return event


@transaction.atomic
def doubt(*, request: RightsRequest, words: str, actor: str) -> ClockEvent:
    """Record why there is a reasonable doubt about who asks (GDPR 12(6)). Raises: TransitionRefused."""
    _owed(request)
    words = _said(words, gettext_noop("Write down why there is a reasonable doubt."), "GDPR 12(6)")
    event = ClockEvent.objects.create(request=request, kind=ClockKind.DOUBTED, at=timezone.now(), words=words, by=actor)
    journal.record(request=request, actor=actor, event="doubt_recorded")
    return event


@transaction.atomic
def withdraw_doubt(*, request: RightsRequest, words: str, actor: str) -> ClockEvent:
    """Record that the doubt about who asks is gone, and why. Raises: TransitionRefused."""
    _owed(request)
    if queries.doubt(request) is None:
        raise TransitionRefused(gettext_noop("There is no doubt on record that could be withdrawn."))
    words = _said(words, gettext_noop("Write down why the doubt is gone."), "GDPR 12(6)")
    event = ClockEvent.objects.create(
        request=request, kind=ClockKind.DOUBTED, at=timezone.now(), words=words, by=actor, detail={"withdrawn": True}
    )
    journal.record(request=request, actor=actor, event="doubt_withdrawn")
    return event


@transaction.atomic
def ask(*, request: RightsRequest, kind: Stop, question: str, actor: str, facts: Facts) -> ClockEvent:
    """Ask the person for something, with a notice that goes today; whether that stops the clock says the law.

    Args:
        facts: what of the less intrusive is still open.

    Raises:
        TransitionRefused: a guard refuses, a question of this kind is open, or it comes too late (PauseRefused).
    """
    _owed(request)
    if request.state == RequestState.DECIDED:
        raise TransitionRefused(gettext_noop("This request is decided; there is nothing left to ask."))
    words = _said(question, gettext_noop("Write down what the person is asked for."), "GDPR 12(1)")
    doubted = queries.doubt(request)
    check_asking(kind, replace(facts, regime=request.regime, doubt=doubted.words if doubted else ""))
    if queries.open_questions(request).filter(asked_for=kind).exists():
        raise TransitionRefused(gettext_noop("The person was asked for this already and has not answered yet."))
    now = timezone.now()
    today = _day(request, now)
    clock.deadline(
        **queries.place_of(request),
        received_at=request.received_at,
        pauses=[*queries.pauses(request, until=today), clock.Pause(today, today, kind)],
        extended_on=queries.extended_on(request),
    )
    event = ClockEvent.objects.create(
        request=request, kind=ClockKind.ASKED, at=now, asked_for=kind, words=words, by=actor
    )
    journal.record(request=request, actor=actor, event=f"asked:{kind}")
    refresh(request)
    return event


@transaction.atomic
def answered(*, question: ClockEvent, at: datetime, actor: str) -> bool:
    """The answer to a question arrived; False if that was recorded before.

    Raises:
        ValueError: `at` is naive, lies in the future or before the question.
    """
    if not question.at <= at <= timezone.now():
        raise ValueError("An answer arrives after its question and not in the future.")
    if ClockEvent.objects.filter(answers=question).exists():
        return False
    request = question.request
    ClockEvent.objects.create(request=request, kind=ClockKind.ANSWERED, at=at, answers=question, by=actor)
    refresh(request)
    detail = {"due": request.due.isoformat()}
    journal.record(request=request, actor=actor, event=f"answered:{question.asked_for}", detail=detail)
    return True


@transaction.atomic
def received_again(*, request: RightsRequest, at: datetime, channel: str, actor: str) -> bool:
    """The same request reached us another time, or a reminder of it did. A reminder is no new request.

    The clock starts at the first receipt in any official channel: it moves if this one was earlier, and only then.

    Returns:
        Whether the clock moved.

    Raises:
        ValueError: `at` is naive, lies in the future, or in a year that is a slip of the hand.
    """
    check_receipt(at)
    earlier = at < request.received_at
    ClockEvent.objects.create(
        request=request, kind=ClockKind.RECEIVED_AGAIN, at=at, by=actor, detail={"channel": channel}
    )
    detail = {"channel": channel, "at": at.isoformat(), "earlier": earlier}
    journal.record(request=request, actor=actor, event="received_again", detail=detail)
    if earlier:
        request.received_at = at
        request.save(update_fields=["received_at"])
        refresh(request)
    return earlier
