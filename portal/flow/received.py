"""Received, confirmed, withdrawn: what the person does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from portal import jobs, retention, vault
from portal.flow.closed import destroy_evidence
from portal.flow.live import make_moot
from portal.identity import email_code
from portal.models import (
    Audience,
    ControllerProfile,
    Event,
    Evidence,
    EvidenceKind,
    JobKind,
    NoticeState,
    Representation,
    Requester,
    Role,
)
from portal.notices import outbox, turns
from rights import journal, requests
from rights.law.lifecycle import ClaimOutcome, RequestState, TransitionRefused
from rights.law.sentences import gettext_noop
from rights.models import OPEN_STATES, RightsRequest


@dataclass(frozen=True)
class Contact:
    """Who asks, and how they are reached."""

    name: str = ""
    email: str = ""
    language: str = "en"
    on_behalf: bool = False
    person_name: str = ""
    relation: str = ""
    postal_address: str = ""
    place: str = ""
    role: str = Role.AGENT
    person_email: str = ""


@transaction.atomic
def receive(
    *,
    rights: Sequence[str],
    contact: Contact,
    channel: str,
    probe: bytes | None,
    received_at: datetime | None = None,
    actor: str = journal.CITIZEN,
    network: str | None = "",
) -> RightsRequest:
    """Put a request on record, with its due date, its sealed photograph, its acknowledgement and its code.

    Args:
        probe: a cleaned JPEG (`matching.images.clean_upload`), or None where the person sent none.
        received_at: first receipt in any official channel; now, if the form was sent just now.
        network: who typed the addresses, as `turns.line_up` takes it.

    Raises:
        ValueError: no right is claimed, the place is none, or the receipt lies in the future.
    """
    request = put_on_record(
        rights=rights,
        contact=contact,
        channel=channel,
        probes=[] if probe is None else [probe],
        received_at=received_at or timezone.now(),
        actor=actor,
        network=network,
    )
    if contact.email:
        email_code.issue(request=request, network=network)
    return request


def put_on_record(
    *,
    rights: Sequence[str],
    contact: Contact,
    channel: str,
    probes: Sequence[bytes],
    received_at: datetime,
    actor: str,
    network: str | None = "",
) -> RightsRequest:
    """`receive`, without a code: its row, its key, its photographs and its acknowledgement."""
    controller = ControllerProfile.load()
    request = requests.register(
        rights=rights,
        channel=channel,
        language=contact.language,
        received_at=received_at,
        country=controller.country,
        subdivision=controller.subdivision,
        time_zone=settings.TIME_ZONE,
        linked_to=_open_request_of(contact.email),
        actor=actor,
        place=contact.place,
    )
    Requester.objects.create(
        request=request,
        name=contact.name,
        email=contact.email,
        postal_address=contact.postal_address,
        on_behalf=contact.on_behalf,
        person_name=contact.person_name,
        relation=contact.relation,
    )
    vault.create_key(request)
    if contact.on_behalf:
        _represent(request, contact, network)
    for probe in probes:
        keep_probe(request, probe)
    notice = outbox.post(request=request, event=Event.ACKNOWLEDGED)
    if contact.email:
        turns.line_up(notice=notice, address=contact.email, network=network)
    return request


def _represent(request: RightsRequest, contact: Contact, network: str | None) -> None:
    """Put on record that somebody acts for another, who is asked themselves where they have an address."""
    own = contact.person_email if contact.person_email.lower() != contact.email.lower() else ""
    Representation.objects.create(request=request, role=contact.role, person_email=own)
    if own:
        notice = outbox.post(request=request, event=Event.REPRESENTED, audience=Audience.CONCERNED)
        turns.line_up(notice=notice, address=own, network=network)


def _open_request_of(email: str) -> RightsRequest | None:
    """The earliest request still open from the same address, to link to; it changes nothing else."""
    if not email:
        return None
    same = RightsRequest.objects.filter(requester__email__iexact=email, state__in=OPEN_STATES)
    return same.order_by("received_at", "pk").first()


def keep_probe(request: RightsRequest, probe: bytes) -> Evidence:
    """Seal a photograph to search with."""
    return Evidence.objects.create(
        request=request,
        kind=EvidenceKind.PROBE,
        sealed=vault.seal(request, probe),
        destroy_on=request.due + retention.length("evidence"),
    )


@transaction.atomic
def confirm(*, request_id: UUID, actor: str = journal.CITIZEN) -> None:
    """The person proved control of the e-mail address, or staff know them otherwise; the search begins."""
    request = requests.locked(request_id)
    if request.state != RequestState.RECEIVED:
        return
    requests.take(request=request, step="confirm", actor=actor)
    jobs.post(request_id=request.pk, kind=JobKind.SEARCH)


@transaction.atomic
def replace_probe(*, request_id: UUID, probe: bytes, actor: str = journal.CITIZEN) -> None:
    """Take a better photograph. The clock is not touched; a search that waited for it begins.

    Raises:
        TransitionRefused: the search was made already, or the request has ended.
    """
    request = requests.locked(request_id)
    if request.state not in (RequestState.RECEIVED, RequestState.CONFIRMED):
        raise TransitionRefused(gettext_noop("The search was made already; another photograph would change nothing."))
    keep_probe(request, probe)
    make_moot(request)
    journal.record(request=request, actor=actor, event="probe_received")
    if request.state == RequestState.CONFIRMED:
        jobs.post(request_id=request.pk, kind=JobKind.SEARCH)


def is_decided(request: RightsRequest) -> bool:
    """Whether a claim of it has its outcome. From then on it is carried out, and no verdict or wish undoes it."""
    return request.claims.exclude(outcome=ClaimOutcome.PENDING).exists()


@transaction.atomic
def withdraw(*, request_id: UUID, actor: str = journal.CITIZEN) -> None:
    """The person takes the request back. Its evidence is destroyed at once. Raises: TransitionRefused."""
    request = requests.locked(request_id)
    untold = request.notices.filter(audience=Audience.OLD_ADDRESS)
    if untold.filter(state__in=[NoticeState.WAITING, NoticeState.SENDING]).exists():
        text = gettext_noop("The old e-mail address is still to be told of the new one. Try again in some minutes.")
        raise TransitionRefused(text)  # Whoever moved it could else withdraw it unseen: the address goes with the key.
    requests.take(request=request, step="withdraw", actor=actor)
    outbox.post(request=request, event=Event.WITHDRAWN)
    destroy_evidence(request)
