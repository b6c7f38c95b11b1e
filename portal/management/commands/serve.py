"""Run all of Regard on this machine, to try it out. Production runs the same programs under its service manager."""

import fcntl
import http.client
import os
import shlex
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from rich.console import Console

from matching.pool import WorkersUnusable
from matching.sources import SourceUnreachable
from portal import catalogues
from portal.models import ControllerProfile
from portal.serve import holdings, keys, preflight, seed
from portal.serve.children import children
from portal.serve.supervisor import StartFailed, Supervisor

PATIENCE = 60.0
"""Seconds for the first page. Far more than a slow machine needs; a program that ends is noticed at once."""


class Command(BaseCommand):
    help = "Run broker, worker and web server on this machine, to try Regard out. Ctrl-C stops them."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", default=os.environ.get("PORT", ""), help="of 127.0.0.1 (default: 8000)")
        parser.add_argument("--photos", default=os.environ.get("PHOTOS", ""), help="your own folder, not the demo")

    def handle(self, *, port: str, photos: str, **options: Any) -> None:
        if settings.PROFILE != "dev":
            raise CommandError("serve is for trying Regard out: set REGARD_PROFILE=dev, or see docs/settings.md.")
        if keys.ensure(settings.VAR_DIR):
            # The settings were read before the secrets existed: begin again with them.
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - this very command
        try:
            number = preflight.port(port)
            folder = preflight.photos(photos)
        except preflight.NotReady as reason:
            raise CommandError(str(reason)) from None
        run = settings.VAR_DIR / "run"
        run.mkdir(mode=0o700, exist_ok=True)
        with only_one(run):
            logins = self.prepare(folder)
            self.supervise(run=run, port=number, photos=folder, logins=logins)

    def prepare(self, photos: Path | None) -> dict[str, str]:
        """Bring database, staff and pictures to the state that a start needs; the staff's logins."""
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            catalogues.compile_all()
            call_command("migrate", verbosity=0)
            logins = seed.staff_logins(settings.VAR_DIR)
            if not settings.MODELS_DIR.exists():
                call_command("prepare_models", stdout=self.stdout)
            console = Console(stderr=True)
            if photos:
                holdings.own(photos, console=console)
            else:
                source = holdings.demonstration(settings.VAR_DIR / "demo", console=console)
                seed.demo_controller()
                seed.demo_recipients(source)
        except KeyboardInterrupt:
            raise CommandError("Stopped. What was imported stays; the next start does the rest.") from None
        except SourceUnreachable as reason:
            raise CommandError(f"The photographs cannot be read ({reason}); see that their folder is there.") from None
        except WorkersUnusable as reason:
            raise CommandError(f"Nothing can be imported: {reason}. See that there is memory enough.") from None
        return logins

    def supervise(self, *, run: Path, port: int, photos: Path | None, logins: dict[str, str]) -> None:
        """Start the programs, say where everything is, and stay until somebody wants it to stop."""
        keys.note_address(run, port)
        supervisor = Supervisor(children(run=run, port=port), run=run, say=self.say)
        supervisor.listen()
        try:
            supervisor.start(is_up=lambda: answers(port), patience=PATIENCE)
            if not supervisor.stopping:
                self.say("\n".join(summary(port=port, photos=photos, logins=logins)))
            supervisor.watch()
            self.say("Stopping …")
        except StartFailed as reason:
            raise CommandError(str(reason)) from None
        finally:
            supervisor.stop()
        self.say("Stopped. Everything is kept; the next start goes on from here.")

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def only_one(run: Path) -> Iterator[None]:
    """Hold the folder's lock. Raises: CommandError, if another Regard runs in this folder."""
    with (run / "serve.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                f"Regard is running in {run.parent} already: stop it first, or choose another folder with REGARD_VAR."
            ) from None
        yield


def answers(port: int) -> bool:
    """Whether the front page is served."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def code_command() -> str:
    """The command that prints the code of the first login, as it is typed in another terminal."""
    where = "" if settings.VAR_DIR == settings.BASE_DIR / "var" else f" REGARD_VAR={shlex.quote(str(settings.VAR_DIR))}"
    return f"REGARD_PROFILE=dev{where} .venv/bin/python manage.py staff_code {seed.STAFF[0]}"


def summary(*, port: int, photos: Path | None, logins: dict[str, str]) -> Iterator[str]:
    """Where everything is, line by line."""
    here = f"http://127.0.0.1:{port}"
    yield ""
    yield "Regard is running. Ctrl-C stops it."
    yield ""
    yield f"  Portal    {here}{reverse('citizens:front')}"
    yield f"  Desk      {here}{reverse('admin:index')}"
    for name, password in logins.items():
        yield f"            {name}  {password}"
    if logins:
        yield "            and as second step the six digits that this prints:"
        yield f"            {code_command()}"
    yield f"  Mailbox   {here}{reverse('mailbox:list')}"
    if photos:
        yield f"  Photos    {photos}"
    else:
        yield f"  Selfies   {settings.VAR_DIR / 'demo' / 'selfies'}"
    yield f"  Logs      {settings.VAR_DIR / 'run'}"
    yield ""
    yield f"A development key is in use ({settings.VAR_DIR / keys.NAME}): for trying out, not for real requests."
    if not ControllerProfile.load().name:
        profile = reverse("admin:portal_controllerprofile_changelist")
        yield f"The controller profile is empty: staff must fill it in before an answer can be sent: {here}{profile}"
    yield ""
