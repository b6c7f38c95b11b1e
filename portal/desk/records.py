"""Read-only records: journal, notices, jobs."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.desk import deeds, filters, paging
from portal.desk.access import actor
from portal.models import Job, Notice, NoticeState
from portal.notices import outbox
from portal.staff.roles import HANDLE
from portal.words import JOB_PROBLEMS
from rights import journal
from rights.models import JournalEntry, RightsRequest


class OnlyOwnFilters(admin.ModelAdmin):
    """A list that can be asked for what its filters offer, and for nothing else.

    Django takes any field of the row in the address. Asked for beginnings, a password's hash would come out letter by
    letter.
    """

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        field, _separator, how = lookup.partition("__")
        own = {_name_of(each) for each in self.list_filter}
        return lookup in own or (how in ("", "exact", "isnull", "id__exact") and field in own)


def _name_of(offered: Any) -> str:
    """What a filter is called in an address: a field, a field with a class of its own, or a class that names itself."""
    if isinstance(offered, tuple):
        return str(offered[0])
    return offered if isinstance(offered, str) else str(getattr(offered, "parameter_name", ""))


class ReadOnly(paging.Paged, OnlyOwnFilters):
    """Rows that staff read and nobody edits."""

    show_facets = admin.ShowFacets.NEVER

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class NamedList(paging.KeyList):
    """A list of deeds, for whose rows the names of those who did them are looked up once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        for entry, told in zip(self.result_list, deeds.told(self.result_list), strict=True):
            entry.by = told.who


@admin.register(JournalEntry)
class JournalAdmin(ReadOnly):
    list_display = ["happened", "request", "deed", "by"]
    sortable_by = ["happened"]
    fields = ["position", "at", "request", "deed", "event", "by", "actor", "detail", "previous", "digest"]
    list_filter = [("event", deeds.EventFilter), ("actor", deeds.ActorFilter)]
    list_select_related = ["request"]
    search_fields = ["request__reference"]
    ordering = ["-position"]

    @admin.display(description=_("when"), ordering="position")
    def happened(self, entry: JournalEntry) -> datetime:
        return entry.at

    @admin.display(description=_("what"))
    def deed(self, entry: JournalEntry) -> str:
        return deeds.words_of(entry.event)

    @admin.display(description=_("who"))
    def by(self, entry: JournalEntry) -> str:
        return getattr(entry, "by", None) or deeds.told([entry])[0].who

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return NamedList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[JournalEntry], search_term: str
    ) -> tuple[QuerySet[JournalEntry], bool]:
        """The entries of requests whose reference has these letters: few requests are read, not the whole journal."""
        words = search_term.split()
        if not words:
            return queryset, False
        named = Q()
        for word in words:
            named &= Q(reference__icontains=word)
        return queryset.filter(request__in=RightsRequest.objects.filter(named).order_by().values("pk")), False


@admin.register(Job)
class JobAdmin(ReadOnly):
    list_display = ["request", "kind", "state", "attempts", "not_before", "stopped_by"]
    sortable_by = ["not_before"]
    list_filter = [filters.OpenJobsFilter, "state", "kind"]
    fields = ["request", "kind", "state", "attempts", "not_before", "stopped_by"]
    list_select_related = ["request"]
    ordering = ["-pk"]

    @admin.display(description=_("what stopped it"), ordering="problem")
    def stopped_by(self, job: Job) -> str:
        return str(JOB_PROBLEMS.get(job.problem, job.problem))


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    """The outbox. A mail that may or may not have gone out is sent again only if a person says so.

    What a notice tells is not shown: to recipients it names the pictures, which not every role may know.
    """

    list_display = ["created_at", "request", "event", "state", "attempts", "sent_at"]
    sortable_by = ["created_at", "sent_at"]
    list_filter = ["state", "event"]
    list_select_related = ["request"]
    fields = ["request", "event", "audience", "language", "state", "attempts", "not_before", "created_at", "sent_at"]
    ordering = ["-created_at", "-pk"]
    actions = ["send_again"]

    def has_handle_permission(self, request: HttpRequest) -> bool:
        """Django's admin asks it before it offers the action."""
        return request.user.has_perm(HANDLE)

    @admin.action(description=_("Send again what failed or is uncertain"), permissions=["handle"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Notice]) -> None:
        stuck = queryset.filter(state__in=[NoticeState.FAILED, NoticeState.UNCERTAIN]).select_related("request")
        count = 0
        for notice in stuck:
            if outbox.retry(notice_id=notice.pk):
                journal.record(
                    request=notice.request, actor=actor(request), event="notice_again", detail={"event": notice.event}
                )
                count += 1
        messages.success(request, gettext("%(count)d notices will be sent again.") % {"count": count})
