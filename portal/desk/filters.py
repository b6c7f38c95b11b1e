"""The filters of the list of requests. Each is kept in the address."""

from collections.abc import Iterator
from typing import Any, Final

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from matching.models import Source
from portal import places
from portal.desk import holdups, lists
from portal.models import Job, JobState
from portal.words import state_name
from rights import queries
from rights.law.lifecycle import RequestState
from rights.models import Right, RightsRequest

Requests = QuerySet[RightsRequest]
Names = list[tuple[str, str]]
ME: Final = "me"
NOBODY: Final = "nobody"


class OpenFilter(admin.SimpleListFilter):
    """Open requests unless the reader asks for the others: a finished one never crowds the queue."""

    title = _("open or ended")
    parameter_name = "which"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Names:
        return [("ended", gettext("ended")), ("all", gettext("all"))]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        unset, *others = super().choices(changelist)
        yield {**unset, "display": gettext("open")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: Requests) -> Requests:
        match self.value():
            case "ended":
                # Said by what they are not: most have ended, and the planner would look them all up to show a few.
                return queryset.exclude(lists.owed())
            case "all":
                return queryset
            case _other:
                return queryset.filter(lists.owed())


class WaitsFilter(admin.SimpleListFilter):
    """Whom a request waits for, as its column says."""

    title = _("waits for")
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Names:
        return [(party, str(name)) for party, name in lists.PARTIES.items()]

    def queryset(self, request: HttpRequest, queryset: Requests) -> Requests:
        return lists.waits_for(queryset, self.value() or "") if self.value() else queryset


class DueFilter(admin.SimpleListFilter):
    """By the legal date."""

    title = _("due")
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Names:
        return [("overdue", gettext("overdue")), ("soon", gettext("due within a week"))]

    def queryset(self, request: HttpRequest, queryset: Requests) -> Requests:
        rule = {"overdue": lists.overdue, "soon": lists.due_soon}.get(self.value() or "")
        return queryset.filter(rule()) if rule else queryset


class StateFilter(admin.SimpleListFilter):
    """States by the names that the lists show."""

    title = _("state")
    parameter_name = "state__exact"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Names:
        return [(state.value, state_name(state)) for state in RequestState]

    def queryset(self, request: HttpRequest, queryset: Requests) -> Requests:
        return queryset.filter(state=self.value()) if self.value() else queryset


class AssigneeFilter(admin.SimpleListFilter):
    """On whose desk it lies."""

    title = _("assigned to")
    parameter_name = "assignee"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Names:
        others = lists.movers().exclude(pk=request.user.pk or 0)
        named = [(str(user.pk), user.get_full_name() or user.get_username()) for user in others]
        return [(ME, gettext("me")), (NOBODY, gettext("nobody")), *named]

    def queryset(self, request: HttpRequest, queryset: Requests) -> Requests:
        match self.value() or "":
            case "":
                return queryset
            case "nobody":
                return queryset.filter(assignee=None)
            case "me":
                return queryset.filter(assignee=request.user.pk or 0)
            case number:
                known = number in dict(self.lookup_choices)
                return queryset.filter(assignee=int(number)) if known else queryset.none()


class RightFilter(admin.SimpleListFilter):
    """By what is asked for."""

    title = _("right")
    parameter_name = "right"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Names:
        return [(right.value, str(right.label)) for right in Right]

    def queryset(self, request: HttpRequest, queryset: Requests) -> Requests:
        if not self.value():
            return queryset
        return queryset.filter(claims__right=self.value())  # A request claims a right once, so none is listed twice.


class CountryFilter(admin.SimpleListFilter):
    """By the country, of those that a request has."""

    title = _("country")
    parameter_name = "country__exact"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Names:
        return places.by_name(queries.countries())

    def queryset(self, request: HttpRequest, queryset: Requests) -> Requests:
        return queryset.filter(country=self.value()) if self.value() else queryset


class OpenJobsFilter(admin.SimpleListFilter):
    """Jobs that are not done."""

    title = _("open")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Names:
        return [("yes", gettext("open"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        if self.value() != "yes":
            return queryset
        return queryset.filter(state__in=[JobState.WAITING, JobState.RUNNING])


class HeldUpFilter(admin.SimpleListFilter):
    """Sources that hold something up."""

    title = _("what holds something up")
    parameter_name = "held_up"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Names:
        return [("yes", gettext("sources that hold something up"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Source]) -> QuerySet[Source]:
        if self.value() != "yes":
            return queryset
        return queryset.filter(pk__in=[state.source.pk for state in holdups.states()])
