"""The hits of one request before one reviewer: what waits for them, and what they may know of what others said.

Two people who must agree look independently: what others said of a hit is shown to a reviewer only once they have said
something of it themselves.
"""

from dataclasses import dataclass
from typing import NamedTuple

from django.http import HttpRequest

from matching import reviews
from matching.models import Hit, Review, Verdict
from matching.reviews import Outcome
from portal.desk.access import actor, member
from portal.staff.roles import JUDGE
from rights.law.lifecycle import RequestState
from rights.models import RightsRequest

UNSETTLED = (Outcome.OPEN, Outcome.DISPUTED)
SETTLED = "settled"
"""How a hit is shown that others settled, to a reviewer who may not know how."""


class Elsewhere(NamedTuple):
    """What was said for another request: of this face, or of another one in its photo."""

    request: RightsRequest
    same_face: bool
    review: Review


@dataclass(frozen=True)
class Sheet:
    """Hits in the order in which they are numbered, what the reviewer said of each, and what follows from all.

    Attributes:
        hits: without what hangs on them: there may be hundreds.
        mine: by face key, the oldest first.
        judging: whether the reviewer may say something now.
    """

    request: RightsRequest
    reviewer: str
    hits: list[Hit]
    mine: dict[int, Verdict]
    outcomes: dict[int, Outcome]
    judging: bool

    def waiting(self, after: Hit | None = None) -> list[Hit]:
        """What this reviewer has still to look at; with `after`, what comes behind that one first, and not itself."""
        start = self.hits.index(after) + 1 if after else 0
        behind = [*self.hits[start:], *self.hits[: max(start - 1, 0)]]
        return [hit for hit in behind if self.outcomes[hit.face_key] in UNSETTLED and hit.face_key not in self.mine]

    def is_known(self, hit: Hit) -> bool:
        """Whether the reviewer may know what others said of the hit."""
        return not self.judging or hit.face_key in self.mine

    def state(self, hit: Hit) -> str:
        """What is shown of a hit in the list of all."""
        outcome = self.outcomes[hit.face_key]
        if not self.is_known(hit):
            return Outcome.OPEN if outcome in UNSETTLED else SETTLED
        if outcome is Outcome.OPEN and hit.face_key in self.mine:
            return f"mine-{self.mine[hit.face_key]}"
        return outcome

    def last_said(self) -> Hit | None:
        """The hit of which the reviewer said something last, while they may take it back."""
        by_key = {hit.face_key: hit for hit in self.hits}
        said = [by_key[key] for key in self.mine if key in by_key]
        return said[-1] if said and self.judging else None

    def of_others(self, hit: Hit) -> list[Review]:
        """What others said of the face for this request."""
        return list(reviews.of_others(hit, reviewer=self.reviewer)) if self.is_known(hit) else []

    def elsewhere(self, hit: Hit) -> list[Elsewhere]:
        """What was said for earlier requests, as long as that is kept."""
        if not self.is_known(hit):
            return []
        said = list(reviews.elsewhere(hit).order_by("-at", "pk"))
        requests = RightsRequest.objects.in_bulk({review.subject for review in said})
        return [Elsewhere(requests[one.subject], one.face_key == hit.face_key, one) for one in said]


def sheet_of(http: HttpRequest, request: RightsRequest) -> Sheet:
    """The hits of the latest search before whoever asks; none if there was no search."""
    who, latest, outcomes = actor(http), reviews.latest_search(request.pk), reviews.outcomes(request.pk)
    hits = latest.hits.order_by("distance", "pk") if latest else ()
    said = Review.objects.filter(subject=request.pk, reviewer=who).order_by("at", "pk")
    return Sheet(
        request=request,
        reviewer=who,
        hits=[hit for hit in hits if hit.face_key in outcomes],  # Somebody may have searched again meanwhile.
        mine={review.face_key: Verdict(review.verdict) for review in said},
        outcomes=outcomes,
        judging=is_open(request) and member(http).has_perm(JUDGE),
    )


def is_open(request: RightsRequest) -> bool:
    """Whether verdicts are taken now."""
    return request.state in (RequestState.SEARCHED, RequestState.REVIEWED)
