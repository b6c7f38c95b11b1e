"""The link in a mail that opens one request's status page."""

from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse

from rights.models import RightsRequest

SALT = "portal.status-link"


def status_url(request: RightsRequest) -> str:
    """The absolute address of the status page, with a signed token in place of a login."""
    token = signing.dumps(request.pk.hex, salt=SALT)
    return settings.PUBLIC_URL + reverse("citizens:link", args=[token])


def request_of(token: str) -> UUID | None:
    """The request a token was made for; None if the token was not made by this server."""
    try:
        return UUID(signing.loads(token, salt=SALT))
    except (signing.BadSignature, ValueError, TypeError, AttributeError):
        return None
