"""Read-only records: journal, notices, jobs."""

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.desk import filters
from portal.desk.access import actor
from portal.models import Job, Notice, NoticeState
from portal.notices import outbox
from portal.staff.roles import HANDLE
from rights import journal
from rights.models import JournalEntry


class ReadOnly(admin.ModelAdmin):
    """Rows that staff read and nobody edits."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(JournalEntry)
class JournalAdmin(ReadOnly):
    list_display = ["at", "request", "event", "actor"]
    list_filter = ["event", "actor"]
    list_select_related = ["request"]
    search_fields = ["request__reference"]
    ordering = ["-position"]


@admin.register(Job)
class JobAdmin(ReadOnly):
    list_display = ["request", "kind", "state", "attempts", "not_before", "problem"]
    list_filter = [filters.OpenJobsFilter, "state", "kind"]
    list_select_related = ["request"]
    ordering = ["-pk"]


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    """The outbox. A mail that may or may not have gone out is sent again only if a person says so."""

    list_display = ["created_at", "request", "event", "state", "attempts", "sent_at"]
    list_filter = ["state", "event"]
    list_select_related = ["request"]
    ordering = ["-created_at"]
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
