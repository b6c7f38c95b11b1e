"""Words and colours of the desk's templates."""

from django import template
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.desk.words import SOON_DAYS, state_name
from portal.models import JobKind, JobState
from rights import queries
from rights.law.lifecycle import ClaimOutcome, RequestState
from rights.models import RightsRequest

register = template.Library()
register.filter("state_name", state_name)
register.filter("translated", gettext)

OUTCOME_NAMES = {
    ClaimOutcome.PENDING: _("not decided"),
    ClaimOutcome.GRANTED: _("granted"),
    ClaimOutcome.PARTIAL: _("granted in part"),
    ClaimOutcome.REFUSED: _("refused"),
    ClaimOutcome.NOTHING_HELD: _("nothing held"),
}
PROBE_PROBLEMS = {
    "no_face": _("no face found in it"),
    "several_faces": _("several faces in it"),
    "face_too_small": _("the face is too small"),
    "blurred": _("the picture is blurred"),
    "unreadable": _("it cannot be read"),
}
JOB_NAMES = {
    JobKind.SEARCH: _("search"),
    JobKind.BUILD_ANSWER: _("build the answer"),
    JobKind.ERASE: _("erase and prove"),
}
JOB_STATES = {JobState.WAITING: _("waiting"), JobState.RUNNING: _("running"), JobState.DONE: _("done")}
SIGNS = {"same": "✓", "not": "✗", "disputed": "≠", "open": "·"}


@register.filter
def absolute(value: int) -> int:
    """Without its sign: a number of days overdue."""
    return abs(value)


@register.filter
def outcome_name(outcome: str) -> str:
    return str(OUTCOME_NAMES[ClaimOutcome(outcome)])


@register.filter
def problem_name(code: str) -> str:
    return str(PROBE_PROBLEMS[code])


@register.filter
def job_name(kind: str) -> str:
    return str(JOB_NAMES[JobKind(kind)])


@register.filter
def job_state_name(state: str) -> str:
    return str(JOB_STATES[JobState(state)])


@register.filter
def verdict_sign(outcome: str) -> str:
    return SIGNS[outcome]


@register.filter
def urgency(request: RightsRequest) -> str:
    """A class name: how near the due date of a request is."""
    if request.state in (RequestState.CARRIED_OUT, RequestState.CLOSED, RequestState.WITHDRAWN):
        return "desk-done"
    left = queries.days_left(request)
    return "desk-overdue" if left < 0 else "desk-soon" if left <= SOON_DAYS else "desk-in-time"
