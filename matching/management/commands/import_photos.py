"""`manage.py import_photos PATH_OR_URL`: register a source and import its photos."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from matching import ingest
from matching.models import GroupPolicy
from matching.pool import WorkersUnusable
from matching.progress import import_with_progress
from matching.sources import SourceUnreachable


class Command(BaseCommand):
    """Can be interrupted and run again: what was done stays done."""

    help = "Import the photos of a folder or another fsspec URL, and the faces in them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url", metavar="PATH_OR_URL")
        parser.add_argument("--name", default="", help="what the source is called in answers")
        parser.add_argument(
            "--group-policy",
            choices=GroupPolicy.values,
            default=GroupPolicy.REDACT,
            help="what an erasure does to a picture that shows others too (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            source = ingest.register(url=options["url"], name=options["name"], group_policy=options["group_policy"])
            report = import_with_progress(source)
        except ValueError as error:
            raise CommandError(str(error)) from error
        except SourceUnreachable as error:
            raise CommandError(f"{options['url']} cannot be read at the moment; nothing was removed.") from error
        except WorkersUnusable as error:
            raise CommandError(f"Nothing can be read: {error}. See that there is memory enough.") from error
        except KeyboardInterrupt as error:
            raise CommandError("Interrupted. What was imported stays; run the command again for the rest.") from error
        rates = [number / report.seconds if report.seconds else 0.0 for number in (report.read, report.faces)]
        self.stdout.write(
            f"{report.new} new, {report.changed} changed, {report.unchanged} unchanged, {report.gone} gone, "
            f"{report.suppressed} refused because erased; {report.faces} faces; "
            f"{rates[0]:.1f} photos and {rates[1]:.1f} faces a second."
        )
        if report.unreadable:
            self.stdout.write(f"{len(report.unreadable)} could not be read:")
        for path, code in report.unreadable:
            self.stdout.write(f"  {path}: {code.replace('_', ' ')}")
