"""Assigned: who has a request on their desk. It moves neither the request nor its clock."""

from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from portal.staff.roles import CHANGE
from rights import journal, requests
from rights.law.lifecycle import TransitionRefused
from rights.law.sentences import gettext_noop
from rights.requests import ENDED


@transaction.atomic
def assign(*, request_id: UUID, member_id: int | None, actor: str) -> bool:
    """Put a request on somebody's desk, or on nobody's.

    Args:
        member_id: None for nobody.

    Returns:
        Whether anything changed; what is so already is not journalled again.

    Raises:
        TransitionRefused: the request has ended, or that member of staff moves no requests.
    """
    request = requests.locked(request_id)
    if request.state in ENDED:
        raise TransitionRefused(gettext_noop("This request has ended: nobody has to see to it any more."))
    if request.assignee_id == member_id:
        return False
    if member_id is None:
        requests.assign(request=request, member=None)
        journal.record(request=request, actor=actor, event="unassigned")
        return True
    member = User.objects.filter(pk=member_id, is_active=True, is_staff=True).first()
    if member is None or not member.has_perm(CHANGE):
        raise TransitionRefused(gettext_noop("This member of staff does not move requests: choose somebody else."))
    requests.assign(request=request, member=member)
    journal.record(request=request, actor=actor, event="assigned", detail={"to": journal.staff(member_id)})
    return True
