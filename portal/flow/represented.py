"""Represented: somebody acts for another. Both are verified, and the person concerned can say no at any time."""

from contextlib import suppress
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from portal import retention, vault
from portal.flow.closed import destroy_evidence
from portal.models import Answer, Event, Evidence, EvidenceKind, FollowUp, Representation, Role
from portal.notices import concerned, outbox, turns
from rights import journal, queries, requests
from rights.law.lifecycle import RequestState, TransitionRefused
from rights.law.sentences import gettext_noop
from rights.models import RightsRequest

BASES = {
    "agent": ("photo_and_email", "in_person", "video_call", "known_contact"),
    "person": ("in_person", "video_call", "known_contact", "by_post"),
    "mandate": ("mandate_seen", "guardianship_seen", "register_seen"),
}
"""What staff may record: of who acts, of the person concerned, and of the right to act."""


NOBODY_ACTS = gettext_noop("Nobody acts for somebody else here, or the request has ended.")


def _representation(request: RightsRequest) -> Representation:
    found = Representation.objects.filter(request=request).first()
    if found is None or not queries.is_owed(request):
        raise TransitionRefused(NOBODY_ACTS)
    return found


@transaction.atomic
def put_mandate(*, request_id: UUID, picture: bytes, actor: str = journal.CITIZEN) -> None:
    """Take a picture of a mandate or of a proof of guardianship; it is destroyed with the evidence.

    Args:
        picture: a cleaned JPEG (`matching.images.clean_upload`).

    Raises:
        TransitionRefused: nobody acts for somebody else, or the request has ended. vault.Destroyed.
    """
    request = requests.locked(request_id)
    _representation(request)
    Evidence.objects.create(
        request=request,
        kind=EvidenceKind.MANDATE,
        sealed=vault.seal(request, picture),
        destroy_on=request.due + retention.length("evidence"),
    )
    journal.record(request=request, actor=actor, event="mandate_received")


@transaction.atomic
def record_known(*, request_id: UUID, who: str, basis: str, actor: str) -> None:
    """Staff say how they know who acts, the person concerned, or the right to act.

    Raises:
        TransitionRefused: nobody acts for somebody else here. ValueError: no such thing can be recorded.
    """
    if basis not in BASES.get(who, ()):
        raise ValueError("That is nothing that can be recorded.")
    found = _representation(requests.locked(request_id))
    setattr(found, f"{who}_basis", basis)
    found.save(update_fields=[f"{who}_basis"])
    journal.record(request=found.request, actor=actor, event=f"known:{who}", detail={"basis": basis})


@transaction.atomic
def keep_from_child(*, request_id: UUID, why: str, actor: str) -> None:
    """Staff found that notices would endanger the child: none goes from now on. Raises: TransitionRefused."""
    found = _representation(requests.locked(request_id))
    if found.role != Role.PARENT:
        raise TransitionRefused(gettext_noop("Only what endangers a child is kept from the person concerned."))
    if not why.strip():
        raise TransitionRefused(gettext_noop("Write down why notices would endanger the child."))
    found.endangers, found.endangers_why = True, why.strip()
    found.save(update_fields=["endangers", "endangers_why"])
    concerned.keep_from(found.request)
    journal.record(request=found.request, actor=actor, event="kept_from_child")


@transaction.atomic
def agreed(*, request_id: UUID) -> None:
    """The person concerned says from their own mailbox that they want this. Raises: TransitionRefused."""
    found = _representation(requests.locked(request_id))
    if found.answer == "yes":
        return
    found.answer, found.answered_at = "yes", timezone.now()
    found.save(update_fields=["answer", "answered_at"])
    journal.record(request=found.request, actor=journal.CITIZEN, event="concerned:agreed")


@transaction.atomic
def disowned(*, request_id: UUID, network: str | None = "") -> None:
    """The person concerned did not ask for this: the request is closed and what was handed in is destroyed.

    Also after a decision: an answer that was not fetched is destroyed, an erasure that was not begun is not made.

    Args:
        network: who says so, as `turns.line_up` takes it; one person may have typed both addresses.

    Raises:
        TransitionRefused: nobody acts for somebody else here, or the request has ended.
    """
    request = requests.locked(request_id)
    found = Representation.objects.filter(request=request).first()
    if found is None:
        raise TransitionRefused(NOBODY_ACTS)
    if found.answer == "no":
        return
    fetched = Answer.objects.filter(request=request, delivered_at__isnull=False).exists()
    proven = request.state != RequestState.RECEIVED
    requests.take(request=request, step="disown", actor=journal.CITIZEN)
    found.answer, found.answered_at = "no", timezone.now()
    found.save(update_fields=["answer", "answered_at"])
    detail = {"answer_fetched_before": fetched}
    journal.record(request=request, actor=journal.CITIZEN, event="concerned:disowned", detail=detail)
    notice = outbox.post(request=request, event=Event.DISOWNED)
    email = request.requester.email
    if email and not proven:
        turns.line_up(notice=notice, address=email, network=network)
    destroy_evidence(request)
    for further in FollowUp.objects.filter(of=request):  # It was made from what they did not ask for.
        with suppress(TransitionRefused):
            disowned(request_id=further.request_id, network=network)
