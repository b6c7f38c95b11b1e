"""Fused probes and rules for reviewers, counted on distances that can be counted by hand."""

import numpy as np
import pytest

from benchmarks import fusion
from benchmarks.fusion import Faces
from benchmarks.measure import apart
from matching.bands import Bands

LIMITS = Bands(match=0.45, possible=0.60, one_reviewer=0.30, smallest_face=80, least_sharpness=20.0)

PLACES = {
    # Faces on a line; the first three of a person are single pictures, the first of these what they search with.
    0: [0.0, 0.1, 0.5, 0.9],
    1: [5.0, 5.1, 5.2, 5.3],
    2: [0.2, 9.0, 9.5, 9.9],
}


@pytest.fixture
def faces() -> Faces:
    places = np.array([place for own in PLACES.values() for place in own])
    templates = np.stack([places, np.zeros(len(places))], axis=1)
    order = np.tile(np.arange(4), len(PLACES))
    return Faces(apart(templates), templates, np.repeat(list(PLACES), 4), order < 3, order == 0)


def test_fusion_counts_what_each_way_finds_and_misses(faces: Faces) -> None:
    by = {(row["probes"], row["way"]): row for row in fusion.fusion(faces, LIMITS)}
    one = by[1, "minimum"]
    assert one["searches"] == 9
    assert (one["own"], one["strangers"]) == (9, 9 * 8)
    # Person 0's fourth is 0.4 from the third picture only; person 2's 0.9 and 0.4 from the second and third.
    assert (one["own_beyond_match"], one["own_missed"]) == (4, 4)
    # Person 2's stray face at 0.2 lies within 0.3 of each of person 0's pictures, and these within 0.3 of it.
    assert (one["strangers_match"], one["strangers_hit"]) == (6, 6)
    assert {way: by[1, way]["own_missed"] for way in ("mean", "agreement")} == {"mean": 4, "agreement": 4}
    three = by[3, "minimum"]
    assert (three["searches"], three["own"], three["own_beyond_match"], three["own_missed"]) == (3, 3, 0, 0)
    # With probes at 0.2, 9.0 and 9.5 the nearest says match for person 0's faces, and another is beyond every band.
    assert three["strangers_match"] - by[3, "agreement"]["strangers_match"] == 3
    assert by[3, "agreement"]["strangers_hit"] == three["strangers_hit"]
    # The means, 0.2 and 6.23, lie far from the fourth pictures.
    assert by[3, "mean"]["own_missed"] == 2


def test_one_reviewer_lets_through_what_the_rule_says(faces: Faces) -> None:
    by = {row["one_is_enough_for"]: row for row in fusion.reviewers(faces, LIMITS)}
    assert {row["requests"] for row in by.values()} == {3}
    assert {row["pairs"] for row in by.values()} == {12 * 8}
    every = by["up to 0.45: every match"]
    assert every["strangers_let_through"] == 1 + 3
    # Alone, each of these pairs counts from either side; with nothing to compare with, consistency lets them through.
    alone = every["pairs_let_through"]
    assert alone == 2 * 3
    consistent = by["matches that match each other"]
    assert consistent["pairs_let_through"] == alone
    assert by["nothing"]["pairs_let_through"] == by["nothing"]["strangers_let_through"] == 0
    assert by["nothing"]["own_hits_for_two"] == by["nothing"]["own_hits"]
    assert by["up to 0.25"]["pairs_let_through"] == 2 * 2
    assert fusion.nearest_strangers(faces) == pytest.approx(0.1)


def test_matches_that_are_no_match_of_each_other_are_for_two() -> None:
    rule = fusion.consistent(0.45)
    far = np.array([0.1, 0.4, 0.5])
    together = np.array([[0.0, 0.44, 1.0], [0.44, 0.0, 1.0], [1.0, 1.0, 0.0]])
    assert rule(far, together).tolist() == [True, True, False]
    together[0, 1] = together[1, 0] = 0.46
    assert rule(far, together).tolist() == [False, False, False]
