"""Continued: what the person asks for once they have seen their answer. Each further request has its own legal date."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from matching import reviews
from matching.models import Erasure, Photo
from portal import jobs, vault
from portal.answers.facts import photos_of
from portal.flow.carried_out import erasure_to_do
from portal.flow.live import make_moot
from portal.flow.received import Contact, confirm, is_decided, keep_probe, put_on_record, replace_probe
from portal.flow.searched import probes_of
from portal.models import Answer, ErasureChoice, FollowUp, JobKind, NotMe, Representation, Role
from rights import journal, requests
from rights.law.lifecycle import RequestState, TransitionRefused
from rights.law.sentences import gettext_noop
from rights.models import Channel, Right, RightsRequest

if TYPE_CHECKING:
    from django.contrib.auth.models import User

BEFORE_SEARCH = (RequestState.RECEIVED, RequestState.CONFIRMED)
UNDECIDED = (*BEFORE_SEARCH, RequestState.SEARCHED, RequestState.REVIEWED)
ANSWERED = (RequestState.DECIDED, RequestState.CARRIED_OUT)


@transaction.atomic
def choose_erasure(*, request_id: UUID, photo_keys: Collection[int] | None) -> RightsRequest:
    """The person chooses what is erased, looking at their answer: these pictures, or with None all that show them.

    An erasure that was decided and has not begun is limited to them. Otherwise a further request is made, whose legal
    time begins now; while it is undecided, another choice changes it, so that a form sent twice asks once.

    Returns:
        The request that erases.

    Raises:
        TransitionRefused: there is no answer, nothing was chosen, one of the pictures is not in the answer, or the
            erasure has begun. vault.Destroyed.
    """
    request = requests.locked(request_id)
    offered = Answer.objects.filter(request=request, offered_at__isnull=False).exists()
    if request.state not in ANSWERED or not offered:
        raise TransitionRefused(gettext_noop("There is no answer to choose pictures from."))
    chosen = list(photos_of(request) if photo_keys is None else photos_of(request).filter(pk__in=photo_keys))
    if not chosen or (photo_keys is not None and len(chosen) != len(set(photo_keys))):
        raise TransitionRefused(gettext_noop("Choose at least one picture that we still hold."))
    target = erased_by(request)
    if target == request and Erasure.objects.filter(subject=request.pk).exists():
        raise TransitionRefused(gettext_noop("The erasure has begun; the choice cannot be changed any more."))
    if target is None:
        target = _further_request(request, rights=[Right.ERASURE], actor=journal.CITIZEN)
    target = requests.locked(target.pk)
    if target != request and (target.state not in UNDECIDED or is_decided(target)):
        raise TransitionRefused(gettext_noop("The erasure was decided just now; look at its request."))
    requests.drop_proposals(request=target, actor=journal.CITIZEN)
    target.erasure_choices.all().delete()
    if photo_keys is not None:
        ErasureChoice.objects.bulk_create(
            ErasureChoice(request=target, photo_key=photo.pk, sha256=photo.sha256) for photo in chosen
        )
    detail = {"pictures": "all" if photo_keys is None else len(chosen)}
    journal.record(request=target, actor=journal.CITIZEN, event="erasure_chosen", detail=detail)
    return target


def erased_by(request: RightsRequest) -> RightsRequest | None:
    """The request whose erasure a choice in this one's answer limits: itself, or one that grew out of it."""
    if request.state == RequestState.DECIDED and erasure_to_do(request):
        return request
    further = _further_of(request).filter(request__claims__right=Right.ERASURE)
    found = [item.request for item in further.select_related("request").order_by("pk")]
    return next((item for item in found if not is_decided(item)), None)


def _further_of(request: RightsRequest) -> QuerySet[FollowUp]:
    """What grew out of a request and is undecided; not what is written to at another address by now."""
    same = FollowUp.objects.filter(of=request, request__state__in=UNDECIDED)
    return same.filter(request__requester__email__iexact=request.requester.email)


def chosen_photos(request: RightsRequest, among: Sequence[Photo]) -> set[int]:
    """Ids of those photos in somebody's answer that they have chosen to be erased; empty where nothing erases them."""
    target = erased_by(request)
    if target is None:
        return set()
    choices = list(target.erasure_choices.all())
    keys, digests = {item.photo_key for item in choices}, {item.sha256 for item in choices if item.sha256}
    return {photo.pk for photo in among if not choices or photo.pk in keys or photo.sha256 in digests}


@transaction.atomic
def search_with(*, request_id: UUID, picture: bytes, by: "User") -> RightsRequest:
    """Staff search with one more picture of the person: one that we missed, says the person.

    Before the decision the search is made again. An answer that was given stays as it was given; then a further
    request for the same is made and answered, whose legal time begins now. The same picture again changes nothing.

    Args:
        picture: a cleaned JPEG (`matching.images.clean_upload`), which somebody looked at beside the other ones.

    Returns:
        The request that is searched.

    Raises:
        TransitionRefused: the request has ended. vault.Destroyed.
    """
    request = requests.locked(request_id)
    actor = journal.staff(by.pk)
    if request.state in ANSWERED or is_decided(request):
        request = requests.locked(_asked_again(request, actor=actor).pk)
    if picture in _pictures(request):
        return request
    if request.state in BEFORE_SEARCH:
        replace_probe(request_id=request.pk, probe=picture, actor=actor)
        return request
    if request.state not in UNDECIDED:
        raise TransitionRefused(gettext_noop("This request has ended; nothing is searched for it any more."))
    keep_probe(request, picture)
    make_moot(request)
    journal.record(request=request, actor=actor, event="probe_received")
    requests.reopen(request=request, actor=actor, why="searched with another picture")
    jobs.post(request_id=request.pk, kind=JobKind.SEARCH)
    return request


def _asked_again(request: RightsRequest, *, actor: str) -> RightsRequest:
    """The further request for everything that this one asked for; made, where none is undecided."""
    rights = sorted(request.claims.values_list("right", flat=True))
    for item in _further_of(request).select_related("request").order_by("pk"):
        if not is_decided(item.request) and sorted(item.request.claims.values_list("right", flat=True)) == rights:
            return item.request
    return _further_request(request, rights=rights, actor=actor)


def _further_request(of: RightsRequest, *, rights: Sequence[str], actor: str) -> RightsRequest:
    """A request of the same person: same address, same photographs, same verdicts on them."""
    request = put_on_record(
        rights=rights,
        contact=_contact(of),
        channel=Channel.WEB if actor == journal.CITIZEN else of.channel,
        probes=_pictures(of),
        received_at=timezone.now(),
        actor=actor,
        network=None,  # The address was proven for the request that it grew out of.
    )
    FollowUp.objects.create(request=request, of=of)
    acting = Representation.objects.filter(request=of).first()
    if acting is not None and acting.endangers:
        kept = {"person_email": acting.person_email, "endangers": True, "endangers_why": acting.endangers_why}
        Representation.objects.filter(request=request).update(**kept)
    reviews.carry_over(subject=of.pk, to=request.pk)
    said = list(of.not_me.all())
    NotMe.objects.bulk_create(
        NotMe(request=request, photo_key=item.photo_key, said_at=item.said_at, shows_them=item.shows_them,
              settled_by=item.settled_by, settled_at=item.settled_at)
        for item in said
    )  # fmt: skip
    reviews.forget_photos(subject=request.pk, photos=[item.photo_key for item in said if item.shows_them is False])
    journal.record(request=of, actor=actor, event="continued", detail={"in": str(request.pk)})
    confirm(request_id=request.pk, actor=actor)
    return request


def _contact(of: RightsRequest) -> Contact:
    who = of.requester
    acting = Representation.objects.filter(request=of).first()
    return Contact(
        name=who.name,
        email=who.email,
        language=of.language,
        on_behalf=who.on_behalf,
        person_name=who.person_name,
        relation=who.relation,
        postal_address=who.postal_address,
        place=of.place,
        role=acting.role if acting else Role.AGENT,
        # Whoever is endangered by notices is told nothing of this one either.
        person_email=acting.person_email if acting and not acting.endangers else "",
    )


def _pictures(request: RightsRequest) -> list[bytes]:
    return [vault.unseal(request, bytes(evidence.sealed)) for evidence in probes_of(request)]
