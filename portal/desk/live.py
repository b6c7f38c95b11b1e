"""The live photo check on the desk: what was asked, what the machine measured, and the frames, which staff judge."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from matching.frames import Asked, FrameProblem
from portal import flow, vault
from portal.desk.access import desk_view, seen
from portal.models import EvidenceKind, LiveState
from portal.staff.roles import SEE_PROBE
from rights.models import RightsRequest

ASKED: dict[Asked, Promise] = {
    Asked.AHEAD: _("ahead"),
    Asked.LEFT: _("to their left"),
    Asked.RIGHT: _("to their right"),
    Asked.UP: _("chin up"),
    Asked.DOWN: _("chin down"),
}
PROBLEMS: dict[FrameProblem, Promise] = {
    FrameProblem.UNREADABLE: _("not readable"),
    FrameProblem.NO_FACE: _("no face"),
    FrameProblem.SEVERAL_FACES: _("several faces"),
    FrameProblem.TOO_SMALL: _("face too small"),
    FrameProblem.BLURRED: _("blurred"),
    FrameProblem.POSE: _("not the pose asked"),
    FrameProblem.SAME_PICTURE: _("the same picture as another"),
    FrameProblem.ANOTHER: _("another person than ahead"),
}


def context_of(request: RightsRequest) -> dict[str, object]:
    """What the request's page shows of it."""
    check = flow.live_check(request)
    if check is None:
        return {"live": None}
    return {
        "live": check,
        "live_tries": request.live_checks.exclude(state=LiveState.INSTEAD).count(),
        "live_frames": [
            (frame, ASKED[Asked(frame.asked)], PROBLEMS[FrameProblem(frame.problem)] if frame.problem else "")
            for frame in check.frames.select_related("evidence")
        ],
    }


@require_safe
@desk_view(SEE_PROBE)
def frame(http: HttpRequest, request: RightsRequest, evidence_id: UUID) -> HttpResponse:
    """One frame. Looking at it is journalled."""
    evidence = get_object_or_404(request.evidence, pk=evidence_id, kind=EvidenceKind.FRAME, destroyed_at=None)
    try:
        data = vault.unseal(request, bytes(evidence.sealed))
    except vault.VaultError as error:
        raise Http404 from error
    seen(http, request, "frame", evidence=evidence.pk.hex)
    return HttpResponse(data, content_type="image/jpeg", headers={"Cache-Control": "no-store"})
