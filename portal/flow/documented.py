"""Documented: an identity document is asked for on a recorded doubt, compared, decided on, and destroyed with that.

Of the file nothing stays: the decision and the destruction are one transaction. The note of the check does.
"""

import hashlib
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext

from portal import jobs, retention, vault
from portal.flow.timed import as_it_is, what_is_open
from portal.identity import document as documents
from portal.models import (
    OPEN_DOCUMENTS,
    DocumentCheck,
    DocumentState,
    Event,
    Evidence,
    EvidenceKind,
    Job,
    JobKind,
    JobState,
)
from portal.notices import outbox
from rights import journal, queries, requests, timing
from rights.law.lifecycle import RequestState, TransitionRefused
from rights.law.regime import Stop
from rights.law.sentences import gettext_noop
from rights.models import RightsRequest


@transaction.atomic
def ask_document(*, request_id: UUID, actor: str) -> DocumentCheck:
    """Ask for a picture of an identity document; whether that stops the clock says the law.

    Raises:
        TransitionRefused: no doubt is on record, something less intrusive is still to come, or it was asked before.
    """
    request = requests.locked(request_id)
    if open_check(request) is not None:
        raise TransitionRefused(gettext_noop("A document was asked for already, and is not decided on."))
    with translation.override(request.language):
        words = gettext("A picture of an identity document, with everything covered that we do not need.")
    open_facts = what_is_open(request)
    event = timing.ask(request=request, kind=Stop.IDENTITY, question=words, actor=actor, facts=open_facts)
    check = DocumentCheck.objects.create(request=request, question=event)
    journal.record(request=request, actor=actor, event="document_asked")
    outbox.post(request=request, event=Event.DOCUMENT_ASKED, key=str(event.pk), context=as_it_is(request))
    return check


def open_check(request: RightsRequest) -> DocumentCheck | None:
    """The document that was asked for and not decided on."""
    return request.document_checks.filter(state__in=OPEN_DOCUMENTS).select_related("evidence", "question").first()


@transaction.atomic
def receive_document(*, request_id: UUID, picture: bytes, actor: str = journal.CITIZEN) -> None:
    """Take the picture of a document in place of an earlier one, which is destroyed. The clock goes on.

    Args:
        picture: a cleaned JPEG (`matching.images.clean_upload`).

    Raises:
        TransitionRefused: none was asked for, or it was decided on already.
        vault.Destroyed: the request's evidence was destroyed.
    """
    request = requests.locked(request_id)
    check = open_check(request)
    if check is None or not queries.is_owed(request) or request.state == RequestState.DECIDED:
        raise TransitionRefused(gettext_noop("We do not need an identity document."), "GDPR 12(6)")
    if check.evidence is not None:
        vault.overwrite(Evidence.objects.filter(pk=check.evidence.pk))
    check.evidence = Evidence.objects.create(
        request=request,
        kind=EvidenceKind.DOCUMENT,
        sealed=vault.seal(request, picture),
        destroy_on=timezone.localdate() + retention.length("document"),
    )
    check.state, check.likeness, check.check_digits = DocumentState.RECEIVED, "", ""
    check.save()
    journal.record(request=request, actor=actor, event="document_received")
    if timing.answered(question=check.question, at=timezone.now(), actor=actor):
        key = str(check.question.pk)
        outbox.post(request=request, event=Event.CLOCK_RUNS, key=key, context=as_it_is(request))
    jobs.post(request_id=request.pk, kind=JobKind.COMPARE_DOCUMENT)


def on_the_table(request: RightsRequest) -> str:
    """Names the document and the photographs beside it; changes with each that comes or goes."""
    kept = request.evidence.filter(kind__in=(EvidenceKind.DOCUMENT, EvidenceKind.PROBE), problem="", destroyed_at=None)
    numbers = "".join(sorted(pk.hex for pk in kept.values_list("pk", flat=True)))
    return hashlib.sha256(numbers.encode()).hexdigest()[:32]


def compare_document(*, request_id: UUID) -> None:
    """Compare the faces on the document with the person's photographs. A picture that came meanwhile is next.

    So is a photograph that came meanwhile: what was said without it is not kept.
    """
    while check := _uncompared().filter(request_id=request_id).select_related("request", "evidence").first():
        evidence = check.evidence
        if evidence is None:
            return
        before = on_the_table(check.request)
        try:
            said = documents.compare(check.request, vault.unseal(check.request, bytes(evidence.sealed)))
        except vault.Destroyed:
            return  # The request was withdrawn meanwhile.
        with transaction.atomic():
            if on_the_table(requests.locked(request_id)) != before:
                continue
            same = DocumentCheck.objects.filter(pk=check.pk, evidence=evidence, state=DocumentState.RECEIVED)
            if same.update(likeness=said):
                detail = {"says": said.value}
                journal.record(request=check.request, actor=journal.SYSTEM, event="document_compared", detail=detail)


def _uncompared() -> QuerySet[DocumentCheck]:
    return DocumentCheck.objects.filter(state=DocumentState.RECEIVED, likeness="", evidence__destroyed_at=None)


def start_due_comparisons() -> None:
    """Post the comparisons that nobody works on: a picture may arrive just as another was compared."""
    pending = [JobState.WAITING, JobState.RUNNING]
    busy = Job.objects.filter(request=OuterRef("request"), kind=JobKind.COMPARE_DOCUMENT, state__in=pending)
    waiting = _uncompared().exclude(Exists(busy))
    for request_id in waiting.values_list("request_id", flat=True):
        jobs.post(request_id=request_id, kind=JobKind.COMPARE_DOCUMENT)


@transaction.atomic
def note_check_digits(*, request_id: UUID, outcome: str, actor: str) -> None:
    """Keep what the check digits said; the lines themselves go nowhere. Raises: TransitionRefused."""
    check = _received(requests.locked(request_id))
    check.check_digits = outcome
    check.save(update_fields=["check_digits"])
    journal.record(request=check.request, actor=actor, event="check_digits", detail={"say": outcome})


@transaction.atomic
def decide_document(*, request_id: UUID, sufficient: bool, actor: str, seen: str | None = None) -> None:
    """Say whether the document settles the doubt, and destroy it in the same moment.

    Args:
        seen: what was `on_the_table` as they looked, where it was a page that they looked at.

    Raises:
        TransitionRefused: there is no document, or another picture came since they looked.
    """
    request = requests.locked(request_id)
    check = _received(request)
    if seen is not None and seen != on_the_table(request):
        raise TransitionRefused(gettext_noop("Another picture came since you opened this page: look again."))
    _end(check, DocumentState.SUFFICIENT if sufficient else DocumentState.INSUFFICIENT, actor)
    detail = {"sufficient": sufficient, "file": "destroyed"}
    journal.record(request=request, actor=actor, event="identity_card_checked", detail=detail)
    key, context = str(check.pk), {"sufficient": sufficient}
    outbox.post(request=request, event=Event.DOCUMENT_DONE, key=key, context=context)


@transaction.atomic
def withdraw_doubt(*, request_id: UUID, words: str, actor: str) -> None:
    """The doubt is gone: what was asked because of it is needed no more, and a file that came is destroyed.

    Raises:
        TransitionRefused: no doubt is on record, or no reason was given.
    """
    request = requests.locked(request_id)
    timing.withdraw_doubt(request=request, words=words, actor=actor)
    check = open_check(request)
    if check is not None:
        _end(check, DocumentState.MOOT, actor)
    open_questions = list(queries.open_questions(request).filter(asked_for=Stop.IDENTITY))
    for question in open_questions:
        timing.answered(question=question, at=timezone.now(), actor=actor)
    if check is not None or open_questions:
        key = str((check.question if check is not None else open_questions[0]).pk)
        outbox.post(request=request, event=Event.DOCUMENT_MOOT, key=key, context=as_it_is(request))


def destroy_unused_documents() -> None:
    """Destroy documents that nobody decided on by their date, or that a decision on the request made useless."""
    today = timezone.localdate()
    over = (RequestState.DECIDED, *queries.OVER)
    for check in DocumentCheck.objects.filter(state__in=OPEN_DOCUMENTS).select_related("request", "evidence"):
        late = check.evidence is not None and check.evidence.destroy_on <= today
        if not late and check.request.state not in over:
            continue
        with transaction.atomic():
            request = requests.locked(check.request_id)
            still = open_check(request)
            if still is not None and still.pk == check.pk and still.evidence_id == check.evidence_id:
                _end(still, DocumentState.UNUSED, journal.SYSTEM)
                journal.record(request=request, actor=journal.SYSTEM, event="document_destroyed_unused")


def _received(request: RightsRequest) -> DocumentCheck:
    check = open_check(request)
    if check is None or check.state != DocumentState.RECEIVED:
        raise TransitionRefused(gettext_noop("There is no identity document to be decided on."))
    return check


def _end(check: DocumentCheck, state: DocumentState, actor: str) -> None:
    """Close a check and destroy its file."""
    evidence = check.evidence
    check.evidence, check.state, check.decided_by, check.ended_at = None, state, actor, timezone.now()
    check.save()
    if evidence is not None:
        vault.overwrite(Evidence.objects.filter(pk=evidence.pk))
