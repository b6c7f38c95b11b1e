"""The sweep finds exactly what brute force in float64 finds."""

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.index import IndexDamaged, SweepCancelled, Watch
from matching.index.sweep import ArrayRows, checked, sweep, sweep_many


def rows_of(vectors: np.ndarray, size: int = 1000) -> list[ArrayRows]:
    return [
        ArrayRows(np.arange(start, min(start + size, len(vectors))), vectors[start : start + size])
        for start in range(0, len(vectors), size)
    ]


def brute(vectors: np.ndarray, probes: np.ndarray, radius: float) -> dict[int, float]:
    found = {}
    for row, vector in enumerate(vectors):
        nearest = min(float(np.linalg.norm(vector.astype(np.float64) - p.astype(np.float64))) for p in probes)
        if nearest <= radius:
            found[row] = nearest
    return found


@given(
    seed=st.integers(0, 10**6), count=st.integers(0, 400), probes=st.integers(1, 9), size=st.integers(1, 97),
    radius=st.sampled_from([0.2, 0.45, 0.6]),
)  # fmt: skip
def test_it_finds_what_brute_force_finds(seed: int, count: int, probes: int, size: int, radius: float) -> None:
    draw = np.random.default_rng(seed)
    centres = draw.normal(size=(5, 128))
    vectors = (centres[draw.integers(0, 5, count)] + draw.normal(scale=0.04, size=(count, 128))).astype(np.float32)
    asked = (centres[draw.integers(0, 5, probes)] + draw.normal(scale=0.03, size=(probes, 128))).astype(np.float32)
    swept = sweep(rows_of(vectors, size), asked, radius=radius)
    expected = brute(vectors, asked, radius)
    assert dict(zip(swept.ids.tolist(), swept.distances.tolist(), strict=True)) == pytest.approx(expected, abs=1e-9)
    assert swept.scanned == count
    assert list(swept.distances) == sorted(swept.distances)


def test_a_face_exactly_at_the_radius_is_found() -> None:
    vectors = np.zeros((1, 128), np.float32)
    probe = np.zeros((1, 128), np.float32)
    probe[0, 0] = 0.5
    assert sweep([ArrayRows(np.array([7]), vectors)], probe, radius=0.5).ids.tolist() == [7]
    assert sweep([ArrayRows(np.array([7]), vectors)], probe, radius=0.4999).ids.tolist() == []


def test_probes_that_cannot_be_compared_are_refused() -> None:
    for wrong in (np.zeros((1, 64)), np.zeros(128), np.zeros((0, 128)), np.full((1, 128), np.nan)):
        with pytest.raises(ValueError, match="robe"):
            checked(wrong.astype(np.float32), 128)


def test_a_held_template_that_is_not_finite_is_an_error_not_a_miss() -> None:
    vectors = np.full((1, 128), np.nan, np.float32)
    with pytest.raises(IndexDamaged, match="not finite"):
        sweep([ArrayRows(np.array([1]), vectors)], np.zeros((1, 128), np.float32), radius=0.6)


@given(seed=st.integers(0, 10**6), people=st.integers(1, 6), threads=st.integers(1, 3))
def test_each_owner_gets_what_a_pass_of_its_own_would_give(seed: int, people: int, threads: int) -> None:
    draw = np.random.default_rng(seed)
    centres = draw.normal(size=(4, 128))
    vectors = (centres[draw.integers(0, 4, 300)] + draw.normal(scale=0.04, size=(300, 128))).astype(np.float32)
    probes = (centres[draw.integers(0, 4, 12)] + draw.normal(scale=0.03, size=(12, 128))).astype(np.float32)
    owners = draw.integers(0, people, 12) * 7
    together = sweep_many(rows_of(vectors, 77), probes, owners=owners, radius=0.5, threads=threads)
    assert set(together) == set(owners.tolist())
    for owner, swept in together.items():
        alone = sweep(rows_of(vectors), probes[owners == owner], radius=0.5)
        assert swept.ids.tolist() == alone.ids.tolist()
        assert swept.distances.tolist() == alone.distances.tolist()
        assert swept.scanned == 300


@pytest.mark.parametrize("probes", [1, 3, 64, 300])
def test_it_finds_the_same_set_as_faiss_ties_at_the_radius_included(probes: int) -> None:
    """Small whole numbers: every squared distance is exact in float32, so ties are ties for both."""
    draw = np.random.default_rng(probes)
    vectors = draw.integers(-2, 3, size=(5000, 128)).astype(np.float32)
    asked = vectors[draw.integers(0, len(vectors), probes)].copy()
    asked[:, :4] += draw.integers(-1, 2, size=(probes, 4)).astype(np.float32)
    index = faiss.IndexFlatL2(128)
    index.add(vectors)
    squared = index.search(asked[:1], 40)[0][0][-1]  # The distance of some face: a tie by construction.
    limits, _distances, ids = index.range_search(asked, float(np.nextafter(squared, np.float32(np.inf))))
    swept = sweep_many(rows_of(vectors), asked, owners=np.arange(probes), radius=float(np.sqrt(float(squared))))
    for probe, mine in swept.items():
        assert set(mine.ids.tolist()) == set(ids[int(limits[probe]) : int(limits[probe + 1])].tolist())
    assert len(swept[0].ids) >= 40


def test_large_values_lose_nothing() -> None:
    draw = np.random.default_rng(3)
    vectors = (1000 + draw.normal(scale=0.02, size=(500, 128))).astype(np.float32)
    asked = vectors[:5] + np.float32(0.01)
    swept = sweep(rows_of(vectors, 100), asked, radius=0.3)
    expected = brute(vectors, asked, 0.3)
    assert dict(zip(swept.ids.tolist(), swept.distances.tolist(), strict=True)) == pytest.approx(expected, abs=1e-9)


def test_it_tells_how_far_it_is_and_stops_when_asked() -> None:
    vectors = np.zeros((2500, 128), np.float32)
    probe, owner = np.zeros((1, 128), np.float32), np.zeros(1, np.int64)
    told: list[int] = []
    sweep_many(rows_of(vectors), probe, owners=owner, radius=0.5, watch=Watch(progress=told.append))
    assert told == [1000, 2000, 2500]
    told.clear()
    watch = Watch(progress=told.append, cancelled=lambda: len(told) == 2)
    with pytest.raises(SweepCancelled):
        sweep_many(rows_of(np.zeros((9000, 128), np.float32)), probe, owners=owner, radius=0.5, threads=1, watch=watch)
    assert told == [1000, 2000]


def test_an_empty_collection_has_nobody() -> None:
    swept = sweep_many([], np.zeros((2, 128), np.float32), owners=np.array([5, 9]), radius=0.5)
    assert [(owner, found.ids.tolist(), found.scanned) for owner, found in swept.items()] == [(5, [], 0), (9, [], 0)]


def test_ten_thousand_people_are_searched_for_in_one_pass() -> None:
    draw = np.random.default_rng(9)
    vectors = draw.normal(scale=0.12, size=(3000, 128)).astype(np.float32)
    chosen = draw.integers(0, len(vectors), 10_000)
    probes = vectors[chosen] + draw.normal(scale=0.005, size=(10_000, 128)).astype(np.float32)
    swept = sweep_many(rows_of(vectors), probes, owners=np.arange(10_000), radius=0.3)
    assert [found.ids.tolist() for found in swept.values()] == [[row] for row in chosen.tolist()]
