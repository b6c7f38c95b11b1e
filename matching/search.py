"""The search: probes in, hits and a certificate out. It looks at every face held, of whatever date."""

from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from PIL import Image

from matching import sources
from matching.bands import bands
from matching.engine import Box, DetectedFace, get_engine
from matching.images import ImageProblem, Pixels, read_picture
from matching.index import IndexDamaged, get_index
from matching.index.base import Vectors
from matching.index.sweep import Swept, checked, sweep
from matching.models import Band, Face, Hit, Photo, PhotoStatus, Search, Source

SHARPNESS_SIDE = 150


class ProbeProblem(Exception):  # noqa: N818 - told to the person as advice
    """A photograph that cannot be searched with.

    Attributes:
        code: no_face, several_faces, face_too_small, blurred or unreadable.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Found(NamedTuple):
    """A face within a band; `distance` is Euclidean, the smallest over the probes."""

    face_id: int
    photo_id: int
    distance: float
    band: Band


class Findings(NamedTuple):
    """The hits, nearest first, and the certificate that says what was covered."""

    hits: list[Found]
    certificate: dict[str, Any]


def probe_template(jpeg: bytes) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """The template of the one face in a probe, float32 (dimension,).

    Raises:
        ProbeProblem: the picture cannot be read, or shows no face, several, a small or a blurred one.
    """
    try:
        picture = read_picture(jpeg, max_bytes=settings.UPLOAD_MAX_BYTES, max_pixels=settings.IMAGE_MAX_PIXELS)
    except ImageProblem as problem:
        raise ProbeProblem("unreadable") from problem
    faces = get_engine().faces(picture.pixels)
    if not faces:
        raise ProbeProblem("no_face")
    if len(faces) > 1:
        raise ProbeProblem("several_faces")
    return _good_enough(faces[0], picture.pixels)


def _good_enough(face: DetectedFace, pixels: Pixels) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    limits = bands()
    if min(face.box.right - face.box.left, face.box.bottom - face.box.top) < limits.smallest_face:
        raise ProbeProblem("face_too_small")
    if sharpness(pixels, face.box) < limits.least_sharpness:
        raise ProbeProblem("blurred")
    template: np.ndarray[tuple[int], np.dtype[np.float32]] = face.template
    return template


def sharpness(pixels: Pixels, box: Box) -> float:
    """Variance of the Laplacian of the grey face, scaled to 150 pixels so that large pictures are not favoured."""
    face = Image.fromarray(pixels[box.top : box.bottom, box.left : box.right]).convert("L")
    grey = np.asarray(face.resize((SHARPNESS_SIDE, SHARPNESS_SIDE), Image.Resampling.BOX), dtype=np.float64)
    middle = grey[1:-1, 1:-1]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * middle
    return float(laplacian.var())


def find(probes: Vectors) -> Findings:
    """Sweep every face held for the probes, float32 (k, dimension).

    Raises:
        ValueError: probes of another shape, or not finite.
    """
    engine, limits = get_engine(), bands()
    probes = checked(probes, engine.dimension)
    version, swept = _swept(probes, limits.possible)
    rows = dict(Face.objects.filter(pk__in=swept.ids.tolist()).values_list("pk", "photo_id"))
    hits = [
        Found(face, rows[face], distance, limits.of(distance))
        for face, distance in zip(swept.ids.tolist(), swept.distances.tolist(), strict=True)
        if face in rows  # Erased while the sweep ran.
    ]
    return Findings(hits, certificate(version, swept.scanned))


def _swept(probes: Vectors, radius: float) -> tuple[str, Swept]:
    """One pass over an index that holds every face; a damaged one is rebuilt first."""
    index = get_index()
    version = index.sync()
    try:
        return version, sweep(index.blocks(), probes, radius=radius)
    except IndexDamaged:
        version = index.sync(thorough=True)
        return version, sweep(index.blocks(), probes, radius=radius)


def certificate(index_version: str, scanned: int) -> dict[str, Any]:
    """What the search covered, as JSON. `complete` only if every face of every reachable source was scanned."""
    engine, limits = get_engine(), bands()
    photos = Photo.objects.all()
    every_source = [
        {"name": source.name, "photos": source.photos.count(), "reachable": sources.is_reachable(source)}
        for source in Source.objects.order_by("pk")
    ]
    held = Face.objects.count()
    # Files that were erased and lie there again: they are held, but not searched, until somebody removes them.
    suppressed = photos.filter(status=PhotoStatus.SUPPRESSED).count()
    by_other_engines = Face.objects.exclude(engine=engine.name).count()
    return {
        "complete": scanned >= held
        and not by_other_engines
        and not suppressed
        and all(item["reachable"] for item in every_source),
        "photos_held": photos.count(),
        "photos_read": photos.filter(status=PhotoStatus.READ).count(),
        "photos_unreadable": photos.filter(status=PhotoStatus.UNREADABLE).count(),
        "photos_suppressed": suppressed,
        "photos_without_face": photos.filter(status=PhotoStatus.READ, face_count=0).count(),
        "faces_held": held,
        "faces_scanned": scanned,
        "engine": engine.name,
        "runtime": engine.runtime,
        "index_version": index_version,
        "bands": limits.as_json(),
        "swept_at": timezone.now().isoformat(),
        "sources": every_source,
    }


def run(*, subject: UUID, probes: Vectors) -> Search:
    """Search and keep the result: one `Search` with its certificate and a `Hit` for every face found."""
    findings = find(probes)
    with transaction.atomic():
        search = Search.objects.create(
            subject=subject, probes=len(probes), finished_at=timezone.now(), certificate=findings.certificate
        )
        Hit.objects.bulk_create(
            Hit(
                search=search,
                face_key=found.face_id,
                face_id=found.face_id,
                photo_id=found.photo_id,
                distance=found.distance,
                band=found.band,
            )
            for found in findings.hits
        )
    return search
