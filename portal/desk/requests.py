"""The queue: requests, the next due first."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ORDER_VAR
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.desk import (
    around,
    bulk,
    clock,
    coming_back,
    documents,
    filters,
    held,
    holdups,
    lists,
    live,
    not_me,
    paging,
    pictures,
    represented,
    review,
    thread,
    views,
)
from portal.desk.labels import Colour, label, whole
from portal.staff.roles import CHANGE
from portal.words import SOON_DAYS, state_name
from rights import queries
from rights.models import Right, RightsRequest

ONE: Final = "<uuid:request_id>/"
PAGES: Final[dict[str, tuple[str, Callable[..., HttpResponseBase]]]] = {
    "enter": ("enter/", views.enter),
    "confirm": (ONE + "confirm/", views.confirm),
    "withdraw": (ONE + "withdraw/", views.withdraw),
    "withdraw_consent": (ONE + "template/destroy/", held.withdraw_consent),
    "assign": (ONE + "assign/", bulk.assign_one),
    "add_probe": (ONE + "probe/", views.add_probe),
    "decide": (ONE + "decide/<slug:right>/", views.decide),
    "extend": (ONE + "extend/", clock.extend),
    "doubt": (ONE + "doubt/", clock.doubt),
    "undoubt": (ONE + "doubt/withdraw/", documents.withdraw_doubt),
    "ask_document": (ONE + "document/ask/", documents.ask),
    "document": (ONE + "document/", documents.document),
    "document_picture": (ONE + "document/<uuid:evidence_id>.jpg", documents.picture),
    "check_digits": (ONE + "document/check-digits/", documents.check_digits),
    "decide_document": (ONE + "document/decide/", documents.decide),
    "known": (ONE + "known/<slug:who>/", represented.known),
    "endangers": (ONE + "endangers/", represented.endangers),
    "not_me": (ONE + "not-me/<int:photo_key>/", not_me.settle),
    "frame": (ONE + "frame/<uuid:evidence_id>.jpg", live.frame),
    "mandate": (ONE + "mandate/<uuid:evidence_id>.jpg", represented.mandate),
    "ask": (ONE + "ask/<slug:kind>/", clock.ask),
    "answered": (ONE + "answered/<int:question_id>/", clock.answered),
    "again": (ONE + "again/", clock.again),
    "countersign": (ONE + "countersign/<slug:right>/", clock.countersign),
    "thread": (ONE + "messages/", thread.messages),
    "enclosure": (ONE + "messages/<uuid:evidence_id>.jpg", thread.picture),
    "search_with": (ONE + "messages/<uuid:evidence_id>/search/", thread.search_with),
    "search_with_held": (ONE + "messages/held/<int:photo_id>/search/", thread.search_with_held),
    "reply": (ONE + "reply/<uuid:evidence_id>/", clock.reply),
    "by_post": (ONE + "notices/<uuid:notice_id>/", views.by_post),
    "archive": (ONE + "archive/", views.archive_file),
    "around": (ONE + "around/<int:hit_id>/", around.around),
    "probe": (ONE + "probe/<uuid:evidence_id>.jpg", pictures.probe),
    "face": (ONE + "face/<int:hit_id>.jpg", pictures.face),
    "probe_aligned": (ONE + "probe/<uuid:evidence_id>/aligned.jpg", pictures.probe_aligned),
    "face_aligned": (ONE + "face/<int:hit_id>/aligned.jpg", pictures.face_aligned),
    "photo": (ONE + "photo/<int:hit_id>.jpg", pictures.photo),
}
"""The pages of the desk about requests, by the end of their names."""


@admin.register(RightsRequest)
class RequestAdmin(paging.Paged):
    """The list; the page of one request is the desk's own."""

    list_display = [
        "ref",
        "due_on",
        "claims_listed",
        "status",
        "channel",
        "received_on",
        "waits_for",
        "assignee",
    ]
    list_filter = [
        filters.OpenFilter,
        filters.WaitsFilter,
        filters.DueFilter,
        filters.StateFilter,
        filters.AssigneeFilter,
        filters.RightFilter,
        "channel",
        filters.CountryFilter,
    ]
    search_fields = ["reference"]
    search_help_text = _("Reference")
    list_select_related = ["assignee"]
    change_list_template = "desk/list_with_sources.html"
    actions = [bulk.assign_to_me, bulk.assign_to_other, bulk.unassign]

    def get_paginator(self, request: HttpRequest, queryset: Any, per_page: int, *args: Any, **how: Any) -> Paginator:
        """What a request waits for is computed for those that are shown."""
        shown = RightsRequest.objects.select_related("assignee").prefetch_related("claims")
        whole = shown.annotate(waits=lists.waiting())
        likely = paging.number_of(request) if request.GET.get(filters.WaitsFilter.parameter_name) else None
        return paging.KeyPaginator(queryset, per_page, *args, whole=whole, likely=likely, **how)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[RightsRequest], search_term: str
    ) -> tuple[QuerySet[RightsRequest], bool]:
        """Part of a reference is looked for among the references first, not in every row of the list in its order."""
        found, twice = super().get_search_results(request, RightsRequest.objects.order_by(), search_term)
        return (queryset.filter(pk__in=found.values("pk")) if search_term else queryset), twice

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """What is due next comes first, also among equal rows of a column; of what has ended, what came last."""
        if request.GET.get("which") in ("ended", "all") and not request.GET.get(ORDER_VAR):
            return ["-received_at"]
        return ["due", "received_at", "pk"]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method == "GET":
            coming_back.remember(request)
        states = {"source_states": holdups.states(), "waiting_searches": holdups.waiting_searches()}
        return super().changelist_view(request, (extra_context or {}) | states)

    def action_checkbox(self, case: RightsRequest) -> SafeString:
        """Django's own, without rendering a template for each row."""
        words = gettext("Select %(reference)s") % {"reference": case.reference}
        box = '<input type="checkbox" name="{}" value="{}" class="action-select" aria-label="{}">'
        return format_html(box, ACTION_CHECKBOX_NAME, case.pk, words)

    @admin.display(description=_("Reference"), ordering="reference")
    def ref(self, case: RightsRequest) -> str:
        return case.reference

    @admin.display(description=_("Due"), ordering="due")
    def due_on(self, case: RightsRequest) -> SafeString:
        return format_html("{} {}", whole(date_format(case.due, "SHORT_DATE_FORMAT")), _left(case))

    @admin.display(description=_("Received"), ordering="received_at")
    def received_on(self, case: RightsRequest) -> SafeString:
        return whole(date_format(localtime(case.received_at), "SHORT_DATE_FORMAT"))

    @admin.display(description=_("Claims"))
    def claims_listed(self, case: RightsRequest) -> str:
        return format_html_join(", ", "{}", ((Right(claim.right).label,) for claim in case.claims.all()))

    @admin.display(description=_("State"), ordering="state")
    def status(self, case: RightsRequest) -> SafeString:
        return label(Colour.PLAIN, state_name(case.state))

    @admin.display(description=_("Waits for"))
    def waits_for(self, case: Any) -> str:
        return str(lists.WORDS[case.waits])

    @admin.display(description=_("Assigned to"), ordering="assignee__username", empty_value="–")
    def assignee(self, case: RightsRequest) -> str | None:
        return bulk.name_of(case.assignee) if case.assignee else None

    def has_change_rights_permission(self, request: HttpRequest) -> bool:
        """Django's admin asks it before it offers the actions: who moves requests may say who sees to them."""
        return request.user.has_perm(CHANGE)

    def get_urls(self) -> list[URLPattern]:
        own = [path(route, view, name=f"rights_request_{name}") for name, (route, view) in PAGES.items()]
        own += [path(ONE + route, view, name=f"rights_request_{name}") for name, route, view in review.ADDRESSES]
        return [*own, path(ONE + "change/", views.overview, name="rights_rightsrequest_change"), *super().get_urls()]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: object = None) -> HttpResponse:
        return redirect("admin:rights_request_enter")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: object = None
    ) -> HttpResponse:
        """There is no form over the rows: however the number is written, the way leads to the desk's own page."""
        try:
            return redirect("admin:rights_rightsrequest_change", UUID(object_id))
        except ValueError as error:
            raise Http404 from error

    def has_change_permission(self, request: HttpRequest, obj: RightsRequest | None = None) -> bool:
        """What moves a request goes through `portal.flow`; its pages ask for the permission themselves."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: RightsRequest | None = None) -> bool:
        return False


def _left(case: RightsRequest) -> SafeString:
    """How many days there are, or were."""
    left = queries.days_left(case)
    if not queries.is_owed(case):
        return label(Colour.PLAIN, gettext("done"))
    if left < 0:
        return label(Colour.BAD, gettext("overdue by %(days)d d") % {"days": -left})
    return label(Colour.WARN if left <= SOON_DAYS else Colour.GOOD, gettext("%(days)d days left") % {"days": left})
