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
    pictures = {_key(picture): picture for picture in document["pictures"]}
    held = list(photos_of(request))
    found = {
        "recipients_named": _recipients_are_named(held, document),
        "sources": all(_says(pictures.get(_key_of(photo)), photo, SOURCES) for photo in held),
        "metadata": all(_says(pictures.get(_key_of(photo)), photo, METADATA) for photo in held),
        "templates": sum(map(_templates, document["pictures"])) == _faces(request, held),
        "pictures": all(_is_given(photo, pictures.get(_key_of(photo)), files) for photo in held),
    }
    return {key for key, said in found.items() if said}


Key = tuple[object, ...]


def _key(picture: Mapping[str, Any]) -> Key:
    """A file may be held twice, and of a template without a picture no file is known."""
    return picture["collection"], picture["stored_as"], picture["sha256_of_the_original"]


def _key_of(photo: Photo) -> Key:
    return photo.source.name, photo.path, photo.sha256 or None


def _is_given(photo: Photo, picture: Mapping[str, Any] | None, files: Set[str]) -> bool:
    """Whether the copy is in the archive, or may be missing there."""
    return picture is not None and (picture["withheld"] or not photo.is_held or picture["file"] in files)


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
