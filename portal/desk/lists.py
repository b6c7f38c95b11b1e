"""What the lists of requests can be narrowed to: one definition of each, for the columns, filters and counts.

Whom a request waits for is decided in SQL, from sets that stay small however many requests there are: open jobs,
unread messages, open questions, proposals.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, NamedTuple

from django.contrib.auth.models import Permission, User
from django.db.models import Case, CharField, Q, QuerySet, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.models import Author, Job, JobState, Message
from portal.staff.roles import CHANGE
from portal.words import JOB_PROBLEMS, SOON_DAYS
from rights import queries
from rights.law.lifecycle import RequestState
from rights.models import Claim, ClockEvent, ClockKind, Decision, RightsRequest

HELD: Final = "held:"
WORDS: Final[Mapping[str, Promise | str]] = {
    **{HELD + problem: words for problem, words in JOB_PROBLEMS.items()},
    "us:message": _("us: an unread message"),
    "worker": _("the worker"),
    "us:sign": _("us: a second signature"),
    "person:answer": _("the person: an answer"),
    "person:code": _("the person: e-mail code"),
    "person:photo": _("the person: a better photograph"),
    "us:review": _("us: review the hits"),
    "us:decide": _("us: decide"),
    "person:copy": _("the person: fetch the copy"),
    "": "",
}
"""What a request waits for, by its code, whose part before the colon is a party."""
PARTIES: Final = {
    "us": _("us"),
    "person": _("the person"),
    "worker": _("the worker"),
    "held": _("a source or a server"),
}
OF_STATE: Final = {
    RequestState.RECEIVED: "person:code",
    RequestState.CONFIRMED: "person:photo",
    RequestState.SEARCHED: "us:review",
    RequestState.REVIEWED: "us:decide",
    RequestState.DECIDED: "person:copy",
}


def owed() -> Q:
    """Requests that are still owed something. Named by the states that they are in, which an index finds."""
    return Q(state__in=[state for state in RequestState if state not in queries.OVER])


def overdue() -> Q:
    return owed() & Q(due__lt=queries.today())


def due_soon() -> Q:
    """Within the days that the list shows as urgent; not yet overdue."""
    today = queries.today()
    return owed() & Q(due__gte=today, due__lte=today + timedelta(days=SOON_DAYS))


class _Sets(NamedTuple):
    """Keys of requests that something is open for: small sets, however many requests there are."""

    jobs: QuerySet[Job]
    unread: Q
    worked_on: Q
    proposed: Q
    asked: Q

    def stopped_by(self, *problems: str) -> Q:
        return Q(pk__in=self.jobs.filter(problem__in=problems).values("request"))


def _sets() -> _Sets:
    jobs = Job.objects.filter(state__in=[JobState.WAITING, JobState.RUNNING]).order_by()
    unread = Message.objects.filter(author=Author.PERSON, read_at=None).order_by()
    proposed = Decision.objects.filter(in_force=False).order_by()
    signed_for = Claim.objects.filter(pk__in=proposed.values("claim")).order_by()
    asked = ClockEvent.objects.filter(kind=ClockKind.ASKED, answer=None).order_by()
    return _Sets(
        jobs=jobs,
        unread=Q(pk__in=unread.values("request")),
        worked_on=Q(pk__in=jobs.values("request")),
        proposed=owed() & Q(pk__in=signed_for.values("request")),
        asked=owed() & Q(pk__in=asked.values("request")),
    )


def waiting() -> Case:
    """Whom and what a request waits for: a code of `WORDS`. The first that holds counts."""
    sets = _sets()
    whens = [When(sets.stopped_by(problem), then=Value(HELD + problem)) for problem in JOB_PROBLEMS]
    whens += [
        When(sets.unread, then=Value("us:message")),
        When(sets.worked_on, then=Value("worker")),
        When(sets.proposed, then=Value("us:sign")),
        When(sets.asked, then=Value("person:answer")),
    ]
    whens += [When(state=state, then=Value(code)) for state, code in OF_STATE.items()]
    return Case(*whens, default=Value(""), output_field=CharField())


def _parts(party: str) -> list[Q]:
    """What makes a request wait for one of `PARTIES`; no two hold of the same request. Empty if it is no party.

    The same as `waiting`, which would be reckoned for every request there is; each of these is found in an index.
    """
    sets = _sets()
    held, in_state = sets.stopped_by(*JOB_PROBLEMS), Q(state__in=[s for s, c in OF_STATE.items() if _party(c) == party])
    parts: dict[str, list[Q]] = {
        "held": [held],
        "worker": [sets.worked_on & ~held & ~sets.unread],
        "us": [
            sets.unread & ~held,
            sets.proposed & ~sets.worked_on & ~sets.unread,
            in_state & ~sets.worked_on & ~sets.unread & ~sets.proposed & ~sets.asked,
        ],
        "person": [
            sets.asked & ~sets.worked_on & ~sets.unread & ~sets.proposed,
            in_state & ~sets.worked_on & ~sets.unread & ~sets.proposed & ~sets.asked,
        ],
    }
    return parts.get(party, [])


def waits_for(requests: QuerySet[RightsRequest], party: str) -> QuerySet[RightsRequest]:
    """Those that wait for one of `PARTIES`; none if it is no party."""
    keys = [RightsRequest.objects.filter(part).order_by().values("pk") for part in _parts(party)]
    if not keys:
        return requests.none()
    return requests.filter(pk__in=keys[0].union(*keys[1:], all=True) if len(keys) > 1 else keys[0])


def by_party(requests: QuerySet[RightsRequest]) -> Counter[str]:
    """How many of them wait for each of `PARTIES`."""
    alike = requests.order_by()
    return Counter({party: sum(alike.filter(part).count() for part in _parts(party)) for party in PARTIES})


def _party(code: str) -> str:
    return code.partition(":")[0]


def movers() -> QuerySet[User]:
    """Members of staff to whom a request can be assigned, by name."""
    app, codename = CHANGE.split(".")
    held = Permission.objects.filter(content_type__app_label=app, codename=codename)
    may = Q(groups__permissions__in=held) | Q(user_permissions__in=held) | Q(is_superuser=True)
    return User.objects.filter(may, is_active=True, is_staff=True).distinct().order_by("username")
