"""From the bytes of a picture to its pixels, within limits that are checked before anything is decoded.

No Django and no numpy here: the process that decodes what strangers send (`matching.decoder_process`) loads little
else, and so starts quickly.
"""

import codecs
import io
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from PIL import (
    Image,
    ImageCms,
    ImageOps,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from pillow_heif import register_heif_opener

from matching import limits

# A process that can open no file any more (`limits.confine_process`) loads no module either: all it may need is here.
_PLUGINS: Final = (ImageCms, JpegImagePlugin, MpoImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin)
_CODECS: Final = tuple(
    codecs.lookup(name) for name in ("ascii", "latin-1", "utf-8", "utf-16", "utf-16-be", "utf-16-le")
)
Image.preinit()
register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)

Image.MAX_IMAGE_PIXELS = None
"""Pillow's own guess at what is too large. `opened` asks the header itself, before anything is decoded."""

DECODER_ERRORS: Final = (
    OSError, SyntaxError, ValueError, EOFError, struct.error, IndexError, TypeError, KeyError, AttributeError,
    ArithmeticError, RuntimeError, AssertionError,
)  # fmt: skip
"""What Pillow and its plug-ins raise on damaged files: they parse untrusted structures with plain Python; libheif
speaks of its limits in RuntimeError."""


class ImageProblem(Exception):  # noqa: N818 - the field's word for it; shown to people as a sentence
    """A file that cannot be taken as a picture.

    Attributes:
        code: one of `CODES`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


CODES: Final = frozenset(
    {
        "empty",
        "file_too_large",
        "too_many_pixels",
        "not_an_image",
        "format_not_supported",
        "animated",  # Several pictures in one file.
        "damaged",
        "too_costly",  # Decoding took more memory or time than a picture may, or ended otherwise than in an answer.
        "busy",  # As many uploads as may be are being decoded: the same file can be sent again in a moment.
    }
)


def kind_of(data: bytes) -> str:
    """The format (one of `limits.FORMATS`) that the first bytes speak of; no name and no declared type is asked.

    Raises:
        ImageProblem: empty, not_an_image, format_not_supported or animated.
    """
    if not data:
        raise ImageProblem("empty")
    kind = next((name for name, signature in limits.SIGNATURES if signature.match(data)), "")
    if kind not in limits.FORMATS:
        raise ImageProblem({"sequence": "animated", "other": "format_not_supported"}.get(kind, "not_an_image"))
    return kind


@contextmanager
def problems_told() -> Iterator[None]:
    """Whatever a decoder raises becomes an `ImageProblem`."""
    try:
        yield
    except MemoryError as error:
        raise ImageProblem("too_costly") from error
    except DECODER_ERRORS as error:
        raise ImageProblem("damaged") from error


def opened(data: bytes, *, max_bytes: int, max_pixels: int) -> Image.Image:
    """The picture with its header read and nothing decoded.

    Raises:
        ImageProblem: says by its code what was wrong.
    """
    if len(data) > max_bytes:
        raise ImageProblem("file_too_large")
    kind = kind_of(data)
    if kind == "WEBP" and _canvas(data) > max_pixels:
        raise ImageProblem("too_many_pixels")
    if kind == "JPEG" and scans_of(data) > limits.MOST_SCANS:
        raise ImageProblem("too_costly")
    with problems_told():
        image = Image.open(io.BytesIO(data), formats=(kind,))
        # A JPEG of a telephone may carry a second, derived picture (MPO), a HEIF file too; the first is the photo.
        several = kind in ("PNG", "WEBP", "TIFF") and getattr(image, "n_frames", 1) > limits.MOST_FRAMES
    if several:
        raise ImageProblem("animated")
    pixels = max(image.width * image.height, _area_at_once(image))
    if pixels > max_pixels or max(image.size) > limits.LONGEST_SIDE:
        raise ImageProblem("too_many_pixels")
    return image


def _canvas(webp: bytes) -> int:
    """Pixels of a WebP's canvas, for which Pillow makes room when it opens the file (RFC 9649, section 2).

    0 if its first chunk is none that begins a picture; then Pillow refuses it.
    """
    chunk, header = webp[12:16], webp[20:30].ljust(10, b"\0")
    if chunk == b"VP8X":
        return (int.from_bytes(header[4:7], "little") + 1) * (int.from_bytes(header[7:10], "little") + 1)
    if chunk == b"VP8L":
        bits = int.from_bytes(header[1:5], "little")
        return ((bits & 0x3FFF) + 1) * ((bits >> 14 & 0x3FFF) + 1)
    if chunk == b"VP8 ":
        return (int.from_bytes(header[6:8], "little") & 0x3FFF) * (int.from_bytes(header[8:10], "little") & 0x3FFF)
    return 0


def _area_at_once(image: Image.Image) -> int:
    """Pixels of one tile of a TIFF, which is decoded whole however small the picture says it is."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return 0
    with problems_told():
        return int(image.tag_v2.get(TiffImagePlugin.TILEWIDTH, 0)) * int(
            image.tag_v2.get(TiffImagePlugin.TILELENGTH, 0)
        )


_MARKER: Final = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
"""A JPEG marker. Within compressed data FF is followed by 00 or by a restart marker, which have no length."""


def scans_of(jpeg: bytes) -> int:
    """How many scans a JPEG has before its end, read without decoding them (ITU-T T.81, B.1 and B.2).

    Further pictures behind the end are not counted.
    """
    scans, position = 0, 2
    while found := _MARKER.search(jpeg, position):
        marker, position = found.group(1)[0], found.end()
        if marker == 0xD9:  # EOI
            break
        scans += marker == 0xDA  # SOS
        position += int.from_bytes(jpeg[position : position + 2])
    return scans


def flat(image: Image.Image) -> Image.Image:
    """RGB; what was transparent becomes white, 16-bit grey is scaled instead of clipped. `info` is kept."""
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value * (1 / 257) + 0.5).convert("L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGB", rgba.size, (255, 255, 255))
        white.paste(rgba, mask=rgba.getchannel("A"))
        white.info = {key: value for key, value in image.info.items() if key != "transparency"}
        return white
    return image if image.mode == "RGB" else image.convert("RGB")


def reduced(data: bytes, *, max_bytes: int, max_pixels: int, side: int) -> Image.Image:
    """The picture in RGB, upright, at most `side` pixels long. It is made small before it is turned: less memory.

    Raises:
        ImageProblem: says by its code what was wrong.
    """
    image = opened(data, max_bytes=max_bytes, max_pixels=max_pixels)
    with problems_told():
        image.draft("RGB", (2 * side, 2 * side))  # A large JPEG is decoded at a half, a quarter or an eighth.
        image.load()
        # What a decoder found may be larger than what the header said.
        if image.width * image.height > max_pixels:
            raise ImageProblem("too_many_pixels")
        image = flat(image)
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        return ImageOps.exif_transpose(image)
