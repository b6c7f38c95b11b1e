"""`manage.py rotate_keys`: after a new master key was put first in REGARD_KEYS."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from matching import suppression
from portal import vault
from portal.staff import factors


class Command(BaseCommand):
    """May be stopped and run again; evidence stays readable all the while."""

    help = "Wrap the keys of requests, kept templates and staff's apps with the newest master key; say which may go."

    def handle(self, *args: Any, **options: Any) -> None:
        done = [vault.rewrap(), suppression.rewrap(), factors.rewrap()]
        in_use = frozenset().union(*(part.in_use for part in done))
        unopened = sum(part.unopened for part in done)
        listed = [identifier for identifier, _key in settings.MASTER_KEYS]
        self.stdout.write(f"{sum(part.rewrapped for part in done)} keys are now wrapped by {listed[0]!r}.")
        idle = [identifier for identifier in listed[1:] if identifier not in in_use]
        if idle:
            self.stdout.write(f"No longer needed, take out of REGARD_KEYS: {', '.join(idle)}.")
        if unopened:
            raise CommandError(
                f"{unopened} keys could not be opened. Their master keys are "
                f"{', '.join(sorted(in_use - {listed[0]}))}: put the right ones back into REGARD_KEYS, then run "
                "this again."
            )
