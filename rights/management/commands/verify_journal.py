"""`manage.py verify_journal`: whether every entry of the journal is there, in its place, as it was written."""

import argparse
import json
import re
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from rights import journal, triggers

ANCHOR = re.compile(r"(\d+):([0-9a-f]{64})")


def anchor(text: str) -> tuple[int, str]:
    """A position and a digest noted earlier."""
    found = ANCHOR.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a position and a digest like 17:0123…ef")
    return int(found[1]), found[2]


class Command(BaseCommand):
    """Recomputes the chain from its first entry. Exit status 1 if anything is wrong."""

    help = "Check the journal: every altered, removed or reordered entry is named. Exit status 1 if there is one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--anchor", action="append", default=[], type=anchor, metavar="POSITION:DIGEST",
            help="an end of the journal noted earlier and kept elsewhere; may be repeated",
        )  # fmt: skip
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: object, **options: Any) -> None:
        flaws = list(journal.check(anchors=dict(options["anchor"])))
        absent = triggers.missing(connection)
        head = journal.head()
        if options["json"]:
            result = {
                "ok": not flaws and not absent,
                "entries": head.position,
                "anchor": f"{head.position}:{head.digest}",
                "flaws": [flaw._asdict() for flaw in flaws],
                "rules_missing": absent,
            }
            self.stdout.write(json.dumps(result, indent=2))
        else:
            for flaw in flaws:
                self.stdout.write(f"{flaw.what[0].upper()}{flaw.what[1:]}.")
            for name in absent:
                self.stdout.write(f"The rule {name} is missing from the database; `manage.py migrate` puts it back.")
            self.stdout.write(f"Entries: {head.position}. Keep this elsewhere: --anchor {head.position}:{head.digest}")
        if flaws or absent:
            raise CommandError("The journal is not as it was written.", returncode=1)
