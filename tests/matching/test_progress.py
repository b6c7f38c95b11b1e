"""Progress: rates over the last minute, what remains, and plain lines where there is no terminal."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings
from rich.console import Console

from matching import ingest, progress
from tests.fakes import paint


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def done(pace: progress.Pace, clock: Clock, *, photos: Iterator[int] | range, seconds: float, faces: int = 2) -> None:
    """A photo every so many seconds, each with so many faces."""
    for number in photos:
        pace.update(number, number * faces)
        clock.now += seconds
    clock.now -= seconds


def test_it_says_nothing_before_there_is_something_to_say() -> None:
    clock = Clock()
    pace = progress.Pace(clock)
    assert (pace.rates(), pace.describe(10)) == (None, "")
    done(pace, clock, photos=range(1, 4), seconds=1.0)
    assert pace.describe(10) == ""


def test_rates_do_not_count_the_time_before_the_first_photo() -> None:
    clock = Clock()
    pace = progress.Pace(clock)
    clock.now += 500
    done(pace, clock, photos=range(1, 22), seconds=0.5)
    assert pace.rates() == (2.0, 4.0)
    assert pace.describe(141) == "2.0 photos/s, 4.0 faces/s, 0:01:00 left"
    assert pace.describe(21) == "2.0 photos/s, 4.0 faces/s"


def test_rates_follow_a_change_within_a_minute_and_forget_what_was_before() -> None:
    clock = Clock()
    pace = progress.Pace(clock)
    done(pace, clock, photos=range(1, 1001), seconds=0.1)
    fast = pace.rates()
    clock.now += 5  # One large picture moves them little.
    pace.update(1001, 2002)
    slower = pace.rates()
    assert fast is not None
    assert slower is not None
    assert fast[0] == pytest.approx(10)
    assert slower[0] > 9
    clock.now += 4
    done(pace, clock, photos=range(1002, 1020), seconds=4.0)
    rates = pace.rates()
    assert rates is not None
    assert rates[0] == pytest.approx(0.25, rel=0.1)
    assert len(pace._moments) < 25


def test_without_a_terminal_there_are_plain_lines_now_and_then_and_one_at_the_end() -> None:
    clock, out = Clock(), StringIO()
    lines = progress.Lines(Console(file=out, width=200), clock)
    for number in range(1, 101):
        clock.now += 0.5
        lines(number, 100, 3 * number)
    told = out.getvalue().splitlines()
    assert told[0] == "Imported 20 of 100 photos: 2.0 photos/s, 6.0 faces/s, 0:00:40 left"
    assert told[-1] == "Imported 100 of 100 photos: 2.0 photos/s, 6.0 faces/s"
    assert len(told) == 5


@pytest.mark.django_db
@pytest.mark.parametrize("terminal", [True, False])
def test_an_import_shows_its_progress(terminal: bool, tmp_path: Path, settings: Settings) -> None:
    settings.FACE_ENGINE = "tests.fakes.PaintedEngine"
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(paint(["ada"], shade=number))
    out = StringIO()
    console = Console(file=out, force_terminal=terminal, width=120)
    progress.import_with_progress(ingest.register(url=str(tmp_path)), console)
    assert ("3/3" in out.getvalue()) is terminal
    assert ("Imported 3 of 3 photos." in out.getvalue()) is not terminal
