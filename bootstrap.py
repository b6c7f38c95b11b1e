#!/usr/bin/env python3
"""From a fresh clone to something that runs: `make run`, `make test`, `make check` and `make screenshots` end here.

Standard library only. It makes `.venv`, installs the locked packages into it, and hands over; what is missing on
the machine is said in one sentence, with exit status 1.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this very line is for those who have an older one
    sys.exit("Regard needs Python 3.11 or newer: install it and say which, as in `make run PYTHON=python3.12`.")

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import tempfile
import venv
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.json"
RUN_LOCK, DEV_LOCK = "requirements.txt", "requirements-dev.txt"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def _preflight() -> ModuleType:
    """The checks, loaded by their path: the package they live in needs what is not installed yet."""
    path = ROOT / "portal" / "serve" / "preflight.py"
    spec = importlib.util.spec_from_file_location("preflight", path)
    if spec is None or spec.loader is None:
        sys.exit(f"{path} is missing: this copy of Regard is not complete.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


preflight = _preflight()
NotReady = preflight.NotReady


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


# --- packages ---------------------------------------------------------------------------------------------------------


def digest(lock: str) -> str:
    """What a lock is recognised by."""
    return hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()


def installed() -> dict[str, str]:
    """The digests of the locks that `.venv` was installed from."""
    try:
        return dict(json.loads(STAMP.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def ensure_packages(lock: str) -> None:
    """Bring `.venv` to the state of a lock, unless it is there. Raises: NotReady."""
    if PYTHON.exists() and installed().get(lock) == digest(lock):
        return
    preflight.writable(ROOT)
    make_venv()
    if not _can_import("annoy"):
        preflight.compiler()
    say(f"Installing the packages of {lock}; the first time this takes a few minutes.")
    with tempfile.TemporaryDirectory() as folder:
        tools = Path(folder, "tools.txt")
        tools.write_text(block_of("setuptools", (ROOT / lock).read_text(encoding="utf-8")), encoding="utf-8")
        install(tools)
    install(ROOT / lock)
    # The development lock contains the other one.
    done = (RUN_LOCK, DEV_LOCK) if lock == DEV_LOCK else (RUN_LOCK,)
    STAMP.write_text(json.dumps(installed() | {name: digest(name) for name in done}) + "\n", encoding="utf-8")


def make_venv() -> None:
    """A `.venv` that works. Raises: NotReady."""
    if PYTHON.exists() and subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True).returncode == 0:  # noqa: S603
        return
    if importlib.util.find_spec("ensurepip") is None:
        raise NotReady("Python's venv module is missing: install it (Debian, Ubuntu: apt-get install python3-venv).")
    say("Making .venv.")
    try:
        venv.create(VENV, clear=True, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotReady(
            f"{VENV} could not be made ({type(error).__name__}): see that there is room on the disk."
        ) from None


def _can_import(module: str) -> bool:
    return subprocess.run([PYTHON, "-c", f"import {module}"], capture_output=True).returncode == 0  # noqa: S603


def block_of(package: str, lock: str) -> str:
    """The lines of a lock that pin one package, with its hashes."""
    found = re.search(rf"^{re.escape(package)}==[^\n]*\\\n(?:    --hash=[^\n]*\n?)+", lock, re.MULTILINE)
    if found is None:
        raise NotReady(f"The lock names no {package}: run `make lock`.")
    return found.group()


def install(requirements: Path) -> None:
    """Install a lock, every file checked against its hash.

    What has no ready-made package is built with the locked setuptools rather than with whichever is the newest: a
    build environment of pip's own would be filled without hashes. Raises: NotReady.
    """
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", "--no-build-isolation", "--use-pep517", "--requirement", str(requirements)]
    if subprocess.run(command, stdin=subprocess.DEVNULL).returncode != 0:  # noqa: S603
        raise NotReady(
            "The packages could not be installed, and pip says above why: see that this machine reaches a package "
            "index, and run this again."
        )


# --- a browser, for the tests -----------------------------------------------------------------------------------------


def chromium() -> str:
    """The path of a Chromium: CHROMIUM, the system's, or one that apt-get installs for root. Raises: NotReady."""
    chosen = os.environ.get("CHROMIUM", "")
    if chosen:
        if shutil.which(chosen) is None:
            raise NotReady(f"CHROMIUM={chosen} cannot be run: give the path of a Chromium.")
        return str(shutil.which(chosen))
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None and shutil.which("apt-get") and os.geteuid() == 0:
        say("Installing Chromium with apt-get.")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-qq", "--no-install-recommends", "chromium"],
        ):
            subprocess.run(command, env=environment, stdin=subprocess.DEVNULL)  # noqa: S603
        found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        raise NotReady(
            "The browser tests need Chromium: install it (Debian: apt-get install chromium) or give its path, as in "
            "`make test CHROMIUM=/path/to/chromium`."
        )
    return found


# --- commands ---------------------------------------------------------------------------------------------------------


def hand_over(command: Sequence[str], **environment: str) -> None:
    """Become another program, so that every signal reaches it."""
    os.chdir(ROOT)
    os.execve(command[0], list(command), {**os.environ, **environment})  # noqa: S606


def run() -> None:
    """Run everything on this machine."""
    port = preflight.port(os.environ.get("PORT", ""))
    photos = preflight.photos(os.environ.get("PHOTOS", ""))
    var = Path(os.environ.get("REGARD_VAR") or default_var(photos)).resolve()
    preflight.writable(var)
    ensure_packages(RUN_LOCK)
    command = [str(PYTHON), "manage.py", "serve", "--port", str(port), "--photos", str(photos or "")]
    hand_over(command, REGARD_PROFILE="dev", REGARD_VAR=str(var))


def default_var(photos: Path | None) -> Path:
    """Where a run keeps its state. Each folder of photographs has its own: nothing of the demonstration mixes in."""
    if photos is None:
        return ROOT / "var"
    name = re.sub(r"[^A-Za-z0-9]+", "-", photos.name).strip("-").lower() or "photos"
    return ROOT / "var" / "own" / f"{name}-{hashlib.sha256(os.fsencode(photos)).hexdigest()[:8]}"


def check() -> int:
    """Run every check that needs no test."""
    ensure_packages(DEV_LOCK)
    return subprocess.run([PYTHON, "-m", "scripts.check"], cwd=ROOT).returncode  # noqa: S603


def test() -> int:
    """Run the checks and every suite, all at once. Whatever fails."""
    preflight.writable(ROOT / "var")
    ensure_packages(DEV_LOCK)
    environment = {**os.environ, "CHROMIUM": chromium()}
    # Dozens of programs are started, each of which would compile the whole project anew.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    say("The checks and the suites run beside one another: each waits a third of its time.")
    failed = []
    with ThreadPoolExecutor(len(SUITES) + 1) as pool:
        checked = pool.submit(_captured, "the checks", [str(PYTHON), "-m", "scripts.check"], environment)
        suites = [pool.submit(_run, environment, suite) for suite in SUITES]
        names = ["the checks", *(f"the suite {suite.name}" for suite in SUITES)]
        for name, running in zip(names, (checked, *suites), strict=True):
            status, printed = running.result()
            say(f"\n{name[0].upper()}{name[1:]}:")
            sys.stdout.buffer.write(printed)
            if status:
                failed.append(name)
    say(f"\nFailed: {', '.join(failed)}." if failed else "\nAll passed.")
    return int(bool(failed))


PHOTOGRAPHED = ("mistakes", "pages", "rare", "review", "states", "story", "upload")
"""The browser tests that look at pages, by the ends of their names."""


def screenshots() -> int:
    """Photograph all pages, by day and by night, at both widths; `index.html` shows them."""
    folder = Path(os.environ.get("ALBUM") or ROOT / "var" / "gallery").resolve()
    preflight.writable(folder)
    ensure_packages(DEV_LOCK)
    environment = {**os.environ, "CHROMIUM": chromium(), "ALBUM": str(folder)}
    command = [
        str(PYTHON),
        "-m",
        "pytest",
        "-m",
        "browser",
        *(f"tests/browser/test_{name}.py" for name in PHOTOGRAPHED),
    ]
    status = subprocess.run(command, cwd=ROOT, env=environment).returncode  # noqa: S603
    say(f"All pages: {folder / 'index.html'}")
    return status


class Suite(NamedTuple):
    """Tests chosen by their place and their markers, and the database that they run on."""

    name: str
    database: str
    tests: str
    places: tuple[str, ...] = ("tests", "--ignore=tests/browser")  # Reading tests that are not run takes time too.


SUITES = (
    Suite("on sqlite", "sqlite", "not any_database"),
    Suite("of what no database changes", "sqlite", "any_database"),
    Suite("in the browser", "sqlite", "browser", ("tests/browser",)),
    Suite("on postgres", "postgres", "not any_database"),
)


def _run(environment: dict[str, str], suite: Suite) -> tuple[int, bytes]:
    """pytest's exit status, and what it printed."""
    command = [str(PYTHON), "-m", "pytest", "-m", suite.tests, *suite.places]
    own = environment | {"REGARD_TEST_DATABASE": suite.database}
    return _captured(f"the suite {suite.name}", command, own)


def _captured(name: str, command: list[str], environment: dict[str, str]) -> tuple[int, bytes]:
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    ran = subprocess.run(command, cwd=ROOT, env=environment, **streams)  # noqa: S603
    say(f"{name[0].upper()}{name[1:]}: ended with status {ran.returncode}.")
    return ran.returncode, ran.stdout


def main(arguments: Sequence[str]) -> int:
    commands = {"run": run, "test": test, "check": check, "screenshots": screenshots}
    if len(arguments) != 1 or arguments[0] not in commands:
        say(f"Usage: {sys.argv[0]} {'|'.join(commands)}")
        return 2
    try:
        return commands[arguments[0]]() or 0
    except NotReady as reason:
        sys.stderr.write(f"{reason}\n")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
