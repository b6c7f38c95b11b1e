"""`manage.py verify_erasure REFERENCE`: repeat the proof of an erasure, at any later time."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from matching import erase as erasing
from matching.models import Erasure
from portal import vault
from portal.answers.scope import withheld_photos
from portal.flow.searched import usable_templates
from rights import journal, reference
from rights.models import Right, RightsRequest


class Command(BaseCommand):
    """Sweep again, look for the objects, and scan the index's bytes; exit status 1 if anything is found."""

    help = "Repeat the proof that a request's erasure is complete. Exit status 1 if anything is found."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reference", help="the request's reference, as in REG-7K3M-9QXD")
        parser.add_argument("--json", action="store_true", help="print the proof as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        written = reference.parse(options["reference"])
        request = RightsRequest.objects.filter(reference=written).first() if written else None
        if request is None:
            raise CommandError("There is no request with this reference.", returncode=2)
        if not Erasure.objects.filter(subject=request.pk).exists():
            raise CommandError("Nothing was erased under this request.", returncode=2)
        try:
            probes = usable_templates(request)
        except vault.Destroyed:
            probes = None
        kept = withheld_photos(request, Right.ERASURE)
        proof = erasing.prove(subject=request.pk, probes=probes, kept=kept)
        result = {
            "ok": proof.ok,
            "faces_found": proof.found_faces,
            "hits_to_review": proof.hits_open,
            "objects_left": proof.objects_left,
            "vectors_left": proof.vectors_left,
            "log_left": proof.log_left,
            "swept": probes is not None,
            "faces_scanned": proof.certificate.get("faces_scanned"),
            "checked_at": proof.checked_at.isoformat(),
        }
        journal.record(request=request, actor=journal.SYSTEM, event="erasure_verified", detail=result)
        self.stdout.write(json.dumps(result, indent=2) if options["json"] else self.in_words(result))
        if not proof.ok:
            raise CommandError("The erasure is not complete.", returncode=1)

    @staticmethod
    def in_words(result: dict[str, Any]) -> str:
        lines = [f"{name.replace('_', ' ')}: {value}" for name, value in result.items()]
        if not result["swept"]:
            lines.append("No sweep: the photograph was destroyed on its date. Objects and index bytes were checked.")
        return "\n".join(lines)
