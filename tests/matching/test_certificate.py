"""What a certificate calls complete: every face that is held when it is written, whatever happened meanwhile."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from matching import ingest, search
from matching.index import SegmentIndex
from matching.models import Photo, Source
from matching.search import Findings
from tests.fakes import paint, template_of
from tests.painted import folder_of

pytestmark = pytest.mark.django_db(transaction=True)

BO = template_of("bo")[None]


def paths(findings: Findings) -> set[str]:
    photos = [hit.photo_id for hit in findings.hits]
    return set(Photo.objects.filter(pk__in=photos).values_list("path", flat=True))


def rows_only(source: Source) -> None:
    """An import that has written every row, and is not at the index yet."""
    ingest._import(source, ingest.Report(), None, False)
    Source.objects.update(last_import_at=timezone.now())


@pytest.fixture
def before_each_pass(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[Callable[[], object]]], None]:
    """Do something between bringing the index up to date and the pass over it, a step each time."""

    def do(steps: list[Callable[[], object]]) -> None:
        within = SegmentIndex.within

        def interrupted(self, *args, **how):  # type: ignore[no-untyped-def]
            if steps:
                steps.pop(0)()
            return within(self, *args, **how)

        monkeypatch.setattr(SegmentIndex, "within", interrupted)

    return do


def test_a_picture_that_is_moved_or_replaced_during_a_search_is_found(
    painted: Source, before_each_pass: Callable[[list[Callable[[], object]]], None]
) -> None:
    folder = folder_of(painted)

    def change() -> None:
        (folder / "bo-1.jpg").rename(folder / "moved.jpg")
        (folder / "group.jpg").write_bytes(paint(["bo", "cy"], shade=9))
        rows_only(painted)

    before_each_pass([change])
    findings = search.find(BO)
    assert {"moved.jpg", "group.jpg"} <= paths(findings)
    assert findings.certificate["complete"]


def test_a_search_in_a_collection_that_never_rests_is_not_called_complete(
    painted: Source, before_each_pass: Callable[[list[Callable[[], object]]], None]
) -> None:
    folder = folder_of(painted)

    def change(number: int) -> Callable[[], None]:
        def add() -> None:
            (folder / f"new-{number}.jpg").write_bytes(paint(["bo"], shade=20 + number))
            rows_only(painted)

        return add

    before_each_pass([change(number) for number in range(search.TRIES)])
    findings = search.find(BO)
    assert not findings.certificate["complete"]
    assert search.find(BO).certificate["complete"]


# --- an import that did not end ---------------------------------------------------------------------------------------


def test_an_import_that_was_begun_and_has_not_ended_is_waited_for(
    painted: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(painted)
    for number in range(3):
        (folder / f"new-{number}.jpg").write_bytes(paint(["bo"], shade=20 + number))
    write = ingest._write

    def dies_at_the_second(source, item, read, report):  # type: ignore[no-untyped-def]
        if report.new:
            raise SystemExit("killed")
        write(source, item, read, report)

    with monkeypatch.context() as patch:
        patch.setattr(ingest, "_write", dies_at_the_second)
        with pytest.raises(SystemExit):
            ingest.import_source(source=painted)
    covered = search.find(BO).certificate
    assert (covered["complete"], covered["sources"][0]["imported"]) == (False, False)
    ingest.import_source(source=painted)
    covered = search.find(BO).certificate
    assert (covered["complete"], covered["sources"][0]["imported"]) == (True, True)


def test_a_source_that_was_never_imported_is_waited_for(painted: Source, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    more = ingest.register(url=str(tmp_path / "more"))
    assert not search.find(BO).certificate["complete"]
    ingest.import_source(source=more)
    assert search.find(BO).certificate["complete"]


def test_files_that_are_no_pictures_by_their_names_are_counted(painted: Source) -> None:
    folder = folder_of(painted)
    for name in ("scan.JFIF", "without-an-ending"):
        (folder / name).write_bytes(paint(["bo"], shade=len(name)))
    (folder / "old.gif").write_bytes(b"GIF89a")
    (folder / "bo-1.jpg.json").write_text("{}")
    (folder / "film.mp4").write_bytes(b"-")
    (folder / ".DS_Store").write_bytes(b"-")
    ingest.import_source(source=painted)
    found = search.find(BO)
    assert {"scan.JFIF", "without-an-ending"} <= paths(found)
    assert (found.certificate["photos_unreadable"], found.certificate["files_not_read"]) == (1, 2)


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("shown_on", "told"), [(Terminal(), "7 faces compared\r"), (StringIO(), "")])
def test_a_search_from_a_terminal_tells_how_far_it_is(
    painted: Source, tmp_path: Path, shown_on: StringIO, told: str
) -> None:
    photo = tmp_path / "probe.jpg"
    photo.write_bytes(paint(["bo"], shade=9))
    printed = StringIO()
    call_command("find", str(photo), stdout=printed, stderr=shown_on)
    assert shown_on.getvalue() == told
    assert "7 of 7 faces scanned" in printed.getvalue()
