"""`manage.py serve`: up within seconds, gone within seconds, and nothing left behind."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.stack import Stack, until
from tests.holdings import People
from tests.project import ROOT

pytestmark = pytest.mark.browser  # Without a browser, but with everything that would serve one.


@pytest.fixture(scope="module")
def started_once(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """An installation that was started once, and whose supervisor was then killed."""
    stack = Stack(tmp_path_factory.mktemp("serve"))
    stack.make_demo(people=("P001", "P002", "P003"), max_side=400)
    stack.start()
    stack.stop(signal.SIGKILL)
    return stack


@pytest.fixture(scope="module")
def left(started_once: Stack) -> list[str]:
    """What was running when every program had had time to end."""
    return what_is_left(started_once)


@pytest.fixture
def small(started_once: Stack, left: list[str]) -> Iterator[Stack]:
    """The same, stopped again after each test."""
    yield started_once
    started_once.stop()


def what_is_left(stack: Stack) -> list[str]:
    """Helpers of Python's own, which end when they see that their parent has, may take a moment longer."""
    deadline = time.monotonic() + 90
    while stack.processes() and time.monotonic() < deadline:
        time.sleep(0.05)
    return stack.processes()


def test_killing_the_supervisor_leaves_nothing_running(left: list[str]) -> None:
    assert left == []


def test_a_second_start_imports_nothing_and_says_where_everything_is_and_ctrl_c_leaves_nothing(small: Stack) -> None:
    photos = small.rows("SELECT path, sha256 FROM matching_photo ORDER BY path")
    logins = small.logins()
    small.start()
    # serve; the broker; the worker, its beat, its two processes; the web server and its process
    until(lambda: len(small.processes()) == 8, what="eight processes")
    it_prints_where_everything_is(small)
    a_second_one_in_the_same_folder_is_refused_in_one_sentence(small)
    small.stop(signal.SIGINT)
    assert what_is_left(small) == []
    assert small.rows("SELECT path, sha256 FROM matching_photo ORDER BY path") == photos
    assert small.logins() == logins
    assert "Importing" not in small.said()


def it_prints_where_everything_is(small: Stack) -> None:
    said = small.said()
    assert f"Portal    {small.url}/" in said
    assert f"Desk      {small.url}/desk/" in said
    assert f"Mailbox   {small.url}/mailbox/" in said
    assert f"Selfies   {small.var / 'demo' / 'selfies'}" in said
    assert list(small.logins()) == ["reviewer-one", "reviewer-two"]
    assert "A development key is in use" in said
    assert "Traceback" not in said


def a_second_one_in_the_same_folder_is_refused_in_one_sentence(small: Stack) -> None:
    other = Stack(small.var)
    result = other.manage("serve", "--port", str(other.port))
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "is running in" in result.stderr


def test_a_program_that_is_killed_comes_back_and_sigterm_leaves_nothing(small: Stack) -> None:
    photos = small.rows("SELECT path, sha256 FROM matching_photo ORDER BY path")
    logins = small.logins()
    small.start()
    until(lambda: len(small.processes()) == 8, what="eight processes")
    for name in ("worker", "web-server", "broker"):
        kill_and_wait(small, name)
    assert small.said().count("ended unexpectedly (killed by SIGKILL)") == 3
    small.stop(signal.SIGTERM)
    assert what_is_left(small) == []
    assert small.rows("SELECT path, sha256 FROM matching_photo ORDER BY path") == photos
    assert small.logins() == logins
    assert "Importing" not in small.said()


def kill_and_wait(stack: Stack, name: str) -> None:
    """SIGKILL a program, and wait for the next one of its name."""
    before = stack.pid(name)
    os.kill(before, signal.SIGKILL)
    until(lambda: stack.pid(name) not in (0, before), what=name)


def test_state_is_readable_by_its_owner_alone(small: Stack) -> None:
    for name in ("development.env", "staff.json"):
        assert stat.S_IMODE((small.var / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((small.var / "run").stat().st_mode) == 0o700


def test_nobodys_own_photographs_are_mixed_with_the_demonstration(
    tmp_path: Path, request: pytest.FixtureRequest, people: People
) -> None:
    """One's own folder: no demonstration, and a profile that staff have to fill in."""
    stack = Stack(tmp_path / "var")
    stack.var.mkdir()
    own = tmp_path / "own"
    own.mkdir()
    for picture in (people.asset("P001"), people.selfie("P001")):
        shutil.copy(picture, own)
    stack.environment["PHOTOS"] = str(own)
    stack.start()
    request.addfinalizer(stack.stop)
    assert f"Photos    {own}" in stack.said()
    assert "The controller profile is empty: staff must fill it in" in stack.said()
    assert {Path(path).name for (path,) in stack.rows("SELECT path FROM matching_photo")} == {
        path.name for path in own.glob("*.jpg")
    }
    assert not (stack.var / "demo").exists()
    assert stack.value("SELECT count(*) FROM portal_controllerprofile") == 0
    stack.stop()
    assert what_is_left(stack) == []


def test_it_is_for_trying_out_only(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    stack.environment["REGARD_PROFILE"] = "test"
    result = subprocess.run(
        [sys.executable, "manage.py", "serve"], cwd=ROOT, env=stack.environment, capture_output=True, text=True
    )
    assert result.returncode == 1
    assert "serve is for trying Regard out" in result.stderr
