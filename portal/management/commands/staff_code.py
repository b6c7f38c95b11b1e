"""`manage.py staff_code`: the second step of an account of the demonstration, without a telephone."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.models import Totp
from portal.staff import factors

WAIT = 60
"""Seconds. A code goes once, so the third sign-in within half a minute waits."""


class Command(BaseCommand):
    """Refused in production: there, nothing but the person's own telephone knows the code."""

    help = "Print the code that an account's authenticator app would show now. Only for trying Regard out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        if settings.PROFILE == "production":
            raise CommandError("In production nobody reads codes of others: the person's own app shows them.")
        app = Totp.objects.filter(user__username=name, confirmed=True).select_related("user").first()
        if app is None:
            raise CommandError(f"{name} has no authenticator app.")
        code, seconds = factors.current_code(app.user)
        if seconds > WAIT:
            raise CommandError("The clock of this machine was turned back: codes of that time were used already.")
        time.sleep(seconds)
        self.stdout.write(code)
