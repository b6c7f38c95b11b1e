"""What the lists of requests can be narrowed to: one definition of each, for the columns, filters and counts.

Whom a request waits for is decided in SQL, from sets that stay small however many requests there are: open jobs,
unread messages, open questions, proposals.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from django.contrib.auth.models import Permission, User
from django.db.models import Case, CharField, Count, Q, QuerySet, Value, When
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


def waiting() -> Case:
    """Whom and what a request waits for: a code of `WORDS`. The first that holds counts."""
    jobs = Job.objects.filter(state__in=[JobState.WAITING, JobState.RUNNING]).order_by()
    unread = Message.objects.filter(author=Author.PERSON, read_at=None).order_by()
    proposed = Decision.objects.filter(in_force=False).order_by()
    asked = ClockEvent.objects.filter(kind=ClockKind.ASKED, answer=None).order_by()
    whens = [
        When(pk__in=jobs.filter(problem=problem).values("request"), then=Value(HELD + problem))
        for problem in JOB_PROBLEMS
    ]
    whens += [
        When(pk__in=unread.values("request"), then=Value("us:message")),
        When(pk__in=jobs.values("request"), then=Value("worker")),
        When(owed() & Q(pk__in=proposed.values("claim__request")), then=Value("us:sign")),
        When(owed() & Q(pk__in=asked.values("request")), then=Value("person:answer")),
    ]
    whens += [When(state=state, then=Value(code)) for state, code in OF_STATE.items()]
    return Case(*whens, default=Value(""), output_field=CharField())


def waits_for(requests: QuerySet[RightsRequest], party: str) -> QuerySet[RightsRequest]:
    """Those that wait for one of `PARTIES`; none if it is no party."""
    codes = [code for code in WORDS if party and code.partition(":")[0] == party]
    return requests.annotate(waits=waiting()).filter(waits__in=codes)


def by_party(requests: QuerySet[RightsRequest]) -> Counter[str]:
    """How many of them wait for each of `PARTIES`, asked in one pass."""
    counted = requests.order_by().annotate(waits=waiting()).values_list("waits").annotate(Count("pk"))
    found = Counter[str]()
    for code, number in counted:
        found[code.partition(":")[0]] += number
    return found


def movers() -> QuerySet[User]:
    """Members of staff to whom a request can be assigned, by name."""
    app, codename = CHANGE.split(".")
    held = Permission.objects.filter(content_type__app_label=app, codename=codename)
    may = Q(groups__permissions__in=held) | Q(user_permissions__in=held) | Q(is_superuser=True)
    return User.objects.filter(may, is_active=True, is_staff=True).distinct().order_by("username")
