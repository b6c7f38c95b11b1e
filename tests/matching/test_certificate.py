"""What a certificate calls complete: every face that is held when it is written, whatever happened meanwhile."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

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
        ingest._import(
            painted, ingest.Report(), None, False
        )  # Rows only: the importing process is not at the index yet.

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
            ingest._import(painted, ingest.Report(), None, False)

        return add

    before_each_pass([change(number) for number in range(search.TRIES)])
    findings = search.find(BO)
    assert not findings.certificate["complete"]
    assert search.find(BO).certificate["complete"]


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
