"""A head turned by a computer: a stand-in for somebody who turns their head when asked, where no such pictures exist.

The face is taken for an ellipsoid with a nose on it, laid over the landmarks by the size of MediaPipe's canonical face
(`matching.pose`). Each pixel has a depth by that; the head is turned about an axis through its middle under scaled
orthographic projection. Hair, ears and what is hidden behind the nose are only roughly right, so heads are turned by
no more than some thirty degrees.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from matching.pose import MODEL, Floats

EYES: Final = float(np.linalg.norm(np.subtract(MODEL[45], MODEL[36])))
"""Centimetres between the outer corners of the eyes."""
HALF_WIDTH, HALF_HEIGHT, DEPTH = 8.5, 13.0, 8.0
"""Centimetres of the ellipsoid, from its middle: the face of an adult with its jaw and forehead, a little over."""
NOSE_HEIGHT, NOSE_WIDE, NOSE_LONG = 3.0, 1.3, 2.2
"""Centimetres by which the nose stands out, and over which it falls off."""
SMEARED: Final = 0.38
"""Of the distance between the eyes: how far around a nose that is moved the picture follows."""
STEPS: Final = 12
"""Rounds after which the place that a pixel came from no longer moves, for turns up to thirty degrees."""


def depth(x: Floats, y: Floats) -> Floats:
    """Centimetres towards the camera at points given in centimetres from the tip of the nose, y upwards."""
    inside = 1.0 - (x / HALF_WIDTH) ** 2 - ((y - 1.0) / HALF_HEIGHT) ** 2
    head = DEPTH * np.sqrt(np.clip(inside, 0.0, 1.0))
    nose = NOSE_HEIGHT * np.exp(-((x / NOSE_WIDE) ** 2) - (np.where(y > 0, y / NOSE_LONG, y / NOSE_WIDE) ** 2))
    found: Floats = head + nose * (inside > 0)
    return found


def turn(image: Image.Image, landmarks: Floats, yaw: float, pitch: float) -> Image.Image:
    """The picture with its head turned further.

    Args:
        landmarks: (68, 2) in pixels of the picture.
        yaw: degrees towards the person's own left. pitch: degrees upwards.
    """
    pixels = np.asarray(image.convert("RGB"), dtype=np.float64)
    height, width = pixels.shape[:2]
    scale = float(np.linalg.norm(landmarks[45] - landmarks[36])) / EYES
    middle = landmarks[30]
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64))
    to_x, to_y = (columns - middle[0]) / scale, (middle[1] - rows) / scale
    rotation = _rotation(np.radians(yaw), np.radians(pitch))
    x, y = to_x.copy(), to_y.copy()
    for _step in range(STEPS):  # Where must a point have been, to be here after the turn?
        z = depth(x, y)
        share = np.clip(z / (0.25 * DEPTH), 0.0, 1.0)  # What is no head stays where it is.
        moved = rotation[:2, :2] @ np.stack([x.ravel(), y.ravel()]) + np.outer(rotation[:2, 2], z.ravel() - DEPTH / 2)
        x = x + 0.7 * share * (to_x - moved[0].reshape(x.shape)) + 0.7 * (1 - share) * (to_x - x)
        y = y + 0.7 * share * (to_y - moved[1].reshape(y.shape)) + 0.7 * (1 - share) * (to_y - y)
    return Image.fromarray(_sampled(pixels, middle[0] + x * scale, middle[1] - y * scale))


def move_nose(
    image: Image.Image, landmarks: Floats, aside: float, upwards: float, *, smeared: float = SMEARED
) -> Image.Image:
    """The picture with its nose moved and nothing else turned, as any drawing program that smears does it.

    Args:
        landmarks: (68, 2) in pixels of the picture.
        aside, upwards: shares of the distance between the outer corners of the eyes; towards the person's own left.
        smeared: share over which the picture follows; what lies further away hardly does.
    """
    pixels = np.asarray(image.convert("RGB"), dtype=np.float64)
    eyes = float(np.linalg.norm(landmarks[45] - landmarks[36]))
    x, y = np.meshgrid(*(np.arange(size, dtype=np.float64) for size in image.size))
    middle = landmarks[27:36].mean(axis=0)
    near = np.exp(-((x - middle[0]) ** 2 + (y - middle[1]) ** 2) / (2 * (smeared * eyes) ** 2))
    return Image.fromarray(_sampled(pixels, x - near * aside * eyes, y + near * upwards * eyes))


def _rotation(yaw: float, pitch: float) -> Floats:
    """x to the right of the picture, y up, z towards the camera; the person's own left is the right of the picture."""
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]])
    return about_x @ about_y


def _sampled(pixels: Floats, x: Floats, y: Floats) -> npt.NDArray[np.uint8]:
    """Bilinear samples (height, width, 3), those outside at the edge."""
    height, width = pixels.shape[:2]
    x, y = np.clip(x, 0, width - 1.001), np.clip(y, 0, height - 1.001)
    left, top = x.astype(int), y.astype(int)
    across, down = (x - left)[..., None], (y - top)[..., None]
    upper = pixels[top, left] * (1 - across) + pixels[top, left + 1] * across
    lower = pixels[top + 1, left] * (1 - across) + pixels[top + 1, left + 1] * across
    return np.clip(upper * (1 - down) + lower * down, 0, 255).astype(np.uint8)
