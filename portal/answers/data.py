"""`data.json`: everything stored about the person, to be read by a machine. Documented in docs/answer-format.md."""

import json
from typing import Any

import numpy as np

from matching import reviews
from matching.models import Photo
from portal.answers.facts import decisions_of, photos_of, recipients_of
from portal.answers.scope import withheld_photos
from portal.models import ControllerProfile
from rights.models import Right, RightsRequest

FORMAT = "regard-answer/1"


def as_json(request: RightsRequest, names: dict[int, str]) -> str:
    """The document.

    Args:
        names: file names in the archive by photo id.
    """
    search = reviews.latest_search(request.pk)
    document = {
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
        "pictures": [_picture(request, photo, names.get(photo.pk)) for photo in photos_of(request)],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _picture(request: RightsRequest, photo: Photo, name: str | None) -> dict[str, Any]:
    return {
        "file": name,
        "withheld": photo.pk in withheld_photos(request, Right.ACCESS),
        "collection": photo.source.name,
        "source_url": photo.source_url or None,
        "stored_as": photo.path,
        "sha256_of_the_original": photo.sha256,
        "bytes": photo.size,
        "format": photo.format,
        "width": photo.width,
        "height": photo.height,
        "taken_at": photo.taken_at.isoformat() if photo.taken_at else None,
        "imported_at": photo.imported_at.isoformat(),
        "metadata": photo.metadata,
        "faces_of_you": _faces(request, photo),
    }


def _faces(request: RightsRequest, photo: Photo) -> list[dict[str, Any]]:
    search = reviews.latest_search(request.pk)
    hits = {hit.face_key: hit for hit in search.hits.filter(photo=photo)} if search else {}
    return [
        {
            "box": [face.left, face.top, face.right, face.bottom],
            "distance": hits[face.pk].distance if face.pk in hits else None,
            "band": hits[face.pk].band if face.pk in hits else None,
            "detection_score": face.score,
            "engine": face.engine,
            "template": np.frombuffer(bytes(face.template), dtype="<f4").tolist(),
        }
        for face in reviews.accepted_faces(request.pk).filter(photo=photo)
    ]
