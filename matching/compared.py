"""What each probe says of a face that the sweep found, and which band follows from all of them."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from matching.bands import bands
from matching.index.base import Vectors
from matching.metrics import Metric
from matching.models import Band


class Probes(NamedTuple):
    """What one person is searched with.

    Attributes:
        supplied: templates of the person's photographs, float32 (k, dimension).
        keys, further: faces searched with too (`matching.further`), and their templates, float32 (f, dimension).
        spaces: the photographs again, in template spaces, float32 (k, dimension of the space), by its name.
    """

    supplied: Vectors
    keys: Sequence[int]
    further: Vectors
    spaces: Mapping[str, Vectors] = MappingProxyType({})

    @property
    def every(self) -> Vectors:
        """All templates, float32 (k + f, dimension), the supplied ones first."""
        return np.concatenate([self.supplied, self.further]) if len(self.further) else self.supplied


class Found(NamedTuple):
    """A face within a band of a probe.

    Attributes:
        distance: Euclidean, the smallest over the supplied probes; over the further ones where only those found it.
        distances: to each supplied probe, in their order.
        further: to each further probe but the face itself, by the key of its face.
        through: the further probe without which the face would not have been found.
        space: name of the template space that the face is of; empty for the engine's own.
        metric: of that space; `distance` is Euclidean all the same.
    """

    face_id: int
    photo_id: int
    distance: float
    band: Band
    distances: tuple[float, ...]
    further: dict[int, float]
    through: int | None
    space: str = ""
    metric: Metric = Metric.EUCLIDEAN


def compare(probes: Probes, *, face_id: int, photo_id: int, template: Vectors) -> Found | None:
    """A face that the sweep found, with what each probe says of it; None if it is a further probe that found itself.

    The smallest distance decides the band; but where one of the person's photographs lies beyond every band they
    disagree, and the face is only possible: they may show two people.

    Args:
        template: float32 (dimension,).
    """
    limits = bands()
    differences = probes.every.astype(np.float64) - template.astype(np.float64)
    apart = np.sqrt(np.einsum("ij,ij->i", differences, differences)).tolist()
    own = tuple(apart[: len(probes.supplied)])
    every = dict(zip(probes.keys, apart[len(own) :], strict=True))
    further = {key: distance for key, distance in every.items() if key != face_id}
    if min(own) > limits.possible and every:
        through = min(further, key=lambda key: (further[key], key), default=face_id)
        if further.get(through, np.inf) <= limits.possible:
            return Found(face_id, photo_id, further[through], Band.POSSIBLE, own, further, through)
        if face_id in every:
            return None
    # The sweep said that it lies within a band; at its very edge this sum may be rounded otherwise.
    distance = min(*own, limits.possible)
    band = limits.of(distance) if max(own) <= limits.possible else Band.POSSIBLE
    return Found(face_id, photo_id, distance, band, own, further, None)
