"""`manage.py doctor [--json]`: what is right and wrong with this installation, and what to do."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.operate.doctor import findings
from portal.operate.finding import Level


class Command(BaseCommand):
    """Names no person, picture or secret. Changes nothing but the date at which the index was found whole."""

    help = "Say in one screen what is right and wrong, and what to do. Exit status 1 if something is wrong."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object, by the name of each check")

    def handle(self, *args: Any, **options: Any) -> None:
        found = {}
        for name, finding in findings():
            found[name] = finding
            if not options["json"]:
                self.stdout.write(f"{finding.level:<8} {name:<11} {finding.says}")
                if finding.do:
                    self.stdout.write(f"{'':20} → {finding.do}")
        if options["json"]:
            self.stdout.write(json.dumps({name: asdict(finding) for name, finding in found.items()}, indent=2))
        wrong = [name for name, finding in found.items() if finding.level is Level.WRONG]
        if wrong:
            raise CommandError(f"Wrong: {', '.join(wrong)}.", returncode=1)
