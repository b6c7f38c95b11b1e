"""Closed for a while: citizens get a page that says so, in their language; staff, probes and files are served.

A file says that it is so: every process sees it at once, and the database need not be there.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string

RETRY_AFTER: Final = "600"
"""Seconds after which programs may ask again."""
OPEN: Final = ("/desk/", settings.STATIC_URL)


def switch() -> Path:
    """The file whose presence closes the portal."""
    return Path(settings.VAR_DIR) / "maintenance"


class Maintenance:
    """Middleware. After the one that finds the visitor's language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(OPEN) or not switch().exists():
            return self.get_response(request)
        return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": RETRY_AFTER})
