"""What staff do, for tests that need it done."""

import io
import zipfile
from collections.abc import Callable

from django.contrib.auth.models import User
from django.utils import timezone

from matching import reviews
from matching.models import Search
from portal import flow
from portal.answers import archive
from portal.models import Answer
from rights import queries
from rights.law import answer
from rights.law.lifecycle import Facts
from rights.models import RightsRequest

SHOWN = Facts(
    search_complete=True,
    hits_open=0,
    accepted=frozenset({1}),
    missing=(),
    remedies_missing=(),
    told=frozenset(part.key for part in answer.TOLD),
    copy_settled=True,
    left=0,
    recipients_told=True,
    email_open=False,
    photo_open=False,
)
"""Everything that a guard may ask for, for tests that are about something else."""
ADA = {"ada-1.jpg", "ada-2.jpg", "group.jpg"}
Ask = Callable[..., RightsRequest]
Run = Callable[[], None]


def judge(request: RightsRequest, by: User, second: User, mine: set[str] = ADA) -> None:
    """Review every open hit by the file it lies in; by both members of staff where it takes two."""
    open_faces = [hit.face_key for hit in reviews.open_hits(request.pk)]
    for hit in reviews.latest_search(request.pk).hits.filter(face_key__in=open_faces).select_related("photo"):
        verdict = "same" if hit.photo.path in mine else "not"
        for reviewer in (by, second)[: reviews.reviewers_needed(hit)]:
            flow.review(request_id=request.pk, face_key=hit.face_key, verdict=verdict, by=reviewer)
    flow.finish_review(request_id=request.pk, by=by)


def decide(request: RightsRequest, by: User, outcome: str = "granted", **how: object) -> None:
    """The same outcome for every claim."""
    for claim in request.claims.order_by("right"):
        chosen = {"identity_basis": "photo_and_email", **({"evidence": "File 7."} if "ground" in how else {}), **how}
        flow.decide(request_id=request.pk, right=claim.right, outcome=outcome, by=by, **chosen)


def proposal_of(request: RightsRequest, right: str) -> int:
    """The number of the proposal that waits for a second signature; 0 if none does."""
    found = queries.proposal(request.claims.get(right=right))
    return found.pk if found else 0


def reviewed(ask: Ask, run_jobs: Run, by: User, second: User, **asked: object) -> RightsRequest:
    """A request of ada's, confirmed, searched and reviewed rightly."""
    request = ask(**asked)
    flow.confirm(request_id=request.pk)
    run_jobs()
    judge(request, by, second)
    return request


def answered(ask: Ask, run_jobs: Run, by: User, second: User, **asked: object) -> RightsRequest:
    """A request of ada's whose answer is on offer."""
    request = reviewed(ask, run_jobs, by, second, **asked)
    decide(request, by)
    run_jobs()
    request.refresh_from_db()
    return request


def erased(ask: Ask, run_jobs: Run, by: User, second: User, **asked: object) -> RightsRequest:
    """A request of ada's to be erased, carried out and proven."""
    request = reviewed(ask, run_jobs, by, second, rights=("erasure",), **asked)
    decide(request, by)
    run_jobs()
    request.refresh_from_db()
    assert request.state == "carried_out"
    return request


def opened(request: RightsRequest) -> zipfile.ZipFile:
    """The archive on offer."""
    return zipfile.ZipFile(io.BytesIO(b"".join(archive.stream(Answer.objects.get(request=request)))))


def covered(case: RightsRequest, *, photos: int) -> None:
    """A search that is done, with its certificate."""
    now = timezone.now()
    certificate = {
        "complete": True,
        "photos_held": photos,
        "photos_read": photos - 3,
        "photos_unreadable": 3,
        "photos_without_face": 12,
        "faces_held": 541,
        "faces_scanned": 541,
        "engine": "painted/1",
        "index_version": "segments/1",
        "bands": {"match": 0.45, "possible": 0.60},
        "swept_at": now.isoformat(),
        "sources": [{"name": "archive", "photos": photos, "reachable": True}],
    }
    Search.objects.create(subject=case.pk, probes=1, finished_at=now, certificate=certificate)
