"""Copies of a photo are pointed out at import; nothing follows from it."""

import shutil
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from matching import ingest
from tests.holdings import People

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def imported(folder: Path) -> tuple[ingest.Report, str]:
    out = StringIO()
    call_command("import_photos", str(folder), stdout=out)
    return ingest.import_source(source=ingest.register(url=str(folder))), out.getvalue()


def test_a_smaller_copy_is_pointed_out_and_another_take_is_not(people: People, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(people.asset("P001"), folder / "portrait.jpg")
    shutil.copy(people.selfie("P001"), folder / "selfie.jpg")
    _report, out = imported(folder)
    assert "copies" not in out
    shutil.copy(people.asset("P001"), folder / "again.jpg")
    report, out = imported(folder)
    assert "1 look like copies" in out
    assert "again.jpg and portrait.jpg" in out
    assert report.copies == []  # Nothing new, nothing to point out.
