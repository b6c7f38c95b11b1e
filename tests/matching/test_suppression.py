"""A template kept with consent holds new photos of the person, opens only under its own key, and leaves nothing."""

import uuid
from datetime import date, timedelta

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from matching import erase, ingest, sealing, search, suppression
from matching.bands import bands
from matching.engine import Box
from matching.models import Erasure, Face, Hold, HoldVerdict, Photo, Source, TemplateSuppression
from tests.fakes import TWIN, paint, template_of
from tests.painted import folder_of
from tests.traces import database_bytes

pytestmark = pytest.mark.django_db(transaction=True)

ADA = template_of("ada").astype("<f4")


def kept(name: str = "ada", *, ends_on: date | None = None) -> TemplateSuppression:
    """The template of a painted person, as kept after their consent."""
    subject = uuid.uuid4()
    suppression.begin(subject=subject, ends_on=ends_on or timezone.localdate() + timedelta(days=100))
    assert suppression.keep(subject=subject, templates=template_of(name)[None])
    return TemplateSuppression.objects.get(subject=subject)


def arrives(source: Source, name: str, *people: str | None, shade: int = 14) -> ingest.Report:
    """A new photo in the source, imported."""
    (folder_of(source) / name).write_bytes(paint(people, shade=shade))
    return ingest.import_source(source=source)


def held() -> list[tuple[str, str]]:
    """Path and band of every open case."""
    paths = dict(Face.objects.values_list("pk", "photo__path"))
    return [(paths[case.face_key], case.band) for case in suppression.undecided()]


def test_a_new_photo_of_the_person_is_held_and_still_searched(painted: Source) -> None:
    row = kept()
    assert held() == []  # What was there before the consent is not looked at again.
    assert arrives(painted, "new.jpg", "ada", "bo").held == 1
    assert held() == [("new.jpg", "match")]
    case = Hold.objects.get()
    assert case.suppression_id == row.pk
    assert case.box == [20, 20, 100, 100]
    assert case.distance == pytest.approx(0, abs=1e-6)
    found = search.find(template_of("ada")[None])
    assert "new.jpg" in {Photo.objects.get(pk=hit.photo_id).path for hit in found.hits}
    assert found.certificate["complete"]


def test_somebody_alike_is_held_as_possible_and_others_are_not(painted: Source) -> None:
    kept()
    assert arrives(painted, "twin-2.jpg", TWIN).held == 1
    assert arrives(painted, "others.jpg", "bo", "cy", shade=13).held == 0
    assert held() == [("twin-2.jpg", "possible")]
    assert Hold.objects.get().distance == pytest.approx(0.5, abs=1e-6)


def test_each_kept_template_holds_for_itself(painted: Source) -> None:
    ada, bo = kept("ada"), kept("bo")
    kept("flo")
    arrives(painted, "both.jpg", "cy", "bo", "ada")
    assert set(Hold.objects.values_list("suppression", flat=True)) == {ada.pk, bo.pk}
    assert len(held()) == 2


@given(st.data())
def test_exactly_what_lies_within_the_bands_is_found(data: st.DataObject) -> None:
    """Against plain float64, with templates at distances around the limits."""
    limits = bands()
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    directions = random.normal(size=(6, 128))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    distances = random.uniform(0, 2 * limits.possible, 6)
    face = ADA.astype(np.float64)
    templates = (face + directions * distances[:, None]).astype("<f4")
    opened = {uuid.uuid4(): template[None] for template in templates}
    shown = Face(template=ADA.tobytes())
    found = suppression.compare([shown], opened)
    exact = {pk: float(np.linalg.norm(rows[0].astype(np.float64) - face)) for pk, rows in opened.items()}
    assert {pk for pk, _face in found} == {pk for pk, distance in exact.items() if distance <= limits.possible}
    assert all(distance == pytest.approx(exact[pk], abs=1e-9) for (pk, _face), distance in found.items())


def test_of_several_templates_the_nearest_decides_the_band(painted: Source) -> None:
    subject = uuid.uuid4()
    suppression.begin(subject=subject, ends_on=date.max)
    suppression.keep(subject=subject, templates=np.stack([template_of("bo"), template_of(TWIN), template_of("ada")]))
    arrives(painted, "new.jpg", "ada")
    assert held() == [("new.jpg", "match")]


def test_a_consent_whose_template_is_not_yet_computed_or_is_over_holds_nothing(painted: Source) -> None:
    suppression.begin(subject=uuid.uuid4(), ends_on=date.max)
    kept(ends_on=timezone.localdate())
    assert arrives(painted, "new.jpg", "ada").held == 0


def test_templates_of_another_engine_are_not_compared_and_that_is_known(painted: Source) -> None:
    kept()
    assert suppression.unusable() == 0
    TemplateSuppression.objects.update(engine="another/1")
    assert arrives(painted, "new.jpg", "ada").held == 0
    assert suppression.unusable() == 1


# --- what a person decided stays decided ------------------------------------------------------------------------------


def judge(reviewer: str, outcome: str, reason: str = "") -> Hold:
    case = suppression.undecided().get()
    return suppression.judge(hold_id=case.pk, reviewer=reviewer, outcome=outcome, reason=reason, alone=100)


def test_one_person_decides_a_match_and_two_a_possible_one(painted: Source) -> None:
    kept()
    arrives(painted, "new.jpg", "ada")
    assert judge("one", "refuse").outcome == "refuse"
    arrives(painted, "twin-2.jpg", TWIN)
    for _again in range(2):
        assert judge("one", "release", "Her sister.").outcome == ""
    assert judge("two", "refuse").outcome == ""  # They do not agree.
    assert judge("two", "release", "Her sister.").outcome == "release"
    assert held() == []


def test_two_who_disagree_about_a_match_leave_it_open(painted: Source) -> None:
    kept()
    arrives(painted, "twin-2.jpg", TWIN)
    judge("one", "refuse")
    Hold.objects.update(band="match")
    assert judge("two", "release", "Not her.").outcome == ""
    assert judge("one", "release", "Not her.").outcome == "release"


def test_a_release_needs_a_reason(painted: Source) -> None:
    kept()
    arrives(painted, "new.jpg", "ada")
    for outcome, reason in (("release", "  "), ("maybe", "x")):
        with pytest.raises(ValueError, match=r"reason|maybe"):
            judge("one", outcome, reason)
    assert not HoldVerdict.objects.exists()


def test_what_was_decided_or_is_gone_cannot_be_decided_again(painted: Source) -> None:
    kept()
    arrives(painted, "new.jpg", "ada")
    case = judge("one", "release", "A court order.")
    with pytest.raises(suppression.AlreadyDecided):
        suppression.judge(hold_id=case.pk, reviewer="two", outcome="refuse", reason="", alone=100)
    arrives(painted, "another.jpg", "ada", shade=12)
    case = suppression.undecided().get()
    (folder_of(painted) / "another.jpg").unlink()
    ingest.import_source(source=painted)
    with pytest.raises(suppression.AlreadyDecided):
        suppression.judge(hold_id=case.pk, reviewer="two", outcome="refuse", reason="", alone=100)


def test_the_same_bytes_are_not_held_again_once_released_wherever_they_lie(painted: Source) -> None:
    kept()
    arrives(painted, "new.jpg", "ada")
    judge("one", "release", "Consent to this one.")
    data = (folder_of(painted) / "new.jpg").read_bytes()
    for name in ("copy.jpg", "new.jpg"):
        (folder_of(painted) / name).unlink(missing_ok=True)
        ingest.import_source(source=painted)  # It is gone, and comes back.
        (folder_of(painted) / name).write_bytes(data)
        ingest.import_source(source=painted)
    assert held() == []
    assert arrives(painted, "altered.jpg", "ada", shade=11).held == 1


def test_copies_that_wait_together_are_decided_together(painted: Source) -> None:
    kept()
    (folder_of(painted) / "copy.jpg").write_bytes(paint(["ada"], shade=14))
    arrives(painted, "new.jpg", "ada")
    assert len(held()) == 2
    suppression.judge(
        hold_id=suppression.undecided()[0].pk, reviewer="one", outcome="release", reason="It is her twin.", alone=100
    )
    assert held() == []


def test_a_release_of_one_face_says_nothing_of_another_in_the_same_file(painted: Source) -> None:
    kept()
    arrives(painted, "new.jpg", "ada", TWIN)
    assert len(held()) == 2
    match = suppression.undecided().get(band="match")
    suppression.judge(hold_id=match.pk, reviewer="one", outcome="release", reason="She agreed.", alone=100)
    assert held() == [("new.jpg", "possible")]


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [
        ((0, 0, 10, 10), (0, 0, 10, 10), 1.0),
        ((0, 0, 10, 10), (5, 0, 15, 10), 1 / 3),
        ((0, 0, 10, 10), (10, 0, 20, 10), 0.0),
        ((0, 0, 10, 10), (20, 20, 30, 30), 0.0),
    ],
)
def test_how_much_two_boxes_have_in_common(one: tuple[int, ...], other: tuple[int, ...], share: float) -> None:
    assert suppression.common_share(Box(*one), Box(*other)) == pytest.approx(share)


# --- an import that dies or runs twice --------------------------------------------------------------------------------


def test_an_import_that_dies_while_it_compares_leaves_no_photo_that_nobody_compared(
    painted: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept()
    with monkeypatch.context() as patch:
        patch.setattr(suppression, "hold", dies)
        with pytest.raises(SystemExit):
            arrives(painted, "new.jpg", "ada")
    assert not Photo.objects.filter(path="new.jpg").exists()
    for _twice in range(2):
        ingest.import_source(source=painted)
    assert held() == [("new.jpg", "match")]


def dies(photo: Photo) -> int:
    raise SystemExit("killed")


def test_a_file_with_a_new_date_and_the_same_bytes_opens_no_second_case(painted: Source) -> None:
    kept()
    arrives(painted, "new.jpg", "ada")
    (folder_of(painted) / "new.jpg").touch()
    assert ingest.import_source(source=painted).held == 0
    assert len(held()) == 1


def test_an_open_case_survives_another_persons_erasure_in_the_same_picture(painted: Source) -> None:
    kept()
    arrives(painted, "new.jpg", "ada", "bo")
    bo = Face.objects.get(photo__path="new.jpg", left=140)
    subject = uuid.uuid4()
    erase.plan(subject=subject, faces=[bo])
    erase.carry_out(subject=subject)
    assert held() == [("new.jpg", "match")]


# --- sealed, and gone -------------------------------------------------------------------------------------------------


FLO = template_of("flo") + 0.3 * np.linalg.qr(np.random.default_rng().normal(size=(128, 1)))[0][:, 0]
"""Somebody like flo, in bytes that no other test and no earlier run has written."""


@pytest.fixture
def only_sealed(painted: Source) -> TemplateSuppression:
    """Her template, of whom nothing else is held."""
    subject = uuid.uuid4()
    suppression.begin(subject=subject, ends_on=date.max)
    suppression.keep(subject=subject, templates=FLO[None])
    return TemplateSuppression.objects.get()


def test_the_template_is_nowhere_on_the_disk_in_the_clear(
    only_sealed: TemplateSuppression, painted: Source, settings: Settings
) -> None:
    assert arrives(painted, "new.jpg", "flo").held == 1
    written = database_bytes()
    assert bytes(only_sealed.sealed) in written  # So it is the right place to look.
    index = b"".join(path.read_bytes() for path in settings.INDEX_DIR.rglob("*") if path.is_file())
    assert template_of("bo").astype("<f4").tobytes() in index
    for place in (written, index):
        assert FLO.astype("<f4").tobytes()[:64] not in place
        assert FLO.astype("<f8").tobytes()[:64] not in place


def test_it_is_in_no_certificate(only_sealed: TemplateSuppression) -> None:
    found = search.find(template_of("flo")[None])
    assert found.hits == []
    assert found.certificate["faces_held"] == found.certificate["faces_scanned"] == Face.objects.count()


def test_after_it_is_forgotten_nothing_of_it_remains(only_sealed: TemplateSuppression, painted: Source) -> None:
    arrives(painted, "new.jpg", "flo")
    suppression.judge(
        hold_id=Hold.objects.get().pk, reviewer="one", outcome="release", reason="A sister of hers.", alone=100
    )
    sealed, wrapped = bytes(only_sealed.sealed), bytes(only_sealed.wrapped)
    assert suppression.forget(subject=only_sealed.subject)
    assert not TemplateSuppression.objects.exists()
    assert not Hold.objects.exists()
    assert not HoldVerdict.objects.exists()
    if connection.vendor == "sqlite":  # PostgreSQL reuses the space when it sees fit; there it is still sealed.
        written = database_bytes()
        for gone in (sealed, wrapped, b"A sister of hers.", only_sealed.subject.hex.encode()):
            assert gone not in written
    assert not suppression.forget(subject=only_sealed.subject)
    assert arrives(painted, "newer.jpg", "flo", shade=13).held == 0


def test_forgetting_drops_an_erasure_that_was_planned_and_keeps_what_was_done(painted: Source) -> None:
    row = kept()
    arrives(painted, "new.jpg", "ada")
    erase.plan(subject=row.pk, faces=Face.objects.filter(photo__path="new.jpg"))
    erase.carry_out(subject=row.pk)
    arrives(painted, "newer.jpg", "ada", shade=11)
    erase.plan(subject=row.pk, faces=Face.objects.filter(photo__path="newer.jpg"))
    suppression.forget(subject=row.subject)
    assert list(Erasure.objects.filter(subject=row.pk).values_list("path", flat=True)) == ["new.jpg"]


def test_two_templates_have_two_keys_and_neither_opens_the_other(painted: Source) -> None:
    ada, bo = kept("ada"), kept("bo")
    TemplateSuppression.objects.filter(pk=ada.pk).update(wrapped=bo.wrapped, sealed=bo.sealed)
    with pytest.raises(sealing.VaultError):
        arrives(painted, "new.jpg", "bo")


MASTER = b"another master key of 32 bytes!!"


@pytest.mark.parametrize("lost", [True, False], ids=["missing", "another of its name"])
def test_without_the_right_master_key_no_photo_slips_through(painted: Source, settings: Settings, lost: bool) -> None:
    kept()
    settings.MASTER_KEYS = [("new" if lost else settings.MASTER_KEYS[0][0], MASTER)]
    (folder_of(painted) / "new.jpg").write_bytes(paint(["ada"], shade=14))
    with pytest.raises(CommandError, match="cannot be opened"):
        call_command("import_photos", str(folder_of(painted)))
    assert not Photo.objects.filter(path="new.jpg").exists()


def test_an_older_master_key_still_opens_what_it_wrapped(painted: Source, settings: Settings) -> None:
    row = kept()
    settings.MASTER_KEYS = [("new", MASTER), *settings.MASTER_KEYS]
    assert arrives(painted, "new.jpg", "ada").held == 1
    assert kept("bo").master_key == "new" != row.master_key


def test_rotating_the_master_key_wraps_anew_and_says_which_keys_are_still_needed(
    painted: Source, settings: Settings
) -> None:
    old = settings.MASTER_KEYS[0]
    ada, lost = kept("ada"), kept("bo")
    TemplateSuppression.objects.filter(pk=lost.pk).update(master_key="lost")
    settings.MASTER_KEYS = [("new", MASTER), old]
    assert sealing.rewrap(suppression.wrapped_keys()) == (1, 1)
    assert sealing.rewrap(suppression.wrapped_keys()) == (0, 1)
    assert suppression.wrapped_keys().in_use() == {"new", "lost"}
    settings.MASTER_KEYS = [("new", MASTER)]
    assert suppression.opened(TemplateSuppression.objects.get(pk=ada.pk)).tobytes() == ADA.tobytes()


def test_keeping_twice_keeps_once_and_nothing_is_kept_without_a_beginning(painted: Source) -> None:
    row = kept()
    assert not suppression.keep(subject=row.subject, templates=template_of("bo")[None])
    assert not suppression.keep(subject=uuid.uuid4(), templates=template_of("bo")[None])
    assert bytes(TemplateSuppression.objects.get().sealed) == bytes(row.sealed)


def test_what_was_withdrawn_while_it_was_compared_holds_nothing(
    painted: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = kept()
    real = suppression.compare

    def withdrawn(*args: object) -> object:
        found = real(*args)
        assert found
        TemplateSuppression.objects.filter(pk=row.pk).delete()
        return found

    monkeypatch.setattr(suppression, "compare", withdrawn)
    with transaction.atomic():
        assert arrives(painted, "new.jpg", "ada").held == 0
