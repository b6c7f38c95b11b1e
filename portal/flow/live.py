"""Live: poses are drawn, frames taken, looked at by a worker, and shown to staff until the decision."""

from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from portal import jobs, retention, vault
from portal.identity import live
from portal.models import (
    OPEN_LIVE,
    DocumentState,
    Evidence,
    EvidenceKind,
    Job,
    JobKind,
    JobState,
    LiveCheck,
    LiveFrame,
    LiveState,
    Representation,
    Way,
)
from rights import journal, queries, requests
from rights.law.lifecycle import RequestState, TransitionRefused
from rights.law.sentences import gettext_noop
from rights.models import RightsRequest

BEFORE_DECISION = (RequestState.CONFIRMED, RequestState.SEARCHED, RequestState.REVIEWED)


def may_go_live(request: RightsRequest) -> bool:
    """Whether a live photo can still serve: the address is confirmed, nothing is decided, nobody acts for another."""
    serves = request.state in BEFORE_DECISION and queries.is_owed(request)
    return serves and not Representation.objects.filter(request=request).exists()


def live_check(request: RightsRequest) -> LiveCheck | None:
    """The latest draw or wish."""
    return request.live_checks.last()


@transaction.atomic
def draw_poses(*, request_id: UUID) -> LiveCheck:
    """Draw three poses; those that are open stay, so that nobody draws until they fit, and what passed stays passed.

    Raises:
        TransitionRefused: a live photo serves nothing here (any more).
        live.Locked, live.UsedUp: too many draws came to nothing, within an hour or in all.
    """
    request = requests.locked(request_id)
    if not may_go_live(request):
        raise TransitionRefused(gettext_noop("We do not need a live photo for this request."))
    now = timezone.now()
    for late in request.live_checks.filter(state=LiveState.DRAWN, expires_at__lte=now):
        _end(late, LiveState.EXPIRED)
    check = request.live_checks.filter(state__in=[*OPEN_LIVE, LiveState.PASSED]).first()
    if check is not None:
        return check
    live.check_tries(request)
    check = LiveCheck.objects.create(request=request, drawn_at=now, expires_at=now + live.LIFETIME)
    LiveFrame.objects.bulk_create(
        LiveFrame(check_of=check, number=number, asked=pose) for number, pose in enumerate(live.draw())
    )
    journal.record(request=request, actor=journal.CITIZEN, event="live_drawn")
    return check


def next_frame(check: LiveCheck) -> LiveFrame | None:
    """The pose that is asked now; None once all frames are there, or the time is over."""
    is_open = check.state == LiveState.DRAWN and check.expires_at > timezone.now()
    return check.frames.filter(evidence=None).first() if is_open else None


@transaction.atomic
def receive_frame(*, request_id: UUID, frame_id: int, picture: bytes) -> None:
    """Take the frame for the pose that is asked now; with the third, a worker looks at them.

    Args:
        frame_id: the row that the page was made for: a frame sent twice, or for an earlier draw, is not taken.
        picture: a cleaned JPEG (`matching.images.clean_upload`).

    Raises:
        TransitionRefused: it is not asked for (any more).
        vault.Destroyed: the request's evidence was destroyed.
    """
    request = requests.locked(request_id)
    check = request.live_checks.filter(state=LiveState.DRAWN).first()
    frame = next_frame(check) if check is not None and may_go_live(request) else None
    if check is None or frame is None or frame.pk != frame_id:
        raise TransitionRefused(gettext_noop("This picture came too late, or twice. See what is asked now."))
    frame.evidence = Evidence.objects.create(
        request=request,
        kind=EvidenceKind.FRAME,
        sealed=vault.seal(request, picture),
        destroy_on=timezone.localdate() + retention.length("frames"),
    )
    frame.save(update_fields=["evidence"])
    if next_frame(check) is None:
        check.state = LiveState.RECEIVED
        check.save(update_fields=["state"])
        journal.record(request=request, actor=journal.CITIZEN, event="live_received")
        jobs.post(request_id=request.pk, kind=JobKind.CHECK_LIVE)


@transaction.atomic
def choose_another_way(*, request_id: UUID, way: str) -> None:
    """Note that the person wants to be known without a camera; the same wish twice is one.

    Raises:
        TransitionRefused: nothing is needed (any more). ValueError: there is no such way.
    """
    request = requests.locked(request_id)
    if not may_go_live(request):
        raise TransitionRefused(gettext_noop("We do not need a live photo for this request."))
    last = live_check(request)
    if last is not None and last.way == Way(way):
        return
    now = timezone.now()
    for check in request.live_checks.filter(state=LiveState.DRAWN):
        _end(check, LiveState.EXPIRED)
    LiveCheck.objects.create(
        request=request, state=LiveState.INSTEAD, way=Way(way), drawn_at=now, expires_at=now, ended_at=now
    )
    journal.record(request=request, actor=journal.CITIZEN, event="live_instead", detail={"way": way})


def check_live(*, request_id: UUID) -> None:
    """Look at the frames that came. Those of a check that is not passed are destroyed with the finding."""
    check = _unchecked().filter(request_id=request_id).select_related("request").first()
    if check is None:
        return
    try:
        looked, likeness = live.compare(check)
    except vault.VaultError:
        if not _ended_without_frames(check):
            raise
        return
    with transaction.atomic():
        request = requests.locked(request_id)
        check = _unchecked().filter(pk=check.pk).first()
        if check is None:
            return
        for frame, seen in zip(check.frames.all(), looked, strict=True):
            frame.problem = seen.problem or ""
            frame.yaw, frame.pitch = (seen.pose.yaw, seen.pose.pitch) if seen.pose else (None, None)
            frame.save(update_fields=["problem", "yaw", "pitch"])
        check.likeness = likeness
        passed = live.passes(looked, likeness)
        _end(check, LiveState.PASSED if passed else LiveState.FAILED)
        detail = {"passed": passed, "says": likeness.value}
        journal.record(request=request, actor=journal.SYSTEM, event="live_checked", detail=detail)


def make_moot(request: RightsRequest) -> None:
    """Another photograph came: a live photo that was compared with those before says nothing of it."""
    for check in request.live_checks.filter(state__in=[*OPEN_LIVE, LiveState.PASSED]):
        _end(check, LiveState.MOOT)
    compared = request.document_checks.filter(state=DocumentState.RECEIVED).exclude(likeness="")
    if compared.update(likeness=""):  # What was said of a document was not said of this photograph.
        jobs.post(request_id=request.pk, kind=JobKind.COMPARE_DOCUMENT)


@transaction.atomic
def _ended_without_frames(check: LiveCheck) -> bool:
    """End a check whose frames were destroyed before they were looked at; whether they were.

    A decision, a withdrawal or their date destroys them. A check left open would be posted again for ever.
    """
    requests.locked(check.request_id)
    gone = check.frames.filter(evidence__destroyed_at__isnull=False).exists()
    still = _unchecked().filter(pk=check.pk).first() if gone else None
    if still is not None:
        _end(still, LiveState.EXPIRED)
    return gone


def _unchecked() -> QuerySet[LiveCheck]:
    return LiveCheck.objects.filter(state=LiveState.RECEIVED)


def _end(check: LiveCheck, state: LiveState) -> None:
    check.state, check.ended_at = state, timezone.now()
    check.save(update_fields=["state", "ended_at", "likeness"])
    if state != LiveState.PASSED:
        _destroy(check.request, Evidence.objects.filter(frame__check_of=check, destroyed_at=None))


def _destroy(request: RightsRequest, frames: QuerySet[Evidence]) -> None:
    count = vault.overwrite(frames)
    if count:
        journal.record(request=request, actor=journal.SYSTEM, event="frames_destroyed", detail={"files": count})


def start_due_live_checks() -> None:
    """Post the checks that nobody works on."""
    pending = [JobState.WAITING, JobState.RUNNING]
    busy = Job.objects.filter(request=OuterRef("request"), kind=JobKind.CHECK_LIVE, state__in=pending)
    for request_id in _unchecked().exclude(Exists(busy)).values_list("request_id", flat=True):
        jobs.post(request_id=request_id, kind=JobKind.CHECK_LIVE)


def destroy_unused_frames() -> None:
    """Destroy frames once the request is decided or over, on their date, or when their draw expired."""
    now = timezone.now()
    for check in LiveCheck.objects.filter(state=LiveState.DRAWN, expires_at__lte=now).select_related("request"):
        with transaction.atomic():
            requests.locked(check.request_id)
            if still := LiveCheck.objects.filter(pk=check.pk, state=LiveState.DRAWN).first():
                _end(still, LiveState.EXPIRED)
    kept = Evidence.objects.filter(kind=EvidenceKind.FRAME, destroyed_at=None)
    over = kept.filter(
        Q(destroy_on__lte=timezone.localdate()) | Q(request__state__in=(RequestState.DECIDED, *queries.OVER))
    )
    for request_id in sorted(set(over.values_list("request", flat=True))):
        with transaction.atomic():
            request = requests.locked(request_id)
            _destroy(request, over.filter(request=request))
