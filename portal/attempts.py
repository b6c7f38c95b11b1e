"""What was tried and refused: a line in the log and, where it names a request, an entry in the journal.

Neither says who tried: there is no address of a machine in it, and what was typed is not kept.
"""

import logging
from datetime import timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.csrf import csrf_failure as said_by_django

from rights import journal
from rights.models import JournalEntry, RightsRequest

logger = logging.getLogger(__name__)

PAUSE: Final = timedelta(minutes=1)
"""Between two entries of a kind about a request: whoever tries all day fills the log, not the journal."""


class Attempt(StrEnum):
    """What can be refused."""

    PAGE = "page"  # of a request that is not open in this browser
    DOWNLOAD = "download"  # of an answer without a fresh code
    CONTACT = "contact"  # another address without a fresh code
    CODE_WRONG = "code_wrong"
    CODE_EXPIRED = "code_expired"  # or used already
    CODE_LOCKED = "code_locked"
    LINK = "link"  # that was not made here
    TOKEN = "token"  # noqa: S105 - of the API, for another request or none
    CROSS_SITE = "cross_site"  # a form that another site sent


COUNTED: Final = {Attempt.CODE_WRONG}
"""Each is written down: five of them lock the entry of codes."""


def refused(what: Attempt, request_id: UUID | None = None) -> None:
    """Write down that something was refused.

    Args:
        request_id: the request that it was about; there need not be one behind it. The same is written if there is
            none, of no request: whoever tries must not learn from the time it takes which requests there are.
    """
    logger.warning("Refused: %s.", what.value)
    if request_id is None:
        return
    case = RightsRequest.objects.filter(pk=request_id).first()
    event = f"refused:{what.value}"
    lately = JournalEntry.objects.filter(request=case, event=event, at__gt=timezone.now() - PAUSE)
    if what in COUNTED or not lately.exists():
        journal.record(request=case, actor=journal.UNKNOWN, event=event)


def cross_site(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Django asks this view for the answer to a form without the token of its page."""
    found = request.resolver_match
    request_id = found.kwargs.get("request_id") if found else None
    refused(Attempt.CROSS_SITE, request_id if isinstance(request_id, UUID) else None)
    return said_by_django(request, reason)
