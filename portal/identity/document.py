"""What a picture of an identity document is compared with, and what that says."""

from typing import Final

from matching import likeness
from matching.bands import bands
from matching.search import ProbeProblem
from portal import vault
from portal.models import EvidenceKind, Likeness
from rights.models import RightsRequest

LEAST_FIRST: Final = (
    Likeness.NO_FACE,
    Likeness.NO_PORTRAIT,
    Likeness.DIFFERENT,
    Likeness.POSSIBLE,
    Likeness.SAME,
)


def portraits_of(request: RightsRequest, *kinds: EvidenceKind) -> list[bytes]:
    """The pictures of the person's own face of these kinds, as JPEG. Raises: vault.Destroyed, vault.VaultError."""
    kept = request.evidence.filter(kind__in=kinds, problem="", destroyed_at=None)
    return [vault.unseal(request, bytes(evidence.sealed)) for evidence in kept]


def compare(request: RightsRequest, document: bytes) -> Likeness:
    """What the portrait on the document says beside the person's photographs, by the search's bands.

    Each of them is searched with, so the one that it resembles least counts: nobody vouches for their own document with
    a photograph of their own beside somebody else's. Frames of a live photo vouch for nothing here: they were compared
    with the same photographs.

    Raises:
        vault.Destroyed, vault.VaultError: the photographs cannot be opened.
    """
    return least(document, portraits_of(request, EvidenceKind.PROBE))


def least(picture: bytes, photographs: list[bytes]) -> Likeness:
    """What a picture says beside the photograph that it resembles least."""
    said = {resembles(picture, [photograph]) for photograph in photographs} or {Likeness.NO_PORTRAIT}
    return next(each for each in LEAST_FIRST if each in said)


def resembles(picture: bytes, portraits: list[bytes]) -> Likeness:
    """What the faces in a picture say beside somebody's portraits."""
    try:
        distance = likeness.nearest(picture, portraits)
    except ProbeProblem:
        return Likeness.NO_FACE
    if distance is None:
        return Likeness.NO_PORTRAIT
    limits = bands()
    if distance <= limits.match:
        return Likeness.SAME
    return Likeness.POSSIBLE if distance <= limits.possible else Likeness.DIFFERENT
