"""Checks of what Regard runs on. Each asks the thing itself, within seconds, and changes nothing."""

import shutil
import smtplib
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.core.mail import get_connection
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from kombu import Connection
from kombu.exceptions import OperationalError

from portal.celery import app
from portal.operate import pulse
from portal.operate.finding import Finding, ok, warning, wrong
from rights.models import JournalEntry

PATIENCE: Final = 3.0
"""Seconds for the broker, and again for the workers' answers."""
MAIL_PATIENCE: Final = 10
NO_BEAT: Final = timedelta(minutes=5)
"""Without the beat, what the broker lost and what becomes due waits."""
CLOCK_OFF: Final = timedelta(seconds=2)
CLOCK_WRONG: Final = timedelta(minutes=1)
LITTLE_SPACE: Final = 2 * 1024**3
NO_SPACE: Final = 256 * 1024**2
"""Bytes. An archive of an answer and a new segment of the index have to fit."""


def database() -> Finding:
    """Whether it answers. Raises: django.db.Error, like every check that needs it, when it does not."""
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ok(f"{connection.display_name} answers.")


def migrations() -> Finding:
    """Whether the tables are those of this code."""
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if missing:
        return wrong(f"{missing} migrations are not applied.", "Run manage.py migrate.")
    return ok("All migrations are applied.")


def _broker() -> Connection:
    """A connection that gives up soon, where the transport lets itself be told."""
    limits = {"socket_connect_timeout": PATIENCE, "socket_timeout": PATIENCE}
    remote = settings.CELERY_BROKER_URL.startswith(("redis", "valkey"))
    return app.connection_for_write(settings.CELERY_BROKER_URL, transport_options=limits if remote else {})


def broker() -> Finding:
    """Whether it takes messages."""
    if settings.CELERY_BROKER_URL.startswith("memory:"):
        return warning("There is none, only this process's memory.", "Set REGARD_BROKER_URL.")
    try:
        with _broker() as reached:
            reached.ensure_connection(max_retries=1, interval_start=0, timeout=PATIENCE)
            reached.default_channel.client.ping()
    except (OperationalError, OSError, *_broker().connection_errors) as error:
        return wrong(
            f"It cannot be reached ({type(error).__name__}). Work waits in the database.",
            "Start Redis or Valkey, or correct REGARD_BROKER_URL.",
        )
    return ok("It answers.")


def workers() -> Finding:
    """Whether any Celery worker answers a ping."""
    if settings.CELERY_BROKER_URL.startswith("memory:"):
        return wrong("None can be asked without a broker.", "Mend the broker first.")
    try:
        with _broker() as reached:
            reached.ensure_connection(max_retries=1, interval_start=0, timeout=PATIENCE)
            answers = app.control.inspect(timeout=PATIENCE, connection=reached).ping() or {}
    except (OperationalError, OSError, *_broker().connection_errors):
        return wrong("None can be asked without a broker.", "Mend the broker first.")
    if not answers:
        return wrong(
            f"None answered within {PATIENCE:.0f} seconds: no search, answer, erasure or mail is made.",
            "Start `celery --app portal.celery worker`; see its log if it ends.",
        )
    return ok(f"{len(answers)} answered.")


def beat() -> Finding:
    """Whether its task lately reached a worker."""
    do = "Start one worker with --beat, or `celery --app portal.celery beat`; see that workers answer."
    last = pulse.last_beat()
    if last is None:
        return wrong("It has never reached a worker: lost messages stay lost, reminders are not sent.", do)
    age = timezone.now() - last
    if age > NO_BEAT:
        return wrong(f"It last reached a worker {in_words(age)} ago: reminders are not sent.", do)
    return ok(f"It reached a worker {in_words(age)} ago.")


def mail() -> Finding:
    """Whether the mail server greets us and lets us in. No mail is sent."""
    if settings.LOCAL_MAILBOX:
        return warning("Mails stay in the local mailbox; nobody outside gets one.", "Set REGARD_SMTP_URL.")
    server: Any = get_connection("django.core.mail.backends.smtp.EmailBackend", timeout=MAIL_PATIENCE)
    try:
        server.open()
        server.connection.ehlo_or_helo_if_needed()
        code, _text = server.connection.noop()
    except (smtplib.SMTPException, OSError) as error:
        return wrong(
            f"The mail server cannot be used ({type(error).__name__}). Mails wait in the outbox.",
            "See that it runs and that REGARD_SMTP_URL has the right host, port, kind and password.",
        )
    finally:
        server.fail_silently = True
        server.close()
    if code != 250:
        return wrong(f"The mail server refuses ({code}). Mails wait in the outbox.", "Ask whoever runs it.")
    return ok("The mail server answers.")


def clock() -> Finding:
    """Whether database and system agree on the time, and time has not gone back. Legal dates rest on it."""
    do = "Set the clocks by NTP on the machines of the portal and of the database."
    off = abs(timezone.now() - _database_time())
    if off > CLOCK_WRONG:
        return wrong(f"Database and system differ by {in_words(off)}: dates may be wrong.", do)
    newest = JournalEntry.objects.order_by("-position").values_list("at", flat=True).first()
    if newest is not None and newest - timezone.now() > CLOCK_WRONG:
        return wrong("The journal's newest entry lies in the future: the clock went back.", do)
    if off > CLOCK_OFF:
        return warning(f"Database and system differ by {in_words(off)}.", do)
    return ok(f"It is {timezone.localtime():%Y-%m-%d %H:%M} in {settings.TIME_ZONE}; the database agrees.")


def _database_time() -> datetime:
    with connection.cursor() as cursor:
        # PostgreSQL's CURRENT_TIMESTAMP is when the transaction began.
        cursor.execute("SELECT clock_timestamp()" if connection.vendor == "postgresql" else "SELECT CURRENT_TIMESTAMP")
        (found,) = cursor.fetchone()
    when = datetime.fromisoformat(str(found))
    return when if timezone.is_aware(when) else when.replace(tzinfo=UTC)


def disk() -> Finding:
    """Whether the folder of index and archives has room."""
    free = shutil.disk_usage(settings.VAR_DIR).free
    says = f"{free / 1024**3:.1f} GiB are free in the folder of index and archives."
    do = "Make room, or move REGARD_VAR to a larger disk."
    if free < NO_SPACE:
        return wrong(says, do)
    return warning(says, do) if free < LITTLE_SPACE else ok(says)


def in_words(age: timedelta) -> str:
    """A length of time in its largest sensible unit."""
    seconds = age.total_seconds()
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
