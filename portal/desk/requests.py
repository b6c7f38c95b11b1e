"""The queue: requests, the next due first."""

from collections.abc import Callable, Iterator
from typing import Any, Final
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.desk import (
    around,
    clock,
    documents,
    held,
    holdups,
    live,
    not_me,
    pictures,
    represented,
    review,
    thread,
    views,
)
from portal.desk.labels import Colour, label
from portal.models import Author, JobState, Message
from portal.words import JOB_PROBLEMS, SOON_DAYS, state_name
from rights import queries
from rights.law.lifecycle import RequestState
from rights.models import ClockEvent, ClockKind, Decision, RightsRequest

ONE: Final = "<uuid:request_id>/"
PAGES: Final[dict[str, tuple[str, Callable[..., HttpResponseBase]]]] = {
    "enter": ("enter/", views.enter),
    "confirm": (ONE + "confirm/", views.confirm),
    "withdraw": (ONE + "withdraw/", views.withdraw),
    "withdraw_consent": (ONE + "template/destroy/", held.withdraw_consent),
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


class OpenFilter(admin.SimpleListFilter):
    """Open requests unless the reader asks for the others: a finished one never crowds the queue."""

    title = _("open or ended")
    parameter_name = "which"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        names = {"overdue": _("overdue"), "ours": _("waiting for us"), "ended": _("ended"), "all": _("all")}
        return [(value, str(name)) for value, name in names.items()]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        unset, *others = super().choices(changelist)
        yield {**unset, "display": gettext("open")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[RightsRequest]) -> QuerySet[RightsRequest]:
        match self.value():
            case "overdue":
                return queryset.filter(owed(), due__lt=queries.today())
            case "ours":
                return queryset.filter(state__in=[RequestState.SEARCHED, RequestState.REVIEWED])
            case "ended":
                return queryset.exclude(owed())
            case "all":
                return queryset
            case _other:
                return queryset.filter(owed())


class StateFilter(admin.SimpleListFilter):
    """States by the names that the lists show."""

    title = _("state")
    parameter_name = "state__exact"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(state.value, state_name(state)) for state in RequestState]

    def queryset(self, request: HttpRequest, queryset: QuerySet[RightsRequest]) -> QuerySet[RightsRequest]:
        return queryset.filter(state=self.value()) if self.value() else queryset


def owed() -> Q:
    """Requests that are still owed something."""
    return ~Q(state__in=queries.OVER)


@admin.register(RightsRequest)
class RequestAdmin(admin.ModelAdmin):
    """The list; the page of one request is the desk's own."""

    list_display = ["ref", "urgency", "due", "claims_listed", "status", "channel", "received_at", "waits_for"]
    list_filter = [OpenFilter, StateFilter, "channel", "country"]
    search_fields = ["reference"]
    search_help_text = _("Reference")
    list_per_page = 50
    show_full_result_count = False
    change_list_template = "desk/list_with_sources.html"
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[RightsRequest]:
        ended = Case(When(owed(), then=Value(0)), default=Value(1))
        return (
            super()
            .get_queryset(request)
            .prefetch_related("claims", "jobs")
            .annotate(
                ended_order=ended,
                asked=Exists(ClockEvent.objects.filter(request=OuterRef("pk"), kind=ClockKind.ASKED, answer=None)),
                written=Exists(Message.objects.filter(request=OuterRef("pk"), author=Author.PERSON, read_at=None)),
                proposed=Exists(Decision.objects.filter(claim__request=OuterRef("pk"), in_force=False)),
            )
            .order_by("ended_order", "due", "received_at", "pk")
        )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        states = {"source_states": holdups.states(), "waiting_searches": holdups.waiting_searches()}
        return super().changelist_view(request, (extra_context or {}) | states)

    @admin.display(description=_("Reference"), ordering="reference")
    def ref(self, case: RightsRequest) -> str:
        return case.reference

    @admin.display(description=_("Urgency"), ordering="due")
    def urgency(self, case: RightsRequest) -> SafeString:
        left = queries.days_left(case)
        if not queries.is_owed(case):
            return label(Colour.PLAIN, gettext("done"))
        if left < 0:
            return label(Colour.BAD, gettext("overdue by %(days)d d") % {"days": -left})
        return label(Colour.WARN if left <= SOON_DAYS else Colour.GOOD, gettext("%(days)d days left") % {"days": left})

    @admin.display(description=_("Claims"))
    def claims_listed(self, case: RightsRequest) -> str:
        return format_html_join(", ", "{}", ((claim.get_right_display(),) for claim in case.claims.all()))

    @admin.display(description=_("State"), ordering="state")
    def status(self, case: RightsRequest) -> SafeString:
        return label(Colour.PLAIN, state_name(case.state))

    @admin.display(description=_("Waits for"))
    def waits_for(self, case: Any) -> str:
        open_jobs = [job for job in case.jobs.all() if job.state != JobState.DONE]
        if known := [JOB_PROBLEMS[job.problem] for job in open_jobs if job.problem in JOB_PROBLEMS]:
            return str(known[0])
        if case.written:
            return gettext("us: an unread message")
        if open_jobs:
            return gettext("the worker")
        if case.proposed and queries.is_owed(case):
            return gettext("us: a second signature")
        if case.asked and queries.is_owed(case):
            return gettext("the person: an answer")
        return str(WAITS_FOR.get(RequestState(case.state), ""))

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


WAITS_FOR = {
    RequestState.RECEIVED: _("the person: e-mail code"),
    RequestState.CONFIRMED: _("the person: a better photograph"),
    RequestState.SEARCHED: _("us: review the hits"),
    RequestState.REVIEWED: _("us: decide"),
    RequestState.DECIDED: _("the person: fetch the copy"),
}
