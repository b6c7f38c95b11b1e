"""Searching the template spaces: the same sweep over each, with the probes that its own model encoded."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from matching import spaces
from matching.engine import Box, Template, get_engine
from matching.engines.encoder import ModelUnusable, load
from matching.images import Pixels
from matching.index import FaceIndex, IndexDamaged, Swept, Watch, index_of
from matching.index.base import FaceIds, Vectors
from matching.index.faces import Digest, digest
from matching.index.sweep import checked
from matching.models import Face, PhotoStatus, TemplateSpace

logger = logging.getLogger(__name__)

Probe = Mapping[str, Template]
"""One photograph: its template in each space, float32 (dimension,), by the name of the engine or space."""
Supplied = Mapping[str, Vectors]
"""One person's photographs: their templates in each space, float32 (k, dimension)."""


def encoded(pixels: Pixels, box: Box) -> dict[str, Template]:
    """The face of a probe in every space whose model can encode it; `certificates` says why one could not."""
    found = {}
    for space in TemplateSpace.objects.all():
        try:
            found[space.name] = spaces.encode(space, pixels, box)
        except ModelUnusable:
            continue
    return found


def together(probes: Sequence[Probe]) -> dict[str, Vectors]:
    """The probes of one person. Where some have no template in a space, the others stand for them."""
    names = dict.fromkeys(name for probe in probes for name in probe)
    return {name: np.stack([probe[name] for probe in probes if name in probe]) for name in names}


def by_space(probes: Vectors | Supplied) -> Supplied:
    """An array is of the engine in use."""
    return probes if isinstance(probes, Mapping) else {get_engine().name: probes}


def current(
    index: FaceIndex,
    probes: Vectors,
    *,
    owners: npt.NDArray[np.int64],
    radius: float,
    watch: Watch | None = None,
) -> tuple[str, dict[int, Swept]]:
    """One pass over an index that holds every face; a damaged one is rebuilt and searched again.

    Raises:
        IndexDamaged: it was damaged again meanwhile.
    """
    version = index.sync()
    try:
        return version, index.within(probes, owners=owners, radius=radius, watch=watch)
    except IndexDamaged as damage:
        logger.error("The index was damaged while it was searched, and is rebuilt: %s.", damage)
        version = index.sync(thorough=True)
        return version, index.within(probes, owners=owners, radius=radius, watch=watch)


def held_now() -> list[Digest]:
    """Which faces the database holds, of the engine in use and of each space: equal before and after a search, they are
    those that it covered. A face that came and went meanwhile is none that is held.
    """
    names = [get_engine().name, *TemplateSpace.objects.order_by("name").values_list("name", flat=True)]
    return [digest(name) for name in names]


def swept(
    space: TemplateSpace, everybody: Sequence[Supplied], watch: Watch | None = None
) -> tuple[str, dict[int, Swept]]:
    """The version of the index, and what a pass found for each owner who has a probe in the space."""
    every = {
        owner: checked(own[space.name], space.dimension) for owner, own in enumerate(everybody) if space.name in own
    }
    if not every:
        return "", {}
    owners = np.repeat(list(every), [len(own) for own in every.values()])
    probes = np.concatenate(list(every.values()))
    return current(index_of(space), probes, owners=owners, radius=space.radius, watch=watch)


def held_in(every: Sequence[FaceIds]) -> dict[int, tuple[int, bool]]:
    """Of each face that is still held: its photo, and whether there is a picture of it."""
    ids = np.unique(np.concatenate([np.empty(0, np.int64), *every])).tolist()
    held: dict[int, tuple[int, bool]] = {}
    for start in range(0, len(ids), 10_000):
        rows = Face.objects.filter(pk__in=ids[start : start + 10_000]).order_by()
        found = rows.values_list("pk", "photo_id", "photo__status")
        held.update((pk, (photo, status != PhotoStatus.TEMPLATE)) for pk, photo, status in found)
    return held


def certificate(space: TemplateSpace, version: str, found: Swept | None) -> dict[str, Any]:
    """What the search covered of a space, as JSON; `found` is None where nobody's probe could be encoded in it."""
    held = Face.objects.filter(engine=space.name).count()
    scanned = found.scanned if found else 0
    index = index_of(space)
    checked_at = index.checked_at()
    return {
        "complete": scanned >= held,
        "problem": problem_of(space) if held and found is None else "",
        "faces_held": held,
        "faces_scanned": scanned,
        "engine": space.name,
        "dimension": space.dimension,
        "metric": space.metric,
        "bands": {"match": space.match, "possible": space.possible, "provenance": space.provenance},
        "model_sha256": space.model["sha256"],
        "index_version": version,
        "index_verified": index.verifies,
        "index_checked_at": checked_at.isoformat() if checked_at else None,
    }


def problem_of(space: TemplateSpace) -> str:
    """Why a probe has no template in the space: a code of `ModelUnusable`, or no_probe if the model works now."""
    try:
        load(spaces.model_of(space))
    except ModelUnusable as problem:
        return problem.code
    return "no_probe"
