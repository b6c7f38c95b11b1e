"""`manage.py maintenance on|off`: close the portal to citizens for a while, and open it again."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.operate.maintenance import switch


class Command(BaseCommand):
    """Takes effect at once, in every web process of this folder. The desk and the workers go on."""

    help = "Show citizens a page that says that the site is closed for a short while (on), or open it again (off)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("state", choices=["on", "off"])

    def handle(self, *args: Any, **options: Any) -> None:
        if options["state"] == "on":
            switch().touch()
            self.stdout.write("The portal is closed to citizens; the desk is open, and dates run on.")
        else:
            switch().unlink(missing_ok=True)
            self.stdout.write("The portal is open.")
