"""Faces cut out so that their eyes lie on the same two points, however large and however tilted they were taken.

Two pictures of which the eyes lie alike are compared at a glance; reviewers need not do the turning in their heads.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from matching.engine import Box, get_engine
from matching.images import Pixels

SIDE: Final = 640
"""Pixels of the square that is made."""
EYES: Final = np.array([[0.36, 0.42], [0.64, 0.42]]) * SIDE
"""Where the eyes go: hair and chin of a face from the front are in the picture."""
FAR_APART: Final = (0.2, 0.8)
"""Distance of the eyes as a share of the box. From the front it is about 0.4; with less the face is a profile, and its
eyes say nothing of its size."""
STEEPEST: Final = 60.0
"""Degrees. The predictor of landmarks knows upright faces and always answers; what is steeper it made up."""
GREY: Final = (128, 128, 128)


class NoEyes(ValueError):  # noqa: N818 - what it says
    """There is no face, or its landmarks are none that an upright face could have."""


def face_in(pixels: Pixels) -> Box:
    """Where the surest face of a picture is. Raises: NoEyes if there is none."""
    found = get_engine().detect(pixels)
    if not found:
        raise NoEyes("No face was found.")
    return max(found, key=lambda each: each[1])[0]


def cut_out(pixels: Pixels, box: Box) -> Pixels:
    """The face in a box, uint8 (SIDE, SIDE, 3), turned and scaled so that its eyes lie at `EYES`.

    Args:
        pixels: of the upright picture. What would lie outside of it is grey.

    Raises:
        NoEyes
    """
    eyes = _eyes(pixels, box)
    turned = _similarity(EYES, eyes)  # From the pixels of the result to those of the picture.
    image, reduced = _reduced(Image.fromarray(pixels), float(np.hypot(turned[0, 0], turned[1, 0])))
    data = tuple((turned / reduced).ravel())
    cut = image.transform((SIDE, SIDE), Image.Transform.AFFINE, data, Image.Resampling.BICUBIC, fillcolor=GREY)
    return np.asarray(cut)


def _eyes(pixels: Pixels, box: Box) -> npt.NDArray[np.float64]:
    """(2, 2): x and y of the eyes, the one on the left first."""
    width = box.right - box.left
    if width <= 0 or box.bottom <= box.top:
        raise NoEyes("The box has no area.")
    left, right = get_engine().five_points(pixels, box)[:2]
    across, down = right - left
    near, far = FAR_APART
    if not near * width <= np.hypot(across, down) <= far * width:
        raise NoEyes("The eyes are not as far apart as those of a face.")
    if abs(np.degrees(np.arctan2(down, across))) > STEEPEST:
        raise NoEyes("The face is not upright.")
    return np.stack([left, right])


def _similarity(source: npt.NDArray[np.float64], target: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(2, 3): the rotation, scale and shift that leads two points to two others."""
    before, after = source[1] - source[0], target[1] - target[0]
    factor = complex(*after) / complex(*before)
    linear = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    return np.column_stack([linear, target[0] - linear @ source[0]])


def _reduced(image: Image.Image, scale: float) -> tuple[Image.Image, int]:
    """A picture of which `scale` pixels become one, made smaller first by a whole number, lest fine patterns alias."""
    factor = max(1, int(scale))
    return (image.reduce(factor), factor) if factor > 1 else (image, 1)
