"""Closed: evidence is destroyed on its date; the procedural facts remain."""

from django.db import transaction
from django.utils import timezone

from matching import reviews
from portal import retention, vault
from portal.answers import archive
from portal.identity import networks
from portal.models import (
    OPEN_DOCUMENTS,
    Answer,
    DocumentCheck,
    DocumentState,
    Draft,
    EmailCode,
    ErasureChoice,
    Evidence,
    EvidenceKind,
    NotMe,
    Representation,
    Requester,
)
from rights import journal, requests
from rights.law.lifecycle import RequestState
from rights.models import OPEN_STATES, RightsRequest

OF_ITS_OWN = (EvidenceKind.DOCUMENT, EvidenceKind.FRAME)
"""Evidence with a date of its own, which ends before the rest."""


def finish_if_carried_out(request: RightsRequest) -> None:
    """Once every claim was carried out, the request is; from then its evidence has its final date."""
    if not requests.allows(request, "carry_out"):
        return
    requests.take(request=request, step="carry_out", actor=journal.SYSTEM)
    last_day = timezone.localdate() + retention.length("evidence")
    kept = request.evidence.filter(destroyed_at=None).exclude(kind__in=OF_ITS_OWN)
    kept.update(destroy_on=last_day)


def destroy_evidence(request: RightsRequest) -> None:
    """Destroy the request's key, its sealed rows, its archive, and who was found in which picture.

    What was sealed is gone, copies included. Of the requester only the address stays, with which they can open what
    remains: the procedural facts. A registered request can never become "not found".
    """
    archive.destroy(request=request)
    Answer.objects.filter(request=request).delete()
    now = timezone.now()
    count = request.evidence.filter(destroyed_at=None).update(sealed=b"", destroyed_at=now)
    unused = DocumentCheck.objects.filter(request=request, state__in=OPEN_DOCUMENTS)
    unused.update(state=DocumentState.UNUSED, evidence=None, ended_at=now)
    reviews.forget(subject=request.pk)
    NotMe.objects.filter(request=request).delete()
    ErasureChoice.objects.filter(request=request).delete()
    Representation.objects.filter(request=request).update(person_email="", endangers_why="")
    Requester.objects.filter(request=request).update(name="", postal_address="", person_name="", relation="")
    if vault.destroy(request) or count:
        journal.record(
            request=request, actor=journal.SYSTEM, event="evidence_destroyed", detail={"files": count}, at=now
        )


def _destroy_addresses() -> None:
    """Delete the e-mail addresses beside records that have reached their date."""
    ended = timezone.now() - retention.length("record")
    over = RightsRequest.objects.filter(state__in=[RequestState.CLOSED, RequestState.WITHDRAWN], state_since__lte=ended)
    for requester in Requester.objects.filter(request__in=over).exclude(email="").select_related("request"):
        with transaction.atomic():
            if Requester.objects.filter(pk=requester.pk).exclude(email="").update(email=""):
                journal.record(request=requester.request, actor=journal.SYSTEM, event="address_destroyed")


def destroy_what_is_due() -> None:
    """Destroy what has reached its date (`portal/retention.toml`)."""
    now = timezone.now()
    Draft.objects.filter(expires_at__lte=now).delete()
    networks.forget()
    EmailCode.objects.filter(expires_at__lte=now - retention.length("codes")).delete()
    _destroy_addresses()
    today = timezone.localdate()
    finished = RightsRequest.objects.filter(state=RequestState.CARRIED_OUT)
    kept_until = timezone.now() - retention.length("evidence")
    for request_id in finished.filter(state_since__lte=kept_until).values_list("pk", flat=True):
        with transaction.atomic():
            request = requests.locked(request_id)
            if request.state != RequestState.CARRIED_OUT:
                continue  # Another process was here first.
            destroy_evidence(request)
            requests.take(request=request, step="close", actor=journal.SYSTEM)
    # A request still owed something keeps its photograph, or it could never be answered; the date moves, on record.
    overdue = Evidence.objects.filter(destroyed_at=None, destroy_on__lte=today, request__state__in=OPEN_STATES)
    overdue = overdue.exclude(kind__in=OF_ITS_OWN)
    for evidence in overdue.exclude(request__state=RequestState.CARRIED_OUT).select_related("request"):
        with transaction.atomic():
            evidence.destroy_on = today + retention.length("evidence")
            evidence.save(update_fields=["destroy_on"])
            detail = {"until": evidence.destroy_on.isoformat()}
            journal.record(request=evidence.request, actor=journal.SYSTEM, event="evidence_kept", detail=detail)
