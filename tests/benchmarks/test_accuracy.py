"""The figures of `benchmarks/accuracy.py`, on distances made by hand and people made by chance."""

import math
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks import accuracy, faces, measure, plot, provenance, rates
from benchmarks.rates import Counts, Floats, Tally
from matching.bands import Bands, read
from matching.engine import Box, DetectedFace

LIMITS = Bands(match=0.45, possible=0.60, one_reviewer=0.30, smallest_face=80, least_sharpness=20.0)
DRAW = measure.Draw(draws=200, seed=1)


def line(*places: float) -> Floats:
    """Templates on a line: their distances are differences."""
    return np.array(places, dtype=np.float64)[:, None]


# --- counting ---------------------------------------------------------------------------------------------------------


def test_pairs_are_counted_once_and_a_distance_at_the_limit_is_within() -> None:
    person = np.array([0, 0, 1, 1, 1])
    distances = measure.apart(line(0.0, 0.5, 1.0, 1.25, 2.0))
    tallied = rates.tally(distances, person, 2, 0.5)
    assert tallied.pairs.tolist() == [[1, 6], [6, 3]]
    assert tallied.close.tolist() == [[1, 1], [1, 1]]


def test_rates_of_hand_made_distances() -> None:
    person = np.array([0, 0, 1, 1, 1])
    tallied = rates.tally(measure.apart(line(0.0, 0.5, 1.0, 1.25, 2.0)), person, 2, 0.5)
    draws = rates.drawn(2, draws=50, seed=1)
    match, non_match = rates.false_match(tallied, draws), rates.false_non_match(tallied, draws)
    assert (match.errors, match.trials, match.units) == (1, 6, 1)
    assert (non_match.errors, non_match.trials, non_match.units) == (2, 4, 2)
    assert match.rate == pytest.approx(1 / 6)
    assert non_match.rate == 0.5


def test_distances_are_euclidean() -> None:
    templates = np.random.default_rng(1).normal(size=(6, 128))
    wanted = [[np.linalg.norm(one - other) for other in templates] for one in templates]
    assert measure.apart(templates) == pytest.approx(np.array(wanted), abs=1e-6)


def test_without_pairs_there_is_no_rate() -> None:
    none = rates.false_match(Tally(np.array([[3]]), np.array([[3]])), rates.drawn(1, draws=5, seed=1))
    assert (none.trials, math.isnan(none.rate), math.isnan(none.high)) == (0, True, True)
    assert accuracy.plain(none)["rate"] is None


# --- bounds -----------------------------------------------------------------------------------------------------------


def test_no_error_among_people_is_bounded_as_by_clopper_and_pearson() -> None:
    assert rates.at_most(0.0, 51) == pytest.approx(1 - 0.025 ** (1 / 51))
    assert rates.at_most(0.0, 51) == pytest.approx(rates.clopper_pearson_high(0, 51))


@pytest.mark.parametrize(
    ("errors", "trials", "high"), [(0, 10, 0.3085), (1, 51, 0.1045), (5, 100, 0.1128), (10, 10, 1.0)]
)
def test_clopper_pearson_as_in_its_tables(errors: int, trials: int, high: float) -> None:
    assert rates.clopper_pearson_high(errors, trials) == pytest.approx(high, abs=5e-5)


@pytest.mark.parametrize("units", [5, 25, 51, 400])
def test_the_bound_without_assumptions_is_never_below_the_exact_one(units: int) -> None:
    for errors in range(units + 1):
        assert rates.at_most(errors / units, units) >= rates.clopper_pearson_high(errors, units) - 1e-9


def test_an_interval_is_not_narrow_because_no_error_was_drawn() -> None:
    people = 51
    pairs = 4 * (1 - np.eye(people, dtype=np.int64))
    rate = rates.of_pairs(np.zeros_like(pairs), pairs, rates.drawn(people, draws=50, seed=1))
    assert (rate.errors, rate.trials, rate.units, rate.low) == (0, 5100, 25, 0.0)
    assert rate.high == pytest.approx(1 - 0.025 ** (1 / 25))
    assert rate.naive_high < rate.high / 100
    all_wrong = rates.of_pairs(pairs, pairs, rates.drawn(people, draws=50, seed=1))
    assert (all_wrong.low, all_wrong.high) == (pytest.approx(0.025 ** (1 / 25)), 1.0)


def test_nobody_is_in_two_disjoint_pairs() -> None:
    star = np.zeros((6, 6), dtype=bool)
    star[0, 1:] = star[1:, 0] = True
    assert rates.disjoint(star) == 1
    assert rates.disjoint(~np.eye(7, dtype=bool)) == 3
    assert rates.disjoint(np.zeros((3, 3), dtype=bool)) == 0
    assert rates.disjoint(np.eye(3, dtype=bool)) == 0


# --- intervals cover --------------------------------------------------------------------------------------------------


def made(people: int, random: np.random.Generator) -> tuple[Counts, Counts]:
    """Errors and trials between people some of whom resemble many: the sum of two effects decides, four times each."""
    effect = random.normal(scale=0.7, size=people)
    noise = random.normal(size=(4, people, people))
    wrong = (effect[:, None] + effect + noise > 2.0).sum(axis=0)
    errors = np.triu(wrong, 1)
    return errors + errors.T, 4 * (1 - np.eye(people, dtype=np.int64))


def test_intervals_cover_the_truth_where_those_for_independent_pairs_do_not() -> None:
    random = np.random.default_rng(7)
    truth = 0.5 * math.erfc(2.0 / math.sqrt(2 * 0.7**2 + 1) / math.sqrt(2))
    covered = naive = 0
    rounds, people = 150, 40
    for number in range(rounds):
        rate = rates.of_pairs(*made(people, random), rates.drawn(people, draws=300, seed=number))
        covered += rate.low <= truth <= rate.high
        around = 1.96 * math.sqrt(rate.rate * (1 - rate.rate) / rate.trials)
        naive += abs(rate.rate - truth) <= around
    assert covered / rounds >= 0.88
    assert naive / rounds < 0.6


@pytest.mark.parametrize("truth", [0.01, 0.05, 0.3])
def test_intervals_of_people_cover_the_truth_however_rare_errors_are(truth: float) -> None:
    random = np.random.default_rng(11)
    people, rounds = 51, 300
    trials = np.ones(people, dtype=np.int64)
    covered = 0
    for number in range(rounds):
        errors = (random.random(people) < truth).astype(np.int64)
        rate = rates.of_people(errors, trials, rates.drawn(people, draws=200, seed=number))
        covered += rate.low <= truth <= rate.high
    assert covered / rounds >= 0.90


def test_draws_are_the_same_for_the_same_seed_and_always_of_everybody() -> None:
    draws = rates.drawn(9, draws=20, seed=3)
    assert np.array_equal(draws, rates.drawn(9, draws=20, seed=3))
    assert not np.array_equal(draws, rates.drawn(9, draws=20, seed=4))
    assert (draws.sum(axis=1) == 9).all()


def test_chance_explains_a_rate_like_everybody_s_and_not_one_that_is_a_group_s_own() -> None:
    pairs = 1 - np.eye(30, dtype=np.int64)
    close = np.zeros_like(pairs)
    close[:6, :6] = pairs[:6, :6]
    assert rates.by_chance(Tally(pairs, close), np.arange(6), draws=999, seed=1) == pytest.approx(1 / 1000)
    assert rates.by_chance(Tally(pairs, pairs), np.arange(6), draws=99, seed=1) == 1.0
    assert math.isnan(rates.by_chance(Tally(pairs, close), np.array([3]), draws=9, seed=1))


# --- groups -----------------------------------------------------------------------------------------------------------


def sample() -> measure.Sample:
    """Six people with two pictures each at 0.1; their places are 1 apart but for the first two, at 0.3."""
    traits = [
        {"sex": sex, "age": age, "ethnicity": "x"}
        for sex, age in [("f", "old"), ("f", "old"), ("f", "young"), ("m", "young"), ("m", "old"), ("m", "not given")]
    ]
    centres = (0.0, 0.3, 2.0, 3.0, 4.0, 5.0)
    places = [place for centre in centres for place in (centre, centre + 0.1)]
    return measure.Sample(line(*places), np.repeat(np.arange(6), 2), tuple(traits))


def test_everybody_is_in_one_group_of_each_trait_and_pairs_are_within_groups() -> None:
    result = measure.compared(sample(), limits=LIMITS, draw=DRAW)
    for groups in result["groups"].values():
        assert sum(group["people"] for group in groups.values()) == 6
        assert sum(group["match"]["false_non_match"].trials for group in groups.values()) == 6
        assert all(group["few_people"] for group in groups.values())
    assert result["everybody"]["match"]["false_match"].trials == 15 * 4
    sexes = result["groups"]["sex"]
    assert {name: group["match"]["false_match"].trials for name, group in sexes.items()} == {"f": 12, "m": 12}
    assert {name: group["match"]["false_match"].errors for name, group in sexes.items()} == {"f": 4, "m": 0}
    alone = result["groups"]["age"]["not given"]
    assert (alone["people"], alone["match"]["false_match"].trials) == (1, 0)
    assert list(result["groups"]["ethnicity"]) == ["x"]


def test_those_alike_in_every_trait_are_compared_apart() -> None:
    result = measure.compared(sample(), limits=LIMITS, draw=DRAW)
    assert (result["alike"]["match"]["false_match"].errors, result["alike"]["match"]["false_match"].trials) == (4, 4)
    assert result["alike"]["match"]["false_non_match"] == result["everybody"]["match"]["false_non_match"]


def test_along_the_curve_one_error_falls_and_the_other_rises() -> None:
    curve = measure.compared(sample(), limits=LIMITS, draw=DRAW)["curve"]
    match = [point["false_match"].rate for point in curve]
    non_match = [point["false_non_match"].rate for point in curve]
    assert match == sorted(match)
    assert non_match == sorted(non_match, reverse=True)
    assert {LIMITS.match, LIMITS.possible} <= {point["distance"] for point in curve}


# --- searches ---------------------------------------------------------------------------------------------------------


def test_a_face_not_found_is_missed_and_one_too_many_makes_up_for_none() -> None:
    kind = measure._Kind(2)
    kind.add(0, 2, [0.1], LIMITS)
    kind.add(1, 2, [0.5, 0.2, 0.1], LIMITS)
    counted = kind.rates(rates.drawn(2, draws=20, seed=1))
    assert {name: (rate.errors, rate.trials) for name, rate in counted.items()} == {
        "not_found": (1, 4),
        "beyond_match": (1, 4),
        "beyond_possible": (1, 4),
    }


def test_faces_in_sheets_are_told_by_their_place() -> None:
    def at(x: int, y: int) -> DetectedFace:
        return DetectedFace(Box(x, y, x + 20, y + 20), np.zeros(128, dtype=np.float32), 1.0)

    picture = faces.Picture(Path("sheet.png"), "P1", "character_sheet", {})
    found = faces.Found([at(80, 50), at(380, 50), at(600, 50), at(80, 600), at(880, 600)], height=1000, width=1000)
    assert [kind for kind, _face in faces.by_kind(picture, found)] == [
        "sheet, front", "sheet, profile", "sheet, back", "sheet, small front", "sheet, small profile",
    ]  # fmt: skip
    assert set(picture.shows) == {kind for kind, _face in faces.by_kind(picture, found)}
    alone = faces.Picture(Path("one.png"), "P1", "neutral", {})
    assert len(list(faces.by_kind(alone, found))) == 1
    assert list(faces.by_kind(alone, faces.Found([], 10, 10))) == []


def test_a_smaller_picture_keeps_its_shape_and_none_is_made_larger() -> None:
    pixels = np.zeros((40, 60, 3), dtype=np.uint8)
    assert faces.reduced(pixels, 0.5).shape == (20, 30, 3)
    assert faces.reduced(pixels, 1.5) is pixels


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "group"), [("19", "24 and under"), ("25", "25 to 29"), ("29.5", "25 to 29"), ("30", "30 and over"),
                       ("NA", "not given"), ("", "not given")]
)  # fmt: skip
def test_ages_as_groups(age: str, group: str) -> None:
    assert faces.age_group(age) == group


def labels(folder: Path, text: str) -> Path:
    (folder / "labels.csv").write_text(text, encoding="utf-8")
    return folder


def test_a_folder_is_read_with_its_labels(tmp_path: Path) -> None:
    rows = "1.jpg,a,neutral,24,female,west_asian\n../2.jpg,a,smiling,24,female,west_asian\n"
    read = faces.folder(labels(tmp_path, f"file,person,expression,age,gender,ethnicity\n{rows}"), about="two")
    assert [picture.path for picture in read.pictures] == [tmp_path / "1.jpg", tmp_path / "2.jpg"]
    assert read.pictures[0].traits == {"sex": "female", "age": "24 and under", "ethnicity": "west asian"}
    assert (read.probe, read.reduced, read.synthetic) == ("neutral", "smiling", False)


@pytest.mark.parametrize("text", ["", "file,person\n1.jpg,a\n", "file,person,expression,age,gender,ethnicity\n"])
def test_a_folder_without_labels_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(faces.FolderUnusable, match=r"labels\.csv"):
        faces.folder(labels(tmp_path, text), about="none")
    with pytest.raises(faces.FolderUnusable, match="cannot be read"):
        faces.folder(tmp_path / "nowhere", about="none")


def test_a_damaged_picture_is_refused(tmp_path: Path) -> None:
    picture = faces.Picture(tmp_path / "1.jpg", "a", "neutral", {})
    with pytest.raises(faces.FolderUnusable, match="FileNotFoundError"):
        faces.look(picture, tmp_path)
    picture.path.write_bytes(b"no picture")
    with pytest.raises(faces.FolderUnusable, match="not_an_image"):
        faces.look(picture, tmp_path)


def test_what_was_found_is_kept_as_it_was(tmp_path: Path) -> None:
    face = DetectedFace(Box(1, 2, 30, 40), np.arange(128, dtype=np.float32), 0.5)
    for found in (faces.Found([face], 50, 60), faces.Found([], 50, 60)):
        kept = faces._kept(faces._packed(found))
        assert (kept.height, kept.width, len(kept.faces)) == (50, 60, len(found.faces))
        for one, other in zip(kept.faces, found.faces, strict=True):
            assert (one.box, one.score) == (other.box, other.score)
            assert np.array_equal(one.template, other.template)


def test_templates_are_not_kept_in_the_repository(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        accuracy.arguments(["--cache", "benchmarks/cache"])
    assert "outside the repository" in capsys.readouterr().err
    with accuracy.cache(tmp_path / "kept") as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
    with accuracy.cache(None) as temporary:
        assert temporary.is_dir()
    assert not temporary.exists()


# --- reports ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def result() -> dict[str, Any]:
    found = {
        "name": "made",
        "about": 'six "people" & <none> of them real',
        "synthetic": True,
        "people": 6,
        "pictures": 12,
        "pictures_without_face": 0,
        **measure.compared(sample(), limits=LIMITS, draw=DRAW),
    }
    return {
        "measured_on": "2026-01-31",
        "command": accuracy.command(accuracy.arguments(["--faces", "/secret/name"])),
        "engine": "painted/1",
        "engine_class": "tests.Painted",
        "interval": "95 %",
        "bands": {"match": LIMITS.match, "possible": LIMITS.possible},
        "collections": [found],
    }


BANDS = """
match.up_to = 0.45
possible.up_to = 0.60
one_reviewer = { up_to = 0.30, nearest = { adults = 0.47, synthetic = 0.31 } }
probe = { smallest_face = 80, least_sharpness = 20.0 }
"""


def test_the_provenance_is_what_the_bands_read(result: dict[str, Any]) -> None:
    text = provenance.toml(result)
    (measured,) = read(BANDS + text).measured
    assert measured.data == result["collections"][0]["about"]
    assert (measured.people, measured.match.false_match.errors, measured.match.false_match.pairs) == (6, 4, 60)
    assert measured.possible.false_match.high == round(
        result["collections"][0]["everybody"]["possible"]["false_match"].high, 4
    )
    assert measured.as_json()["on"] == "2026-01-31"
    with pytest.raises(ValueError, match="measure again"):
        read(BANDS.replace("0.45", "0.44") + text)
    with pytest.raises(ValueError, match="One reviewer"):
        read(BANDS.replace("0.30", "0.31") + text)
    with pytest.raises(TypeError):
        read(BANDS + text.replace("synthetic", "made_up"))


def test_no_report_names_the_folder(result: dict[str, Any]) -> None:
    assert "secret" not in provenance.toml(result) + plot.svg(result) + str(accuracy.plain(result))
    assert "--faces FOLDER" in result["command"]


def test_the_plot_is_well_formed_and_shows_every_group(result: dict[str, Any]) -> None:
    drawn = plot.svg(result)
    ElementTree.fromstring(drawn)
    assert "nan" not in drawn
    for name in ("everybody", "f (3)*", "not given (1)*", "x (6)*"):
        assert f">{name}" in drawn


def test_the_bands_in_force_carry_their_provenance() -> None:
    path = Path(accuracy.__file__).parent.parent / "matching" / "bands.toml"
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    measured = read(path.read_text(encoding="utf-8")).measured
    assert any(not each.synthetic for each in measured)
    assert len(measured) == len(raw["measured"])
    for each in measured:
        for band in (each.match, each.possible):
            for share in (band.false_match, band.false_non_match):
                assert share.rate == pytest.approx(share.errors / share.pairs, abs=5e-5)
                assert 0 <= share.low <= share.rate <= share.high <= 1
