"""Progress of an import on a terminal: a bar with rate and remaining time, or plain lines where there is none."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from matching.ingest import Report, import_source
from matching.models import Source

LINE_EVERY = 25
"""Photos between two lines where there is no terminal."""


class RateColumn(ProgressColumn):
    """Photos a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.1f} photos/s" if speed else "– photos/s")


def import_with_progress(source: Source, console: Console | None = None, *, emptied: bool = False) -> Report:
    """Import a source and show how far it is. Raises what `import_source` raises."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        return import_source(source=source, on_progress=Lines(console), emptied=emptied)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("Importing photos", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        return import_source(source=source, on_progress=show, emptied=emptied)


class Lines:
    """One line now and then."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def __call__(self, done: int, total: int) -> None:
        if done % LINE_EVERY == 0 or done == total:
            self.console.print(f"Imported {done} of {total} photos.")
