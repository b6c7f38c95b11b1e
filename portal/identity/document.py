"""What a picture of an identity document is compared with, and what that says."""

from matching import likeness
from matching.bands import bands
from matching.search import ProbeProblem
from portal import vault
from portal.models import EvidenceKind, Likeness
from rights.models import RightsRequest

PORTRAITS = (EvidenceKind.PROBE,)
"""Evidence that shows the face of the person concerned; the frames of a live photo belong here once there are any."""


def portraits_of(request: RightsRequest) -> list[bytes]:
    """The pictures of the person's own face, as JPEG. Raises: vault.Destroyed, vault.VaultError."""
    kept = request.evidence.filter(kind__in=PORTRAITS, problem="", destroyed_at=None)
    return [vault.unseal(request, bytes(evidence.sealed)) for evidence in kept]


def compare(request: RightsRequest, document: bytes) -> Likeness:
    """What the portrait on the document says beside the person's photographs, by the bands of the search.

    Raises:
        vault.Destroyed, vault.VaultError: the photographs cannot be opened.
    """
    try:
        distance = likeness.nearest(document, portraits_of(request))
    except ProbeProblem:
        return Likeness.NO_FACE
    if distance is None:
        return Likeness.NO_PORTRAIT
    limits = bands()
    if distance <= limits.match:
        return Likeness.SAME
    return Likeness.POSSIBLE if distance <= limits.possible else Likeness.DIFFERENT
