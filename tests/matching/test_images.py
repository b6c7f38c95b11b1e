"""Pictures are read within limits, turned upright, and leave without metadata."""

import io
import struct
import zlib
from contextlib import suppress
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from matching import decoding, images, reading
from matching.engine import Box
from matching.images import ImageProblem
from matching.models import PhotoProblem

LIMITS = {"max_bytes": 5_000_000, "max_pixels": 1_000_000}


def picture(width: int = 60, height: int = 40) -> Image.Image:
    """Red on the left, blue on the right."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = 255
    pixels[:, width // 2 :, 2] = 255
    return Image.fromarray(pixels)


def saved(image: Image.Image, format: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def code_of(data: bytes, **limits: int) -> str:
    with pytest.raises(ImageProblem) as problem:
        images.read_picture(data, **(LIMITS | limits))
    return problem.value.code


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF"])
def test_each_supported_format_is_read(format: str) -> None:
    found = images.read_picture(saved(picture(), format), **LIMITS)
    assert found.format == format
    assert found.pixels.shape == (40, 60, 3)
    assert found.pixels[20, 5, 0] > 200
    assert found.pixels[20, 55, 2] > 200


def test_a_picture_is_turned_upright_by_its_orientation() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # The camera was turned: the top of the scene is at the right.
    found = images.read_picture(saved(picture(), exif=exif.tobytes()), **LIMITS)
    assert found.pixels.shape == (60, 40, 3)
    assert found.pixels[5, 20, 0] > 200


def test_date_place_and_camera_are_read_from_the_picture() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Lumiere"
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = "2012:05:06 07:08:09"
    details[ExifTags.Base.OffsetTimeOriginal] = "+02:00"
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitude], place[ExifTags.GPS.GPSLatitudeRef] = (48.0, 30.0, 0.0), "N"
    place[ExifTags.GPS.GPSLongitude], place[ExifTags.GPS.GPSLongitudeRef] = (2.0, 15.0, 0.0), "W"
    found = images.read_picture(saved(picture(), exif=exif.tobytes()), **LIMITS)
    assert found.taken_at == datetime(2012, 5, 6, 5, 8, 9, tzinfo=UTC)
    assert found.metadata == {"make": "Lumiere", "gps": {"latitude": 48.5, "longitude": -2.25}}


def test_a_camera_s_nonsense_is_no_date() -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "0000:00:00 00:00:00"
    assert images.read_picture(saved(picture(), exif=exif.tobytes()), **LIMITS).taken_at is None


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG whose header says it is huge, and which holds almost nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_what_is_wrong_with_a_file_is_said_by_a_code() -> None:
    good = saved(picture())
    assert code_of(b"") == "empty"
    assert code_of(good, max_bytes=100) == "file_too_large"
    assert code_of(good, max_pixels=100) == "too_many_pixels"
    assert code_of(png_that_claims(60_000, 60_000)) == "too_many_pixels"
    assert code_of(b"<svg onload='alert(1)'/>") == "not_an_image"
    assert code_of(b"%PDF-1.7 not a picture") == "not_an_image"
    assert code_of(saved(picture(), "BMP")) == "format_not_supported"
    assert code_of(good[: len(good) // 2]) == "damaged"
    frames = [picture(), picture(30, 20).resize((60, 40))]
    assert code_of(saved(frames[0], "PNG", save_all=True, append_images=frames[1:])) == "animated"
    assert code_of(saved(frames[0], "WEBP", save_all=True, append_images=frames[1:])) == "animated"
    assert code_of(saved(frames[0], "TIFF", save_all=True, append_images=frames[1:])) == "animated"


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow tells of a damaged EXIF block and reads on.
@given(st.binary(max_size=300), st.sampled_from(["JPEG", "PNG", "WEBP", "TIFF", "HEIF"]), st.integers(0, 400))
def test_rubbish_anywhere_in_a_file_is_a_problem_or_a_picture_never_a_crash(
    rubbish: bytes, format: str, position: int
) -> None:
    data = saved(picture(), format)
    broken = data[:position] + rubbish + data[position + len(rubbish) :]
    with suppress(ImageProblem):
        assert images.read_picture(broken, **LIMITS).pixels.ndim == 3


def test_an_upload_leaves_without_its_metadata_and_without_what_was_hidden_behind_it(
    settings: object,
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = "taken at home"
    polyglot = saved(picture(3000, 500), exif=exif.tobytes()) + b"<script>alert(1)</script>PK\x03\x04"
    cleaned = images.clean_upload(polyglot)
    assert b"script" not in cleaned
    assert b"taken at home" not in cleaned
    with Image.open(io.BytesIO(cleaned)) as image:
        assert image.size == (2000, 333)
        assert not image.getexif()


@given(
    left=st.integers(-10, 59), top=st.integers(-10, 39), width=st.integers(1, 80), height=st.integers(1, 60),
    seed=st.integers(0, 1000),
)  # fmt: skip
def test_what_is_obscured_does_not_depend_on_what_was_there(
    left: int, top: int, width: int, height: int, seed: int
) -> None:
    box = Box(left, top, left + width, top + height)
    draw = np.random.default_rng(seed)
    one = draw.integers(0, 256, (40, 60, 3), dtype=np.uint8)
    other = one.copy()
    inside = other[max(0, top) : max(0, top + height), max(0, left) : max(0, left + width)]
    inside[...] = draw.integers(0, 256, inside.shape, dtype=np.uint8)
    assert (images.obscure(one, [box]) == images.obscure(other, [box])).all()


def test_what_lies_outside_stays_as_it_was() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (100, 100, 3), dtype=np.uint8)
    result = images.obscure(pixels, [Box(40, 40, 60, 60)], margin=0.25)
    assert (result[:35] == pixels[:35]).all()
    assert (result[35:65, 35:65] == 128).all()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF"])
def test_an_object_is_written_anew_with_its_date_and_nothing_else(format: str) -> None:
    taken = datetime(2015, 1, 2, 3, 4, 5, tzinfo=UTC)
    data = images.encode(np.asarray(picture()), format=format, taken_at=taken)
    found = images.read_picture(data, **LIMITS)
    assert (found.format, found.taken_at, found.metadata) == (format, taken, {})


def test_every_problem_of_a_file_has_words() -> None:
    written = decoding.CODES | {reading.READER_DIED, reading.REFUSED, reading.UNNAMEABLE}
    assert set(PhotoProblem.values) == written
