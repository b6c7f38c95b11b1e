"""Own templates beside what the engine found: in the same pictures, and where there is no picture."""

from collections.abc import Collection, Iterable

from django.db.models import QuerySet

from matching import spaces
from matching.engine import Box, overlap
from matching.keys import SAME, box_of
from matching.models import Face, Photo, PhotoStatus
from matching.reading import Reading


def beside(keys: Iterable[int]) -> list[int]:
    """Keys of what other engines or spaces hold of the same faces: in each, the one that overlaps most, if by half."""
    if not spaces.names():
        return []
    faces = list(Face.objects.filter(pk__in=list(keys)).defer("template"))
    in_photo: dict[int, list[Face]] = {}
    for face in Face.objects.filter(photo__in={face.photo_id for face in faces}).defer("template").order_by("pk"):
        in_photo.setdefault(face.photo_id, []).append(face)
    found = set[int]()
    for face in faces:
        nearest: dict[str, tuple[float, int]] = {}
        for other in in_photo[face.photo_id]:
            share = overlap(box_of(face), box_of(other))
            if other.engine != face.engine and share >= SAME:
                nearest[other.engine] = max(nearest.get(other.engine, (0.0, 0)), (share, other.pk))
        found |= {key for _share, key in nearest.values()}
    return sorted(found - {face.pk for face in faces})


def follow(before: Photo, photo: Photo, reading: Reading) -> int:
    """Delete the own templates of a photo that are not right any more, now that it was read anew; how many those were.

    Args:
        before: the photo's row as it was.
    """
    kept, dropped = _that_stay(before, reading, photo.status)
    photo.faces.filter(engine__in=spaces.names()).exclude(pk__in=kept).delete()
    return dropped


def _that_stay(before: Photo, reading: Reading, status: str) -> tuple[list[int], int]:
    """Keys of own templates that are still right once a file was read anew, and the number of those that are not.

    A template belongs to the bytes that it was made from. Where only templates were held and the picture has come, it
    is the one unless its SHA-256 says otherwise; what cannot be located in it is imported again with a box.
    """
    own = list(before.faces.filter(engine__in=spaces.names()).defer("template").order_by("pk"))
    if status != PhotoStatus.READ:  # Erased before, or there is no picture to see them in.
        return [], len(own)
    if before.is_held:
        return ([face.pk for face in own], 0) if before.sha256 == reading.sha256 else ([], len(own))
    if before.sha256 not in ("", reading.sha256):
        return [], len(own)
    kept = [face.pk for face in own if _located(face, reading)]
    return kept, len(own) - len(kept)


def _located(face: Face, reading: Reading) -> bool:
    box = placed(box_of(face), reading.width, reading.height, [found.box for found in reading.faces])
    if box is None:
        return False
    face.left, face.top, face.right, face.bottom = box
    face.save(update_fields=["left", "top", "right", "bottom"])
    return True


def placed(box: Box, width: int, height: int, found: Collection[Box]) -> Box | None:
    """The box within a picture; without one (all zero), that of the only face found. None if there is none."""
    if box == (0, 0, 0, 0):
        return next(iter(found)) if len(found) == 1 else None
    inside = Box(max(0, box.left), max(0, box.top), min(width, box.right), min(height, box.bottom))
    return inside if inside.left < inside.right and inside.top < inside.bottom else None


def forget(photos: QuerySet[Photo]) -> None:
    """Delete photos whose file is gone. Where own templates of one are held, they stay, without the picture."""
    own = Face.objects.filter(engine__in=spaces.names(), photo__in=photos)
    bare = list(photos.filter(pk__in=own.values("photo")).values_list("pk", flat=True))
    photos.exclude(pk__in=bare).delete()
    left = Photo.objects.filter(pk__in=bare).exclude(status=PhotoStatus.TEMPLATE)
    Face.objects.filter(photo__in=left).exclude(engine__in=spaces.names()).delete()
    left.update(status=PhotoStatus.TEMPLATE, version="", size=0, width=0, height=0, face_count=0, engine="", format="")
