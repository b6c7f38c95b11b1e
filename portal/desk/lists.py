"""What the lists of requests can be narrowed to: one definition of each, for the columns, filters and counts.

Whom a request waits for is decided in SQL, from sets that stay small however many requests there are: open jobs,
unread messages, open questions, proposals.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from django.contrib.auth.models import Permission, User
from django.db.models import Case, CharField, Q, QuerySet, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.models import Author, Job, JobState, Message
from portal.staff.roles import CHANGE
from portal.words import JOB_PROBLEMS, SOON_DAYS
from rights import queries
from rights.law.lifecycle import RequestState
from rights.models import ClockEvent, ClockKind, Decision, RightsRequest

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
    """Requests that are still owed something."""
    return ~Q(state__in=queries.OVER)


def overdue() -> Q:
    return owed() & Q(due__lt=queries.today())


def due_soon() -> Q:
    """Within the days that the list shows as urgent; not yet overdue."""
    today = queries.today()
    return owed() & Q(due__gte=today, due__lte=today + timedelta(days=SOON_DAYS))


def _rungs() -> list[tuple[str, Q]]:
    """Codes of `WORDS` with what makes them hold. The first that holds counts."""
    jobs = Job.objects.filter(state__in=[JobState.WAITING, JobState.RUNNING]).order_by()
    unread = Message.objects.filter(author=Author.PERSON, read_at=None).order_by()
    proposed = Decision.objects.filter(in_force=False).order_by()
    asked = ClockEvent.objects.filter(kind=ClockKind.ASKED, answer=None).order_by()
    return [
        *((HELD + problem, Q(pk__in=jobs.filter(problem=problem).values("request"))) for problem in JOB_PROBLEMS),
        ("us:message", Q(pk__in=unread.values("request"))),
        ("worker", Q(pk__in=jobs.values("request"))),
        ("us:sign", owed() & Q(pk__in=proposed.values("claim__request"))),
        ("person:answer", owed() & Q(pk__in=asked.values("request"))),
        *((code, Q(state=state)) for state, code in OF_STATE.items()),
    ]


def waiting() -> Case:
    """Whom and what a request waits for: a code of `WORDS`."""
    whens = [When(holds, then=Value(code)) for code, holds in _rungs()]
    return Case(*whens, default=Value(""), output_field=CharField())


def waits_for(requests: QuerySet[RightsRequest], party: str) -> QuerySet[RightsRequest]:
    """Those that wait for one of `PARTIES`; none if it is no party.

    Rung by rung, so that each is looked up in an index: `waiting` would be reckoned for every request there is.
    """
    rungs = _rungs()
    own = [
        RightsRequest.objects.filter(holds, *(~earlier for other, earlier in rungs[:place] if _party(other) != party))
        for place, (code, holds) in enumerate(rungs)
        if party and _party(code) == party
    ]
    if not own:
        return requests.none()
    keys = [rung.order_by().values("pk") for rung in own]
    return requests.filter(pk__in=keys[0].union(*keys[1:], all=True) if len(keys) > 1 else keys[0])


def by_party(requests: QuerySet[RightsRequest]) -> Counter[str]:
    """How many of them wait for each of `PARTIES`."""
    return Counter({party: waits_for(requests, party).order_by().count() for party in PARTIES})


def _party(code: str) -> str:
    return code.partition(":")[0]


def movers() -> QuerySet[User]:
    """Members of staff to whom a request can be assigned, by name."""
    app, codename = CHANGE.split(".")
    held = Permission.objects.filter(content_type__app_label=app, codename=codename)
    may = Q(groups__permissions__in=held) | Q(user_permissions__in=held) | Q(is_superuser=True)
    return User.objects.filter(may, is_active=True, is_staff=True).distinct().order_by("username")
