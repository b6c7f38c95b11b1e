"""What every page needs to know."""

from django.conf import settings
from django.http import HttpRequest

from portal.models import ControllerProfile


def portal(request: HttpRequest) -> dict[str, object]:
    """The controller in whose name the page speaks, and whether a local mailbox exists."""
    return {"controller": ControllerProfile.load(), "local_mailbox": settings.LOCAL_MAILBOX}
