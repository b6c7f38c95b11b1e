"""`manage.py import_templates FILE.parquet --space SPACE.toml --source SOURCE`: own templates of another engine."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from matching import spaces, templates
from matching.models import Source, TemplateSpace
from matching.parquet import FileRefused
from matching.sources import SourceUnreachable

USELESS = 2
"""Exit status where nothing could be begun or ended; 1 says that some rows were refused."""


class Command(BaseCommand):
    """Can be interrupted and run again: what was done stays done, and is not done twice."""

    help = (
        "Import templates that another engine made, from a Parquet file; see docs/own-templates.md. Exit status 1 if "
        "rows were refused, 2 if the file, the declaration or the source was."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.parquet")
        parser.add_argument("--space", type=Path, required=True, help="the TOML file that declares the template space")
        parser.add_argument("--source", required=True, help="name or address of the collection")
        parser.add_argument("--no-pictures", action="store_true", help="no pictures of this collection are held")
        parser.add_argument("--redeclare", action="store_true", help="the declaration replaces an earlier one")
        parser.add_argument("--dry-run", action="store_true", help="check declaration, model and rows, no more")

    def handle(self, *args: Any, **options: Any) -> None:
        dry_run = options["dry_run"]
        try:
            space = spaces.read(options["space"])
            source = None
            if not dry_run:
                space = spaces.declare(space, redeclare=options["redeclare"])
                source = templates.source_of(options["source"], pictures=not options["no_pictures"])
            report = self._import(options["file"], space, source)
        except (spaces.DeclarationRefused, FileRefused, templates.NoSuchSource) as problem:
            raise CommandError(str(problem), returncode=USELESS) from problem
        except SourceUnreachable as problem:
            text = f"{options['source']} cannot be read at the moment. What was imported stays; run the command again."
            raise CommandError(text, returncode=USELESS) from problem
        except KeyboardInterrupt as problem:
            text = "Interrupted. What was imported stays; run the command again for the rest."
            raise CommandError(text, returncode=USELESS) from problem
        for number, why in report.refused:
            self.stdout.write(f"row {number}: {why}")
        checked = f"{report.rows - len(report.refused)} rows can be taken" if dry_run else ""
        self.stdout.write(
            f"{checked or f'{report.new} new, {report.unchanged} unchanged'}, {len(report.refused)} refused"
            + (f"; of {report.without_picture} no picture is there." if report.without_picture else ".")
        )
        if report.refused:
            raise CommandError("Some rows were refused; the others were taken." if not dry_run else "Some are wrong.")

    def _import(self, path: Path, space: TemplateSpace, source: Source | None) -> templates.Imported:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
            task = bar.add_task("Importing templates", total=None)

            def show(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            return templates.import_file(path=path, space=space, source=source, on_progress=show)
