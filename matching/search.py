"""The search: probes in, hits and a certificate out. It looks at every face held, of whatever date."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from PIL import Image

from matching import further, space_search
from matching.bands import bands
from matching.certificate import certificate
from matching.compared import Found, Probes, compare
from matching.engine import Box, DetectedFace, get_engine
from matching.images import ImageProblem, Pixels, read_picture
from matching.index import Watch, get_index
from matching.index.base import Vectors
from matching.index.sweep import checked
from matching.metrics import Metric
from matching.models import Band, Face, Hit, Search, TemplateSpace
from matching.space_search import Probe, Supplied, by_space

logger = logging.getLogger(__name__)

SHARPNESS_SIDE = 150
TRIES: Final = 3
"""Passes, before a collection that keeps changing is searched at another time."""


class ProbeProblem(Exception):  # noqa: N818 - told to the person as advice
    """A photograph that cannot be searched with.

    Attributes:
        code: no_face, several_faces, face_too_small, blurred or unreadable.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Findings(NamedTuple):
    """The hits, nearest first, and the certificate that says what was covered."""

    hits: list[Found]
    certificate: dict[str, Any]


def probe(jpeg: bytes) -> Probe:
    """The templates of the one face in a probe, of the engine in use and of each space whose model can encode it.

    Raises:
        ProbeProblem: the picture cannot be read, or shows no face, several, a small or a blurred one.
    """
    face, pixels = the_face(jpeg)
    return {get_engine().name: face.template} | space_search.encoded(pixels, face.box)


def probe_template(jpeg: bytes) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """The template of the one face in a probe, by the engine in use alone, float32 (dimension,).

    Raises:
        ProbeProblem: as `probe`.
    """
    template: np.ndarray[tuple[int], np.dtype[np.float32]] = the_face(jpeg)[0].template
    return template


def the_face(jpeg: bytes) -> tuple[DetectedFace, Pixels]:
    """The one face of a picture, and its pixels. Raises: ProbeProblem, as `probe`."""
    try:
        picture = read_picture(jpeg, max_bytes=settings.UPLOAD_MAX_BYTES, max_pixels=settings.IMAGE_MAX_PIXELS)
    except ImageProblem as problem:
        raise ProbeProblem("unreadable") from problem
    faces = get_engine().faces(picture.pixels)
    if not faces:
        raise ProbeProblem("no_face")
    if len(faces) > 1:
        raise ProbeProblem("several_faces")
    return _good_enough(faces[0], picture.pixels), picture.pixels


def _good_enough(face: DetectedFace, pixels: Pixels) -> DetectedFace:
    limits = bands()
    if min(face.box.right - face.box.left, face.box.bottom - face.box.top) < limits.smallest_face:
        raise ProbeProblem("face_too_small")
    if sharpness(pixels, face.box) < limits.least_sharpness:
        raise ProbeProblem("blurred")
    return face


def sharpness(pixels: Pixels, box: Box) -> float:
    """Variance of the Laplacian of the grey face, scaled to 150 pixels so that large pictures are not favoured."""
    face = Image.fromarray(pixels[box.top : box.bottom, box.left : box.right]).convert("L")
    grey = np.asarray(face.resize((SHARPNESS_SIDE, SHARPNESS_SIDE), Image.Resampling.BOX), dtype=np.float64)
    middle = grey[1:-1, 1:-1]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * middle
    return float(laplacian.var())


def find(probes: Vectors | Supplied, *, watch: Watch | None = None) -> Findings:
    """Sweep every face held for one person's probes: float32 (k, dimension) of each space, or of the engine in use.

    Raises:
        ValueError: probes of another shape, or not finite.
        SweepCancelled: `watch` said so.
    """
    (findings,) = find_many([of_one(probes)], watch=watch)
    return findings


def of_one(supplied: Vectors | Supplied, keys: Sequence[int] = (), further: Vectors | None = None) -> Probes:
    """The probes of one person: supplied ones as `find` takes them, with the keys and templates of further ones."""
    engine = get_engine()
    spaces = by_space(supplied)
    nothing = np.empty((0, engine.dimension), dtype=np.float32)
    own = {name: rows for name, rows in spaces.items() if name != engine.name}
    return Probes(spaces[engine.name], keys, nothing if further is None else further, own)


def find_many(probes: Sequence[Probes], *, watch: Watch | None = None) -> list[Findings]:
    """Sweep every face held once, for the probes of several people; findings in the same order.

    The certificates differ only in what was searched with. What was swept is what is held when they are written: where
    an import or an erasure changed that meanwhile, the sweep is made again, and in the end not called complete.

    Raises:
        ValueError: probes of another shape, or not finite.
        SweepCancelled: `watch` said so.
    """
    dimension = get_engine().dimension
    probes = [own._replace(supplied=checked(own.supplied, dimension)) for own in probes]
    for _try in range(TRIES):
        before = space_search.held_now()
        findings = _pass(probes, watch)
        if space_search.held_now() == before:
            return findings
    logger.warning("Faces came or went during each of %s passes; the search is not called complete.", TRIES)
    return [found._replace(certificate=found.certificate | {"complete": False}) for found in findings]


def _pass(probes: Sequence[Probes], watch: Watch | None) -> list[Findings]:
    """One pass over everything."""
    every = [checked(own.every, get_engine().dimension) for own in probes]
    owners = np.repeat(np.arange(len(every)), [len(own) for own in every])
    radius = bands().possible
    version, swept = space_search.current(get_index(), np.concatenate(every), owners=owners, radius=radius, watch=watch)
    held = _held(np.unique(np.concatenate([found.ids for found in swept.values()])).tolist())
    covered = certificate(version, swept[0].scanned)
    findings = [
        Findings(
            _found(own, {face: held[face] for face in swept[owner].ids.tolist() if face in held}),
            covered | {"probes": {"supplied": len(own.supplied), "further": len(own.further)}},
        )
        for owner, own in enumerate(probes)
    ]
    for space in TemplateSpace.objects.order_by("name"):
        findings = _with(space, findings, [own.spaces for own in probes], watch)
    return findings


def _with(
    space: TemplateSpace, findings: list[Findings], everybody: Sequence[Supplied], watch: Watch | None
) -> list[Findings]:
    """The findings, with what a pass over a space adds to each."""
    version, swept = space_search.swept(space, everybody, watch)
    held = space_search.held_in([found.ids for found in swept.values()])
    result = []
    for owner, (hits, covered) in enumerate(findings):
        own = swept.get(owner)
        more = []
        for face, distance in zip(own.ids.tolist(), own.distances.tolist(), strict=True) if own else ():
            if face in held:  # Else erased while the sweep ran.
                photo, is_held = held[face]
                band = space.band(distance) if is_held else Band.POSSIBLE  # Nobody can look at what is not held.
                more.append(Found(face, photo, distance, band, (), {}, None, space.name, Metric(space.metric)))
        part = space_search.certificate(space, version, own)
        result.append(
            Findings(
                sorted([*hits, *more], key=lambda found: found.distance),
                covered
                | {
                    "complete": covered["complete"] and part["complete"],
                    "faces_scanned": covered["faces_scanned"] + part["faces_scanned"],
                    "spaces": [*covered["spaces"], part],
                },
            )
        )
    return result


def _found(probes: Probes, swept: Mapping[int, "Held"]) -> list[Found]:
    """The hits among the faces that the sweep found, nearest first. What was erased while it ran is not among them."""
    every = (compare(probes, face_id=face, photo_id=held.photo, template=held.template) for face, held in swept.items())
    return sorted(filter(None, every), key=lambda found: (found.distance, found.face_id))


class Held(NamedTuple):
    """A face that is still held: its photo, and its template, float32 (dimension,)."""

    photo: int
    template: Vectors


def _held(faces: list[int]) -> dict[int, Held]:
    """The faces that are still held, by their ids."""
    held: dict[int, Held] = {}
    for start in range(0, len(faces), 10_000):
        rows = Face.objects.filter(pk__in=faces[start : start + 10_000]).values_list("pk", "photo_id", "template")
        held.update((pk, Held(photo, np.frombuffer(bytes(template), dtype="<f4"))) for pk, photo, template in rows)
    return held


def run(*, subject: UUID, probes: Vectors | Supplied) -> Search:
    """Search and keep the result: one `Search` with its certificate and a `Hit` for every face found."""
    return run_many({subject: probes})[subject]


def run_many(probes: Mapping[UUID, Vectors | Supplied], *, watch: Watch | None = None) -> dict[UUID, Search]:
    """Search for several subjects in one pass and keep each one's result, as `run` does; nothing for nobody.

    The further probes of each are used as long as they are held and accepted.

    Args:
        probes: of each subject, those supplied, float32 (k, dimension) of each space, or of the engine in use.

    Raises:
        SweepCancelled: `watch` said so; nothing is kept.
    """
    if not probes:
        return {}
    every = [of_one(supplied, *further.in_force(subject)) for subject, supplied in probes.items()]
    return {
        subject: _kept(subject, len(own.every), findings)
        for subject, own, findings in zip(probes, every, find_many(every, watch=watch), strict=True)
    }


@transaction.atomic
def _kept(subject: UUID, probes: int, findings: Findings) -> Search:
    carried = further.carried_over(subject, {found.face_id for found in findings.hits})
    search = Search.objects.create(
        subject=subject, probes=probes, finished_at=timezone.now(), certificate=findings.certificate
    )
    Hit.objects.bulk_create(
        Hit(
            search=search,
            face_key=found.face_id,
            face_id=found.face_id,
            photo_id=found.photo_id,
            distance=found.distance,
            band=found.band,
            distances=found.distances,
            further=found.further,
            through=found.through,
            space=found.space,
            metric=found.metric,
        )
        for found in findings.hits
    )
    for hit in carried:
        hit.search = search
    Hit.objects.bulk_create(carried)
    return search
