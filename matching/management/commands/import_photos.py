"""`manage.py import_photos PATH_OR_URL`: register a source and import its photos."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from matching import ingest
from matching.engine import Detector
from matching.models import GroupPolicy
from matching.pool import WorkersUnusable
from matching.progress import import_with_progress
from matching.sealing import VaultError
from matching.sources import SourceUnreachable

SHOWN = 20
"""Copies that are named."""


class Command(BaseCommand):
    """Can be interrupted and run again: what was done stays done."""

    help = "Import the photos of a folder, or of an s3://, sftp://, http:// or https:// address, and the faces in them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url", metavar="PATH_OR_URL")
        parser.add_argument("--name", default="", help="what the source is called in answers")
        parser.add_argument(
            "--group-policy",
            choices=GroupPolicy.values,
            default=GroupPolicy.REDACT,
            help="what an erasure does to a picture that shows others too (default: %(default)s)",
        )
        parser.add_argument(
            "--emptied",
            action="store_true",
            help="the source was emptied on purpose; otherwise one that lies there empty is taken for unreachable",
        )

        parser.add_argument(
            "--detector",
            choices=Detector.values,
            help="how faces are looked for in this source from now on; thorough takes seconds a photo and also finds "
            "turned and tilted ones (default: as the source says, at first default)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            source = ingest.register(
                url=options["url"],
                name=options["name"],
                group_policy=options["group_policy"],
                detector=options["detector"],
            )
            report = import_with_progress(source, emptied=options["emptied"])
        except ValueError as error:
            raise CommandError(str(error)) from error
        except SourceUnreachable as error:
            raise CommandError(f"{source.url} cannot be read at the moment: {error}. Nothing was removed.") from error
        except WorkersUnusable as error:
            raise CommandError(f"Nothing can be read: {error}. See that there is memory enough.") from error
        except VaultError as error:
            raise CommandError(f"A template that must be compared with cannot be opened: {error}") from error
        except KeyboardInterrupt as error:
            raise CommandError("Interrupted. What was imported stays; run the command again for the rest.") from error
        self._tell(report)

    def _tell(self, report: ingest.Report) -> None:
        rates = [number / report.seconds if report.seconds else 0.0 for number in (report.read, report.faces)]
        self.stdout.write(
            f"{report.new} new, {report.changed} changed, {report.unchanged} unchanged, {report.gone} gone, "
            f"{report.suppressed} refused because erased; {report.faces} faces; "
            f"{rates[0]:.1f} photos and {rates[1]:.1f} faces a second."
        )
        if report.held:
            self.stdout.write(f"{report.held} faces may be of people who asked not to be held: decide at the desk.")
        if report.dropped:
            self.stdout.write(
                f"{report.dropped} own templates are not of what their pictures show now; they were deleted."
            )
        if report.unreadable:
            self.stdout.write(f"{len(report.unreadable)} could not be read:")
        for path, code in report.unreadable:
            self.stdout.write(f"  {path}: {code.replace('_', ' ')}")
        if report.copies:
            self.stdout.write(f"{len(report.copies)} look like copies of a photo held (the quick index may miss some):")
        for copy in report.copies[:SHOWN]:
            self.stdout.write(f"  {copy.path} and {copy.of}")
        if len(report.copies) > SHOWN:
            self.stdout.write(f"  and {len(report.copies) - SHOWN} more")
