"""The archive that answers an access claim: letter, data, and the pictures with other people's faces obscured.

It is made in memory piece by piece and sealed as it is made; nothing readable is ever on disk.
"""

import hashlib
import io
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from matching import images, sources
from matching.engine import Box, get_engine, overlap
from matching.models import Face, Photo, PhotoStatus
from portal import vault
from portal.answers import data
from portal.answers.facts import photos_of
from portal.answers.letter import letter
from portal.answers.scope import by_photo, granted_faces, withheld_photos
from portal.answers.told import told
from portal.models import Answer
from rights.models import Right, RightsRequest

DOUBTFUL = -0.55
"""Detection threshold for what is obscured: below dlib's customary 0, so that faces too doubtful to be indexed are
hidden too. Measured on the 40 heads in full profile of the demonstration: 11 are seen at 0, 30 at -0.3, 36 at -0.55.
Hiding a knee or a leaf by mistake, as happens less than once a picture, harms nobody; lower it would be several.
What the detector does not see at all stays as it is."""
OWN = 0.5
"""Share of the smaller box from which a doubtful detection is the person's own face seen again: dlib sees an eye or a
chin as a small face of its own. A stranger's face that lay there would cover the person's."""
MARGIN = 0.35
LARGEST_TO_LOOK_INTO = 64 * 1024 * 1024
"""Bytes of an archive that a page opens in memory; a larger one is downloaded."""


def path_of(request: RightsRequest) -> Path:
    """Where the sealed archive of a request lies."""
    return Path(settings.ANSWERS_DIR) / f"{request.pk}.sealed"


def build(*, request: RightsRequest) -> Answer:
    """Build the archive and its row; a finished one is left as it is.

    Raises:
        matching.sources.SourceUnreachable: a picture cannot be read now; nothing was written.
        FileNotFoundError, PictureChanged: a picture that was found is gone from its source, or is another one now.
        vault.Destroyed: the request's evidence was destroyed.
    """
    done = Answer.objects.filter(request=request).first()
    if done is not None and done.tells and path_of(request).exists():
        return done
    digest, tells = Digest(), set[str]()
    vault.seal_file(request, digest.over(_zip(request, tells)), path_of(request))
    with transaction.atomic():
        held = photos_of(request).exclude(status=PhotoStatus.TEMPLATE)
        granted = held.exclude(pk__in=withheld_photos(request, Right.ACCESS)).count()
        answer, _created = Answer.objects.update_or_create(
            request=request,
            defaults={
                "size": digest.size,
                "sha256": digest.hexdigest(),
                "photos": granted,
                "tells": sorted(tells),
                "built_at": timezone.now(),
            },
        )
    return answer


def stream(answer: Answer) -> Iterator[bytes]:
    """The archive, opened chunk by chunk. Raises: vault.Destroyed, vault.VaultError, FileNotFoundError."""
    return vault.unseal_file(answer.request, path_of(answer.request))


def to_look_into(answer: Answer) -> zipfile.ZipFile:
    """The archive in memory; whoever calls has seen that it is at most `LARGEST_TO_LOOK_INTO`. Raises: as `stream`."""
    return zipfile.ZipFile(io.BytesIO(b"".join(stream(answer))))


def files() -> list[Path]:
    """Every file of an answer, whole or not; its name begins with the request's id."""
    return sorted(Path(settings.ANSWERS_DIR).glob("*.sealed*"))


def destroy(*, request: RightsRequest) -> None:
    """Delete the sealed file, and what an interrupted build may have left of it."""
    folder = Path(settings.ANSWERS_DIR)
    for path in folder.glob(f"{request.pk}.sealed*"):
        path.unlink(missing_ok=True)


class PictureChanged(Exception):  # noqa: N818 - what it says
    """The file in the source is not the one that was searched: import it again, and search again."""


class Digest:
    """Size and SHA-256 of what flows through."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self.size = 0

    def over(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._sha256.update(chunk)
            self.size += len(chunk)
            yield chunk

    def hexdigest(self) -> str:
        return self._sha256.hexdigest()


class _Drain(io.RawIOBase):
    """A file that is only ever written to, and emptied in between: `zipfile` streams into it."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._position = 0

    def writable(self) -> bool:
        return True

    def write(self, chunk: object) -> int:
        piece = bytes(chunk)  # type: ignore[call-overload]
        self._buffer += piece
        self._position += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._position

    def take(self) -> bytes:
        taken = bytes(self._buffer)
        self._buffer.clear()
        return taken


def _zip(request: RightsRequest, tells: set[str]) -> Iterator[bytes]:
    """The bytes of the archive, file by file. Names are ours; none comes from the collection.

    Args:
        tells: what the document was seen to tell is added to it.
    """
    drain = _Drain()
    names: dict[int, str] = {}
    granted = by_photo(granted_faces(request, Right.ACCESS))
    with zipfile.ZipFile(drain, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, photo in enumerate(photos_of(request), start=1):
            if photo.pk not in granted or not photo.is_held:
                continue
            names[photo.pk] = _name(number, photo)
            archive.writestr(names[photo.pk], copy_of(photo, granted[photo.pk]), compresslevel=1)
            yield drain.take()
        document = data.document(request, names)
        tells |= told(request, document, set(archive.namelist()))
        archive.writestr("data.json", data.as_json(document))
        archive.writestr("letter.pdf", letter(request=request))
        with translation.override(request.language):
            archive.writestr("README.txt", _readme(bool(names)))
        yield drain.take()
    yield drain.take()


def _name(number: int, photo: Photo) -> str:
    taken = f"-{timezone.localtime(photo.taken_at):%Y-%m-%d}" if photo.taken_at else ""
    return f"pictures/{number:03d}{taken}.jpg"


def copy_of(photo: Photo, own_faces: Collection[Face]) -> bytes:
    """The photo as a JPEG in which every face but the person's own is obscured beyond recovery.

    Raises:
        matching.sources.SourceUnreachable, FileNotFoundError.
        PictureChanged: the boxes we know would uncover somebody else.
    """
    raw = sources.read_object(photo.source, photo.path)
    if hashlib.sha256(raw).hexdigest() != photo.sha256:
        raise PictureChanged("A picture changed after it was searched.")
    pixels = images.read_picture(raw, max_bytes=len(raw), max_pixels=settings.IMAGE_MAX_PIXELS).pixels
    own = [Box(face.left, face.top, face.right, face.bottom) for face in own_faces]
    others = photo.faces.exclude(pk__in=[face.pk for face in own_faces])
    hidden = [Box(face.left, face.top, face.right, face.bottom) for face in others]
    for box, _score in get_engine().detect(pixels, threshold=DOUBTFUL):
        if not any(overlap(box, mine) >= OWN for mine in own):
            hidden.append(box)
    obscured = images.obscure(pixels, hidden, margin=MARGIN)
    for box in own:  # A neighbour's margin must not cut into the person's own face.
        obscured[box.top : box.bottom, box.left : box.right] = _own_pixels(pixels, box, hidden)
    return images.as_jpeg(obscured, quality=92)


def _own_pixels(pixels: images.Pixels, box: Box, hidden: list[Box]) -> images.Pixels:
    """The person's own face, without what of it belongs to somebody else's box."""
    bare = images.obscure(pixels, hidden, margin=0.0)
    return bare[box.top : box.bottom, box.left : box.right]


def _readme(with_pictures: bool) -> str:
    lines = [_("letter.pdf: our answer to your request.")]
    if with_pictures:
        lines.append(_("pictures: the pictures that show you; other people's faces are obscured."))
    lines += [_("data.json: everything stored about them, to be read by a machine."), ""]
    return "\n".join(lines)
