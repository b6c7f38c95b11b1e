"""docs/law/ is what the data says."""

import subprocess
import sys
from pathlib import Path

import pytest

from rights.law import document, regime
from tests.project import ROOT


def test_no_page_is_stale() -> None:
    assert document.stale() == [], "run: python -m rights.law.document"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(document, "FOLDER", tmp_path / "law")
    return tmp_path / "law"


def test_a_page_that_was_changed_is_missing_or_does_not_belong_is_found(folder: Path) -> None:
    assert document.main([]) == 0
    assert document.stale() == []
    (folder / "gdpr.md").write_text("one year", encoding="utf-8")
    (folder / "ccpa.md").unlink()
    (folder / "mars.md").write_text("nothing", encoding="utf-8")
    assert document.stale() == ["ccpa.md", "gdpr.md", "mars.md"]
    assert document.main(["--check"]) == 1
    assert document.main([]) == 0
    assert document.main(["--check"]) == 0


@pytest.mark.parametrize("code", regime.CODES)
def test_a_page_says_what_was_not_verified_and_what_is_not_there(code: str) -> None:
    law, text = regime.load(code), document.pages()[f"{code}.md"]
    assert law.answer.citation in text
    assert "**no**" in text, "every one of them has something that nobody read"
    assert all(why in text for why in law.absent.values())


def test_it_runs_without_django() -> None:
    command = [sys.executable, "-m", "rights.law.document", "--check"]
    assert subprocess.run(command, cwd=ROOT, env={}, capture_output=True, check=False).returncode == 0
