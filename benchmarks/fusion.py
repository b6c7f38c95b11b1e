"""What several probes of one person find together, and when one reviewer is enough.

    .venv/bin/python -m benchmarks.fusion [--faces FOLDER] [--cache FOLDER]

measures on the ten people of `openpeople`, who do not exist, and on a folder of photographs of people who agreed to it
(see `benchmarks.faces`). Prints JSON:

- `fusion`: with every set of one, two and three of a person's single pictures as probes, how many of the faces in the
  person's other pictures are found, and how many strangers' with them, if the distances of the probes are fused by
  their minimum, by the distance to the mean of the templates, or by the minimum with agreement: a match of which one
  probe lies beyond every band is only possible. Sought are always the same faces, those of sheets; a folder without
  sheets tells of strangers only.
- `reviewers`: if one reviewer were enough for a match by this or that rule, the strangers that one reviewer who says
  "same person" to everything would let through: among everything held, and where the stranger's face is the only one
  held, so that there is nothing to compare it with. And what the rule costs: requests and own faces that need two.

Templates are kept as `benchmarks.accuracy` keeps them.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from django.conf import settings

from benchmarks.accuracy import ABOUT, cache
from benchmarks.faces import SHEETS, Collection, FolderUnusable, by_kind, folder, look, synthetic
from benchmarks.measure import apart
from benchmarks.rates import Counts, Floats
from matching.bands import Bands, bands
from matching.engine import get_engine

Flags = npt.NDArray[np.bool_]

MOST_PROBES: Final = 3
LIMITS: Final = (0.25, 0.30, 0.35, 0.40)
"""Distances up to which one reviewer might be enough."""


class Faces(NamedTuple):
    """The faces of a collection.

    Attributes:
        distances: float64 (faces, faces).
        templates: float64 (faces, dimension).
        person: (faces,), each face's person, 0 to people - 1.
        single: (faces,), whether it is from a picture that shows one person once, and can be a probe.
        probe: (faces,), whether it is of the kind that people search with.
    """

    distances: Floats
    templates: Floats
    person: Counts
    single: Flags
    probe: Flags


def faces_of(pictures: Collection, kept: Path) -> Faces:
    """Every face of the people in the collection. Raises: benchmarks.faces.FolderUnusable."""
    names = sorted({picture.person for picture in pictures.pictures})
    rows = [
        (face.template, names.index(picture.person), kind)
        for picture in pictures.pictures
        for kind, face in by_kind(picture, look(picture, kept))
    ]
    templates = np.array([row[0] for row in rows], dtype=np.float64)
    sheets = {kind for shows in SHEETS.values() for kind in shows}
    return Faces(
        apart(templates),
        templates,
        np.array([row[1] for row in rows]),
        np.array([row[2] not in sheets for row in rows]),
        np.array([row[2] == pictures.probe for row in rows]),
    )


# --- fusion -----------------------------------------------------------------------------------------------------------


def fused(distances: Floats, to_mean: Floats, limits: Bands) -> dict[str, tuple[Flags, Flags]]:
    """Which faces are a match, and which are any hit, by each way of fusing.

    Args:
        distances: of each probe to each face, (probes, faces).
        to_mean: of the mean of the probes' templates to each face, (faces,).
    """
    nearest, farthest = distances.min(axis=0), distances.max(axis=0)
    within = nearest <= limits.possible
    return {
        "minimum": (nearest <= limits.match, within),
        "mean": (to_mean <= limits.match, to_mean <= limits.possible),
        "agreement": ((nearest <= limits.match) & (farthest <= limits.possible), within),
    }


def fusion(faces: Faces, limits: Bands) -> list[dict[str, Any]]:
    """By number of probes and way of fusing: own faces missed, and strangers hit."""
    result = []
    for count in range(1, MOST_PROBES + 1):
        counted: dict[str, dict[str, int]] = {}
        for probes in sets_of_probes(faces, count):
            person = faces.person[probes[0]]
            sought = ~((faces.person == person) & faces.single)
            distances = faces.distances[list(probes)][:, sought]
            to_mean = np.linalg.norm(faces.templates[sought] - faces.templates[list(probes)].mean(axis=0), axis=1)
            own = faces.person[sought] == person
            for way, (match, hit) in fused(distances, to_mean, limits).items():
                _add(counted.setdefault(way, {}), own, match, hit)
        result += [{"probes": count, "way": way, **found} for way, found in counted.items()]
    return result


def sets_of_probes(faces: Faces, count: int) -> Iterator[tuple[int, ...]]:
    """Every set of so many single pictures of one person, as indices of faces."""
    for person in np.unique(faces.person):
        yield from combinations(np.flatnonzero((faces.person == person) & faces.single).tolist(), count)


def _add(counts: dict[str, int], own: Flags, match: Flags, hit: Flags) -> None:
    found = {
        "searches": 1,
        "own": int(own.sum()),
        "own_beyond_match": int((own & ~match).sum()),
        "own_missed": int((own & ~hit).sum()),
        "strangers": int((~own).sum()),
        "strangers_match": int((~own & match).sum()),
        "strangers_hit": int((~own & hit).sum()),
    }
    for name, number in found.items():
        counts[name] = counts.get(name, 0) + number


# --- reviewers --------------------------------------------------------------------------------------------------------

Rule = Callable[[Floats, Floats], Flags]
"""Of hits, with their distances to the probe (hits,) and to each other (hits, hits): for which one person is enough."""


def up_to(limit: float) -> Rule:
    """One reviewer is enough up to a distance."""
    return lambda to_probe, _among: to_probe <= limit


def consistent(match: float) -> Rule:
    """One reviewer is enough for matches, unless two of these are no match of each other and so may be two people."""

    def rule(to_probe: Floats, among: Floats) -> Flags:
        matches = to_probe <= match
        return matches & bool((among[np.ix_(matches, matches)] <= match).all())

    return rule


def rules(limits: Bands) -> dict[str, Rule]:
    """Every rule that is compared."""
    return {
        f"up to {limits.match:.2f}: every match": up_to(limits.match),
        "matches that match each other": consistent(limits.match),
        **{f"up to {limit:.2f}": up_to(limit) for limit in LIMITS},
        "nothing": up_to(-1.0),
    }


def reviewers(faces: Faces, limits: Bands) -> list[dict[str, Any]]:
    """By rule: the strangers that one reviewer would let through, and what needs two."""
    return [{"one_is_enough_for": name, **_judged(faces, rule, limits)} for name, rule in rules(limits).items()]


def _judged(faces: Faces, rule: Rule, limits: Bands) -> dict[str, int]:
    counts = dict.fromkeys(
        ("requests", "requests_for_two", "own_hits", "own_hits_for_two", "strangers_let_through", "pairs",
         "pairs_let_through"), 0
    )  # fmt: skip
    for probe in range(len(faces.person)):
        others = np.flatnonzero(np.arange(len(faces.person)) != probe)
        own = faces.person[others] == faces.person[probe]
        far = faces.distances[probe, others]
        for alone in far[~own]:  # All that is held.
            counts["pairs"] += 1
            counts["pairs_let_through"] += int(rule(np.array([alone]), np.zeros((1, 1)))[0])
        if not faces.probe[probe]:
            continue
        hits = far <= limits.possible
        among = faces.distances[np.ix_(others[hits], others[hits])]
        enough = rule(far[hits], among)
        counts["requests"] += 1
        counts["requests_for_two"] += int(not enough.all())
        counts["own_hits"] += int(own[hits].sum())
        counts["own_hits_for_two"] += int((own[hits] & ~enough).sum())
        counts["strangers_let_through"] += int((~own[hits] & enough).sum())
    return counts


def nearest_strangers(faces: Faces) -> float:
    """How near the faces of two different people come."""
    return float(faces.distances[faces.person[:, None] != faces.person].min())


def report(collections: list[Collection], kept: Path) -> dict[str, Any]:
    """Everything measured. Raises: benchmarks.faces.FolderUnusable."""
    limits = bands()
    results = []
    for pictures in collections:
        faces = faces_of(pictures, kept)
        results.append(
            {
                "name": pictures.name,
                "about": pictures.about,
                "synthetic": pictures.synthetic,
                "people": len(np.unique(faces.person)),
                "faces": len(faces.person),
                "nearest_strangers": round(nearest_strangers(faces), 4),
                "fusion": fusion(faces, limits),
                "reviewers": reviewers(faces, limits),
            }
        )
    limits_used = {"match": limits.match, "possible": limits.possible}
    return {"engine": get_engine().name, "bands": limits_used, "collections": results}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure fused probes and rules for reviewers; prints JSON.")
    parser.add_argument("--faces", type=Path, help="folder of labelled pictures, measured besides openpeople")
    parser.add_argument("--about", default=ABOUT, help="what is in that folder, for the report")
    parser.add_argument("--cache", type=Path, help="folder for templates, outside the repository")
    wanted = parser.parse_args()
    if wanted.cache is not None and wanted.cache.resolve().is_relative_to(settings.BASE_DIR):
        parser.error("the cache holds templates of people; keep it outside the repository")
    try:
        collections = [folder(wanted.faces, about=wanted.about)] if wanted.faces else []
        with cache(wanted.cache) as kept:
            json.dump(report([*collections, synthetic()], kept), sys.stdout, indent=1)
    except FolderUnusable as problem:
        raise SystemExit(str(problem)) from problem
    print()


if __name__ == "__main__":
    main()
