"""Make the demonstration's pictures."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal import demo


class Command(BaseCommand):
    help = "Make the demonstration's pictures: photos/ to import, selfies/ to ask with. Nobody in them exists."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, default=settings.VAR_DIR / "demo")
        parser.add_argument("--people", default="", help="only these, as P001,P004")
        parser.add_argument("--max-side", type=int, default=demo.MAX_SIDE, help="pixels (default: %(default)s)")

    def handle(self, *, folder: Path, people: str, max_side: int, **options: Any) -> None:
        chosen = [name for name in people.split(",") if name]
        unknown = sorted(set(chosen) - set(demo.people()))
        if unknown:
            raise CommandError(f"There is no {', '.join(unknown)}; there are {', '.join(demo.people())}.")
        until = timezone.localdate()
        if demo.make(folder, until=until, chosen=chosen, max_side=max_side):
            self.stdout.write(f"The pictures are in {folder}.")
        else:
            self.stdout.write(f"{folder} exists already; nothing was changed.")
