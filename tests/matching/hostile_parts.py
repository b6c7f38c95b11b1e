"""What hostile files are made of: small pictures, pieces of formats, and things to hide in them."""

import gzip
import io
import struct
import tarfile
import zipfile
import zlib
from functools import cache
from typing import Any, Final

import numpy as np
from PIL import ExifTags, Image

MARK: Final = b"MARK-OF-WHAT-WAS-HIDDEN"
TEXT: Final = MARK.decode()


def saved(image: Image.Image, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def noise(seed: int, width: int = 40, height: int = 30) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


@cache
def good(format: str) -> bytes:
    return saved(noise(1), format)


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


def box(kind: bytes, body: bytes, size: int | None = None) -> bytes:
    """A box of a HEIF file; `size` lies about it."""
    return struct.pack(">I", (len(body) + 8 if size is None else size) & 0xFFFFFFFF) + kind + body


def secrets() -> bytes:
    """An EXIF block that says where somebody lives."""
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = exif[ExifTags.Base.Artist] = TEXT
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = MARK
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitude], place[ExifTags.GPS.GPSLatitudeRef] = (48.0, 30.0, 0.0), "N"
    place[ExifTags.GPS.GPSLongitude], place[ExifTags.GPS.GPSLongitudeRef] = (2.0, 15.0, 0.0), "E"
    place[ExifTags.GPS.GPSAreaInformation] = MARK
    return exif.tobytes()


def archived(*, depth: int = 0, kind: str = "zip") -> bytes:
    """An archive within an archive within..."""
    inner = MARK if depth == 0 else archived(depth=depth - 1, kind=kind)
    buffer = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo("me.jpg" if depth == 0 else "inner.zip"), inner)
    else:
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            entry = tarfile.TarInfo("../../me.jpg")
            entry.size = len(inner)
            tar.addfile(entry, io.BytesIO(inner))
        return gzip.compress(buffer.getvalue(), mtime=0)
    return buffer.getvalue()


def tails() -> tuple[bytes, ...]:
    return (
        archived(), archived(depth=3), b"<html><script>alert('" + MARK + b"')</script></html>",
        b"%PDF-1.7\n1 0 obj<</OpenAction" + MARK + b">>endobj\ntrailer<<>>\n%%EOF", b"/*" + MARK + b"*/=1;alert(1)//",
        b"<?php system('" + MARK + b"'); ?>", b"\x7fELF\x02\x01\x01" + MARK, b"MZ\x90\0" + MARK, b"#!/bin/sh\n" + MARK,
        saved(noise(2), "GIF") + MARK, good("PNG") + MARK, MARK * 2000,
    )  # fmt: skip


def entry_of(tiff: bytes, tag: int) -> int:
    """Where the first entry of a tag begins in a little-endian TIFF's directory."""
    directory = struct.unpack_from("<I", tiff, 4)[0] + 2
    entries = struct.unpack_from("<H", tiff, directory - 2)[0]
    for start in range(directory, directory + 12 * entries, 12):
        if struct.unpack_from("<H", tiff, start)[0] == tag:
            return start
    raise ValueError(tag)


def patched(format: str, width: int, height: int) -> bytes:
    """A small picture whose header says that it is large."""
    data = bytearray(good(format))
    if format == "PNG":
        return png(width, height, chunk(b"IDAT", zlib.compress(b"\0" * 1000)))
    if format == "JPEG":
        start = data.index(b"\xff\xc0") + 5
        data[start : start + 4] = struct.pack(">HH", min(height, 65_535), min(width, 65_535))
    elif format == "WEBP":
        body = b"\0\0\0\0" + (min(width, 1 << 24) - 1).to_bytes(3, "little")
        extended = b"VP8X" + struct.pack("<I", 10) + body + (min(height, 1 << 24) - 1).to_bytes(3, "little")
        data[12:12] = extended
        data[4:8] = struct.pack("<I", len(data) - 8)
    elif format == "TIFF":
        for tag, value in ((256, width), (257, height)):
            start = entry_of(bytes(data), tag)
            data[start : start + 12] = struct.pack("<HHII", tag, 4, 1, value)
    else:
        start = bytes(data).index(b"ispe") + 8
        data[start : start + 8] = struct.pack(">II", width, height)
    return bytes(data)


def converted(image: Image.Image, mode: str) -> Image.Image:
    """The picture in a mode; LAB has no way from RGB without a profile, so its bytes are taken as they are."""
    if mode == "LAB":
        return Image.frombytes("LAB", image.size, image.tobytes())
    return image.convert("L").convert(mode) if mode in ("I", "F", "LA") else image.convert(mode)
