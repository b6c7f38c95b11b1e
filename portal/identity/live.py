"""The live photo check: which poses, how long, how often; and what the three frames say.

It makes a still picture of somebody else useless as it is, for the poses are not known beforehand. What it does not
stop, a head that a computer turned among it, and who judges last, stands in docs/identity.md.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from matching import frames
from matching.frames import Asked, Looked
from portal import vault
from portal.identity import document
from portal.models import EvidenceKind, Likeness, LiveCheck, LiveState
from rights.models import RightsRequest

LIFETIME: Final = timedelta(minutes=10)
TRIES: Final = 5
WITHIN: Final = timedelta(hours=1)
"""So many draws that came to nothing lock the next for as long as the first of them is younger than this."""


WASTED: Final = (LiveState.FAILED, LiveState.EXPIRED, LiveState.MOOT)
"""Draws that came to nothing; also those that another photograph ended, or one would draw until the poses fit."""
IN_ALL: Final = 15
"""Draws that came to nothing after which none is made for a request: whoever has pictures in three poses would pass by
drawing often enough. The other ways stay open."""


class UsedUp(Exception):  # noqa: N818 - a state
    """No more poses are drawn for this request."""


class Locked(Exception):  # noqa: N818 - a state
    """Too many draws came to nothing. `until` is when the next one can be made."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


def draw() -> list[Asked]:
    """Three different poses in random order, one of them ahead: 36 ways, all as likely."""
    random = secrets.SystemRandom()
    poses = [Asked.AHEAD, *random.sample([pose for pose in Asked if pose is not Asked.AHEAD], 2)]
    random.shuffle(poses)
    return poses


def check_tries(request: RightsRequest) -> None:
    """See that poses can be drawn now. Raises: Locked, UsedUp."""
    wasted = request.live_checks.filter(state__in=WASTED).order_by("-drawn_at")
    if wasted.count() >= IN_ALL:
        raise UsedUp
    until = _locked_until(wasted)
    if until is not None:
        raise Locked(until)


def _locked_until(wasted: QuerySet[LiveCheck]) -> datetime | None:
    lately = wasted.filter(drawn_at__gt=timezone.now() - WITHIN)
    counted = list(lately.values_list("drawn_at", flat=True)[:TRIES])
    return counted[-1] + WITHIN if len(counted) == TRIES else None


def compare(check: LiveCheck) -> tuple[list[Looked], Likeness]:
    """What is wrong with each frame, and how the one that looks ahead resembles the photographs of the request.

    Each of them is searched with, so the one that it resembles least counts: nobody passes with a photograph of their
    own beside one of somebody else.

    Raises:
        vault.Destroyed, vault.VaultError: they cannot be opened.
    """
    rows = list(check.frames.select_related("evidence"))
    pictures = [vault.unseal(check.request, bytes(row.evidence.sealed)) for row in rows if row.evidence is not None]
    asked = [Asked(row.asked) for row in rows]
    known = document.portraits_of(check.request, EvidenceKind.PROBE)
    ahead = pictures[asked.index(Asked.AHEAD)]
    return frames.check(pictures, asked, known), document.least(ahead, known)


def passes(looked: Sequence[Looked], likeness: Likeness) -> bool:
    """Whether the machine has nothing against it. It decides nothing: members of staff see the frames and judge."""
    return all(item.problem is None for item in looked) and likeness in (Likeness.SAME, Likeness.POSSIBLE)
