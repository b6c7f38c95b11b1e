"""The page of the live photo check: three poses one after another, or another way that is worth as much."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from matching.frames import Asked
from portal import flow, vault
from portal.citizens.code_views import clock_time
from portal.citizens.forms import FrameForm
from portal.citizens.guard import opened
from portal.citizens.wording import POSES, frame_problem
from portal.headers import allows
from portal.identity.live import LIFETIME, Locked, UsedUp
from portal.models import ControllerProfile, LiveCheck, LiveFrame, LiveState, Way
from rights.law.lifecycle import TransitionRefused
from rights.models import RightsRequest

FRAMES = 3


@require_http_methods(("GET", "POST"))
@allows("camera")
@opened
def live(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    """Draw poses, take the frame that is asked now, or note another way."""
    if not flow.may_go_live(case):
        messages.info(request, gettext("We do not need a live photo for this request."))
        return redirect("citizens:status", request_id=case.pk)
    if request.method == "POST" and "way" in request.POST:
        return _another_way(request, case)
    if request.method == "POST" and "begin" in request.POST:
        return _begin(request, case)
    if request.method == "POST":
        return _take(request, case)
    return _show(request, case)


def _begin(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    try:
        flow.draw_poses(request_id=case.pk)
    except Locked as locked:
        text = gettext("That did not work five times. To protect you, the next try is possible at %(time)s.")
        text += " " + gettext("You need not wait: choose another way below.")
        messages.error(request, text % {"time": clock_time(locked.until)})
    except UsedUp:
        text = gettext("That did not work many times. To protect you, no more poses are drawn for this request.")
        text += " " + gettext("You need not wait: choose another way below.")
        messages.error(request, text)
    except TransitionRefused:
        messages.info(request, gettext("We do not need a live photo for this request."))
    return redirect("citizens:live", request_id=case.pk)


def _take(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    oversize = int(request.META.get("CONTENT_LENGTH") or 0) > settings.FILE_UPLOAD_MAX_MEMORY_SIZE
    form = FrameForm(request.POST, request.FILES, oversize=oversize)
    if not form.is_valid():
        return _show(request, case, form)
    try:
        flow.receive_frame(request_id=case.pk, frame_id=form.cleaned_data["frame"], picture=form.cleaned_data["photo"])
    except (TransitionRefused, vault.Destroyed):
        messages.info(request, gettext("This picture came too late, or twice. See what is asked now."))
    return redirect("citizens:live", request_id=case.pk)


def _another_way(request: HttpRequest, case: RightsRequest) -> HttpResponse:
    way = request.POST.get("way", "")
    if way not in Way.values:
        messages.error(request, gettext("Choose one of the ways."))
        return redirect("citizens:live", request_id=case.pk)
    try:
        flow.choose_another_way(request_id=case.pk, way=way)
    except TransitionRefused:
        messages.info(request, gettext("We do not need a live photo for this request."))
    else:
        messages.success(request, gettext("Thank you. We will get in touch with you; your request goes on meanwhile."))
    return redirect("citizens:status", request_id=case.pk)


def _show(request: HttpRequest, case: RightsRequest, form: FrameForm | None = None) -> HttpResponse:
    check = flow.live_check(case)
    frame = flow.next_frame(check) if check else None
    if check is not None and check.state in (LiveState.RECEIVED, LiveState.PASSED):
        return redirect("citizens:status", request_id=case.pk)
    context = {
        "case": case,
        "check": check,
        "frame": frame,
        "pose": POSES[Asked(frame.asked)] if frame else None,
        "step": frame.number + 1 if frame else None,
        "steps": FRAMES,
        "form": form or FrameForm(initial={"frame": frame.pk if frame else None}),
        "findings": findings(check) if check and frame is None else [],
        "minutes": LIFETIME.seconds // 60,
        "ways": Way.choices,
        "controller": ControllerProfile.load(),
    }
    return render(request, "citizens/live.html", context)


def findings(check: LiveCheck) -> list[str]:
    """What was wrong with the frames of a check that was not passed, in kind words, each once."""
    if check.state == LiveState.EXPIRED:
        return [gettext("The ten minutes were over before the third picture.")]
    if check.state == LiveState.MOOT:
        return [gettext("You sent another photograph since. Please show once more that it is you.")]
    if check.state != LiveState.FAILED:
        return []
    return list(dict.fromkeys(_words(frame) for frame in check.frames.all() if frame.problem)) or [
        gettext("The pictures show another face than the photograph of your request.")
    ]


def _words(frame: LiveFrame) -> str:
    text = gettext("Picture %(number)d: %(problem)s")
    return text % {"number": frame.number + 1, "problem": frame_problem(frame.problem, Asked(frame.asked))}
