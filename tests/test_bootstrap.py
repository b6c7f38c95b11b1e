"""From a fresh clone: what is missing is said in one sentence, and nothing is left half done."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.serve import preflight
from tests.project import ROOT


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def bootstrap(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "bootstrap.py", command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def one_sentence(result: subprocess.CompletedProcess[str]) -> str:
    """What was said, after seeing that it is one line, without a traceback, with exit status 1."""
    assert result.returncode == 1
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].endswith(".")
    return lines[0]


def test_a_busy_port_is_said_with_another_one_to_try(busy_port: int) -> None:
    said = one_sentence(bootstrap("run", PORT=str(busy_port)))
    assert f"Port {busy_port} is in use" in said
    assert f"PORT={busy_port + 1}" in said


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1", "80 80", "８０００"])
def test_what_is_not_a_port_is_said(text: str) -> None:
    assert "is not a port" in one_sentence(bootstrap("run", PORT=text))


def test_a_folder_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    obstacle = tmp_path / "file"
    obstacle.touch()
    said = one_sentence(bootstrap("run", PORT=str(free_port()), REGARD_VAR=str(obstacle / "var")))
    assert said.startswith(f"Nothing can be written in {obstacle / 'var'}")


def test_photos_that_are_not_a_folder_are_said(tmp_path: Path) -> None:
    said = one_sentence(bootstrap("run", PORT=str(free_port()), PHOTOS=str(tmp_path / "nowhere")))
    assert "is not a folder" in said


def test_a_missing_compiler_is_said_with_how_to_install_one(tmp_path: Path) -> None:
    with pytest.raises(preflight.NotReady, match=r"A C\+\+ compiler is missing: install one"):
        preflight.compiler({"PATH": str(tmp_path)})
    with pytest.raises(preflight.NotReady, match=r"A C\+\+ compiler is missing"):
        preflight.compiler({"PATH": os.environ["PATH"], "CXX": "no-such-compiler -O2"})


def test_a_compiler_without_pythons_headers_is_not_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    compiler = tmp_path / "c++"
    compiler.touch(mode=0o755)
    monkeypatch.setattr(preflight.sysconfig, "get_path", lambda name: str(tmp_path))
    with pytest.raises(preflight.NotReady, match="header files are missing"):
        preflight.compiler({"PATH": str(tmp_path)})
    (tmp_path / "Python.h").touch()
    preflight.compiler({"PATH": str(tmp_path)})


def test_an_old_python_is_told_before_it_stumbles_over_new_syntax() -> None:
    """Everything above the version check has to be understood by a Python that is too old."""
    lines = (ROOT / "bootstrap.py").read_text(encoding="utf-8").splitlines()
    first_import = next(number for number, line in enumerate(lines) if line == "import sys")
    assert lines[first_import + 2].startswith("if sys.version_info < (3, 11):")
    text = "\n".join(lines).replace("(3, 11)", "(9, 9)").replace("\nimport hashlib", "\nraise AssertionError")
    result = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert "needs Python 3.11 or newer" in one_sentence(result)


def test_your_own_photographs_never_share_a_database_with_the_demonstration(tmp_path: Path) -> None:
    code = (
        "import bootstrap, pathlib, sys; folders = map(pathlib.Path, sys.argv[1:]);"
        "print(*[bootstrap.default_var(f).relative_to(bootstrap.ROOT) for f in (None, *folders)], sep='\\n')"
    )
    command = [sys.executable, "-c", code, tmp_path / "Été 2020", tmp_path / "b" / "Été 2020"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert said[0] == "var"
    assert len(set(said)) == 3
    assert all(line.startswith("var/own/t-2020-") for line in said[1:])


def test_the_lock_is_installed_with_its_own_setuptools() -> None:
    code = (
        "import bootstrap; text = open('requirements.txt').read(); block = bootstrap.block_of('setuptools', text);"
        "print(block)"
    )
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.startswith("setuptools==80.")
    assert "--hash=sha256:" in said
    assert "sqlparse" not in said


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_no_suite_leaves_a_browser_test_out_or_runs_another_one_with_them() -> None:
    """`make test` looks for them in their folder alone, and for no other test there."""
    here = Path(__file__)
    marked = {
        path for path in here.parent.rglob("test_*.py") if "\npytestmark = pytest.mark.browser" in path.read_text()
    }
    assert marked == set((here.parent / "browser").glob("test_*.py"))
    assert marked
