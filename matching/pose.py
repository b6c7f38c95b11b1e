"""How a face is turned, from its landmarks.

A rigid model of eleven points is put over the landmarks under a scaled orthographic projection (weak perspective):
a rotation, a scale and a shift that leave the smallest squares, found by Gauss and Newton's method from the linear
solution of DeMenthon and Davis (1995, "Model-based object pose in 25 lines of code", the first step, POS). The model
is the canonical face of MediaPipe (`canonical_face_model.obj`, Apache License 2.0), in centimetres, of which the
vertices that lie where the 300-W markup has points that hardly move with the expression are taken.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MODEL: Final = {
    27: (0.0, 3.271027, 5.236015), 28: (0.0, 1.728369, 6.316750), 29: (0.0, 0.365669, 7.242870),
    30: (0.0, -0.463170, 7.586580), 31: (-1.405627, -1.714196, 5.241087), 33: (0.0, -2.089024, 6.058267),
    35: (1.405627, -1.714196, 5.241087), 36: (-4.445859, 2.663991, 3.173422), 39: (-1.856432, 2.585245, 3.757904),
    42: (1.856432, 2.585245, 3.757904), 45: (4.445859, 2.663991, 3.173422),
}  # fmt: skip
"""By landmark (nose, corners of the eyes): x to the right of the picture, y up, z towards
the camera."""

_POINTS: Final = np.array(list(MODEL.values())) - np.mean(list(MODEL.values()), axis=0)
_INDICES: Final = list(MODEL)
STEPS: Final = 30
ENOUGH: Final = 1e-9


class Pose(NamedTuple):
    """Degrees; zero looks into the camera.

    Attributes:
        yaw: positive towards the person's own left, which is the right of a picture that is not mirrored.
        pitch: positive upwards.
        roll: positive where the head leans to the person's own left shoulder.
        misfit: root mean square of what is left, as a share of the distance between the outer corners of the eyes in
            the model: how little the points are those of a rigid head.
    """

    yaw: float
    pitch: float
    roll: float
    misfit: float


def of_landmarks(landmarks: Floats) -> Pose:
    """The pose of a face; `landmarks` is (68, 2) in pixels, y downwards."""
    seen = landmarks[_INDICES] * (1.0, -1.0)
    seen = seen - seen.mean(axis=0)
    rotation, scale = _start(seen)
    for _step in range(STEPS):
        left = (seen - scale * _POINTS @ rotation[:2].T).ravel()
        slopes = np.stack([*(scale * (_POINTS @ (turn @ rotation)[:2].T) for turn in _TURNS), _POINTS @ rotation[:2].T])
        change = np.linalg.lstsq(slopes.reshape(4, -1).T, left, rcond=None)[0]
        rotation, scale = _turned(change[:3]) @ rotation, scale + float(change[3])
        if np.abs(change[:3]).max() < ENOUGH:
            break
    left = seen - scale * _POINTS @ rotation[:2].T
    size = abs(scale) * float(np.linalg.norm(np.subtract(MODEL[45], MODEL[36])))
    return Pose(*_angles(rotation), misfit=float(np.sqrt((left**2).sum(axis=1).mean())) / size)


_TURNS: Final = np.array(
    [[[0, 0, 0], [0, 0, -1], [0, 1, 0]], [[0, 0, 1], [0, 0, 0], [-1, 0, 0]], [[0, -1, 0], [1, 0, 0], [0, 0, 0]]],
    dtype=np.float64,
)
"""Infinitesimal rotations about x, y and z."""


def _start(seen: Floats) -> tuple[Floats, float]:
    """A rotation (3, 3) and a scale: the linear solution, made orthogonal."""
    linear = np.linalg.lstsq(_POINTS, seen, rcond=None)[0].T
    left, stretch, right = np.linalg.svd(linear, full_matrices=False)
    rows = left @ right
    return np.vstack([rows, np.cross(rows[0], rows[1])]), float(stretch.mean())


def _turned(vector: Floats) -> Floats:
    """The rotation (3, 3) about a vector by its length in radians (Rodrigues)."""
    angle = float(np.linalg.norm(vector))
    if not angle:
        return np.eye(3)
    cross = np.tensordot(vector / angle, _TURNS, axes=1)
    rotation: Floats = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return rotation


def _angles(rotation: Floats) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees: where the nose points, and how the eyes stand."""
    x, y, z = rotation[:, 2]
    yaw, pitch = np.arctan2(x, z), np.arcsin(np.clip(y, -1, 1))
    roll = np.arctan2(rotation[1, 0], rotation[0, 0])
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(-np.degrees(roll))
