"""Which faces an outcome covers: those the review accepted, without the photos a partial refusal withholds."""

from django.db.models import QuerySet

from matching import reviews
from matching.models import Face
from rights import queries
from rights.models import RightsRequest


def granted_faces(request: RightsRequest, right: str) -> QuerySet[Face]:
    """Accepted faces on the photos that the decision on `right` grants."""
    return reviews.accepted_faces(request.pk).exclude(photo_id__in=withheld_photos(request, right))


def withheld_photos(request: RightsRequest, right: str) -> list[int]:
    """Ids of the photos that the decision in force on `right` withholds; empty unless it is partial."""
    claim = queries.claim(request, right)
    decision = queries.decision(claim) if claim else None
    return list(decision.withheld) if decision else []
