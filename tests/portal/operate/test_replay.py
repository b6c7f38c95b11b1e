"""A backup that is put back brings back nobody who was erased since."""

import json
import shutil
import uuid
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core import serializers
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from matching import erase, erased_log, ingest, suppression
from matching.index import fingerprints_of, get_index
from matching.models import Erasure, Face, GroupPolicy, Photo, PhotoStatus, Source, Suppression, TemplateSuppression
from rights.models import JournalEntry
from tests.fakes import template_of
from tests.painted import folder_of

pytestmark = pytest.mark.django_db(transaction=True)
HELD = (Source, Photo, Face, Suppression, Erasure, TemplateSuppression)
HERS = {"ada-1.jpg", "ada-2.jpg", "group.jpg"}


class Backup:
    """Rows, files and index as they were when it was made."""

    def __init__(self, source: Source, index: Path, target: Path) -> None:
        self.folder, self.index, self.target = folder_of(source), index, target
        self.rows = [serializers.serialize("json", model.objects.order_by("pk")) for model in HELD]
        shutil.copytree(self.folder, target / "files")
        shutil.copytree(index, target / "index")

    def restore_rows(self) -> None:
        for model in reversed(HELD):
            model.objects.all().delete()
        for rows in self.rows:
            for row in serializers.deserialize("json", rows):
                row.save()

    def restore_files(self) -> None:
        for saved, place in ((self.target / "files", self.folder), (self.target / "index", self.index)):
            shutil.rmtree(place)
            shutil.copytree(saved, place)


@pytest.fixture
def backup(painted: Source, settings: Settings, tmp_path: Path) -> Backup:
    return Backup(painted, settings.INDEX_DIR, tmp_path / "backup")


def erase_person(name: str = "ada") -> uuid.UUID:
    subject = uuid.uuid4()
    hers = template_of(name).astype("<f4").tobytes()
    erase.plan(subject=subject, faces=[face for face in Face.objects.order_by("pk") if bytes(face.template) == hers])
    erase.carry_out(subject=subject)
    assert erase.prove(subject=subject, probes=None).ok
    return subject


def replay() -> str:
    out = StringIO()
    call_command("replay_erasures", stdout=out)
    return out.getvalue()


def state(source: Source) -> tuple[Any, ...]:
    """What is held: files with their bytes, photos, and whether bytes of her template are in the index."""
    prints = fingerprints_of(template_of("ada").astype("<f4").tobytes())
    return (
        {path.name: path.read_bytes() for path in folder_of(source).iterdir()},
        sorted(Photo.objects.values_list("path", "sha256", "status", "face_count")),
        sorted(Face.objects.values_list("pk", flat=True)),
        get_index().contains_bytes(list(prints)),
    )


@pytest.mark.parametrize(("rows", "files"), [(True, True), (True, False), (False, True)])
def test_whatever_is_put_back_is_erased_again(painted: Source, backup: Backup, rows: bool, files: bool) -> None:
    before = state(painted)
    assert before[3] > 0
    subject = erase_person()
    erased = state(painted)
    assert erased[3] == 0
    if rows:
        backup.restore_rows()
    if files:
        backup.restore_files()
    assert state(painted) != erased
    assert "Erased again: 3 pictures" in replay()
    after = state(painted)
    assert set(after[0]) == set(erased[0]) == {"bo-1.jpg", "empty.jpg", "group.jpg", "twin.jpg"}
    assert after[1:] == erased[1:]
    assert Erasure.objects.filter(subject=subject, proven_at__isnull=False).count() == 3
    entry = JournalEntry.objects.get(event="erasures_replayed")
    assert entry.detail == {"photos": 3, "templates": 0, "unproven": 0}
    assert "Erased again: 0 pictures" in replay()
    assert state(painted) == after


@pytest.mark.parametrize("files", [True, False])
def test_all_who_were_erased_from_one_picture_go_again(painted: Source, backup: Backup, files: bool) -> None:
    for name in ("ada", "bo", "cy"):  # With the last one the picture itself goes.
        erase_person(name)
    erased = state(painted)
    assert set(erased[0]) == {"empty.jpg", "twin.jpg"}
    backup.restore_rows()
    if files:
        backup.restore_files()
    replay()
    assert state(painted)[0].keys() == erased[0].keys()
    assert state(painted)[1:] == erased[1:]


def test_what_was_deleted_whole_is_deleted_whole_again(painted: Source, backup: Backup) -> None:
    Source.objects.update(group_policy=GroupPolicy.DELETE)
    erase_person()
    backup.restore_rows()  # Here the source says again that others are kept.
    backup.restore_files()
    replay()
    assert not (folder_of(painted) / "group.jpg").exists()
    assert not Photo.objects.filter(path="group.jpg").exists()


def test_a_file_that_an_import_refused_meanwhile_goes_too(painted: Source, backup: Backup) -> None:
    erase_person()
    erased = state(painted)
    backup.restore_files()
    ingest.import_source(source=painted)
    assert Photo.objects.filter(status=PhotoStatus.SUPPRESSED).count() == 3
    replay()
    after = state(painted)
    assert set(after[0]) == set(erased[0])
    assert [row[0] for row in after[1]] == [row[0] for row in erased[1]]
    assert not Photo.objects.filter(status=PhotoStatus.SUPPRESSED).exists()
    assert Photo.objects.get(path="group.jpg").faces.count() == 2


def test_a_picture_that_the_backup_does_not_know_is_refused_by_the_next_import(
    painted: Source, backup: Backup, tmp_path: Path
) -> None:
    erase_person()
    backup.restore_files()
    backup.restore_rows()
    Photo.objects.filter(path__in=HERS).delete()
    replay()
    assert ingest.import_source(source=painted).suppressed == 3


def test_a_consent_that_ended_since_stays_ended(painted: Source, settings: Settings, tmp_path: Path) -> None:
    subject = uuid.uuid4()
    suppression.begin(subject=subject, ends_on=date(2030, 1, 1))
    saved = Backup(painted, settings.INDEX_DIR, tmp_path / "backup")
    assert suppression.forget(subject=subject)
    saved.restore_rows()
    assert TemplateSuppression.objects.filter(subject=subject).exists()
    assert "1 templates" in replay()
    assert not TemplateSuppression.objects.filter(subject=subject).exists()


def test_a_source_that_is_away_is_told_and_done_later(painted: Source, backup: Backup, tmp_path: Path) -> None:
    erase_person()
    backup.restore_rows()
    backup.restore_files()
    folder = folder_of(painted)
    folder.rename(tmp_path / "unmounted")
    with pytest.raises(CommandError, match="run this again") as ended:
        replay()
    assert ended.value.returncode == 1
    (tmp_path / "unmounted").rename(folder)
    replay()
    assert state(painted)[3] == 0
    assert not (folder / "ada-1.jpg").exists()


def test_the_log_names_no_file_address_or_template(painted: Source, settings: Settings) -> None:
    erase_person()
    lines = [json.loads(line) for line in settings.ERASED_LOG.read_text().splitlines()]
    assert len(lines) == 3
    assert {frozenset(line) for line in lines} == {
        frozenset({"kind", "subject", "sha256", "action", "face_keys", "at"})
    }
    assert settings.ERASED_LOG.stat().st_mode & 0o077 == 0
    assert "ada" not in settings.ERASED_LOG.read_text()


def test_an_erasure_is_not_done_while_its_line_cannot_be_written(painted: Source, settings: Settings) -> None:
    settings.ERASED_LOG.mkdir()
    with pytest.raises(OSError, match="directory"):
        erase_person()
    assert not Erasure.objects.exclude(rows_done_at=None).exists()
    settings.ERASED_LOG.rmdir()
    subject = Erasure.objects.values_list("subject", flat=True)[0]
    erase.carry_out(subject=subject)
    assert len(list(erased_log.lines(settings.ERASED_LOG))) == 3


def test_half_a_line_is_written_over_and_a_damaged_one_is_named(settings: Settings) -> None:
    log = settings.ERASED_LOG
    erased_log.forgotten(uuid.uuid4())
    with log.open("a") as file:
        file.write('{"kind": "forg')
    assert len(list(erased_log.lines(log))) == 1
    erased_log.forgotten(uuid.uuid4())
    assert len(list(erased_log.lines(log))) == 2
    log.write_text(log.read_text().replace('"kind"', '"kin"', 1))
    with pytest.raises(CommandError, match="damaged at line 1"):
        replay()
    log.unlink()
    with pytest.raises(CommandError, match="cannot be read"):
        replay()
