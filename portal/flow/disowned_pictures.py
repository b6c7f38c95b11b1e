"""Said to be somebody else: the person looks at their answer, and staff look again. Nothing is erased meanwhile."""

from contextlib import suppress
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext, override

from matching.models import Erasure
from portal import jobs, vault
from portal.answers.facts import photos_of
from portal.flow.carried_out import erasure_to_do
from portal.flow.erased import copy_is_settled
from portal.flow.written import NotYet, hear
from portal.models import Answer, JobKind, NotMe
from rights import journal, requests
from rights.law.lifecycle import RequestState, TransitionRefused
from rights.law.sentences import gettext_noop
from rights.models import RightsRequest


@transaction.atomic
def not_me(*, request_id: UUID, photo_key: int, number: int) -> bool:
    """The person says that a picture of the answer does not show them; False if they had said so before.

    It is taken out of the erasure until staff have looked; the answer stays as it is. Staff learn of it by a message.

    Args:
        number: of the picture in the answer, as the person sees it.

    Raises:
        TransitionRefused: there is no answer with that picture, or its erasure has begun.
    """
    request = requests.locked(request_id)
    offered = Answer.objects.filter(request=request, offered_at__isnull=False).exists()
    open_still = request.state in (RequestState.DECIDED, RequestState.CARRIED_OUT)
    photo = photos_of(request).filter(pk=photo_key).first()
    if photo is None or not offered or not open_still:
        raise TransitionRefused(gettext_noop("This picture is held no more, or the answer has ended."))
    if Erasure.objects.filter(subject=request.pk, source=photo.source, path=photo.path).exists():
        raise TransitionRefused(gettext_noop("The erasure of this picture has begun."))
    _row, created = NotMe.objects.get_or_create(
        request=request, photo_key=photo_key, defaults={"said_at": timezone.now()}
    )
    for further in RightsRequest.objects.filter(follow_up__of=request):  # They erase the same pictures.
        NotMe.objects.get_or_create(request=further, photo_key=photo_key, defaults={"said_at": timezone.now()})
    if created:
        named = {"photo": vault.alias(request, "photo", photo_key)}
        journal.record(request=request, actor=journal.CITIZEN, event="not_me", detail=named)
        with override(request.language):
            words = gettext("Picture %(number)d of my answer does not show me.") % {"number": number}
        # After twenty messages of one hour staff have enough to read, and the request's page shows the picture anyway.
        with suppress(NotYet):
            hear(request_id=request.pk, words=words)
    return created


@transaction.atomic
def settle_not_me(*, request_id: UUID, photo_key: int, shows_them: bool, actor: str) -> None:
    """Staff looked again. A picture of somebody else stays out of the erasure; one of the person goes back into it.

    Raises:
        TransitionRefused: nothing waits for a look.
    """
    request = requests.locked(request_id)
    found = NotMe.objects.filter(photo_key=photo_key, settled_at=None)
    found = found.filter(Q(request=request) | Q(request__follow_up__of=request))
    if not found.update(shows_them=shows_them, settled_by=actor, settled_at=timezone.now()):
        raise TransitionRefused(gettext_noop("This picture was looked at already."))
    detail = {"photo": vault.alias(request, "photo", photo_key), "shows_them": shows_them}
    journal.record(request=request, actor=actor, event="not_me_settled", detail=detail)
    if request.state == RequestState.DECIDED and erasure_to_do(request) and copy_is_settled(request):
        jobs.post(request_id=request.pk, kind=JobKind.ERASE)
