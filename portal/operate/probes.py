"""`/healthz`, `/readyz` and `/metrics`, answered before anything looks at host name, session or language."""

import hmac
from collections.abc import Callable
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotFound, JsonResponse

from portal.operate import doctor, metrics
from portal.operate.finding import Level

READY: Final = ("database", "migrations", "broker")
"""Checks that must not be wrong for requests to be served."""
FORWARDED: Final = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_REAL_IP", "HTTP_VIA")
"""What shows that a proxy on this machine asks for somebody elsewhere."""

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""What the middleware after this one would say."""


class Probes:
    """The first middleware. Balancers ask by address and without TLS, which the middleware after it would refuse."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = PROBES.get(request.path_info)
        if answer is None:
            return self.get_response(request)
        allowed = request.method in ("GET", "HEAD")
        response = answer(request) if allowed else HttpResponse(status=HTTPStatus.METHOD_NOT_ALLOWED)
        for name, value in HEADERS.items():
            response.headers[name] = value
        return response


def healthz(_request: HttpRequest) -> HttpResponse:
    """This process is alive. Nothing is touched."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(_request: HttpRequest) -> HttpResponse:
    """Whether requests can be served: 503 with the names of what is not ready, and nothing more."""
    missing = [name for name in READY if doctor.examine(name).level is Level.WRONG]
    return JsonResponse({"not_ready": missing}, status=503 if missing else 200)


def exposed(request: HttpRequest) -> HttpResponse:
    """The metrics for those who may read them; for others there is no such page."""
    if not _may_read(request):
        return HttpResponseNotFound()
    return HttpResponse(metrics.exposition(), content_type=metrics.CONTENT_TYPE)


def _may_read(request: HttpRequest) -> bool:
    """With the token; where none is set, from this machine and not through a proxy."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode())
    if any(name in request.META for name in FORWARDED):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:  # A unix socket has no address; who is behind it cannot be said.
        return False


PROBES: Final = {"/healthz": healthz, "/readyz": readyz, "/metrics": exposed}
