"""What a collection of pictures tells about an engine: faces found, and errors by distance, overall and by group.

Pairs are made of pictures that show one person once; sheets of many views would outnumber everything else. What
happens to the faces in sheets, and to small ones, is measured as a search: the person's own probe, which faces of
theirs does it find? A face that the detector did not find counts there as missed, for nobody will ever compare it.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from benchmarks import rates
from benchmarks.faces import SHEETS, Collection, Picture, by_kind, look
from benchmarks.rates import Counts, Floats, Rate, Tally
from matching.bands import Bands

TRAITS: Final = ("sex", "age", "ethnicity")
FEW_PEOPLE: Final = 20
"""Below this a group is flagged: with 19 people, no miss at all is compatible with missing 18 % of them."""
GRID: Final = tuple(round(0.20 + 0.01 * step, 2) for step in range(81))
"""Distances of the curve, 0.20 to 1.00: at the ends nearly nothing and nearly everything is called the same."""
SIDES: Final = (120, 80, 60, 40, 30, 20)
"""Pixels of a face in pictures made smaller."""

Tell = Callable[[int, int], None]


class Sample(NamedTuple):
    """Faces to compare, one each from pictures of one person, and the people.

    Attributes:
        templates: float64 (faces, dimension).
        person: (faces,), index into `people`.
        people: each person's traits.
    """

    templates: Floats
    person: Counts
    people: tuple[Mapping[str, str], ...]


class Draw(NamedTuple):
    """How the bootstrap draws."""

    draws: int
    seed: int

    def of(self, people: int) -> Counts:
        return rates.drawn(people, draws=self.draws, seed=self.seed)


def collection(pictures: Collection, *, cache: Path, limits: Bands, draw: Draw, tell: Tell) -> dict[str, Any]:
    """Everything measured on one collection, as JSON. Raises: benchmarks.faces.FolderUnusable."""
    found = {}
    for number, picture in enumerate(pictures.pictures, start=1):
        found[picture] = look(picture, cache)
        tell(number, len(pictures.pictures))
    names = sorted({picture.person for picture in pictures.pictures})
    traits = {picture.person: picture.traits for picture in pictures.pictures}
    single = [picture for picture in found if picture.kind not in SHEETS and found[picture].faces]
    sample = Sample(
        np.array([found[picture].largest.template for picture in single], dtype=np.float64),
        np.array([names.index(picture.person) for picture in single]),
        tuple(traits[name] for name in names),
    )
    return {
        "name": pictures.name,
        "about": pictures.about,
        "synthetic": pictures.synthetic,
        "people": len(names),
        "pictures": len(found),
        "pictures_without_face": sum(not seen.faces for seen in found.values()),
        "other_faces": sum(max(0, len(seen.faces) - sum(picture.shows.values())) for picture, seen in found.items()),
        "probe": pictures.probe,
        "search": search(pictures, cache=cache, limits=limits, draws=draw.of(len(names))),
        **compared(sample, limits=limits, draw=draw),
    }


# --- pairs ------------------------------------------------------------------------------------------------------------


def apart(templates: Floats) -> Floats:
    """Euclidean distances of all templates, (faces, faces)."""
    squares = (templates**2).sum(axis=1)
    distances: Floats = np.sqrt(np.maximum(squares[:, None] + squares - 2 * templates @ templates.T, 0))
    return distances


def compared(sample: Sample, *, limits: Bands, draw: Draw) -> dict[str, Any]:
    """The rates at the bands, of everybody and of every group, and along the grid of distances."""
    distances = apart(sample.templates)
    people = len(sample.people)
    draws = draw.of(people)
    at = {
        band: rates.tally(distances, sample.person, people, within)
        for band, within in (("match", limits.match), ("possible", limits.possible))
    }
    curve = []
    for within in GRID:
        tallied = rates.tally(distances, sample.person, people, within)
        errors = (rates.false_match(tallied, draws), rates.false_non_match(tallied, draws))
        curve.append({"distance": within, "false_match": errors[0], "false_non_match": errors[1]})
    return {
        "everybody": _at_bands(at, np.arange(people), draws),
        "alike": _at_bands(
            {band: alike(tallied, sample.people) for band, tallied in at.items()}, np.arange(people), draws
        ),
        "groups": {trait: _groups(at, sample.people, trait, draw) for trait in TRAITS},
        "curve": curve,
    }


def _at_bands(at: Mapping[str, Tally], members: Counts, draws: Counts) -> dict[str, Any]:
    """Rates among some people; both of a pair are among them."""
    inside = np.ix_(members, members)
    result: dict[str, Any] = {"people": len(members), "few_people": len(members) < FEW_PEOPLE}
    for band, (pairs, close) in at.items():
        tallied = Tally(pairs[inside], close[inside])
        result[band] = {
            "false_match": rates.false_match(tallied, draws),
            "false_non_match": rates.false_non_match(tallied, draws),
        }
    return result


def _groups(at: Mapping[str, Tally], people: tuple[Mapping[str, str], ...], trait: str, draw: Draw) -> dict[str, Any]:
    """The rates of every group of a trait. Everybody is in exactly one."""
    members: dict[str, list[int]] = defaultdict(list)
    for number, traits in enumerate(people):
        members[traits[trait]].append(number)
    result = {}
    for name, chosen in sorted(members.items()):
        result[name] = _at_bands(at, np.array(chosen), draw.of(len(chosen)))
        for band, tallied in at.items():
            chance = rates.by_chance(tallied, np.array(chosen), draws=draw.draws, seed=draw.seed)
            result[name][band]["false_match_as_high_by_chance"] = chance
    return result


def alike(tallied: Tally, people: tuple[Mapping[str, str], ...]) -> Tally:
    """Only the pairs of people of the same sex, age group and ethnicity, who are hardest to tell apart."""
    described = [tuple(traits[trait] for trait in TRAITS) for traits in people]
    same = np.array([[one == other for other in described] for one in described], dtype=np.int64)
    return Tally(tallied.pairs * same, tallied.close * same)


# --- searches ---------------------------------------------------------------------------------------------------------


class _Kind:
    """Faces of one kind that there are, were found, and lie within the bands of the probe, each by person."""

    def __init__(self, people: int) -> None:
        self.shown, self.found, self.match, self.possible = np.zeros((4, people), dtype=np.int64)

    def add(self, person: int, shown: int, distances: list[float], limits: Bands) -> None:
        """A picture of the kind. The detector may find more than there is; that makes up for no missed face."""
        nearest = np.sort(np.array(distances))[:shown]
        self.shown[person] += shown
        self.found[person] += len(nearest)
        self.match[person] += int((nearest <= limits.match).sum())
        self.possible[person] += int((nearest <= limits.possible).sum())

    def rates(self, draws: Counts) -> dict[str, Rate]:
        counted = {"not_found": self.found, "beyond_match": self.match, "beyond_possible": self.possible}
        return {name: rates.of_people(self.shown - counts, self.shown, draws) for name, counts in counted.items()}


def search(pictures: Collection, *, cache: Path, limits: Bands, draws: Counts) -> dict[str, Any]:
    """By kind of picture, the share of a person's faces that were not found, or not within a band of their probe.

    People in whose probe no face is found are left out: they would be asked for another picture.
    """
    names = sorted({picture.person for picture in pictures.pictures})
    probes = {
        picture.person: found.largest.template.astype(np.float64)
        for picture in pictures.pictures
        if picture.kind == pictures.probe and (found := look(picture, cache)).faces
    }
    kinds: dict[str, _Kind] = defaultdict(lambda: _Kind(len(names)))
    for picture in pictures.pictures:
        if picture.person not in probes or picture.kind == pictures.probe:
            continue
        for face_side in (None, *SIDES) if picture.kind == pictures.reduced else (None,):
            _add(kinds, names.index(picture.person), probes[picture.person], picture, cache, face_side, limits)
    return {kind: counted.rates(draws) for kind, counted in kinds.items() if counted.shown.any()}


def _add(
    kinds: dict[str, _Kind], person: int, probe: Floats, picture: Picture, cache: Path, side: int | None, limits: Bands
) -> None:
    if side is not None and not look(picture, cache).faces:
        return  # There is no face to be made smaller.
    found = look(picture, cache, face_side=side)
    distances: dict[str, list[float]] = defaultdict(list)
    for kind, face in by_kind(picture, found):
        distances[kind].append(float(np.linalg.norm(face.template - probe)))
    for kind, shown in picture.shows.items():
        name = kind if side is None else f"{kind}, face of {side} pixels"
        kinds[name].add(person, shown, distances[kind], limits)
