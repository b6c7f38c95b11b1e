"""Reading and writing pictures. Everything read here is hostile until it was decoded within limits.

The order is always: bytes are counted, the format is told from the content, the number of pixels is read from the
header, and only then is anything decoded. What goes out again is encoded anew and carries no metadata.
"""

import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from django.utils import timezone
from PIL import ExifTags, Image, ImageOps

from matching import decoder
from matching.decoding import ImageProblem, flat, opened, problems_told
from matching.engine import Box

__all__ = [
    "ImageProblem", "Picture", "Pixels", "as_jpeg", "clean_upload", "encode", "grown", "obscure", "read_picture",
]  # fmt: skip

Pixels = npt.NDArray[np.uint8]
"""Shape (height, width, 3), RGB, upright."""

UPLOAD_SIDE: Final = 2000


@dataclass(frozen=True)
class Picture:
    """A decoded picture. `pixels` is uint8 (height, width, 3), RGB, turned upright."""

    pixels: Pixels
    format: str
    taken_at: datetime | None
    metadata: dict[str, Any] = field(default_factory=dict)


def read_picture(data: bytes, *, max_bytes: int, max_pixels: int) -> Picture:
    """Decode a still picture of a supported format within limits.

    Raises:
        ImageProblem: says by its code what was wrong.
    """
    image = opened(data, max_bytes=max_bytes, max_pixels=max_pixels)
    with problems_told():
        exif = image.getexif()
        taken_at, metadata = _taken_at(exif), _metadata(exif)
        ImageOps.exif_transpose(image, in_place=True)  # At 60 megapixels each copy is a quarter of a gigabyte.
        pixels = np.asarray(flat(image), dtype=np.uint8)
    return Picture(
        pixels=pixels,
        format="JPEG" if image.format == "MPO" else str(image.format),
        taken_at=taken_at,
        metadata=metadata,
    )


def _taken_at(exif: Image.Exif) -> datetime | None:
    """EXIF DateTimeOriginal with its offset; without an offset, the local time of the installation."""
    details = exif.get_ifd(ExifTags.IFD.Exif)
    written = details.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime)
    if not isinstance(written, str):
        return None
    offset = details.get(ExifTags.Base.OffsetTimeOriginal)
    try:
        if isinstance(offset, str) and offset.strip():
            return datetime.strptime(f"{written.strip()} {offset.strip()}", "%Y:%m:%d %H:%M:%S %z")
        naive = datetime.strptime(written.strip("\x00 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - made aware below
        return timezone.make_aware(naive)
    except (ValueError, OverflowError):
        return None  # A camera's nonsense ("0000:00:00") is no date.


_KEPT_TAGS: Final = ("Make", "Model", "Software", "Artist", "Copyright", "ImageDescription")


def _metadata(exif: Image.Exif) -> dict[str, Any]:
    """The EXIF fields that say something of the picture or of the person, as JSON."""
    kept: dict[str, Any] = {}
    for name in _KEPT_TAGS:
        value = exif.get(getattr(ExifTags.Base, name))
        if isinstance(value, str) and value.strip("\x00 "):
            kept[name.lower()] = value.strip("\x00 ")[:500]
    position = _position(exif.get_ifd(ExifTags.IFD.GPSInfo))
    if position:
        kept["gps"] = position
    return kept


def _position(gps: dict[int, Any]) -> dict[str, float]:
    """Latitude and longitude in degrees, empty where the tag is absent or nonsense."""
    result = {}
    pairs = {"latitude": (ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, "S"),
             "longitude": (ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, "W")}  # fmt: skip
    for name, (tag, reference, negative) in pairs.items():
        try:
            degrees, minutes, seconds = (float(part) for part in gps[tag])
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            return {}
        value = degrees + minutes / 60 + seconds / 3600
        if not np.isfinite(value):
            return {}
        result[name] = round(-value if gps.get(reference) == negative else value, 6)
    return result


def _reduced(image: Image.Image, max_side: int | None) -> Image.Image:
    if max_side is not None and max(image.size) > max_side:
        image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return image


def as_jpeg(pixels: Pixels, *, max_side: int | None = None, quality: int = 90) -> bytes:
    """A JPEG of the pixels, reduced to at most `max_side` on its longer side, without any metadata."""
    buffer = io.BytesIO()
    _reduced(Image.fromarray(pixels), max_side).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def encode(pixels: Pixels, *, format: str, taken_at: datetime | None) -> bytes:
    """The pixels in the format they came in, keeping nothing of the old file but the capture date.

    Thumbnails inside EXIF would still show what was obscured, so the whole EXIF block is made anew.
    """
    exif = Image.Exif()
    if taken_at is not None:
        details = exif.get_ifd(ExifTags.IFD.Exif)
        details[ExifTags.Base.DateTimeOriginal] = taken_at.strftime("%Y:%m:%d %H:%M:%S")
        zone = taken_at.strftime("%z")
        if zone:
            details[ExifTags.Base.OffsetTimeOriginal] = f"{zone[:3]}:{zone[3:5]}"
    buffer = io.BytesIO()
    options: dict[str, Any] = {"quality": 95} if format in ("JPEG", "WEBP", "HEIF") else {}
    Image.fromarray(pixels).save(buffer, format, exif=exif.tobytes(), **options)
    return buffer.getvalue()


def clean_upload(data: bytes) -> bytes:
    """An upload as a JPEG of at most 2000 pixels a side, without metadata. It is decoded in a process of its own.

    Raises:
        ImageProblem: the file is not acceptable.
            As "busy" where too many are sent at once; the same file can be sent again.
    """
    return as_jpeg(decoder.decode(data, side=UPLOAD_SIDE), quality=92)


def grown(box: Box, margin: float, height: int, width: int) -> Box:
    """The box with `margin` of its size added on every side, within the picture."""
    dx, dy = round((box.right - box.left) * margin), round((box.bottom - box.top) * margin)
    return Box(max(0, box.left - dx), max(0, box.top - dy), min(width, box.right + dx), min(height, box.bottom + dy))


def obscure(pixels: Pixels, boxes: Iterable[Box], *, margin: float = 0.25) -> Pixels:
    """A copy in which each box, grown by `margin`, is one flat grey.

    Blurring and mosaics can be undone in part; a flat colour that does not depend on what was there cannot.
    """
    result = pixels.copy()
    height, width = pixels.shape[:2]
    for box in boxes:
        area = grown(box, margin, height, width)
        result[area.top : area.bottom, area.left : area.right] = 128
    return result


def is_flat(pixels: Pixels, box: Box) -> bool:
    """Whether the region shows nothing: one colour, but for the ringing of lossy formats at its edge."""
    height, width = pixels.shape[:2]
    area = grown(box, 0.0, height, width)
    region = pixels[area.top : area.bottom, area.left : area.right].astype(np.int16)
    return region.size == 0 or int(np.abs(region - 128).max()) <= 24
