"""The letter that answers a request: a tagged PDF (PDF/UA-1) in the person's language, set by Typst."""

import json
from pathlib import Path
from typing import Any

import typst
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from portal.answers.content import blocks
from portal.models import ControllerProfile
from rights.models import RightsRequest

TEMPLATE = Path(__file__).with_name("letter.typ")


def letter(*, request: RightsRequest) -> bytes:
    """The PDF. What it says is `portal.answers.content`; how it looks is `letter.typ`."""
    with translation.override(request.language):
        data = json.dumps(_data(request))
    # Typst's own fonts only: the letter looks the same on every machine.
    pdf: bytes = typst.compile(
        TEMPLATE, sys_inputs={"data": data}, format="pdf", pdf_standards="ua-1", ignore_system_fonts=True
    )
    return pdf


def _data(request: RightsRequest) -> dict[str, Any]:
    profile = ControllerProfile.load()
    requester = getattr(request, "requester", None)
    addressee = [requester.name, *requester.postal_address.splitlines()] if requester else []
    return {
        "language": request.language,
        "title": _("Answer to your request"),
        "reference": request.reference,
        "date": date_format(timezone.localdate(), "DATE_FORMAT"),
        "sender": [line for line in (profile.name, *profile.postal_address.splitlines(), profile.email) if line],
        "addressee": [line for line in addressee if line],
        "blocks": blocks(request),
    }
