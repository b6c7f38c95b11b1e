"""The pose of a head from its landmarks: what a rigid model shows is read back, whatever camera and noise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching import pose
from matching.registration import MIRRORED
from tests.fakes import HEAD, turned_by


def seen(yaw: float, pitch: float, *, scale: float = 9.0, shift: tuple[float, float] = (300.0, 200.0)) -> np.ndarray:
    """Landmarks (68, 2) of a head in this pose, y downwards."""
    return HEAD @ turned_by(yaw, pitch)[:2].T * (scale, -scale) + shift


@given(
    yaw=st.floats(-60, 60), pitch=st.floats(-40, 40), scale=st.floats(2, 60), x=st.floats(0, 4000), y=st.floats(0, 4000)
)
def test_a_pose_is_read_back(yaw: float, pitch: float, scale: float, x: float, y: float) -> None:
    found = pose.of_landmarks(seen(yaw, pitch, scale=scale, shift=(x, y)))
    assert found.yaw == pytest.approx(yaw, abs=0.1)
    assert found.pitch == pytest.approx(pitch, abs=0.1)
    assert found.misfit < 1e-4


def test_a_turn_to_the_own_left_moves_the_nose_to_the_right_of_the_picture() -> None:
    ahead, left = seen(0, 0), seen(25, 0)
    assert left[30, 0] - left[27, 0] > ahead[30, 0] - ahead[27, 0]
    assert pose.of_landmarks(left).yaw > 20


def test_a_raised_chin_is_positive() -> None:
    assert seen(0, 15)[30, 1] - seen(0, 15)[36, 1] < seen(0, 0)[30, 1] - seen(0, 0)[36, 1]
    assert pose.of_landmarks(seen(0, 15)).pitch > 12


def test_a_leaning_head_is_neither_turned_nor_raised() -> None:
    angle = np.radians(20)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = pose.of_landmarks(seen(0, 0) @ rotation.T)
    assert abs(found.yaw) < 0.5
    assert abs(found.pitch) < 0.5
    assert abs(found.roll) == pytest.approx(20, abs=0.5)


def test_a_mirrored_picture_turns_the_other_way() -> None:
    mirrored = seen(20, 5)[MIRRORED] * (-1, 1)
    assert pose.of_landmarks(mirrored).yaw == pytest.approx(-20, abs=0.1)


def test_noise_of_a_landmark_moves_the_pose_by_few_degrees() -> None:
    noise = np.random.default_rng(7).normal(0, 0.01 * 9 * 9, size=(200, 68, 2))
    found = np.array([pose.of_landmarks(seen(18, 0) + each)[:2] for each in noise])
    assert found.std(axis=0).max() < 4
    assert abs(found[:, 0].mean() - 18) < 1
