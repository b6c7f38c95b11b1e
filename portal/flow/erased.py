"""Erased: after the copy was settled, and only called so once a fresh sweep and the bytes themselves prove it."""

from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from matching import erase as erasing
from matching import reviews
from matching.models import Erasure
from portal import jobs
from portal.answers.scope import granted_faces, withheld_photos
from portal.flow.carried_out import DISCLOSING, erasure_to_do
from portal.flow.closed import finish_if_carried_out
from portal.flow.searched import search_anew, usable_templates
from portal.models import Answer, Event, JobKind, Recipient
from portal.notices import outbox
from rights import journal, queries, requests
from rights.law import guards
from rights.law.lifecycle import ClaimOutcome, Facts, RequestState, TransitionRefused
from rights.models import OPEN_STATES, Claim, Right, RightsRequest


class ErasureNotProven(Exception):  # noqa: N818 - what it says
    """Something of the person was still found after the erasure; it is carried out again, and the desk is shown why."""


def copy_is_settled(request: RightsRequest) -> bool:
    """Whether nothing that a granted access claim asks for would be lost by erasing now (docs/law/points.md, 10).

    The copy was fetched or waived, or its offer has ended; or it has been on offer and the erasure's own legal date
    has come: the archive stays on offer after the erasure, so the person loses nothing by it.
    """
    access = queries.claim(request, Right.ACCESS)
    if access is None or access.outcome not in DISCLOSING:
        return access is None or access.outcome != ClaimOutcome.PENDING
    answer = Answer.objects.filter(request=request, offered_at__isnull=False).first()
    if answer is None or access.fulfilled_at is None:
        return False
    now = timezone.now()
    over = answer.expires_at is not None and answer.expires_at <= now
    return bool(answer.delivered_at or answer.waived_at or over or timezone.localdate(now) >= request.due)


def start_due_erasures() -> None:
    """Post the erasures that nothing holds back any more, whatever was lost on the way."""
    waiting = Claim.objects.filter(right=Right.ERASURE, outcome__in=DISCLOSING, fulfilled_at=None)
    for claim in waiting.filter(request__state=RequestState.DECIDED).select_related("request"):
        if copy_is_settled(claim.request):
            jobs.post(request_id=claim.request_id, kind=JobKind.ERASE)


def wanted_by_others(request: RightsRequest, photos: list[int]) -> bool:
    """Whether somebody else's access request, not yet answered, has one of these photos among its hits.

    What grew out of this request's own answer is the same person's, and asks for no second copy of what was given. From
    this one's legal date on only a copy that was granted already counts: who asks and proves nothing, perhaps with a
    photograph of this very person, holds nobody's erasure up for ever (docs/law/points.md, 10).
    """
    late = timezone.localdate() >= request.due
    counting = DISCLOSING if late else [ClaimOutcome.PENDING, *DISCLOSING]
    others = Claim.objects.filter(right=Right.ACCESS, outcome__in=counting, fulfilled_at=None)
    others = others.exclude(request=request).exclude(request__follow_up__of=request)
    subjects = others.filter(request__state__in=OPEN_STATES)
    for subject in subjects.values_list("request_id", flat=True):
        latest = reviews.latest_search(subject)
        if latest is None:
            continue
        outcomes = reviews.outcomes(subject)
        wanted = {key for key, outcome in outcomes.items() if outcome is not reviews.Outcome.NOT}
        if latest.hits.filter(photo_id__in=photos, face_key__in=wanted).exists():
            return True
    return False


def erase(*, request_id: UUID) -> None:
    """Erase the person from everything held, prove it, and tell the person and the recipients.

    Raises:
        jobs.Postponed: the copy is not settled, staff must look at a picture again, or somebody else's pending access
            asks for one of the pictures.
        matching.sources.SourceReadOnly: somebody must first delete a picture where it is kept.
        matching.sources.SourceUnreachable: a source is away; tried again until it is back.
        ErasureNotProven: the proof failed.
    """
    request = RightsRequest.objects.get(pk=request_id)
    claim = erasure_to_do(request)
    if claim is None or request.state != RequestState.DECIDED:
        return
    try:
        guards.the_copy_comes_first(Facts(copy_settled=copy_is_settled(request)))
    except TransitionRefused as refused:
        raise jobs.Postponed(refused.why) from refused
    if reviews.lost_faces(request.pk):
        search_anew(request, why="a picture was imported anew")
        return
    faces = list(granted_faces(request, Right.ERASURE).select_related("photo"))
    if wanted_by_others(request, [face.photo_id for face in faces]):
        raise jobs.Postponed("Somebody else's access request asks for one of these pictures.")
    with transaction.atomic():
        # From here on nobody can say any more that a planned picture is not theirs, or that they did not ask.
        if requests.locked(request.pk).state != RequestState.DECIDED:
            return
        if request.not_me.filter(settled_at=None).exists():
            raise jobs.Postponed("The person says that a picture does not show them; somebody must look at it.")
        granted = granted_faces(request, Right.ERASURE).select_related("photo")
        erasing.plan(subject=request.pk, faces=granted.filter(pk__in=[face.pk for face in faces]))
    erasing.carry_out(subject=request.pk)
    prove(request, claim)


def prove(request: RightsRequest, claim: Claim) -> None:
    """Sweep again and look for the bytes; close the claim only on an empty result."""
    proof = erasing.prove(
        subject=request.pk, probes=usable_templates(request), kept=withheld_photos(request, Right.ERASURE)
    )
    if proof.hits_open:
        with transaction.atomic():
            requests.take(request=requests.locked(request.pk), step="find_more", actor=journal.SYSTEM)
        return
    try:
        with transaction.atomic():
            _close(requests.locked(request.pk), claim, proof)
    except TransitionRefused as refused:
        found = {"faces": proof.found_faces, "objects": proof.objects_left, "vectors": proof.vectors_left}
        found |= {"log": 1} if proof.log_left else {}
        journal.record(request=request, actor=journal.SYSTEM, event="erasure_not_proven", detail=found)
        raise ErasureNotProven(f"{refused.why} {found}") from refused


def _close(request: RightsRequest, claim: Claim, proof: erasing.Proof) -> None:
    told = tell_recipients(request)
    left = proof.found_faces + proof.objects_left + proof.vectors_left
    shown = Facts(
        copy_settled=copy_is_settled(request),
        left=left if proof.ok or left else None,  # A sweep that did not cover everything has shown nothing.
        recipients_told={recipient.name for recipient in _shown_to(request)} <= set(told),
    )
    facts = proof_facts(request, proof)
    if requests.fulfil(claim=claim, actor=journal.SYSTEM, facts=shown, detail=facts):
        outbox.post(request=request, event=Event.ERASED, context=facts | {"recipients": told})
    finish_if_carried_out(request)


def proof_facts(request: RightsRequest, proof: erasing.Proof) -> dict[str, object]:
    """What the journal and the mail say of a proven erasure: counts and times, nothing of the person."""
    done = Erasure.objects.filter(subject=request.pk).values_list("action", flat=True)
    return {
        "deleted": sum(action == "delete" for action in done),
        "redacted": sum(action == "redact" for action in done),
        "templates": sum(action == "template" for action in done),
        "swept_at": proof.checked_at.isoformat(),
        "faces_scanned": proof.certificate.get("faces_scanned"),
        "photos_held": proof.certificate.get("photos_held"),
        "found": proof.found_faces,
    }


def _shown_to(request: RightsRequest) -> QuerySet[Recipient]:
    """Who was shown pictures of the sources that the person was erased from."""
    return _shown(Erasure.objects.filter(subject=request.pk))


def _shown(erased: QuerySet[Erasure]) -> QuerySet[Recipient]:
    return Recipient.objects.filter(sources__in=erased.values("source")).distinct().order_by("pk")


def tell_recipients(request: RightsRequest) -> list[str]:
    """Post a notice to every recipient of a source that the person was erased from (GDPR 19); their names."""
    return tell_of(request, Erasure.objects.filter(subject=request.pk))


def tell_of(request: RightsRequest, erased: QuerySet[Erasure], *, key: str = "") -> list[str]:
    """Post a notice of these erasures to every recipient of their sources; `key` tells them from earlier ones."""
    told = []
    for recipient in _shown(erased):
        shown = erased.filter(source__in=recipient.sources.all()).order_by("pk")
        pictures = [
            # Of a picture that was never held, its path may be all that names it.
            {"sha256": item.sha256 or item.path, "url": item.source_url, "action": item.action}
            for item in shown
        ]
        outbox.post(
            request=request,
            event=Event.RECIPIENT_TOLD,
            key=f"{recipient.pk}{key}",
            recipient=recipient,
            context={"pictures": pictures},
        )
        told.append(recipient.name)
    return told
