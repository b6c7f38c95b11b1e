"""`manage.py rotate_keys`: after a new master key was put first in REGARD_KEYS."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal import vault


class Command(BaseCommand):
    """May be stopped and run again; evidence stays readable all the while."""

    help = "Wrap the key of every request with the newest master key, and say which older ones may go."

    def handle(self, *args: Any, **options: Any) -> None:
        done = vault.rewrap()
        listed = [identifier for identifier, _key in settings.MASTER_KEYS]
        self.stdout.write(f"{done.rewrapped} keys are now wrapped by {listed[0]!r}.")
        idle = [identifier for identifier in listed[1:] if identifier not in done.in_use]
        if idle:
            self.stdout.write(f"No longer needed, take out of REGARD_KEYS: {', '.join(idle)}.")
        if done.unopened:
            raise CommandError(
                f"{done.unopened} keys could not be opened. Their master keys are "
                f"{', '.join(sorted(done.in_use - {listed[0]}))}: put the right ones back into REGARD_KEYS, then run "
                "this again."
            )
