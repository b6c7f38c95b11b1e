"""Templates kept with the consent of the person who asks: no picture, and yet data about them, so an answer names them.

They are found by the address, which the person has proved to be theirs: a consent belongs to a request, and comparing
faces here would tell somebody who is only alike what another person agreed to.
"""

from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from matching import suppression
from matching.models import TemplateSuppression
from rights.models import RightsRequest


def templates_of(request: RightsRequest) -> list[TemplateSuppression]:
    """Those kept for this request or another of the same address; none for who acts for somebody else."""
    requester = getattr(request, "requester", None)
    subjects = [request.pk]
    if requester is not None and requester.email and not requester.on_behalf:
        same = RightsRequest.objects.filter(requester__email__iexact=requester.email, requester__on_behalf=False)
        subjects += same.order_by("pk").values_list("pk", flat=True)
    return list(TemplateSuppression.objects.filter(subject__in=subjects))


def paragraphs(request: RightsRequest) -> list[str]:
    """What the letter says of each."""
    said = _(
        "We also keep a template of your face, as you agreed on %(since)s: encrypted, until %(until)s, only to "
        "recognise and refuse new pictures of you. You can withdraw your consent at any time, on the page of your "
        "request or by writing to us; the template is then destroyed at once."
    )
    return [
        said
        % {
            "since": date_format(timezone.localtime(row.consented_at), "DATE_FORMAT"),
            "until": date_format(row.ends_on, "DATE_FORMAT"),
        }
        for row in templates_of(request)
    ]


def as_json(request: RightsRequest) -> list[dict[str, Any]]:
    """The same for `data.json`, with the numbers. Raises: vault.VaultError."""
    return [
        {
            "consented_at": row.consented_at.isoformat(),
            "kept_until": row.ends_on.isoformat(),
            "engine": row.engine,
            "templates": suppression.opened(row).tolist() if row.engine else [],
        }
        for row in templates_of(request)
    ]
