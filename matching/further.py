"""Further probes: faces that the review found to be the subject's, and that are searched with too.

One photograph does not find every pose. But whoever goes from face to face may end at a look-alike; so what only a
further probe finds is never more than possible, and two people must agree on it.
"""

from collections.abc import Collection
from uuid import UUID

import numpy as np
from django.db import transaction
from django.utils import timezone

from matching import reviews
from matching.engine import get_engine
from matching.index.base import Vectors
from matching.models import FurtherProbe, Hit
from matching.reviews import Outcome


class NotAccepted(ValueError):  # noqa: N818 - what it says
    """The face was not found to be the subject's by as many people as that takes, or is held no more."""


@transaction.atomic
def add(*, subject: UUID, face_key: int, by: str) -> bool:
    """Search with this face too from now on; False if it was so before.

    Raises:
        NotAccepted
    """
    if not reviews.accepted_faces(subject).filter(pk=face_key, engine=get_engine().name).exists():
        raise NotAccepted("The face was not accepted.")
    _probe, created = FurtherProbe.objects.get_or_create(
        subject=subject, face_key=face_key, defaults={"added_by": by, "at": timezone.now()}
    )
    return created


def in_force(subject: UUID) -> tuple[list[int], Vectors]:
    """Keys and templates, float32 (k, dimension), of the further probes that are still held and still accepted."""
    engine = get_engine()
    keys = list(FurtherProbe.objects.filter(subject=subject).order_by("at", "pk").values_list("face_key", flat=True))
    faces = reviews.accepted_faces(subject).filter(engine=engine.name).in_bulk(keys) if keys else {}
    held = [key for key in keys if key in faces]
    rows = [np.frombuffer(bytes(faces[key].template), dtype="<f4") for key in held]
    return held, np.array(rows, dtype=np.float32).reshape(-1, engine.dimension)


def carried_over(subject: UUID, found: Collection[int]) -> list[Hit]:
    """Hits, not saved, that the last search owed to a further probe and a new one that found `found` no longer has.

    A probe may be gone, imported anew or erased; what it had found is still held, and is not dropped for that. Hits
    that reviewers called somebody else are.
    """
    last = reviews.latest_search(subject)
    if last is None:
        return []
    outcomes = reviews.outcomes(subject)
    owed = last.hits.filter(face__isnull=False, through__isnull=False).order_by("distance", "pk")
    kept = [hit for hit in owed if hit.face_key not in found and outcomes[hit.face_key] is not Outcome.NOT]
    for hit in kept:
        hit.pk = None
    return kept
