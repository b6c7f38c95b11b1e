"""`manage.py reset_factor`: for who has lost the second factor and has no other administrator to ask."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.staff import accounts
from rights import journal


class Command(BaseCommand):
    """Also ends every session of the account and lifts its locks. Journalled as done by the system."""

    help = "Forget an account's second factors; the next sign-in sets up a new one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--link", action="store_true", help="print a link to set a new password, too")

    def handle(self, *args: Any, name: str, link: bool, **options: Any) -> None:
        user = User.objects.filter(username=name, is_staff=True).first()
        if user is None:
            raise CommandError(f"There is no account {name!r}.")
        had = accounts.reset_factor(user=user, actor=journal.SYSTEM)
        self.stdout.write(f"Reset {name}." if had else f"{name} had no second factor; sessions and locks are ended.")
        if link:
            accounts.note("link_made", user, actor=journal.SYSTEM)
            self.stdout.write(accounts.link(user))
