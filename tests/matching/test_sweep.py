"""The sweep finds exactly what brute force in float64 finds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.index.base import Block
from matching.index.sweep import checked, sweep


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
    blocks = [Block(np.arange(s, min(s + size, count)), vectors[s : s + size]) for s in range(0, count, size)]
    swept = sweep(blocks, asked, radius=radius)
    expected = brute(vectors, asked, radius)
    assert dict(zip(swept.ids.tolist(), swept.distances.tolist(), strict=True)) == pytest.approx(expected, abs=1e-9)
    assert swept.scanned == count
    assert list(swept.distances) == sorted(swept.distances)


def test_a_face_exactly_at_the_radius_is_found() -> None:
    vectors = np.zeros((1, 128), np.float32)
    probe = np.zeros((1, 128), np.float32)
    probe[0, 0] = 0.5
    assert sweep([Block(np.array([7]), vectors)], probe, radius=0.5).ids.tolist() == [7]
    assert sweep([Block(np.array([7]), vectors)], probe, radius=0.4999).ids.tolist() == []


def test_probes_that_cannot_be_compared_are_refused() -> None:
    for wrong in (np.zeros((1, 64)), np.zeros(128), np.zeros((0, 128)), np.full((1, 128), np.nan)):
        with pytest.raises(ValueError, match="robe"):
            checked(wrong.astype(np.float32), 128)


def test_a_held_template_that_is_not_finite_is_an_error_not_a_miss() -> None:
    vectors = np.full((1, 128), np.nan, np.float32)
    with pytest.raises(ValueError, match="not finite"):
        sweep([Block(np.array([1]), vectors)], np.zeros((1, 128), np.float32), radius=0.6)
