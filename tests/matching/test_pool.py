"""An import outlives what it reads: processes are really killed here, and nothing is lost or done twice."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from PIL import Image
from pytest_django import DjangoDbBlocker
from pytest_django.fixtures import Settings

from matching import ingest, pool, processes, reading
from matching.models import Photo, PhotoStatus, Suppression
from tests.fakes import paint
from tests.matching import pooled
from tests.project import ROOT

pytestmark = pytest.mark.any_database

PHOTOS = 30


def results(*jobs: tuple[object, ...], count: int = 2) -> dict[int, object]:
    found = list(pool.each(pooled.double, jobs, count=count, ready=pooled.ready))
    assert len(dict(found)) == len(found)
    return dict(found)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes without Django."""
    monkeypatch.setattr(processes, "begin", pooled.ready)


@pytest.mark.usefixtures("bare")
def test_every_job_is_done_once_and_in_order() -> None:
    found = list(pool.each(pooled.double, [(number,) for number in range(25)], count=2, ready=pooled.ready))
    assert found == [(number, 2 * number) for number in range(25)]
    assert list(pool.each(pooled.double, [], count=2, ready=pooled.ready)) == []


@pytest.mark.usefixtures("bare")
def test_what_kills_its_process_is_given_up_and_the_rest_is_done() -> None:
    deadly = {3, 4}
    found = results(*[(number, "deadly" if number in deadly else "") for number in range(12)])
    assert {number for number, result in found.items() if isinstance(result, pool.Died)} == deadly
    assert {number: 2 * number for number in range(12) if number not in deadly} == {
        number: result for number, result in found.items() if number not in deadly
    }


@pytest.mark.usefixtures("bare")
def test_what_died_only_in_company_is_done_alone(tmp_path: Path) -> None:
    found = results(*[(number, "", str(tmp_path / "once") if number == 5 else "") for number in range(12)])
    assert found == {number: 2 * number for number in range(12)}


def test_a_job_of_a_broken_pool_that_nobody_settles_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "SETTLED", 0.01)
    assert pool._is_lost(Future())
    done: Future[int] = Future()
    done.set_result(1)
    assert not pool._is_lost(done)


@pytest.mark.usefixtures("bare")
def test_processes_that_never_get_ready_blame_no_job() -> None:
    with pytest.raises(pool.WorkersUnusable):
        list(pool.each(pooled.double, [(1, "deadly"), (2,)], count=1, ready=pooled.die))


@pytest.mark.usefixtures("bare")
def test_an_error_of_the_work_is_the_callers() -> None:
    with pytest.raises(OSError, match="went away"):
        list(pool.each(pooled.fail, [()], count=1, ready=pooled.ready))


def test_a_process_uses_one_thread_whatever_the_importing_one_may(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "REGARD_ENCODER_THREADS"):
        monkeypatch.setenv(name, "4")
    assert list(pool.each(pooled.threads, [()], count=1, ready=pooled.ready)) == [(0, ("1", "1", 1))]


# --- an import --------------------------------------------------------------------------------------------------------


def dark() -> bytes:
    buffer = BytesIO()
    Image.fromarray(np.zeros((120, 120, 3), np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()


def fill(folder: Path) -> None:
    folder.mkdir()
    for number in range(PHOTOS):
        (folder / f"{number:02}.jpg").write_bytes(paint(["ada", "bo"], shade=number))


def leave_three(folder: Path) -> None:
    for path in sorted(folder.iterdir())[3:]:
        path.unlink()


@pytest.fixture
def folder(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of painted pictures, to be read by two processes that die of dark ones."""
    settings.IMPORT_PROCESSES = 2
    settings.FACE_ENGINE = "tests.matching.pooled_engines.DeadlyEngine"
    monkeypatch.setenv("REGARD_FACE_ENGINE", settings.FACE_ENGINE)
    fill(tmp_path / "photos")
    return tmp_path / "photos"


@pytest.mark.django_db
def test_a_file_that_kills_its_reader_is_listed_as_such_and_the_rest_is_imported(folder: Path) -> None:
    (folder / "11-deadly.jpg").write_bytes(dark())
    (folder / "zz-deadly.jpg").write_bytes(dark() + b"another one")
    told: list[tuple[int, int, int]] = []
    source = ingest.register(url=str(folder))
    report = ingest.import_source(source=source, on_progress=lambda *progress: told.append(progress))
    assert told[0][:2] == (1, PHOTOS + 2)
    assert told[-1] == (PHOTOS + 2, PHOTOS + 2, 2 * PHOTOS)
    assert sorted(report.unreadable) == [("11-deadly.jpg", "reader_died"), ("zz-deadly.jpg", "reader_died")]
    assert (report.new, report.faces) == (PHOTOS + 2, 2 * PHOTOS)
    assert Photo.objects.filter(status=PhotoStatus.READ, face_count=2).count() == PHOTOS
    bad = Photo.objects.get(path="11-deadly.jpg")
    assert (bad.status, bad.size, len(bad.sha256)) == (PhotoStatus.UNREADABLE, len(dark()), 64)
    assert ingest.import_source(source=source).unchanged == PHOTOS + 2


@pytest.mark.django_db
def test_one_deadly_file_alone_ends_no_import(folder: Path) -> None:
    """Few photos are read by one process, and not by the importing one."""
    leave_three(folder)
    (folder / "01-deadly.jpg").write_bytes(dark())
    report = ingest.import_source(source=ingest.register(url=str(folder)))
    assert (report.unreadable, report.faces) == ([("01-deadly.jpg", "reader_died")], 6)


@pytest.mark.django_db
def test_of_a_deadly_file_too_large_to_load_only_the_size_is_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And an erasure of an address does not match its missing checksum."""
    monkeypatch.setattr(reading, "LARGEST_PHOTO", 10)
    Suppression.objects.create(source_url="https://example.org/gone")
    leave_three(folder)
    (folder / "11-deadly.jpg").write_bytes(dark())
    report = ingest.import_source(source=ingest.register(url=str(folder)))
    assert report.unreadable == [("11-deadly.jpg", "reader_died")]
    bad = Photo.objects.get(path="11-deadly.jpg")
    assert (bad.status, bad.size, bad.sha256) == (PhotoStatus.UNREADABLE, len(dark()), "")


@pytest.mark.django_db
def test_the_command_says_that_no_process_works(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: object, **options: object) -> None:
        raise pool.WorkersUnusable("the processes that read photos die before they read one")

    monkeypatch.setattr(pool, "each", never)
    with pytest.raises(CommandError, match=r"Nothing can be read: .* memory"):
        call_command("import_photos", str(folder))


# --- killed -----------------------------------------------------------------------------------------------------------


class Killed:
    """An import of its own, in a database of its own, with processes that can be killed."""

    def __init__(self, folder: Path) -> None:
        fill(folder / "photos")
        self.photos = folder / "photos"
        self.database = folder / "var" / "regard.sqlite3"
        self.database.parent.mkdir()
        own = {name: value for name, value in os.environ.items() if not name.startswith("REGARD_")}
        self.environment = own | {
            "REGARD_PROFILE": "test",
            "REGARD_VAR": str(folder / "var"),
            "REGARD_IMPORT_PROCESSES": "2",
            "REGARD_FACE_ENGINE": "tests.matching.pooled_engines.SlowEngine",
        }

    def start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *command: str) -> str:
        process = self.start(*command)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        return out + err

    def rows(self) -> list[tuple[str, int]]:
        with closing(sqlite3.connect(self.database)) as connection:
            query = (
                "SELECT path, COUNT(matching_face.id) FROM matching_photo "
                "LEFT JOIN matching_face ON photo_id = matching_photo.id GROUP BY matching_photo.id ORDER BY path"
            )
            return connection.execute(query).fetchall()


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def children(pid: int) -> list[int]:
    """Living processes of which this one is the parent."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = status.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == pid and state != "Z":
            found.append(int(status.parent.name))
    return found


def readers(pid: int) -> list[int]:
    """Those among the children that read photos; there is also one that looks after their semaphores."""
    return [child for child in children(pid) if b"spawn_main" in Path("/proc", str(child), "cmdline").read_bytes()]


@pytest.fixture
def killed(tmp_path: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Killed:
    killed = Killed(tmp_path)
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(killed.database)])  # Migrated and empty, as it is between two tests.
    return killed


WHOLE = [(f"{number:02}.jpg", 2) for number in range(PHOTOS)]


def test_a_killed_import_leaves_whole_photos_and_no_process_and_the_next_one_does_the_rest(killed: Killed) -> None:
    process = killed.start("import_photos", str(killed.photos))
    until(lambda: len(killed.rows()) >= 3)
    pids = readers(process.pid)
    assert len(pids) == 2
    process.kill()
    process.communicate()
    before = killed.rows()
    assert 3 <= len(before) < PHOTOS
    assert before == WHOLE[: len(before)]
    until(lambda: not any(Path("/proc", str(pid)).exists() for pid in pids))
    said = killed.run("import_photos", str(killed.photos))
    assert f"{PHOTOS - len(before)} new, 0 changed, {len(before)} unchanged" in said
    assert killed.rows() == WHOLE


def test_a_killed_reader_costs_nothing(killed: Killed) -> None:
    process = killed.start("import_photos", str(killed.photos))
    until(lambda: len(killed.rows()) >= 3)
    os.kill(readers(process.pid)[0], signal.SIGKILL)
    out, _err = process.communicate(timeout=120)
    assert process.returncode == 0
    assert f"{PHOTOS} new, 0 changed, 0 unchanged" in out
    assert "could not be read" not in out
    assert killed.rows() == WHOLE
