"""Each check of the doctor, where all is well and where it is not."""

import json
import shutil
import subprocess
from collections import namedtuple
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from freezegun import freeze_time
from pytest_django.fixtures import Settings

from matching.index import get_index
from matching.models import Face, Source
from portal import tasks
from portal.models import ControllerProfile, Job, JobKind, Notice, NoticeState, Pulse, Remedy
from portal.operate import contents, doctor, pulse, services
from portal.operate.finding import Level
from tests.browser.stack import until
from tests.holdings import segments_index
from tests.painted import folder_of
from tests.portal.deeds import Ask

pytestmark = pytest.mark.django_db


def level(name: str) -> str:
    """What the check says, which must say what to do unless all is well."""
    finding = doctor.examine(name)
    assert bool(finding.do) == (finding.level is not Level.OK)
    return finding.level


def test_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    assert level("database") == "ok"

    def refuse() -> None:
        raise OperationalError("connection to server as user somebody failed")

    monkeypatch.setattr(connection, "ensure_connection", refuse)
    assert level("database") == "wrong"
    assert "somebody" not in doctor.examine("database").says


def test_migrations() -> None:
    assert level("migrations") == "ok"
    MigrationRecorder.Migration.objects.filter(app="portal").latest("applied").delete()
    assert level("migrations") == "wrong"


@pytest.mark.any_database
def test_broker_and_workers_alive_and_dead(
    worker: subprocess.Popen[bytes], broker: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert until(lambda: level("broker") == "ok", seconds=20, what="the broker")
    monkeypatch.setattr(services, "PATIENCE", 1.0)
    assert until(lambda: level("workers") == "ok", seconds=60, what="the worker")
    worker.kill()
    worker.wait()
    assert level("workers") == "wrong"
    broker.kill()
    broker.wait()
    assert (level("broker"), level("workers")) == ("wrong", "wrong")


def test_a_broker_that_lives_in_memory_is_none() -> None:
    assert (level("broker"), level("workers")) == ("warning", "wrong")


def test_a_broker_at_a_closed_port(settings: Settings) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    assert (level("broker"), level("workers")) == ("wrong", "wrong")


def test_the_beat() -> None:
    assert level("beat") == "wrong"
    tasks.pick_up()
    assert level("beat") == "ok"
    Pulse.objects.update(at=timezone.now() - services.NO_BEAT - timedelta(seconds=1))
    assert level("beat") == "wrong"
    pulse.beat()
    assert level("beat") == "ok"


def test_mail(mail_server: Callable[..., list[bytes]], settings: Settings) -> None:
    assert level("mail") == "warning"  # The local mailbox.
    verbs = mail_server()
    assert level("mail") == "ok"
    assert verbs[0] in (b"EHLO", b"HELO")
    assert not {b"MAIL", b"RCPT", b"DATA"} & set(verbs)
    mail_server(answer=b"421 Too busy\r\n")
    assert level("mail") == "wrong"
    mail_server(greeting=b"554 Not you\r\n")
    assert level("mail") == "wrong"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert level("mail") == "wrong"


@pytest.mark.parametrize(("off", "wanted"), [(0, "ok"), (10, "warning"), (120, "wrong"), (-120, "wrong")])
def test_the_clocks_of_database_and_system(off: int, wanted: str) -> None:
    with freeze_time(timezone.now() + timedelta(seconds=off)):
        assert level("clock") == wanted


def test_a_clock_that_went_back(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    with freeze_time(timezone.now() + timedelta(days=1)):
        ask()
    assert level("clock") == "wrong"


def test_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "free")
    for free, wanted in ((10**12, "ok"), (10**9, "warning"), (10**8, "wrong")):
        monkeypatch.setattr(shutil, "disk_usage", lambda _path, free=free: usage(free))
        assert level("disk") == wanted


def test_keys(settings: Settings, ask: Ask) -> None:
    assert level("keys") == "warning"
    settings.PRODUCTION = True
    assert level("keys") == "wrong"
    ask()  # Its evidence is sealed by the key that now goes.
    settings.MASTER_KEYS = [("2026", b"k" * 32)]
    settings.SECRET_KEY = "s" * 64
    assert level("keys") == "wrong"
    assert "not listed" in doctor.examine("keys").says


def test_own_keys_are_right_and_a_short_secret_is_not(settings: Settings) -> None:
    settings.MASTER_KEYS, settings.SECRET_KEY = [("2026", b"k" * 32)], "s" * 64
    assert level("keys") == "ok"
    settings.SECRET_KEY = "s" * 20
    assert level("keys") == "warning"


def test_the_profile(controller: ControllerProfile) -> None:
    assert level("profile") == "ok"
    controller.texts.filter(language="fr").update(origin=" ")
    assert level("profile") == "wrong"
    assert "origin (fr)" in doctor.examine("profile").says
    Remedy.objects.all().delete()
    ControllerProfile.objects.all().delete()
    assert "postal address" in doctor.examine("profile").says


def test_jobs_that_wait(ask: Ask) -> None:
    job = Job.objects.create(request=ask(), kind=JobKind.SEARCH, not_before=timezone.now())
    assert level("jobs") == "ok"
    long_ago = timezone.now() - contents.LONG_WAIT - timedelta(minutes=1)
    Job.objects.filter(pk=job.pk).update(created_at=long_ago, not_before=long_ago)
    assert level("jobs") == "wrong"
    Job.objects.filter(pk=job.pk).update(attempts=3, problem="SearchIncomplete")
    assert level("jobs") == "warning"
    assert "1 SearchIncomplete" in doctor.examine("jobs").says


def test_the_outbox(ask: Ask) -> None:
    ask()
    assert level("outbox") == "ok"
    assert Notice.objects.update(created_at=timezone.now() - contents.LONG_WAIT - timedelta(minutes=1))
    assert level("outbox") == "wrong"
    Notice.objects.update(state=NoticeState.BY_POST)
    assert level("outbox") == "warning"


def test_the_index(painted: Source) -> None:
    assert level("index") == "ok"
    Face.objects.filter(photo__path="twin.jpg").delete()
    assert level("index") == "warning"
    get_index().sync()
    assert level("index") == "ok"
    with freeze_time(timezone.now() + timedelta(days=3)):
        assert level("index") == "warning"
    for path in segments_index().root.glob("seg-*"):
        path.write_bytes(b"")
    assert level("index") == "wrong"


def test_the_sources(painted: Source, tmp_path: Path) -> None:
    assert level("sources") == "ok"
    folder_of(painted).rename(tmp_path / "unmounted")
    assert level("sources") == "wrong"
    says = doctor.examine("sources").says
    assert f"source {painted.pk}" in says
    assert str(tmp_path) not in says


def test_no_source_at_all() -> None:
    assert level("sources") == "warning"


def test_the_command_says_every_check_and_ends_with_one_if_something_is_wrong(ask: Ask) -> None:
    ask()
    out = StringIO()
    with pytest.raises(CommandError, match=r"Wrong: .*beat") as ended:
        call_command("doctor", stdout=out)
    assert ended.value.returncode == 1
    lines = [line for line in out.getvalue().splitlines() if not line.startswith(" ")]
    assert [line.split()[1] for line in lines] == list(doctor.CHECKS)
    assert "ada@" not in out.getvalue()


def test_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CHECKS", {name: doctor.CHECKS[name] for name in ("database", "disk")})
    out = StringIO()
    call_command("doctor", "--json", stdout=out)
    found = json.loads(out.getvalue())
    assert list(found) == ["database", "disk"]
    assert set(found["database"]) == {"level", "says", "do"}
