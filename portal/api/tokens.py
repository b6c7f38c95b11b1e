"""The token that reads one request's state through the API."""

from uuid import UUID

from django.core import signing

from portal.identity import links
from rights.models import RightsRequest

SALT = "portal.api-token"


def token_for(request: RightsRequest) -> str:
    """A signed token; it is handed out once, with the answer to the creation, and stored nowhere."""
    return signing.dumps(request.pk.hex, salt=SALT)


def opens(token: str, request_id: UUID) -> bool:
    """Whether the token was made by this server for this request, which is still written to at the same address."""
    try:
        own = bool(signing.loads(token, salt=SALT) == request_id.hex)
    except signing.BadSignature:
        return False
    return own and not links.has_moved(request_id)
