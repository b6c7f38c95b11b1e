"""Closed: evidence is destroyed on its date; the procedural facts remain."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from matching import reviews
from portal import vault
from portal.answers import archive
from portal.models import Answer, Draft, Evidence, Requester
from rights import journal, requests
from rights.law.lifecycle import RequestState
from rights.models import OPEN_STATES, RightsRequest


def finish_if_carried_out(request: RightsRequest) -> None:
    """Once every claim was carried out, the request is; from then its evidence has its final date."""
    if not requests.allows(request, "carry_out"):
        return
    requests.take(request=request, step="carry_out", actor=journal.SYSTEM)
    last_day = timezone.localdate() + timedelta(days=settings.EVIDENCE_DAYS)
    request.evidence.filter(destroyed_at=None).update(destroy_on=last_day)


def destroy_evidence(request: RightsRequest) -> None:
    """Destroy the request's key, its sealed rows, its archive, and who was found in which picture.

    What was sealed is gone, copies included. Of the requester only the address stays, with which they can open what
    remains: the procedural facts. A registered request can never become "not found".
    """
    archive.destroy(request=request)
    Answer.objects.filter(request=request).delete()
    now = timezone.now()
    count = request.evidence.filter(destroyed_at=None).update(sealed=b"", destroyed_at=now)
    reviews.forget(subject=request.pk)
    Requester.objects.filter(request=request).update(name="", postal_address="", person_name="", relation="")
    if vault.destroy(request) or count:
        journal.record(
            request=request, actor=journal.SYSTEM, event="evidence_destroyed", detail={"files": count}, at=now
        )


def destroy_what_is_due() -> None:
    """Destroy what has reached its date: drafts, and the evidence of requests that were carried out."""
    Draft.objects.filter(expires_at__lte=timezone.now()).delete()
    today = timezone.localdate()
    finished = RightsRequest.objects.filter(state=RequestState.CARRIED_OUT)
    kept_until = timezone.now() - timedelta(days=settings.EVIDENCE_DAYS)
    for request_id in finished.filter(state_since__lte=kept_until).values_list("pk", flat=True):
        with transaction.atomic():
            request = requests.locked(request_id)
            if request.state != RequestState.CARRIED_OUT:
                continue  # Another process was here first.
            destroy_evidence(request)
            requests.take(request=request, step="close", actor=journal.SYSTEM)
    # A request still owed something keeps its photograph, or it could never be answered; the date moves, on record.
    overdue = Evidence.objects.filter(destroyed_at=None, destroy_on__lte=today, request__state__in=OPEN_STATES)
    for evidence in overdue.exclude(request__state=RequestState.CARRIED_OUT).select_related("request"):
        with transaction.atomic():
            evidence.destroy_on = today + timedelta(days=settings.EVIDENCE_DAYS)
            evidence.save(update_fields=["destroy_on"])
            detail = {"until": evidence.destroy_on.isoformat()}
            journal.record(request=evidence.request, actor=journal.SYSTEM, event="evidence_kept", detail=detail)
