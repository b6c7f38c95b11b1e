"""What a finished answer is seen to tell: read off the document itself, against what is held."""

from collections.abc import Mapping, Set
from typing import Any

from matching import reviews
from matching.models import Photo
from portal.answers.facts import photos_of
from portal.models import Recipient
from rights.models import RightsRequest


def told(request: RightsRequest, document: Mapping[str, Any], files: Set[str]) -> set[str]:
    """Keys of `rights.law.answer.TOLD` that the document tells.

    Args:
        document: `data.json`, before it is written.
        files: names of the files in the archive.
    """
    # Not by the hash alone: the same file often lies in a collection under several names, and each is told of.
    pictures = {tuple(each[name] for name in IDENTITY): each for each in document["pictures"]}
    held = [(photo, pictures.get((photo.source.name, photo.path, photo.sha256))) for photo in photos_of(request)]
    photos = [photo for photo, _picture in held]
    found = {
        "recipients_named": _recipients_are_named(photos, document),
        "sources": all(_says(picture, photo, SOURCES) for photo, picture in held),
        "metadata": all(_says(picture, photo, METADATA) for photo, picture in held),
        "templates": sum(map(_templates, document["pictures"])) == _faces(request, photos),
        "pictures": all(picture["withheld"] or picture["file"] in files for picture in document["pictures"]),
    }
    return {key for key, said in found.items() if said}


IDENTITY = ("collection", "stored_as", "sha256_of_the_original")
SOURCES = {"collection": lambda photo: photo.source.name, "source_url": lambda photo: photo.source_url or None}
METADATA = {
    "stored_as": lambda photo: photo.path,
    "bytes": lambda photo: photo.size,
    "width": lambda photo: photo.width,
    "height": lambda photo: photo.height,
    "metadata": lambda photo: photo.metadata,
}


def _says(picture: Mapping[str, Any] | None, photo: Photo, parts: Mapping[str, Any]) -> bool:
    return picture is not None and all(name in picture and picture[name] == of(photo) for name, of in parts.items())


def _templates(picture: Mapping[str, Any]) -> int:
    return sum(bool(face["template"]) for face in picture["faces_of_you"])


def _faces(request: RightsRequest, held: list[Photo]) -> int:
    return reviews.accepted_faces(request.pk).filter(photo__in=held).count()


def _recipients_are_named(held: list[Photo], document: Mapping[str, Any]) -> bool:
    shown = Recipient.objects.filter(sources__in={photo.source_id for photo in held}).distinct()
    return {recipient.name for recipient in shown} <= {recipient["name"] for recipient in document["recipients"]}
