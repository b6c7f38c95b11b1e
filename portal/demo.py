"""A collection to try Regard with: photographs of ten people who do not exist.

They come from the package `openpeople` (MIT; every person is generated). All pictures of a person but the selfie are
"held" by the demonstration; the selfies are what a citizen uploads. A few group pictures are composed, so that
there are other people's faces to protect.
"""

import json
import os
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from openpeople import curated
from PIL import ExifTags, Image

SELFIE: Final = "amateur_selfie"
PORTRAIT: Final = "studio_portrait"
YEARS: Final = 15
MAX_SIDE: Final = 1600
SELFIE_SIDE: Final = 800
"""Selfies are smaller: in the original of one of them dlib finds a second face, and a probe must show one person."""
GROUPS: Final = ((0, 3), (3, 4), (6, 3), (8, 5))
"""Group pictures as (first person, how many); the row of people is a ring."""
SHOULDERS: Final = (0.2, 0.0, 0.8, 1.0)
"""What of a portrait stands in a group picture: left, top, right, bottom as shares of it."""
ADDRESS: Final = "https://example.org/photos"

Tell = Callable[[int, int], None]
"""Told of progress as (pictures made, pictures in all)."""


@dataclass(frozen=True)
class Item:
    """One picture of the collection: where it goes, and who is in it, left to right."""

    path: str
    people: tuple[str, ...]
    asset: str = PORTRAIT


def people() -> list[str]:
    """Identifiers of the people, in order: P001 and so on."""
    return [person.person_id for person in curated.list()]


def groups(chosen: Sequence[str]) -> list[tuple[str, ...]]:
    """Who stands together in the group pictures of these people."""
    count = len(chosen)
    return [
        tuple(chosen[(first + place) % count] for place in range(size))
        for first, size in GROUPS
        if first < count and size <= count
    ]


def items(chosen: Sequence[str]) -> list[Item]:
    """Every picture that the collection of these people holds."""
    single = [
        Item(f"{name}/{asset}.jpg", (name,), asset)
        for name in chosen
        for asset in curated.get(name).list_assets()
        if asset != SELFIE
    ]
    together = [Item("groups/" + "-".join(members) + ".jpg", members) for members in groups(chosen)]
    return single + together


def asset(name: str, key: str, *, max_side: int) -> Image.Image:
    """One picture of one person, at most `max_side` pixels long."""
    with Image.open(curated.get(name).asset_path(key)) as image:
        image.draft("RGB", (max_side, max_side))
        picture = image.convert("RGB")
    picture.thumbnail((max_side, max_side))
    return picture


def compose(members: Sequence[str], *, max_side: int) -> Image.Image:
    """A group picture: the people side by side in one frame."""
    width = max_side // len(members)
    left, top, right, bottom = SHOULDERS
    height = round(width * (bottom - top) / (right - left))
    frame = Image.new("RGB", (width * len(members), height))
    for place, name in enumerate(members):
        portrait = asset(name, PORTRAIT, max_side=2 * height)
        wide, high = portrait.size
        box = (round(left * wide), round(top * high), round(right * wide), round(bottom * high))
        frame.paste(portrait.crop(box).resize((width, height), Image.Resampling.LANCZOS), (place * width, 0))
    return frame


def _dates(count: int, *, until: date) -> list[datetime]:
    """Capture times spread evenly over the last fifteen years, in an order that is always the same."""
    chance = random.Random("regard")  # noqa: S311 - the same collection every time, and no secret
    span = timedelta(days=round(365.25 * YEARS))
    shares = [(number + chance.random()) / count for number in range(count)]
    chance.shuffle(shares)
    start = datetime.combine(until, time(12)) - span  # without a zone: EXIF holds the camera's local time
    return [start + share * span for share in shares]


def _save(picture: Image.Image, target: Path, *, taken: datetime | None = None) -> None:
    exif = Image.Exif()
    if taken is not None:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = taken.strftime("%Y:%m:%d %H:%M:%S")
    target.parent.mkdir(parents=True, exist_ok=True)
    picture.save(target, "JPEG", quality=88, exif=exif)


def make(
    target: Path,
    *,
    until: date,
    chosen: Sequence[str] = (),
    max_side: int = MAX_SIDE,
    tell: Tell | None = None,
) -> bool:
    """Make the collection under `target`, as `photos/` with sidecars and `selfies/`.

    It appears at once or not at all, and is never made again where it is: what was erased from it stays erased.

    Args:
        until: the day before which all pictures were taken.
        chosen: the people; everybody if empty.
        max_side: pixels of a picture's longer side.

    Returns:
        Whether it was made; False if it was there already.

    Raises:
        KeyError: there is no such person.
    """
    if target.exists():
        return False
    partial = target.with_name(f"{target.name}.partial-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    chosen = list(chosen) or people()
    plan = items(chosen)
    total = len(plan) + len(chosen)
    for number, (item, taken) in enumerate(zip(plan, _dates(len(plan), until=until), strict=True), start=1):
        _make_one(item, partial / "photos" / item.path, taken=taken, max_side=max_side)
        if tell:
            tell(number, total)
    for number, name in enumerate(chosen, start=len(plan) + 1):
        _save(asset(name, SELFIE, max_side=min(max_side, SELFIE_SIDE)), partial / "selfies" / f"{name}.jpg")
        if tell:
            tell(number, total)
    partial.rename(target)
    return True


def _make_one(item: Item, target: Path, *, taken: datetime, max_side: int) -> None:
    if len(item.people) > 1:
        picture = compose(item.people, max_side=max_side)
    else:
        picture = asset(item.people[0], item.asset, max_side=max_side)
    _save(picture, target, taken=taken)
    sidecar = {"source_url": f"{ADDRESS}/{item.path.removesuffix('.jpg')}"}
    target.with_name(target.name + ".json").write_text(json.dumps(sidecar) + "\n", encoding="utf-8")
