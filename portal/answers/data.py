"""`data.json`: everything stored about the person, to be read by a machine. Documented in docs/answer-format.md."""

import json
from collections import Counter
from typing import Any

import numpy as np

from matching import reviews
from matching.models import Face, Hit, Photo, Review, Search, Verdict
from portal.answers import kept
from portal.answers.facts import decisions_of, photos_of, recipients_of
from portal.answers.scope import by_photo, withheld_photos
from portal.models import ControllerProfile
from rights.models import Right, RightsRequest

FORMAT = "regard-answer/1"


def as_json(document: dict[str, Any]) -> str:
    """The document as text."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def document(request: RightsRequest, names: dict[int, str]) -> dict[str, Any]:
    """Everything stored about the person.

    Args:
        names: file names in the archive by photo id.
    """
    search = reviews.latest_search(request.pk)
    return {
        "format": FORMAT,
        "reference": request.reference,
        "received_at": request.received_at.isoformat(),
        "controller": ControllerProfile.load().name,
        "decisions": [
            decision | {"decided_at": decision["decided_at"].isoformat() if decision["decided_at"] else None}
            for decision in decisions_of(request)
        ],
        "certificate": search.certificate if search else None,
        "recipients": [
            {"name": item.name, "role": item.role, "country": item.country} for item in recipients_of(request)
        ],
        "templates_kept_with_consent": kept.as_json(request),
        "pictures": _pictures(request, search, names),
    }


def _picture(photo: Photo, name: str | None, withheld: bool, faces: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "file": name,
        "withheld": withheld,
        "held": photo.is_held,
        "collection": photo.source.name,
        "source_url": photo.source_url or None,
        "stored_as": photo.path,
        "sha256_of_the_original": photo.sha256 or None,
        "bytes": photo.size,
        "format": photo.format,
        "width": photo.width,
        "height": photo.height,
        "taken_at": photo.taken_at.isoformat() if photo.taken_at else None,
        "imported_at": photo.imported_at.isoformat(),
        "metadata": photo.metadata,
        "faces_of_you": faces,
    }


def _face(face: Face, hit: Hit | None, reviewers: int) -> dict[str, Any]:
    return {
        "box": [face.left, face.top, face.right, face.bottom],
        "distance": hit.distance if hit else None,
        "metric": hit.metric if hit else None,
        "value": hit.value if hit else None,
        "band": hit.band if hit else None,
        "confirmed_by_reviewers": reviewers,
        "detection_score": face.score,
        "marked_by_hand": face.by_hand,
        "engine": face.engine,
        "metadata": face.metadata,
        "template": np.frombuffer(bytes(face.template), dtype="<f4").tolist(),
    }


def _pictures(request: RightsRequest, search: Search | None, names: dict[int, str]) -> list[dict[str, Any]]:
    own = by_photo(reviews.accepted_faces(request.pk))
    hits = {hit.face_key: hit for hit in search.hits.order_by("pk")} if search else {}
    said = Review.objects.filter(subject=request.pk, verdict=Verdict.SAME).order_by("pk")
    reviewers = Counter(said.values_list("face_key", flat=True))
    withheld = set(withheld_photos(request, Right.ACCESS))
    return [
        _picture(
            photo,
            names.get(photo.pk),
            photo.pk in withheld,
            [_face(face, hits.get(face.pk), reviewers[face.pk]) for face in own[photo.pk]],
        )
        for photo in photos_of(request)
    ]
