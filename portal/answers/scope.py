"""Which faces an outcome covers: those the review accepted, without the photos a partial refusal withholds."""

from collections.abc import Iterable

from django.db.models import QuerySet

from matching import reviews
from matching.models import Face
from rights import queries
from rights.law.lifecycle import ClaimOutcome
from rights.models import RightsRequest


def granted_faces(request: RightsRequest, right: str) -> QuerySet[Face]:
    """Accepted faces on the photos that the decision on `right` grants; none while nothing was granted."""
    claim = queries.claim(request, right)
    if claim is None or claim.outcome not in (ClaimOutcome.GRANTED, ClaimOutcome.PARTIAL):
        return Face.objects.none()
    return reviews.accepted_faces(request.pk).exclude(photo_id__in=withheld_photos(request, right))


def by_photo(faces: Iterable[Face]) -> dict[int, list[Face]]:
    """The faces by the id of their photo."""
    result: dict[int, list[Face]] = {}
    for face in faces:
        result.setdefault(face.photo_id, []).append(face)
    return result


def withheld_photos(request: RightsRequest, right: str) -> list[int]:
    """Ids of the photos that the decision in force on `right` withholds; empty unless it is partial."""
    claim = queries.claim(request, right)
    decision = queries.decision(claim) if claim else None
    return list(decision.withheld) if decision else []
