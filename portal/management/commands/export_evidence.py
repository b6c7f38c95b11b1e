"""`manage.py export_evidence REFERENCE`: the whole procedural file of a request, for the authority (GDPR 31)."""

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import procedure
from rights import journal, reference
from rights.models import RightsRequest


class Command(BaseCommand):
    """Writes a ZIP archive that only its owner can read. That it was written is itself in the journal."""

    help = "Write everything that shows how a request was handled into one archive."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reference", help="the request's reference, as in REG-7K3M-9QXD")
        parser.add_argument("--output", type=Path, help="the file to write; otherwise REFERENCE-evidence.zip, here")
        parser.add_argument(
            "--with-person",
            action="store_true",
            help="also contact data, the letter, and what the person wrote, as far as they still exist",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        written = reference.parse(options["reference"])
        request = RightsRequest.objects.filter(reference=written).first() if written else None
        if request is None:
            raise CommandError("There is no request with this reference.", returncode=2)
        target: Path = options["output"] or Path(f"{request.reference}-evidence.zip")
        try:
            handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{target} cannot be written: {error.strerror}.", returncode=2) from error
        detail = {"with_person": options["with_person"]}
        journal.record(request=request, actor=journal.SYSTEM, event="evidence_exported", detail=detail)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(procedure.write(request, with_person=options["with_person"]))
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        self.stdout.write(f"Written: {target}")
