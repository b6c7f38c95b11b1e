"""How near the faces in one picture are to somebody's portraits. Nothing is kept of either."""

from collections.abc import Iterable

import numpy as np
from django.conf import settings

from matching.engine import get_engine
from matching.images import ImageProblem, read_picture
from matching.search import ProbeProblem, probe_template


def nearest(picture: bytes, portraits: Iterable[bytes]) -> float | None:
    """The smallest distance between any face in the picture and any portrait.

    An identity document often shows its portrait twice, once small and pale; the better of them counts.

    Returns:
        A Euclidean distance between templates; None where no portrait is usable.

    Raises:
        ProbeProblem: the picture cannot be read, or shows no face.
    """
    known = []
    for portrait in portraits:
        try:
            known.append(probe_template(portrait))
        except ProbeProblem:
            continue
    if not known:
        return None
    try:
        pixels = read_picture(picture, max_bytes=settings.UPLOAD_MAX_BYTES, max_pixels=settings.IMAGE_MAX_PIXELS).pixels
    except ImageProblem as problem:
        raise ProbeProblem("unreadable") from problem
    faces = get_engine().faces(pixels)
    if not faces:
        raise ProbeProblem("no_face")
    shown = np.stack([face.template for face in faces]).astype(np.float64)
    return float(np.linalg.norm(shown[:, None] - np.stack(known).astype(np.float64)[None], axis=2).min())
