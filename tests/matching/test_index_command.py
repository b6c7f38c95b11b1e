"""`manage.py check_index`, and the nightly look."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from matching.models import Face
from portal import tasks
from tests.holdings import segments_index
from tests.matching.test_segments import damage, held, in_database, make_faces

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _painted_engine(settings: object) -> None:
    settings.FACE_ENGINE = "tests.fakes.PaintedEngine"  # type: ignore[attr-defined]


def check_index(*arguments: str) -> str:
    out = StringIO()
    call_command("check_index", *arguments, stdout=out)
    return out.getvalue()


def test_a_whole_index_is_called_whole() -> None:
    make_faces(5)
    segments_index().sync()
    assert segments_index().checked_at() is None
    assert check_index() == "The index is whole.\n"
    assert segments_index().checked_at() is not None


@pytest.mark.parametrize("how", ["missing", "cut", "flipped", "codes", "manifest"])
def test_damage_is_named_and_repaired_only_when_asked(how: str) -> None:
    make_faces(5)
    segments_index().sync()
    damage(segments_index().root, how)
    with pytest.raises(CommandError, match="--repair"):
        check_index()
    assert segments_index().check() != []
    assert "Repaired" in check_index("--repair")
    assert check_index() == "The index is whole.\n"
    assert held(segments_index()) == in_database()


def test_an_index_that_lags_behind_the_database_is_said_to() -> None:
    faces = make_faces(5)
    segments_index().sync()
    Face.objects.filter(pk=faces[0].pk).delete()
    with pytest.raises(CommandError):
        check_index()
    check_index("--repair")
    assert held(segments_index()) == in_database()


def test_a_bit_that_flipped_is_mended_overnight() -> None:
    make_faces(5)
    segments_index().sync()
    damage(segments_index().root, "flipped")
    tasks.check_index()
    assert held(segments_index()) == in_database()
    assert check_index() == "The index is whole.\n"
