"""Compile the message catalogues; `serve` and the tests do it by themselves."""

from django.core.management.base import BaseCommand

from portal import catalogues


class Command(BaseCommand):
    help = "Compile the message catalogues under locale/ (no GNU gettext needed)."
    requires_system_checks: list[str] = []

    def handle(self, **options: object) -> None:
        for target in catalogues.compile_all():
            self.stdout.write(f"compiled {target.parent.parent.name}/{target.stem}")
