"""Several probes of one person: what each says of a face, and those that were found on the way."""

import uuid
from uuid import UUID

import numpy as np
import pytest
from django.utils import timezone

from matching import further, reviews, search
from matching.bands import bands
from matching.compared import Probes, compare
from matching.ingest import import_source
from matching.models import Band, Face, FurtherProbe, Hit, Review, Source
from matching.reviews import Outcome, WhyTwo
from tests.fakes import PROFILE, TWIN, paint, template_of
from tests.painted import folder_of

ADA = template_of("ada").astype(np.float32)
TWINS = template_of(TWIN).astype(np.float32)
NOTHING = np.empty((0, 128), dtype=np.float32)


def at(distance: float) -> np.ndarray:
    """A template at a distance from ada's."""
    step = np.zeros(128, dtype=np.float32)
    step[5] = distance
    return ADA + step


def found(probes: Probes, template: np.ndarray, face_id: int = 9):  # type: ignore[no-untyped-def]
    return compare(probes, face_id=face_id, photo_id=1, template=template.astype(np.float32))


# --- comparing --------------------------------------------------------------------------------------------------------


def test_the_smallest_distance_decides_and_all_are_kept() -> None:
    hit = found(Probes(np.stack([at(0.5), at(0.1)]), [], NOTHING), ADA)
    assert (hit.distance, hit.band) == (pytest.approx(0.1, abs=1e-6), Band.MATCH)
    assert hit.distances == pytest.approx((0.5, 0.1), abs=1e-6)
    assert (hit.further, hit.through) == ({}, None)


@pytest.mark.parametrize(("other", "band"), [(0.59, Band.MATCH), (0.61, Band.POSSIBLE)])
def test_probes_that_disagree_make_a_match_merely_possible(other: float, band: Band) -> None:
    hit = found(Probes(np.stack([at(0.1), at(other)]), [], NOTHING), ADA)
    assert hit.band == band
    reason = reviews.why_two(Hit(band=hit.band, distance=hit.distance, through=hit.through))
    assert reason is (WhyTwo.DISAGREEING if band == Band.POSSIBLE else None)


@pytest.mark.parametrize("far", [0.0, 0.2, 0.59])
def test_what_only_a_further_probe_finds_is_never_more_than_possible(far: float) -> None:
    hit = found(Probes(at(0.7)[None], [4, 5], np.stack([at(far), at(0.595)])), ADA)
    assert (hit.band, hit.through, hit.distance) == (Band.POSSIBLE, 4, pytest.approx(far, abs=1e-6))
    assert reviews.why_two(Hit(band=hit.band, distance=hit.distance, through=hit.through)) is WhyTwo.FURTHER


def test_a_further_probe_makes_nothing_better_that_the_person_was_found_with() -> None:
    hit = found(Probes(at(0.5)[None], [4], at(0.01)[None]), ADA)
    assert (hit.band, hit.distance, hit.through) == (Band.POSSIBLE, pytest.approx(0.5, abs=1e-6), None)
    assert reviews.why_two(Hit(band=hit.band, distance=hit.distance)) is WhyTwo.POSSIBLE


def test_a_further_probe_does_not_find_itself() -> None:
    assert found(Probes(at(0.7)[None], [9], ADA[None]), ADA, face_id=9) is None
    assert found(Probes(at(0.5)[None], [9], ADA[None]), ADA, face_id=9).further == {}


def test_at_the_edge_of_the_last_band_nothing_is_lost() -> None:
    """The sweep found it, by its own rounding; this sum may lie beyond the band by its last digit."""
    hit = found(Probes(at(np.nextafter(0.6, 1)).astype(np.float32)[None], [], NOTHING), ADA)
    assert hit.band == Band.POSSIBLE


@pytest.mark.parametrize(
    ("distance", "reason"), [(0.3, None), (0.3001, WhyTwo.LOOK_ALIKES), (0.45, WhyTwo.LOOK_ALIKES)]
)
def test_one_reviewer_is_enough_only_nearer_than_look_alikes(distance: float, reason: WhyTwo | None) -> None:
    assert bands().one_reviewer == 0.30
    hit = Hit(band=Band.MATCH, distance=distance)
    assert reviews.why_two(hit) is reason
    assert reviews.reviewers_needed(hit) == (2 if reason else 1)


# --- searching with what was found ------------------------------------------------------------------------------------


@pytest.fixture
def subject(painted: Source) -> UUID:
    """Ada, searched for. Her twin is held, and somebody whom only the twin leads to."""
    (folder_of(painted) / "profile.jpg").write_bytes(paint([PROFILE], shade=7))
    import_source(source=painted)
    subject = uuid.uuid4()
    search.run(subject=subject, probes=ADA[None])
    return subject


def paths(subject: UUID) -> dict[str, Hit]:
    latest = reviews.latest_search(subject)
    assert latest is not None
    return {hit.photo.path: hit for hit in latest.hits.select_related("photo").order_by("pk") if hit.photo}


def say(subject: UUID, path: str, *reviewers: str, verdict: str = "same") -> int:
    key = paths(subject)[path].face_key
    for reviewer in reviewers:
        reviews.record(subject=subject, face_key=key, reviewer=reviewer, verdict=verdict)
    return key


@pytest.fixture
def twin(subject: UUID) -> int:
    """The twin's face, taken for ada by two people and searched with too."""
    key = say(subject, "twin.jpg", "one", "two")
    assert further.add(subject=subject, face_key=key, by="one")
    return key


def test_only_what_as_many_people_accepted_as_it_takes_can_be_searched_with(subject: UUID) -> None:
    key = say(subject, "twin.jpg", "one")
    with pytest.raises(further.NotAccepted):
        further.add(subject=subject, face_key=key, by="one")
    say(subject, "twin.jpg", "two")
    assert further.add(subject=subject, face_key=key, by="one")
    assert not further.add(subject=subject, face_key=key, by="two")
    assert FurtherProbe.objects.get().added_by == "one"
    with pytest.raises(further.NotAccepted):
        further.add(subject=subject, face_key=12345, by="one")
    Face.objects.filter(photo__path="twin.jpg").delete()
    with pytest.raises(further.NotAccepted):
        further.add(subject=subject, face_key=key, by="one")


def test_a_further_probe_finds_what_the_photograph_did_not(subject: UUID, twin: int) -> None:
    assert "profile.jpg" not in paths(subject)
    before = {path: (hit.distance, hit.band) for path, hit in paths(subject).items()}
    again = search.run(subject=subject, probes=ADA[None])
    assert (again.probes, again.certificate["probes"]) == (2, {"supplied": 1, "further": 1})
    hits = paths(subject)
    new = hits.pop("profile.jpg")
    assert (new.band, new.through, new.distance) == (Band.POSSIBLE, twin, pytest.approx(0.5, abs=1e-5))
    assert new.distances == pytest.approx([0.7071], abs=1e-4)
    assert new.further == {str(twin): pytest.approx(0.5, abs=1e-5)}
    after = {path: (hit.distance, hit.band) for path, hit in hits.items()}
    assert after == before
    assert reviews.outcomes(subject)[twin] is Outcome.SAME


def test_a_further_probe_that_is_called_somebody_else_is_searched_with_no_more(subject: UUID, twin: int) -> None:
    say(subject, "twin.jpg", "one", "two", verdict="not")
    assert search.run(subject=subject, probes=ADA[None]).certificate["probes"]["further"] == 0
    assert "profile.jpg" not in paths(subject)


@pytest.mark.parametrize(("verdict", "stays"), [("same", True), ("unsure", True), (None, True), ("not", False)])
def test_what_a_further_probe_found_stays_when_the_probe_is_gone(
    subject: UUID, twin: int, verdict: str | None, stays: bool
) -> None:
    search.run(subject=subject, probes=ADA[None])
    if verdict:
        say(subject, "profile.jpg", "one", "two", verdict=verdict)
    Face.objects.filter(pk=twin).delete()
    for _twice in range(2):
        again = search.run(subject=subject, probes=ADA[None])
        assert again.certificate["probes"]["further"] == 0
        hits = paths(subject)
        assert ("profile.jpg" in hits) == stays
        if stays:
            assert (hits["profile.jpg"].through, hits["profile.jpg"].band) == (twin, Band.POSSIBLE)
    Face.objects.filter(photo__path="profile.jpg").delete()
    search.run(subject=subject, probes=ADA[None])
    assert "profile.jpg" not in paths(subject)


def test_what_was_found_can_be_searched_with_in_turn(subject: UUID, twin: int) -> None:
    search.run(subject=subject, probes=ADA[None])
    key = say(subject, "profile.jpg", "one", "two")
    assert further.add(subject=subject, face_key=key, by="two")
    for _twice in range(2):
        assert search.run(subject=subject, probes=ADA[None]).certificate["probes"]["further"] == 2
        hit = paths(subject)["profile.jpg"]
        assert (hit.through, hit.distance) == (twin, pytest.approx(0.5, abs=1e-5))
    Face.objects.filter(pk=twin).delete()
    search.run(subject=subject, probes=ADA[None])
    assert paths(subject)["profile.jpg"].through == twin


def test_subjects_share_no_further_probes(subject: UUID, twin: int) -> None:
    other = uuid.uuid4()
    found = search.run_many({subject: ADA[None], other: ADA[None]})
    assert found[subject].certificate["probes"] == {"supplied": 1, "further": 1}
    assert found[other].certificate["probes"] == {"supplied": 1, "further": 0}
    assert "profile.jpg" in paths(subject)
    assert "profile.jpg" not in paths(other)


def test_what_ties_faces_to_a_subject_is_forgotten(subject: UUID, twin: int) -> None:
    FurtherProbe.objects.create(subject=uuid.uuid4(), face_key=twin, added_by="one", at=timezone.now())
    reviews.forget(subject=subject)
    assert not FurtherProbe.objects.filter(subject=subject).exists()
    assert not Review.objects.filter(subject=subject).exists()
    assert FurtherProbe.objects.count() == 1
