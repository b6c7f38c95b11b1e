"""Whether two pictures of a head are one: fitted on one another by an affine map, as a whole and place by place.

As a whole, one picture is laid over the other by the landmarks and correlated. Place by place, small squares of hair,
ears, forehead, cheeks and jaw are looked for in the other picture by normalised cross-correlation, to parts of a
sample, and the affine map that carries most of them is found by random sample consensus (Fischler and Bolles 1981). A
head that turns shifts what is near against what is far everywhere; of a still picture in which a part was moved, what
lies around that part rests. What is finer or coarser than these squares is filtered out, so that light does not count.
"""

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from matching.pose import Floats

Grey = npt.NDArray[np.uint8]
GRID: Final = 64
"""Samples a side at which two faces are compared as a whole."""
INNER: Final = slice(17, 68)
"""Landmarks of brows, eyes, nose and mouth; the line of the jaw is where dlib errs most."""
MIRRORED: Final = np.array(
    [*range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1), *range(45, 41, -1), 47, 46,
     *range(39, 35, -1), 41, 40, *range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), *range(67, 64, -1)]
)  # fmt: skip
"""For each landmark, the one that lies there once the picture is mirrored."""

EYES: Final = 64
"""Samples between the outer corners of the eyes where heads are compared place by place."""
AROUND: Final = np.r_[0:27, 36:48]
"""Landmarks of jaw, brows and eyes, by which the search begins: they move least when a nose is moved."""
HALF_WIDTH, HALF_HEIGHT = 1.0, 1.3
"""Of the head around the middle of the eyes, in distances between the eyes: no background, which always rests."""
WIDE, HIGH = 80, 100
"""Samples that are laid out to each side of there; a little more than the head."""
FINE: Final = 6
"""Samples to each side over which the mean is taken that pictures are freed of."""
LEAST_TEXTURE: Final = 2.5
"""Grey values (standard deviation) below which a square shows nothing to be found again."""
LEAST_LIKE: Final = 0.8
"""Correlation from which a square counts as found."""
HYPOTHESES: Final = 400
STRETCH: Final = 1.5
"""How far the map of one round may stretch or shrink; the landmarks took out the most."""
FEWEST: Final = 8
"""Squares found below which no map is looked for."""


class Round(NamedTuple):
    """One step from coarse to fine.

    Attributes:
        thinned: samples a side of which one is made.
        cell: thinned samples; squares are two cells wide and lie one cell apart.
        reach: thinned samples to each side within which a square is looked for.
        off: samples by which a square may be off that a map is to carry.
    """

    thinned: int
    cell: int
    reach: int
    off: float


COARSE: Final = (Round(4, 3, 4, 3.0), Round(2, 5, 3, 1.5))
TO_FINE: Final = (Round(1, 8, 3, 1.0), Round(1, 8, 2, 0.4))


class Picture(NamedTuple):
    """A face: uint8 (height, width), and its landmarks (68, 2) in pixels of that."""

    grey: Grey
    landmarks: Floats

    def mirrored(self) -> "Picture":
        points = np.array([self.grey.shape[1] - 1.0, 0.0]) + self.landmarks[MIRRORED] * (-1.0, 1.0)
        return Picture(np.ascontiguousarray(self.grey[:, ::-1]), points)


def correlation(one: Picture, other: Picture) -> float:
    """How well the inner face fits on the other's after an affine map of the landmarks, -1 to 1."""
    inner = one.landmarks[INNER]
    (left, top), (right, bottom) = inner.min(axis=0), inner.max(axis=0)
    x, y = np.meshgrid(np.linspace(left, right, GRID), np.linspace(top, bottom, GRID))
    grid = _affine(np.column_stack([x.ravel(), y.ravel()]))
    to_other = _fitted(inner, other.landmarks[INNER])
    spread = float(right - left) / GRID
    a = sampled(_smoothed(one.grey, spread), grid[:, :2])
    b = sampled(_smoothed(other.grey, spread * _scale(to_other)), grid @ to_other)
    a, b = a - a.mean(), b - b.mean()
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / length if length else 1.0


def at_rest(one: Picture, other: Picture) -> float:
    """The share of squares with texture in a head that one affine map carries to where they are in another picture.

    1 for a picture and its copy, mirrored or not; 0 where nothing is found again.
    """
    across = (one.landmarks[45] - one.landmarks[36]) / EYES
    to_one = np.vstack([across, (-across[1], across[0]), one.landmarks[[36, 39, 42, 45]].mean(axis=0)])
    head = _detail(one.grey, to_one)
    begun = []
    for picture in (other, other.mirrored()):
        start = _after(to_one, _fitted(one.landmarks[AROUND], picture.landmarks[AROUND]))
        begun.append((picture, *_registered(head, picture, start, COARSE)))
    picture, to_picture, _share = max(begun, key=lambda each: each[2])
    return _registered(head, picture, to_picture, TO_FINE)[1]


def _registered(head: Floats, picture: Picture, start: Floats, rounds: tuple[Round, ...]) -> tuple[Floats, float]:
    """The affine map from samples of a head to pixels of a picture, and the share of squares that rest under it."""
    to_picture, share = start, 0.0
    for step in rounds:
        detail = _detail(picture.grey, to_picture)
        places, shifts, found = _shifts(_thinned(head, step.thinned), _thinned(detail, step.thinned), step)
        if found.sum() < FEWEST:
            return to_picture, 0.0
        moved, agree = _agreed(places[found], shifts[found], step.off)
        to_picture, share = _after(moved, to_picture), float(agree.sum()) / len(places)
    return to_picture, share


def _detail(grey: Grey, to_picture: Floats) -> Floats:
    """The head laid out in samples, freed of noise between them and of light that changes slowly."""
    y, x = np.mgrid[-HIGH:HIGH, -WIDE:WIDE]
    points = _affine(np.column_stack([x.ravel(), y.ravel()]).astype(np.float64)) @ to_picture
    smooth = Image.fromarray(grey).filter(ImageFilter.BoxBlur(_scale(to_picture) / 2))
    laid = sampled(np.asarray(smooth, dtype=np.float64), points).reshape(x.shape)
    return laid - _mean(laid, FINE)


def _mean(laid: Floats, beside: int) -> Floats:
    sums = np.pad(laid, ((beside + 1, beside), (beside + 1, beside)), mode="edge").cumsum(axis=0).cumsum(axis=1)
    side = 2 * beside + 1
    mean: Floats = (sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]) / side**2
    return mean


def _thinned(laid: Floats, by: int) -> Floats:
    thinned: Floats = laid.reshape(laid.shape[0] // by, by, laid.shape[1] // by, by).mean(axis=(1, 3))
    return thinned


def _shifts(head: Floats, other: Floats, step: Round) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """Of each square with texture inside the head: where it is, how far it moved, in samples, and if it was found."""
    own, power = _squares(head, step.cell), _squares(head**2, step.cell)
    count = 4 * step.cell**2
    spread = np.sqrt(np.maximum(power / count - (own / count) ** 2, 1e-9))
    rows, columns = np.indices(own.shape)
    places = np.stack([columns, rows], axis=-1) * step.cell + step.cell - 0.5
    places = (places + 0.5) * step.thinned - 0.5 - (WIDE, HIGH)
    inside = ((places / (HALF_WIDTH * EYES, HALF_HEIGHT * EYES)) ** 2).sum(axis=-1) < 1
    counted = inside & (spread > LEAST_TEXTURE)
    reach = step.reach
    around = np.pad(other, reach)
    likeness = np.empty((2 * reach + 1, 2 * reach + 1, int(counted.sum())))
    for down, right in np.ndindex(likeness.shape[:2]):
        shifted = around[down : down + head.shape[0], right : right + head.shape[1]]
        total = _squares(shifted, step.cell)[counted] / count
        squared = _squares(shifted**2, step.cell)[counted] / count
        both = _squares(head * shifted, step.cell)[counted] / count - own[counted] / count * total
        likeness[down, right] = both / (spread[counted] * np.sqrt(np.maximum(squared - total**2, 1e-9)))
    shifts, found = _peaks(likeness)
    return places[counted], shifts * step.thinned, found


def _squares(laid: Floats, cell: int) -> Floats:
    """Sums over squares of two by two cells."""
    sums: Floats = _stripes(laid.shape[0], cell).T @ laid @ _stripes(laid.shape[1], cell)
    return sums


@lru_cache
def _stripes(samples: int, cell: int) -> Floats:
    """Ones (samples, stripes) where a sample lies in a stripe of two cells; stripes lie one cell apart."""
    stripe = np.arange(samples)[:, None] // cell - np.arange(samples // cell - 1)
    ones: Floats = ((stripe == 0) | (stripe == 1)).astype(np.float64)
    return ones


def _peaks(likeness: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Shifts (n, 2) of the highest likeness between samples, by a parabola; not found at the edge of the reach."""
    side, _side, count = likeness.shape
    every = np.arange(count)
    down, right = np.divmod(likeness.reshape(side * side, count).argmax(axis=0), side)
    within = (down > 0) & (down < side - 1) & (right > 0) & (right < side - 1)
    found = within & (likeness[down, right, every] >= LEAST_LIKE)
    down, right = np.clip(down, 1, side - 2), np.clip(right, 1, side - 2)
    top = likeness[down, right, every]
    x = right + _vertex(likeness[down, right - 1, every], top, likeness[down, right + 1, every])
    y = down + _vertex(likeness[down - 1, right, every], top, likeness[down + 1, right, every])
    return np.column_stack([x, y]) - side // 2, found


def _vertex(before: Floats, top: Floats, after: Floats) -> Floats:
    curved = np.maximum(2 * top - before - after, 1e-9)
    vertex: Floats = np.clip((after - before) / (2 * curved), -0.7, 0.7)
    return vertex


def _agreed(places: Floats, shifts: Floats, off: float) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The affine map (3, 2) that carries most places to where they moved, and which those are."""
    random = np.random.default_rng(HYPOTHESES)  # The same for everybody, and each time.
    known, moved = _affine(places), places + shifts
    three = random.integers(0, len(places), (HYPOTHESES, 3))
    three = three[np.abs(np.linalg.det(known[three])) > EYES]  # Not three in one line.
    best: Floats = np.vstack([np.eye(2), np.zeros((1, 2))])
    agree: npt.NDArray[np.bool_] = np.zeros(len(places), dtype=bool)
    if len(three):
        maps = np.linalg.solve(known[three], moved[three])
        stretch = np.linalg.svd(maps[:, :2], compute_uv=False)
        maps = maps[(stretch < STRETCH).all(axis=1) & (stretch > 1 / STRETCH).all(axis=1)]
        within = np.linalg.norm(known @ maps - moved, axis=2) < off
        if len(maps):
            best, agree = maps[within.sum(axis=1).argmax()], within[within.sum(axis=1).argmax()]
    for _step in range(5):
        if agree.sum() < FEWEST:
            break
        best = _fitted(places[agree], moved[agree])
        agree = np.linalg.norm(known @ best - moved, axis=1) < off
    return best, agree


# --- points and samples -----------------------------------------------------------------------------------------------


def _affine(points: Floats) -> Floats:
    return np.column_stack([points, np.ones(len(points))])


def _fitted(points: Floats, to: Floats) -> Floats:
    """The affine map (3, 2) with the smallest squares."""
    return np.asarray(np.linalg.lstsq(_affine(points), to, rcond=None)[0], dtype=np.float64)


def _after(first: Floats, second: Floats) -> Floats:
    """One affine map after another."""
    return np.vstack([first[:2] @ second[:2], first[2] @ second[:2] + second[2]])


def _scale(affine: Floats) -> float:
    return float(np.sqrt(abs(np.linalg.det(affine[:2]))))


def _smoothed(grey: Grey, spread: float) -> Floats:
    """Without what is finer than the grid, whose points lie `spread` pixels apart."""
    return np.asarray(Image.fromarray(grey).filter(ImageFilter.BoxBlur(max(0.0, spread / 2))), dtype=np.float64)


def sampled(grey: Floats, points: Floats) -> Floats:
    """Bilinear samples at (n, 2) points, those outside at the edge."""
    height, width = grey.shape
    x, y = np.clip(points[:, 0], 0, width - 1.001), np.clip(points[:, 1], 0, height - 1.001)
    left, top = x.astype(int), y.astype(int)
    u, v = x - left, y - top
    upper = grey[top, left] * (1 - u) + grey[top, left + 1] * u
    lower = grey[top + 1, left] * (1 - u) + grey[top + 1, left + 1] * u
    found: Floats = upper * (1 - v) + lower * v
    return found
