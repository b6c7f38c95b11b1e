"""Files that nobody means well by, made from a seed: what each is, and what may become of it.

`everything` makes them all, the same ones each time. A file carries `MARK` wherever something could hide, so that what
comes out can be searched for it.
"""

import random
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from PIL import Image, PngImagePlugin

from tests.matching.hostile_parts import (
    MARK,
    TEXT,
    archived,
    box,
    chunk,
    converted,
    entry_of,
    good,
    noise,
    patched,
    png,
    saved,
    secrets,
    tails,
)  # fmt: skip

FORMATS: Final = ("JPEG", "PNG", "WEBP", "TIFF", "HEIF")
TAKEN: Final = "taken"
BROKEN: Final = frozenset({"damaged", "not_an_image", "format_not_supported", "animated", "too_many_pixels", TAKEN})
"""What may become of a file that was damaged anywhere: never a process that died over it."""


class Hostile(NamedTuple):
    """A file.

    Attributes:
        kind: of its class, for the test's report.
        may: codes of refusals, and `TAKEN`, that are right for it.
    """

    kind: str
    data: bytes
    may: frozenset[str]


def truncated(draw: random.Random) -> Iterator[Hostile]:
    for format in FORMATS:
        whole = good(format)
        cuts = [*range(1, 31), *(draw.randrange(31, len(whole)) for _ in range(50))]
        yield from (Hostile("truncated", whole[:cut], BROKEN) for cut in cuts)


def flipped(draw: random.Random) -> Iterator[Hostile]:
    """Bits anywhere, and bytes of the headers."""
    for format in FORMATS:
        for number in range(150):
            data = bytearray(good(format))
            for _ in range(draw.choice((1, 1, 3, 10, 40))):
                where = draw.randrange(min(len(data), 200) if number % 2 else len(data))
                data[where] = draw.choice((data[where] ^ (1 << draw.randrange(8)), 0, 255, draw.randrange(256)))
            yield Hostile("flipped", bytes(data), BROKEN | {"too_costly"} if format == "TIFF" else BROKEN)


def spliced(draw: random.Random) -> Iterator[Hostile]:
    """The beginning of one format, the end of another; parts left out, doubled and moved."""
    for one in FORMATS:
        for other in FORMATS:
            for _ in range(6):
                head, tail = good(one), good(other)
                at, start = draw.randrange(4, len(head)), draw.randrange(len(tail))
                yield Hostile("spliced", head[:at] + tail[start:], BROKEN)
        for _ in range(20):
            data = good(one)
            at, length = draw.randrange(12, len(data)), draw.randrange(1, 200)
            part = data[at : at + length]
            moved = draw.choice((data[:at] + data[at + length :], data[:at] + part * 3 + data[at:], data[::-1]))
            yield Hostile("spliced", moved, BROKEN)


def polyglots(_draw: random.Random) -> Iterator[Hostile]:
    """A picture and something else: behind it, before it, and within."""
    for tail in tails():
        for format in FORMATS:
            behind = frozenset({TAKEN, "damaged"}) if format == "HEIF" else frozenset({TAKEN})
            yield Hostile("polyglot", good(format) + tail, behind)
            before = {"not_an_image", "format_not_supported"}
            yield Hostile("polyglot", tail + good(format), BROKEN if tail[:4] == b"\x89PNG" else frozenset(before))
        comment = b"\xff\xfe" + struct.pack(">H", min(len(tail), 60_000) + 2) + tail[:60_000]
        yield Hostile("polyglot", good("JPEG")[:2] + comment + good("JPEG")[2:], frozenset({TAKEN}))
        text = chunk(b"tEXt", b"Comment\0" + tail) + chunk(b"zTXt", b"Comment\0\0" + zlib.compress(tail))
        yield Hostile("polyglot", good("PNG")[:33] + text + good("PNG")[33:], frozenset({TAKEN}))
    script = b"GIF89a/*" + MARK + b"*/=1;alert(1)//;"
    yield Hostile("polyglot", script, frozenset({"format_not_supported"}))


def huge(_draw: random.Random) -> Iterator[Hostile]:
    sizes = [
        (9_000, 9_000), (65_535, 65_535), (65_536, 65_536), (70_000, 1), (1, 70_000), (2**31 - 1, 1), (2**24, 2**24),
        (2**31 - 1, 2**31 - 1), (20_000, 4_000), (4_000, 20_000), (0, 0), (0, 10), (10, 0),
    ]  # fmt: skip
    refused = frozenset({"too_many_pixels", "damaged"})
    for format in FORMATS:
        for width, height in sizes:
            if 0 in (width, height) and format == "WEBP":
                continue  # It writes the size less one.
            small = format in ("JPEG", "HEIF") and width * height < 10**6  # Clipped; or the stream's own size counts.
            yield Hostile("huge", patched(format, width, height), refused | ({TAKEN} if small else frozenset()))


def bombs(_draw: random.Random) -> Iterator[Hostile]:
    """Small files that become large, in pixels, in metadata, or in time."""
    zeros = zlib.compress(b"\0" * 30_000_000, 9)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * (30 * 121)))
    either = frozenset({TAKEN, "damaged", "too_costly"})
    yield Hostile("bomb", png(7_700, 7_700, chunk(b"IDAT", zlib.compress(b"\0" * (7_700 * 964), 9)), depth=1, colour=0),
                  frozenset({TAKEN}))  # fmt: skip
    yield Hostile("bomb", png(40, 30, chunk(b"IDAT", zeros)), either)
    for before in (chunk(b"zTXt", b"a\0\0" + zeros), chunk(b"iCCP", b"a\0\0" + zeros),
                   chunk(b"iTXt", b"a\0\1\0\0\0" + zeros), chunk(b"zTXt", b"a\0\0" + zeros) * 40,
                   chunk(b"iCCP", b"a\0\0" + zeros) * 20, chunk(b"tEXt", b"a\0" + MARK) * 20_000):  # fmt: skip
        yield Hostile("bomb", png(40, 30, before, pixels), either)
    progressive = saved(noise(3, 200, 200), "JPEG", progressive=True)
    scan = progressive.index(b"\xff\xda")
    many = progressive[:scan] + progressive[scan:-2] * 60 + progressive[-2:]
    yield Hostile("bomb", many, frozenset({"too_costly"}))
    for format in ("JPEG", "PNG", "WEBP", "TIFF"):
        for profile in (b"\0" * 1_000_000, MARK * 40_000, struct.pack(">I", 2**32 - 1) + MARK):
            yield Hostile("bomb", saved(noise(4), format, icc_profile=profile), frozenset({TAKEN}))
    for compression in ("tiff_deflate", "tiff_lzw", "packbits"):
        flat = saved(Image.new("RGB", (3_000, 2_000)), "TIFF", compression=compression)
        yield Hostile("bomb", flat, frozenset({TAKEN}))
        flat = saved(Image.new("RGB", (600, 400)), "TIFF", compression=compression)
        for tag in (256, 257, 258, 259, 262, 273, 277, 278, 279):
            start = entry_of(flat, tag)
            for count in (2**31, 2**32 - 1, 10_000_000):
                lying = bytearray(flat)
                lying[start + 4 : start + 8] = struct.pack("<I", count)
                yield Hostile("bomb", bytes(lying), BROKEN | {"too_costly"})
    tiled = bytearray(good("TIFF"))
    for tag, value in ((322, 60_000), (323, 60_000)):
        start = entry_of(bytes(tiled), 256 if tag == 322 else 278)
        tiled[start : start + 12] = struct.pack("<HHII", tag, 4, 1, value)
    yield Hostile("bomb", bytes(tiled), BROKEN - {TAKEN})


def animated(_draw: random.Random) -> Iterator[Hostile]:
    for count in (2, 3, 7, 20):
        frames = [noise(10 + number) for number in range(count)]
        for format in ("PNG", "WEBP", "TIFF"):
            film = saved(frames[0], format, save_all=True, append_images=frames[1:])
            yield Hostile("animated", film, frozenset({"animated"}))
        gif = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
        yield Hostile("animated", gif, frozenset({"format_not_supported"}))
        # A telephone's HEIC and MPO hold further pictures: the first is the photo, the others are dropped.
        several = saved(frames[0], "HEIF", save_all=True, append_images=frames[1:])
        yield Hostile("animated", several, frozenset({TAKEN}))
        stereo = saved(frames[0], "MPO", save_all=True, append_images=frames[1:])
        yield Hostile("animated", stereo + MARK, frozenset({TAKEN}))
    for brand in (b"hevc", b"hevx", b"hevm", b"hevs", b"msf1"):
        sequence = box(b"ftyp", brand + b"\0\0\0\0" + brand) + good("HEIF")[24:]
        yield Hostile("animated", sequence, frozenset({"animated"}))


def odd(_draw: random.Random) -> Iterator[Hostile]:
    """Colours that are not three bytes a pixel."""
    base = noise(20)
    modes = {"1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F"}
    for format in FORMATS:
        for mode in sorted(modes):
            if (format, mode) == ("HEIF", "YCbCr"):
                continue  # Its encoder calls what Pillow will drop.
            image = base.convert("L").convert("I").convert(mode) if mode == "I;16" else converted(base, mode)
            try:
                data = saved(image, format)
            except (OSError, ValueError, KeyError):
                continue  # The format has no such pictures.
            yield Hostile("odd", data + MARK * (format != "HEIF"), frozenset({TAKEN}))
    for entry in range(0, 256, 16):
        paletted = base.convert("P")
        yield Hostile("odd", saved(paletted, "PNG", transparency=entry), frozenset({TAKEN}))
    for depth in (1, 2, 4, 8, 16):
        for colour in range(8):
            rows = chunk(b"IDAT", zlib.compress(b"\0" * 20_000))
            yield Hostile("odd", png(40, 30, rows, depth=depth, colour=colour), BROKEN)
            short_palette = chunk(b"PLTE", b"\1\2\3") + chunk(b"IDAT", zlib.compress(b"\xff" * 20_000))
            yield Hostile("odd", png(40, 30, short_palette, depth=depth, colour=colour), BROKEN)


def telling(_draw: random.Random) -> Iterator[Hostile]:
    """Pictures that say who, where and with what, in every place that a format has for it."""
    exif, taken = secrets(), frozenset({TAKEN})
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf>" + MARK + b"</rdf></x:xmpmeta>"
    info = PngImagePlugin.PngInfo()
    info.add_text("Location", TEXT)
    info.add_itxt("Comment", TEXT, zip=True)
    for seed in range(12):
        image = noise(100 + seed, 30 + seed, 40)
        for format in FORMATS:
            yield Hostile("telling", saved(image, format, exif=exif), taken)
            more: dict[str, Any] = {"pnginfo": info} if format == "PNG" else {}
            yield Hostile("telling", saved(image, format, exif=exif, xmp=xmp, **more), taken)
        yield Hostile("telling", saved(image, "JPEG", comment=MARK, exif=exif, icc_profile=MARK * 9), taken)
        thumb = saved(noise(seed), "JPEG", comment=MARK)
        jfxx = b"\xff\xe0" + struct.pack(">H", len(thumb) + 8) + b"JFXX\0\x10" + thumb
        iptc = b"\xff\xed" + struct.pack(">H", len(MARK) + 28) + b"Photoshop 3.0\08BIM\x04\x04\0\0\0\0\0\0" + MARK
        data = saved(image, "JPEG", exif=exif)
        yield Hostile("telling", data[:2] + jfxx + iptc + data[2:], taken | {"damaged"})


def boxed(draw: random.Random) -> Iterator[Hostile]:
    """HEIC with boxes that lie about themselves."""
    data = saved(noise(30), "HEIF", exif=secrets())
    first = struct.unpack(">I", data[:4])[0]
    may = BROKEN | {"too_costly"}
    for size in (0, 1, 2, 7, 8, 9, 2**31, 2**32 - 1):
        for kind in (b"free", b"meta", b"iloc", b"mdat", b"uuid", b"grid", b"moov", b"\0\0\0\0"):
            yield Hostile("boxed", data[:first] + box(kind, MARK, size) + data[first:], may)
            yield Hostile("boxed", data + box(kind, MARK, size), may)
    for kind in (b"hdlr", b"pitm", b"iloc", b"iinf", b"infe", b"iref", b"ipco", b"ipma", b"hvcC", b"ispe", b"iprp"):
        start = data.find(kind)
        if start < 0:
            continue
        for _ in range(12):
            lying = bytearray(data)
            lying[start - 4 : start] = struct.pack(">I", draw.choice((0, 1, 8, 2**31, 2**32 - 1, draw.randrange(500))))
            lying[start + 4 + draw.randrange(12)] = draw.randrange(256)
            yield Hostile("boxed", bytes(lying), may)
    nested = MARK
    for _ in range(3_000):
        nested = box(b"meta", b"\0\0\0\0" + nested)
    yield Hostile("boxed", data[:first] + nested, may)
    yield Hostile("boxed", data[:first] + box(b"iprp", box(b"ipco", box(b"ispe", b"\0" * 12) * 50_000)), may)


def strangers(draw: random.Random) -> Iterator[Hostile]:
    """What is no picture, or none that is taken."""
    no = frozenset({"not_an_image", "format_not_supported"})
    tenfold = (f"<!ENTITY {chr(98 + number)} '{f'&{chr(97 + number)};' * 10}'>" for number in range(9))
    laughs = b"<!DOCTYPE x [<!ENTITY a 'ha'>" + "".join(tenfold).encode() + b"]>"
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'>&j;<image href='file:///etc/passwd'/></svg>"
    entity = b"<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><svg>&x;</svg>"
    others = [laughs + svg, b"<?xml version='1.0'?>" + laughs + svg, entity, svg, *tails()[:9]]
    others += [archived(depth=depth, kind=kind) for depth in range(5) for kind in ("zip", "tar.gz")]
    others += [saved(noise(40), format) for format in ("GIF", "BMP", "ICO", "JPEG2000", "AVIF", "PPM", "TGA", "ICNS",
                                                       "PCX", "SGI", "DDS", "EPS")]  # fmt: skip
    others += [b"\0" * length for length in (1, 2, 3, 4, 12, 100, 10_000, 1_000_000)]
    others += [b"\xff" * 5_000, b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file", b"8BPS\0\1" + MARK, b"\x1f\x8b\x08",
               box(b"ftyp", b"isom\0\0\0\0isommp42") + MARK, b"RIFF\x10\0\0\0WAVEfmt ", b"RIFF\xff\xff\xff\xffAVI LIST",
               b"ID3\3\0" + MARK, b"\xff\xfb\x90\0" * 50, "\ufeffeine Datei".encode("utf-16"), b"\n" * 99]  # fmt: skip
    yield from (Hostile("stranger", data, no) for data in others)
    yield Hostile("stranger", b"", frozenset({"empty"}))
    for _ in range(200):
        rubbish = b"\x01" + draw.randbytes(draw.randrange(1, 3_000))
        yield Hostile("stranger", rubbish, frozenset({"not_an_image"}))
    begins = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\1\0\0WEBP", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+",
              box(b"ftyp", b"heic\0\0\0\0mif1heic"), box(b"ftyp", b"mif1"))  # fmt: skip
    for begin in begins:
        for _ in range(20):
            data = begin + draw.randbytes(draw.randrange(0, 2_000))
            yield Hostile("stranger", data, (BROKEN | {"too_costly"}) - {TAKEN})


CLASSES: Final[tuple[Callable[[random.Random], Iterator[Hostile]], ...]] = (
    truncated, flipped, spliced, polyglots, huge, bombs, animated, odd, telling, boxed, strangers,
)  # fmt: skip


def everything(seed: int = 20_261_123) -> Iterator[Hostile]:
    """All of them, the same for the same seed and the same versions of the encoders."""
    for make in CLASSES:
        yield from make(random.Random(f"{seed} {make.__name__}"))
