"""Words and colours of the desk's templates."""

from django import template
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.desk.deeds import told
from portal.models import JobKind, JobState
from portal.words import ASKED_FOR, JOB_PROBLEMS, SOON_DAYS, state_name
from rights import queries
from rights.law.lifecycle import ClaimOutcome
from rights.law.regime import Stop
from rights.models import RightsRequest

register = template.Library()
register.filter("state_name", state_name)
register.filter("translated", gettext)
register.filter("told", told)

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
SPACE_PROBLEMS = {
    "model_missing": _("the model that encodes photographs is missing"),
    "model_altered": _("the model that encodes photographs is not the declared one"),
    "model_unusable": _("the model that encodes photographs does not give templates"),
    "no_probe": _("the photograph was not encoded for it; search again"),
}
SIGNS = {
    "same": "✓",
    "not": "✗",
    "disputed": "≠",
    "open": "·",
    "settled": "–",
    "mine-same": "(✓)",
    "mine-not": "(✗)",
    "mine-unsure": "(?)",
}
STATES = {
    "same": _("same person"),
    "not": _("not this person"),
    "disputed": _("two of you disagree"),
    "open": _("not settled"),
    "settled": _("settled by others"),
    "mine-same": _("you said: same person; not settled"),
    "mine-not": _("you said: not this person; not settled"),
    "mine-unsure": _("you said: unsure; not settled"),
}
"""What the signs of hits in the list of all of them say."""


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
def space_problem(code: str) -> str:
    """Why a template space was not searched."""
    return str(SPACE_PROBLEMS[code])


@register.filter
def asked_name(kind: str) -> str:
    return str(ASKED_FOR[Stop(kind)])


@register.filter
def job_name(kind: str) -> str:
    return str(JobKind(kind).label)


@register.filter
def job_state_name(state: str) -> str:
    return str(JobState(state).label)


@register.filter
def job_problem(name: str) -> str:
    """What stopped a job, in words where it is no failure."""
    return str(JOB_PROBLEMS.get(name, name))


@register.filter
def verdict_sign(outcome: str) -> str:
    return SIGNS[outcome]


@register.filter
def hit_state(state: str) -> str:
    """What the sign says."""
    return str(STATES[state])


@register.filter
def urgency(request: RightsRequest) -> str:
    """A class name: how near the due date of a request is."""
    if not queries.is_owed(request):
        return "desk-done"
    left = queries.days_left(request)
    return "desk-overdue" if left < 0 else "desk-soon" if left <= SOON_DAYS else "desk-in-time"
