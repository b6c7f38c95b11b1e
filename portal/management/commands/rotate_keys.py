"""`manage.py rotate_keys`: after a new master key was put first in REGARD_KEYS."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from matching import sealing
from portal.operate import keyring


class Command(BaseCommand):
    """May be stopped and run again; evidence stays readable all the while."""

    help = "Wrap the keys of requests, kept templates and staff's apps with the newest master key; say which may go."

    def handle(self, *args: Any, **options: Any) -> None:
        done = [sealing.rewrap(keys) for keys in keyring.every()]
        unopened = sum(part.unopened for part in done)
        listed = [identifier for identifier, _key in settings.MASTER_KEYS]
        self.stdout.write(f"{sum(part.rewrapped for part in done)} keys are now wrapped by {listed[0]!r}.")
        in_use = keyring.in_use()  # Asked last: a process that still has the old settings may have used an old one.
        idle = [identifier for identifier in listed[1:] if identifier not in in_use]
        if idle:
            self.stdout.write(f"No longer needed, take out of REGARD_KEYS: {', '.join(idle)}.")
        if unopened:
            raise CommandError(
                f"{unopened} keys could not be opened. The master keys in use are {', '.join(sorted(in_use))}: put the "
                "right ones back into REGARD_KEYS, each under the name it had, then run this again."
            )
        if in_use - {listed[0]}:
            raise CommandError("An old master key was used meanwhile: restart every process, then run this again.")
