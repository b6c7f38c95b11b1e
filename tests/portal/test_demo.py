"""The demonstration: people who do not exist, in pictures that look like a collection."""

import itertools
import json
from datetime import date, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from PIL import ExifTags, Image

from portal import demo

UNTIL = date(2026, 11, 23)
TRIO = ("P001", "P004", "P010")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("demo") / "demo"
    assert demo.make(target, until=UNTIL, chosen=TRIO, max_side=300)
    return target


def taken(path: Path) -> datetime:
    with Image.open(path) as image:
        text = image.getexif().get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal]
    return datetime.strptime(text, "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - EXIF has no zone


def test_everything_but_the_selfies_is_held_for_each_of_ten_people() -> None:
    plan = demo.items(demo.people())
    assert len(demo.people()) == 10
    assert len([item for item in plan if len(item.people) == 1]) == 50
    assert not any(demo.SELFIE in item.path for item in plan)


def test_everybody_stands_in_one_of_four_group_pictures() -> None:
    together = demo.groups(demo.people())
    assert len(together) == 4
    assert {name for group in together for name in group} == set(demo.people())
    assert all(len(set(group)) == len(group) >= 3 for group in together)


def test_pictures_sidecars_and_selfies_lie_where_they_belong(made: Path) -> None:
    photos = {path.relative_to(made / "photos").as_posix() for path in made.rglob("photos/**/*.jpg")}
    assert photos == {item.path for item in demo.items(TRIO)}
    assert len(photos) == 3 * 5 + 1
    assert {path.stem for path in (made / "selfies").iterdir()} == set(TRIO)
    for path in photos:
        sidecar = json.loads((made / "photos" / f"{path}.json").read_text(encoding="utf-8"))
        assert sidecar == {"source_url": f"https://example.org/photos/{path.removesuffix('.jpg')}"}


def test_no_picture_is_larger_than_asked(made: Path) -> None:
    for path in made.rglob("*.jpg"):
        with Image.open(path) as image:
            assert max(image.size) <= 300


def test_capture_dates_lie_in_the_last_fifteen_years_and_spread_over_them(made: Path) -> None:
    dates = sorted(taken(path) for path in made.rglob("photos/**/*.jpg"))
    assert date(2011, 11, 22) <= dates[0].date() <= date(2012, 12, 31)
    assert date(2025, 9, 1) <= dates[-1].date() <= UNTIL
    gaps = [(later - earlier).days for earlier, later in itertools.pairwise(dates)]
    assert max(gaps) < 2 * 365.25 * 15 / len(dates) + 1


def test_it_is_the_same_collection_every_time(made: Path, tmp_path: Path) -> None:
    demo.make(tmp_path / "again", until=UNTIL, chosen=TRIO, max_side=300)
    for path in made.rglob("*.jpg"):
        assert path.read_bytes() == (tmp_path / "again" / path.relative_to(made)).read_bytes()


def test_selfies_tell_nothing_but_the_picture(made: Path) -> None:
    for path in (made / "selfies").iterdir():
        with Image.open(path) as image:
            assert not dict(image.getexif())


def test_what_was_erased_from_it_is_not_made_again(made: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in made.rglob("*")}
    assert not demo.make(made, until=UNTIL)
    assert {path: path.stat().st_mtime_ns for path in made.rglob("*")} == before


def test_an_interrupted_making_leaves_nothing_that_looks_complete(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        demo.make(tmp_path / "demo", until=UNTIL, chosen=TRIO, max_side=100, tell=stop)
    assert not (tmp_path / "demo").exists()
    assert demo.make(tmp_path / "demo", until=UNTIL, chosen=TRIO, max_side=100)


def test_the_command_names_the_people_there_are(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no P099; there are P001, P002"):
        call_command("make_demo", str(tmp_path / "demo"), people="P001,P099")
