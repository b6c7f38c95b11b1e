"""Progress of an import on a terminal: a bar with rates and remaining time, or plain lines where there is none."""

import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Final, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from matching.ingest import Report, import_source
from matching.models import Source

LINE_SECONDS: Final = 10.0
"""Between two lines where there is no terminal."""
WINDOW_SECONDS: Final = 60.0
"""Over which rates are taken: long enough that one large picture does not move them, and short enough to follow a
change from small pictures to large ones."""
SETTLED_SECONDS: Final = 3.0
"""Before which a rate would be a guess."""


class _Moment(NamedTuple):
    at: float
    photos: int
    faces: int


class Pace:
    """How fast an import is, over the last WINDOW_SECONDS.

    The time before the first photo is not counted: the models are being loaded then.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._moments: deque[_Moment] = deque()

    def update(self, photos: int, faces: int) -> None:
        """So many are done by now."""
        now = self._clock()
        self._moments.append(_Moment(now, photos, faces))
        while len(self._moments) > 2 and self._moments[1].at <= now - WINDOW_SECONDS:
            self._moments.popleft()

    def rates(self) -> tuple[float, float] | None:
        """Photos and faces a second; None while it is too early to say."""
        if not self._moments:
            return None
        first, last = self._moments[0], self._moments[-1]
        seconds = last.at - first.at
        if seconds < SETTLED_SECONDS:
            return None
        return (last.photos - first.photos) / seconds, (last.faces - first.faces) / seconds

    def describe(self, total: int) -> str:
        """Rates and what remains of `total` photos, in words; empty while it is too early to say."""
        rates = self.rates()
        if rates is None:
            return ""
        told = f"{rates[0]:.1f} photos/s, {rates[1]:.1f} faces/s"
        left = total - self._moments[-1].photos
        if not left or not rates[0]:
            return told
        return f"{told}, {timedelta(seconds=round(left / rates[0]))} left"


def import_with_progress(source: Source, console: Console | None = None, *, emptied: bool = False) -> Report:
    """Import a source and show how far it is. Raises what `import_source` raises."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        return import_source(source=source, on_progress=Lines(console), emptied=emptied)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}"),
    )
    with Progress(*columns, console=console) as bar:
        task, pace = bar.add_task("Importing photos", total=None, pace=""), Pace()

        def show(done: int, total: int, faces: int) -> None:
            pace.update(done, faces)
            bar.update(task, completed=done, total=total, pace=pace.describe(total))

        return import_source(source=source, on_progress=show, emptied=emptied)


class Lines:
    """One line now and then, and one at the end."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._pace = Pace(clock)
        self._told_at = clock()

    def __call__(self, done: int, total: int, faces: int) -> None:
        self._pace.update(done, faces)
        if done < total and self._clock() - self._told_at < LINE_SECONDS:
            return
        self._told_at = self._clock()
        pace = self._pace.describe(total)
        self._console.print(f"Imported {done} of {total} photos{': ' if pace else '.'}{pace}", highlight=False)
