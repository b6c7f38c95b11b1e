"""`manage.py add_staff`: an account at the desk. The first one of an installation cannot be made at the desk."""

from getpass import getpass
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from portal.staff import accounts
from portal.staff.roles import Role
from rights import journal


class Command(BaseCommand):
    """Prints a link under which the person sets a password once, or asks for one here."""

    help = "Add an account with roles; print a link, good once and for a day, to set its password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--role", action="append", required=True, choices=Role.values, help="may be repeated")
        parser.add_argument("--email", default="", help="where reminders of legal dates go")
        parser.add_argument("--prompt", action="store_true", help="ask for a password here instead of printing a link")

    def handle(self, *args: Any, name: str, role: list[str], email: str, prompt: bool, **options: Any) -> None:
        try:
            with transaction.atomic():
                given = [Role(each) for each in role]
                user = accounts.add(name=name, roles_given=given, email=email, actor=journal.SYSTEM)
                if prompt:
                    _set_password(user)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        self.stdout.write(f"Added {name}: {', '.join(role)}.")
        if not prompt:
            self.stdout.write("Hand this over by a way that nobody else reads; it is good once and for a day:")
            self.stdout.write(accounts.link(user))
        self.stdout.write("The first sign-in sets up a second factor.")


def _set_password(user: User) -> None:
    first, again = getpass("Password: "), getpass("Once more: ")
    if first != again:
        raise ValidationError("The two are not alike.")
    validate_password(first, user)
    user.set_password(first)
    user.save(update_fields=["password"])
