"""How many wrong codes one network may send in an hour.

Each request locks after five wrong tries of its own (`email_code`). This is for who tries many requests: a network is
an IPv4 address or an IPv6 /64, and only wrong tries count, so that fifty people behind one address, each with a slip or
two, pass. No address is stored, only a keyed hash of the network, for an hour.
"""

import ipaddress
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from portal.models import WrongTry

MOST: Final = 120
WITHIN: Final = timedelta(hours=1)
SALT: Final = "portal.identity.networks"


def network_of(request: HttpRequest) -> str | None:
    """The keyed hash of the network; None where it cannot be told, as behind a proxy that nobody has named."""
    trusted = settings.PROXIES
    if trusted:
        hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        written = hops[-trusted] if len(hops) >= trusted else ""
    else:
        written = request.META.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(written)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if not trusted and address.is_private:
        return None
    return salted_hmac(SALT, grouped(str(address)), algorithm="sha256").hexdigest()


def grouped(address: str) -> str:
    """The network that an address belongs to: all of IPv4 alone, of IPv6 its /64. What is no address stays as it is."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return str(ipaddress.ip_network((found, 64 if found.version == 6 else 32), strict=False))


def asking(request: HttpRequest) -> str:
    """`network_of` for `turns.line_up`: empty where it cannot be told."""
    return network_of(request) or ""


def note_wrong(request: HttpRequest) -> None:
    """Count a wrong code."""
    network = network_of(request)
    if network:
        WrongTry.objects.create(network=network, at=timezone.now())


def closed_until(request: HttpRequest) -> datetime | None:
    """When codes are taken from this network again; None if they are taken."""
    network = network_of(request)
    if network is None:
        return None
    recent = WrongTry.objects.filter(network=network, at__gt=timezone.now() - WITHIN).order_by("-at")
    counted = list(recent.values_list("at", flat=True)[:MOST])
    return counted[-1] + WITHIN if len(counted) == MOST else None


def forget() -> None:
    """Delete what counts no more."""
    WrongTry.objects.filter(at__lte=timezone.now() - WITHIN).delete()
