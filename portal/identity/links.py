"""Links in mails: to one request's status page, and to the question whether the person concerned wants it."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse

from portal.models import AddressChange
from rights.models import RightsRequest

SALT = "portal.status-link"
LASTS: Final = timedelta(days=90)
"""A choice of this project: as long as the answer is kept. Each mail brings a new link; after the last one has expired,
reference and address lead to a code. So old mails that somebody comes by, in an archive or a given-up mailbox, open
nothing by themselves."""
CONCERNED_SALT = "portal.concerned-link"
CONCERNED_LASTS = timedelta(days=30)


def status_url(request: RightsRequest) -> str:
    """The absolute address of the status page, with a signed token in place of a login.

    It opens nothing any more after `LASTS`, and once the request is written to at another address.
    """
    changes = _changes(request.pk)
    token = signing.dumps(f"{request.pk.hex}.{changes}" if changes else request.pk.hex, salt=SALT)
    return settings.PUBLIC_URL + reverse("citizens:link", args=[token])


def has_moved(request_id: UUID) -> bool:
    """Whether the request is written to at another address than that which it was made with."""
    return bool(_changes(request_id))


def _changes(request_id: UUID) -> int:
    """How often the address of a request was changed."""
    return AddressChange.objects.filter(request=request_id, applied_at__isnull=False).count()


def request_of(token: str) -> UUID | None:
    """The request a token was made for; None if this server did not make it, made it too long ago, or for a former
    address."""
    try:
        number, _point, changes = str(signing.loads(token, salt=SALT, max_age=LASTS)).partition(".")
        found = UUID(number)
        return found if _changes(found) == int(changes or 0) else None
    except (signing.BadSignature, ValueError, TypeError, AttributeError):
        return None


def has_expired(token: str) -> bool:
    """Whether this server made the token, too long ago."""
    try:
        signing.loads(token, salt=SALT, max_age=LASTS)
    except signing.SignatureExpired:
        return True
    except signing.BadSignature:
        return False
    return False


def concerned_url(request: RightsRequest) -> str:
    """The absolute address of the page that asks the person concerned. Only a mail to their own address holds it."""
    token = signing.dumps(request.pk.hex, salt=CONCERNED_SALT)
    return settings.PUBLIC_URL + reverse("citizens:concerned", args=[token])


def concerned_request_of(token: str) -> UUID | None:
    """The request such a token was made for; None if it has expired, or this server did not make it."""
    try:
        return UUID(signing.loads(token, salt=CONCERNED_SALT, max_age=CONCERNED_LASTS))
    except (signing.BadSignature, ValueError, TypeError, AttributeError):
        return None
