"""Carried out: what the decisions ask for is put to work, and the answer is built, offered and fetched."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from matching import reviews
from matching.ingest import import_one
from portal import jobs, retention
from portal.answers import archive
from portal.answers.facts import missing, photos_of
from portal.flow.closed import finish_if_carried_out
from portal.flow.searched import search_anew
from portal.models import Answer, Event, JobKind
from portal.notices import outbox
from rights import journal, requests
from rights.law import guards
from rights.law.answer import Element
from rights.law.lifecycle import ClaimOutcome, Facts, RequestState
from rights.models import Claim, Right, RightsRequest

DISCLOSING = (ClaimOutcome.GRANTED, ClaimOutcome.PARTIAL)


def check_complete(request: RightsRequest) -> None:
    """Raises: AnswerIncomplete, naming every obligatory element that is missing."""
    guards.the_answer_can_say_everything(Facts(missing=absent(missing(request))))


def absent(elements: Sequence[Element]) -> tuple[str, ...]:
    """Elements in words for staff, each with its rule."""
    return tuple(f"{gettext(element.title)} ({element.citation})" for element in elements)


def start(request: RightsRequest) -> None:
    """Post the work that the decisions ask for. Refusals are notices, and so carried out at once."""
    for claim in request.claims.filter(fulfilled_at=None):
        outcome = ClaimOutcome(claim.outcome)
        if outcome in (ClaimOutcome.REFUSED, ClaimOutcome.PARTIAL):
            outbox.post(request=request, event=Event.REFUSED, key=claim.right, context={"right": claim.right})
        if outcome is ClaimOutcome.REFUSED:
            requests.fulfil(claim=claim, actor=journal.SYSTEM)
    if _answers_with_an_archive(request):
        jobs.post(request_id=request.pk, kind=JobKind.BUILD_ANSWER)
    elif erasure_to_do(request):
        jobs.post(request_id=request.pk, kind=JobKind.ERASE)
    finish_if_carried_out(request)


def _answers_with_an_archive(request: RightsRequest) -> bool:
    """Access, unless refused outright, and any claim that found nothing, is answered with letter and archive."""
    return any(
        claim.outcome == ClaimOutcome.NOTHING_HELD or (claim.right == Right.ACCESS and claim.outcome in DISCLOSING)
        for claim in request.claims.filter(fulfilled_at=None)
    )


def erasure_to_do(request: RightsRequest) -> Claim | None:
    return request.claims.filter(right=Right.ERASURE, outcome__in=DISCLOSING, fulfilled_at=None).first()


def build_answer(*, request_id: UUID) -> None:
    """Build the archive and offer it. Raises: AnswerIncomplete, matching.sources.SourceUnreachable."""
    request = RightsRequest.objects.get(pk=request_id)
    if request.state != RequestState.DECIDED or not _answers_with_an_archive(request):
        return
    check_complete(request)
    if reviews.lost_faces(request.pk):
        search_anew(request, why="a picture was imported anew")
        return
    try:
        answer = archive.build(request=request)
    except (archive.PictureChanged, FileNotFoundError):
        refresh_pictures(request)
        search_anew(request, why="a picture changed in its source")
        return
    with transaction.atomic():
        now = timezone.now()
        request = requests.locked(request_id)
        if request.state != RequestState.DECIDED:  # It was disowned, or is searched again: this answers nothing now.
            archive.destroy(request=request)
            Answer.objects.filter(pk=answer.pk, offered_at=None).delete()
            return
        offered = Answer.objects.filter(pk=answer.pk, offered_at=None)
        if offered.update(offered_at=now, expires_at=now + retention.length("answer")):
            outbox.post(request=request, event=Event.ANSWER_READY, key=str(answer.pk))
            detail = {"photos": answer.photos, "sha256": answer.sha256}
            journal.record(request=request, actor=journal.SYSTEM, event="answer_offered", detail=detail)
        for claim in request.claims.filter(fulfilled_at=None):
            if claim.right == Right.ACCESS or claim.outcome == ClaimOutcome.NOTHING_HELD:
                requests.fulfil(claim=claim, actor=journal.SYSTEM, facts=Facts(told=frozenset(answer.tells)))
        finish_if_carried_out(request)


def refresh_pictures(request: RightsRequest) -> None:
    """Import the pictures of the answer as they now are. Raises: matching.sources.SourceUnreachable."""
    for photo in photos_of(request):
        import_one(source=photo.source, path=photo.path)


@transaction.atomic
def delivered(*, request_id: UUID) -> None:
    """The whole archive went out once. An erasure that waited for it may begin."""
    if Answer.objects.filter(request_id=request_id, delivered_at=None).update(delivered_at=timezone.now()):
        _copy_is_settled(request_id, event="answer_delivered")


@transaction.atomic
def waive_copy(*, request_id: UUID) -> None:
    """The person wants the erasure now, without fetching the copy first. The archive stays on offer."""
    if Answer.objects.filter(request_id=request_id, waived_at=None).update(waived_at=timezone.now()):
        _copy_is_settled(request_id, event="copy_waived")


def _copy_is_settled(request_id: UUID, *, event: str) -> None:
    request = RightsRequest.objects.get(pk=request_id)
    journal.record(request=request, actor=journal.CITIZEN, event=event)
    if request.state == RequestState.DECIDED and erasure_to_do(request):
        jobs.post(request_id=request_id, kind=JobKind.ERASE)


@transaction.atomic
def renew_answer(*, request_id: UUID) -> None:
    """Offer the archive for another period; as often as the person likes, while it exists."""
    answer = Answer.objects.select_related("request").get(request_id=request_id)
    answer.expires_at = timezone.now() + retention.length("answer")
    answer.save(update_fields=["expires_at"])
    journal.record(request=answer.request, actor=journal.CITIZEN, event="answer_renewed")
