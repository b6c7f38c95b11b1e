"""`manage.py fetch_mail`: take replies by mail into the threads of their requests."""

from collections import Counter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.incoming import mailbox
from portal.incoming.taken import Fate, take


class Command(BaseCommand):
    """Looks at every mail in the mailbox once. Names no sender, subject or request."""

    help = "Take replies by mail into their requests; move every other mail to the folder for people."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.IMAP_URL:
            raise CommandError("REGARD_IMAP_URL is not set; see docs/mail.md.", returncode=2)
        found: Counter[Fate] = Counter()
        try:
            with mailbox.opened() as box:
                for uid in box.waiting():
                    found[self._look_at(box, uid)] += 1
        except mailbox.MAILBOX_ERRORS as error:
            raise CommandError(f"The mailbox cannot be used ({type(error).__name__}).", returncode=1) from error
        finally:
            self.stdout.write(", ".join(f"{found[fate]} {fate}" for fate in Fate) + ".")

    @staticmethod
    def _look_at(box: mailbox.Mailbox, uid: int) -> Fate:
        raw = box.raw(uid)
        fate = Fate.ASIDE if raw is None else take(raw)  # From here on it is on disk.
        if fate == Fate.TAKEN:
            box.delete(uid)
        elif fate != Fate.LATER:
            box.put_aside(uid)
        return fate
