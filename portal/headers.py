"""What every answer tells browsers and caches beside its Content-Security-Policy (see `portal.settings`)."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, Final

from django.http import HttpRequest, HttpResponseBase

Answer = Callable[[HttpRequest], HttpResponseBase]
View = Callable[..., HttpResponseBase]

FEATURES: Final = (
    "accelerometer",
    "browsing-topics",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "screen-wake-lock",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
"""What a page could ask the browser for, and none of ours does unless its view says so."""
HEADERS: Final = {
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in FEATURES),
    "Cross-Origin-Resource-Policy": "same-origin",
    # Whatever is not a static file may show a person's data, or a form with a token; no cache is to keep any of it.
    "Cache-Control": "no-store",
}


class HeadersMiddleware:
    """Sets the headers that the view has not set. The first of all middleware: refusals and errors have them too."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


def allows(*features: str) -> Callable[[View], View]:
    """A view whose page may use some features of the browser, as `camera`, itself and nobody framed in it."""

    def decorate(view: View) -> View:
        @wraps(view)
        def allowed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            response = view(request, *args, **kwargs)
            said = (f"{feature}=(self)" if feature in features else f"{feature}=()" for feature in FEATURES)
            response.headers["Permissions-Policy"] = ", ".join(said)
            return response

        return allowed

    return decorate


class RedirectsForScripts:
    """Tells our own script where to go on, in place of sending it there.

    A script that follows a redirect gets the page and the person does not: what that page says once is said to nobody.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        asked = request.headers.get("X-Sent-By") == "script"
        if asked and response.status_code in (HTTPStatus.FOUND, HTTPStatus.SEE_OTHER):
            response.headers["X-Location"] = response.headers["Location"]
            del response.headers["Location"]
            response.status_code = HTTPStatus.NO_CONTENT
        return response
