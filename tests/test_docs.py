"""Documentation that cannot lie: what is listed is there, and what is there is listed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import project
from tests.project import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def settings_read() -> set[str]:
    """Every environment variable that the portal reads."""
    found: set[str] = set()
    for path in project.modules():
        found |= {text for text in project.strings(path) if re.fullmatch(r"REGARD_[A-Z_]+", text)}
    return found


def test_every_setting_is_documented_and_no_other() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(REGARD_[A-Z_]+)`", text, re.MULTILINE)) == settings_read()


def wanted(name: str) -> list[str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [line.split("~=")[0] for line in lines if line and not line.startswith(("#", "-"))]


def test_every_dependency_has_its_reason_and_no_other() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    named = [row[0] for row in rows]
    assert sorted(named) == sorted([*wanted("requirements.in"), *wanted("requirements-dev.in")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=project.name)
def test_every_link_and_picture_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
    missing = [
        target
        for target in targets
        if not target.startswith(("http:", "https:", "mailto:")) and not (document.parent / target).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=project.name)
def test_every_file_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:portal|rights|matching|tests|templates|docs|scripts)/[\w./-]*)`", text))
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_every_make_target_that_a_document_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for document in DOCUMENTS:
        named = set(re.findall(r"`make ([a-z]+)", document.read_text(encoding="utf-8")))
        assert named <= targets, document.name


def test_every_command_that_a_document_names_exists() -> None:
    folders = [ROOT / room / "management" / "commands" for room in project.ROOMS]
    own = {path.stem for folder in folders for path in folder.glob("*.py")}
    django = {"migrate", "collectstatic", "createsuperuser", "check", "shell", "compilemessages"}
    for document in DOCUMENTS:
        named = set(re.findall(r"manage\.py (\w+)", document.read_text(encoding="utf-8")))
        assert named <= own | django, document.name


LOADS = re.compile(r"<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)=[\"']?((?:https?:)?//[^\"'\s>]+)")


def test_the_site_is_whole_and_its_pages_load_nothing_from_elsewhere(tmp_path: Path) -> None:
    """`--strict` refuses a link or an anchor that leads nowhere, and a page that the navigation does not name."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"})
    assert built.returncode == 0, built.stdout + built.stderr
    pages = sorted((tmp_path / "site").rglob("*.html"))
    assert {page.stem for page in pages} >= {
        "index",
        "getting-started",
        "desk",
        "settings",
        "backup-restore",
        "upgrade",
    }
    assert {page.name: LOADS.findall(page.read_text(encoding="utf-8")) for page in pages} == {
        page.name: [] for page in pages
    }


def test_what_would_be_loaded_from_elsewhere_is_seen() -> None:
    assert LOADS.findall('<link rel="stylesheet" href="https://fonts.example/css">') == ["https://fonts.example/css"]
    assert LOADS.findall("<script src=//cdn.example/a.js></script>") == ["//cdn.example/a.js"]
    assert LOADS.findall('<a href="https://example.org/">') == []
