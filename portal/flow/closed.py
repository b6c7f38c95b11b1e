"""Closed: evidence is destroyed on its date; the procedural facts remain."""

import logging
from datetime import date

from django.db import transaction
from django.utils import timezone

from matching import reviews
from portal import retention, vault
from portal.answers import archive
from portal.identity import networks
from portal.models import (
    OPEN_DOCUMENTS,
    AddressChange,
    Answer,
    DocumentCheck,
    DocumentState,
    Draft,
    EmailCode,
    ErasureChoice,
    Event,
    Evidence,
    EvidenceKey,
    EvidenceKind,
    LiveFrame,
    Message,
    Notice,
    NoticeState,
    NotMe,
    Representation,
    Requester,
)
from portal.notices import turns
from rights import journal, queries, requests
from rights.law.lifecycle import RequestState
from rights.models import OPEN_STATES, RightsRequest

logger = logging.getLogger(__name__)

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
    gone = vault.destroy(request)  # First: what follows may fail, and is worth nothing without the key.
    _remove_archive(request)
    Answer.objects.filter(request=request).delete()
    now = timezone.now()
    count = vault.overwrite(request.evidence.filter(destroyed_at=None))
    unused = DocumentCheck.objects.filter(request=request, state__in=OPEN_DOCUMENTS)
    unused.update(state=DocumentState.UNUSED, evidence=None, ended_at=now)
    reviews.forget(subject=request.pk)
    requests.forget_items(request=request)
    NotMe.objects.filter(request=request).delete()
    ErasureChoice.objects.filter(request=request).delete()
    Representation.objects.filter(request=request).update(person_email="", endangers_why="")
    LiveFrame.objects.filter(check_of__request=request).update(yaw=None, pitch=None)
    Message.objects.filter(request=request).update(mail_digest="")
    AddressChange.objects.filter(request=request, applied_at=None).delete()
    Requester.objects.filter(request=request).update(name="", postal_address="", person_name="", relation="")
    if gone or count:
        journal.record(
            request=request, actor=journal.SYSTEM, event="evidence_destroyed", detail={"files": count}, at=now
        )


def _remove_archive(request: RightsRequest) -> None:
    """Delete the sealed file. One that cannot be deleted now holds nothing readable, and is swept up some night."""
    try:
        archive.destroy(request=request)
    except OSError as problem:
        logger.error("The archive of request %s cannot be deleted: %s.", request.pk, type(problem).__name__)


def remove_orphans() -> None:
    """Delete archives that belong to no request with a key: a process died while it wrote one, or a disk refused."""
    kept = {str(pk) for pk in EvidenceKey.objects.values_list("request_id", flat=True)}
    for path in archive.files():
        if path.name.partition(".")[0] not in kept:
            try:
                path.unlink(missing_ok=True)
            except OSError as problem:
                logger.error("An archive that no request has cannot be deleted: %s.", type(problem).__name__)


def _destroy_records() -> None:
    """Delete the e-mail addresses beside records that have reached their date, and what staff wrote in own words."""
    ended = timezone.now() - retention.length("record")
    over = RightsRequest.objects.filter(state__in=[RequestState.CLOSED, RequestState.WITHDRAWN], state_since__lte=ended)
    for requester in Requester.objects.filter(request__in=over).exclude(email="").select_related("request"):
        with transaction.atomic():
            if Requester.objects.filter(pk=requester.pk).exclude(email="").update(email=""):
                journal.record(request=requester.request, actor=journal.SYSTEM, event="address_destroyed")
    for request in queries.with_words(over):
        requests.forget_words(request=request)


def _forget_pictures_told() -> None:
    """Which pictures recipients were told of is forgotten with the evidence, once they were told."""
    told = Notice.objects.filter(event=Event.RECIPIENT_TOLD, state=NoticeState.SENT).exclude(context={})
    told.filter(request__state__in=[RequestState.CLOSED, RequestState.WITHDRAWN]).update(context={})


@transaction.atomic
def _destroy_what_is_of_a_day() -> None:
    """Drafts, codes, changes of address that were not proven: how many of each is in the journal, and of nobody."""
    now = timezone.now()
    networks.forget()
    turns.forget()
    codes_until = now - retention.length("codes")
    over = {
        "drafts": Draft.objects.filter(expires_at__lte=now),
        "changes": AddressChange.objects.filter(applied_at=None, expires_at__lte=codes_until),
        "codes": EmailCode.objects.filter(expires_at__lte=codes_until),
    }
    gone = {name: rows.delete()[1].get(rows.model._meta.label, 0) for name, rows in over.items()}
    if any(gone.values()):
        journal.record(request=None, actor=journal.SYSTEM, event="destroyed_on_date", detail=gone)


def destroy_what_is_due() -> None:
    """Destroy what has reached its date (`portal/retention.toml`)."""
    _destroy_what_is_of_a_day()
    _destroy_records()
    today = timezone.localdate()
    finished = RightsRequest.objects.filter(state=RequestState.CARRIED_OUT)
    kept_until = timezone.now() - retention.length("evidence")
    for request_id in finished.filter(state_since__lte=kept_until).values_list("pk", flat=True):
        with transaction.atomic():
            request = requests.locked(request_id)
            if request.state != RequestState.CARRIED_OUT:
                continue  # Another process was here first.
            requests.take(request=request, step="close", actor=journal.SYSTEM)
            destroy_evidence(request)
    _forget_pictures_told()
    _move_what_is_still_needed(today)


def _move_what_is_still_needed(today: date) -> None:
    """A request still owed something keeps its photograph, or it could never be answered; the date moves, on record.

    Unless nobody ever confirmed the address: then anybody may have sent it, and it ends. The request stays, and asks
    for a photograph again if somebody does confirm it.
    """
    overdue = Evidence.objects.filter(destroyed_at=None, destroy_on__lte=today, request__state__in=OPEN_STATES)
    overdue = overdue.exclude(kind__in=OF_ITS_OWN).exclude(request__state=RequestState.CARRIED_OUT)
    for evidence in overdue.select_related("request"):
        with transaction.atomic():
            if evidence.request.state == RequestState.RECEIVED and evidence.kind == EvidenceKind.PROBE:
                vault.overwrite(Evidence.objects.filter(pk=evidence.pk, destroyed_at=None))
                journal.record(request=evidence.request, actor=journal.SYSTEM, event="unconfirmed_photo_destroyed")
                continue
            evidence.destroy_on = today + retention.length("evidence")
            evidence.save(update_fields=["destroy_on"])
            detail = {"until": evidence.destroy_on.isoformat()}
            journal.record(request=evidence.request, actor=journal.SYSTEM, event="evidence_kept", detail=detail)
