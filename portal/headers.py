"""What every answer tells browsers and caches beside its Content-Security-Policy (see `portal.settings`)."""

from collections.abc import Callable
from functools import wraps
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


class UploadMiddleware:
    """Tells a script that sent a form where to go on, where a browser would be redirected.

    A script that followed the redirect itself would use up the messages that the next page is to show.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if "X-Upload" in request.headers and response.status_code in (302, 303):
            response.headers["X-Upload-Location"] = response.headers["Location"]
            del response.headers["Location"]
            response.status_code = 200
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
