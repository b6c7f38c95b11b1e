"""`manage.py replay_erasures [--log FILE]`: once a backup was put back, erase again what was erased since."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from matching import erase, erased_log
from matching.replay import replay
from matching.sources import SourceUnreachable
from portal.answers.scope import withheld_photos
from rights import journal
from rights.models import Right, RightsRequest


class Command(BaseCommand):
    """Run it after every restore, before workers start and before an import. May be run again; each time it proves."""

    help = "Erase again what a restored backup brought back, from the log of erasures. Exit status 1 if any is left."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--log", type=Path, default=Path(settings.ERASED_LOG), help="(default: %(default)s)")

    def handle(self, *args: Any, log: Path, **options: Any) -> None:
        try:
            lines = list(erased_log.lines(log))
        except OSError as error:
            raise CommandError(f"{log} cannot be read: {error.strerror}.", returncode=2) from error
        except erased_log.LogDamaged as damage:
            raise CommandError(f"{log} is damaged at {damage}; use a copy of it.", returncode=2) from damage
        done = replay(lines)
        unproven = sum(not self.proven(subject) for subject in done.subjects)
        detail = {"photos": done.photos, "templates": done.templates, "unproven": unproven}
        journal.record(request=None, actor=journal.SYSTEM, event="erasures_replayed", detail=detail)
        self.stdout.write(
            f"{len(lines)} lines. Erased again: {done.photos} pictures, {done.templates} templates kept with consent."
        )
        if done.waits:
            reasons = ", ".join(sorted({str(problem.label) for problem in done.waits}))
            raise CommandError(f"A source cannot be used ({reasons}); mend that and run this again.", returncode=1)
        if unproven:
            raise CommandError(f"{unproven} erasures are not complete; see verify_erasure.", returncode=1)

    @staticmethod
    def proven(subject: UUID) -> bool:
        """Whether objects, rows and the index's bytes are gone; what was found is in the journal."""
        request = RightsRequest.objects.filter(pk=subject).first()
        kept = withheld_photos(request, Right.ERASURE) if request else []
        try:
            proof = erase.prove(subject=subject, probes=None, kept=kept)
        except SourceUnreachable:
            return False
        if request is not None:
            detail = {"ok": proof.ok, "objects_left": proof.objects_left, "vectors_left": proof.vectors_left}
            journal.record(request=request, actor=journal.SYSTEM, event="erasure_replayed", detail=detail)
        return proof.ok
