"""What a trial run holds: the demonstration's pictures, or those of one's own folder."""

from pathlib import Path

from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from matching import ingest
from matching.ingest import Report
from matching.models import Source
from matching.progress import import_with_progress
from portal import demo

DEMO_NAME = "Lumière demonstration collection"


def demonstration(folder: Path, *, console: Console) -> Source:
    """The demonstration's source, made and imported unless it was before. An interrupted import goes on.

    Raises:
        matching.sources.SourceUnreachable: the folder cannot be read.
    """
    if not folder.exists():
        _make(folder, console)
    source = ingest.register(url=str(folder / "photos"), name=DEMO_NAME)
    if source.last_import_at is None:
        import_with_progress(source, console)
        source.refresh_from_db()
    return source


def _make(folder: Path, console: Console) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("Making the demonstration", total=None)
        demo.make(
            folder,
            until=timezone.localdate(),
            tell=lambda done, total: bar.update(task, completed=done, total=total),
        )


def own(folder: Path, *, console: Console) -> Report:
    """One's own folder, brought up to date: new, changed and removed files since the last start.

    Raises:
        matching.sources.SourceUnreachable: the folder cannot be read.
    """
    return import_with_progress(ingest.register(url=str(folder)), console)
