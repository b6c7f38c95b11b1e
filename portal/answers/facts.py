"""Everything an answer has to say, gathered from the case, the holdings and the controller's profile."""

from typing import Any

from django.db.models import QuerySet

from matching import reviews
from matching.models import Photo
from portal.answers.remedies import of_request as remedies_of
from portal.models import ControllerProfile, ControllerText, Recipient
from rights import queries
from rights.law.answer import Element
from rights.law.answer import missing as missing_elements
from rights.law.lifecycle import ClaimOutcome
from rights.models import Right, RightsRequest

REMEDIES = ("authority", "court", "controller")
"""What a refusal must name, also a partial one (GDPR 12(4)), and whom it comes from."""
PROSE = ("purposes", "categories", "storage", "origin")


def facts(request: RightsRequest) -> dict[str, Any]:
    """What is there for each obligatory element, by the keys of `rights.law.answer.OBLIGATORY`.

    A text that is missing in the request's language is missing: the answer is given in the language of the request.
    """
    profile = ControllerProfile.load()
    text = ControllerText.objects.filter(profile_id=profile.pk, language=request.language).first()
    found: dict[str, Any] = {name: getattr(text, name, "") for name in PROSE}
    search = reviews.latest_search(request.pk)
    remedies = remedies_of(request)
    found |= {
        # What depends on the review and on the decision is said by the letter itself, whatever they are.
        "confirmation": True,
        "copy": True,
        "rights": True,
        "recipients": True,
        "automated": getattr(text, "automated", "") if profile.automated_decisions else True,
        "safeguards": getattr(text, "safeguards", "") if profile.transfers_outside_union else True,
        "authority": remedies.authority,
        "court": remedies.court,
        "controller": _all_said(profile.name, profile.postal_address, profile.email),
        "dpo": profile.dpo_contact,
        "representative": True if profile.established_in_union else profile.representative_contact,
        "certificate": bool(search and search.certificate.get("complete")),
    }
    return found


def _all_said(*values: str) -> bool:
    return all(value.strip() for value in values)


def missing(request: RightsRequest) -> list[Element]:
    """The obligatory elements that an answer to this request would lack now.

    The certificate is asked for only once the search is over: before, nothing is late.
    """
    absent = missing_elements(facts(request))
    searched = reviews.latest_search(request.pk) is not None
    return [element for element in absent if element.key != "certificate" or searched]


def missing_remedies(request: RightsRequest) -> list[Element]:
    """What a refusal of this request would lack now of what GDPR 12(4) asks for."""
    return [element for element in missing(request) if element.key in REMEDIES]


def photos_of(request: RightsRequest) -> QuerySet[Photo]:
    """The photos that show the person, withheld ones included: the law limits the copy, never the answer.

    None where access was refused as a whole.
    """
    access = queries.claim(request, Right.ACCESS)
    if access is not None and access.outcome == ClaimOutcome.REFUSED:
        return Photo.objects.none()
    photos = reviews.accepted_faces(request.pk).values("photo")
    return Photo.objects.filter(pk__in=photos).select_related("source").order_by("taken_at", "pk")


def recipients_of(request: RightsRequest) -> QuerySet[Recipient]:
    """Who was shown pictures of the sources in which the person was found (C-154/21: named)."""
    return Recipient.objects.filter(sources__in=photos_of(request).values("source")).distinct().order_by("name", "pk")


def decisions_of(request: RightsRequest) -> list[dict[str, Any]]:
    """Per claim: right, outcome, ground and reasons."""
    result = []
    for claim in request.claims.order_by("right"):
        decision = queries.decision(claim)
        result.append(
            {
                "right": claim.right,
                "outcome": claim.outcome,
                "ground": decision.ground if decision else "",
                "reasons": decision.reasons if decision else "",
                "decided_at": decision.decided_at if decision else None,
            }
        )
    return result
