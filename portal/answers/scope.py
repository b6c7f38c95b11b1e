"""Which faces an outcome covers: those the review accepted, without the photos a partial refusal withholds."""

from collections.abc import Iterable

from django.db.models import QuerySet

from matching import reviews
from matching.models import Face, Photo
from portal.models import NotMe
from rights import queries
from rights.law.lifecycle import ClaimOutcome
from rights.models import Right, RightsRequest


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
    """Ids of the photos that the decision in force on `right` withholds, which only a partial one does.

    Of an erasure also those that the person says do not show them, unless staff looked and found that they do, and
    those that the person did not choose.
    """
    claim = queries.claim(request, right)
    decision = queries.decision(claim) if claim else None
    withheld = list(decision.withheld) if decision else []
    if right == Right.ERASURE:
        somebody_else = NotMe.objects.filter(request=request).exclude(shows_them=True)
        withheld += somebody_else.values_list("photo_key", flat=True)
        withheld += spared_photos(request)
    return withheld


def spared_photos(request: RightsRequest) -> list[int]:
    """Ids of the person's photos that they did not choose to have erased; none unless they chose."""
    choices = list(request.erasure_choices.all())
    if not choices:
        return []
    own = Photo.objects.filter(pk__in=reviews.accepted_faces(request.pk).values("photo"))
    own = own.exclude(pk__in=[item.photo_key for item in choices])
    digests = [item.sha256 for item in choices if item.sha256]
    return list(own.exclude(sha256__in=digests).values_list("pk", flat=True))
