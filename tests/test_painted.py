"""The painted collection of most tests is what an import makes."""

import pytest

from matching import ingest, search
from matching.index import get_index
from matching.models import Photo, Source
from tests.fakes import template_of
from tests.painted import IMPORTED, painted, rows_of, write_again

__all__ = ["painted"]

pytestmark = pytest.mark.django_db


def test_what_is_written_again_is_what_an_import_writes(painted: Source) -> None:
    Photo.objects.all().delete()
    Source.objects.update(import_begun_at=None, last_import_at=None)
    ingest.import_source(source=painted)
    imported, state = rows_of(painted), Source.objects.values("reachable", "problem", "other_files").get()
    found = search.find(template_of("ada")[None])
    Photo.objects.all().delete()
    write_again(painted, IMPORTED)
    assert rows_of(painted) == imported == IMPORTED
    assert Source.objects.values("reachable", "problem", "other_files").get() == state
    again = search.find(template_of("ada")[None])
    assert [hit.distance for hit in again.hits] == [hit.distance for hit in found.hits]
    assert again.certificate["faces_held"] == found.certificate["faces_held"]
    assert get_index().problems() == []


def test_an_import_finds_nothing_to_do_in_what_was_written_again(painted: Source) -> None:
    Photo.objects.all().delete()
    write_again(painted, IMPORTED)
    painted.refresh_from_db()
    assert painted.is_imported
    report = ingest.import_source(source=painted)
    assert (report.unchanged, report.new, report.changed, report.gone) == (6, 0, 0, 0)
