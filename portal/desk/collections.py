"""The sources of pictures, and what is held of them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from matching.models import Photo, PhotoStatus, Source
from portal.desk import deeds, filters, holdups, marking, paging, pictures
from portal.desk.journalled import Journalled
from portal.desk.labels import label, moment


@admin.register(Source)
class SourceAdmin(Journalled):
    """Sources are added by `manage.py import_photos`; here staff choose what an erasure does to group pictures, and how
    hard faces are looked for."""

    list_display = ["name", "standing", "waits", "held", "unreadable", "without_face", "last_import"]
    list_filter = [filters.HeldUpFilter]
    readonly_fields = ["url", "state", "why", "waits", "last_import_at"]
    fields = ["name", "url", "group_policy", "detector", "state", "why", "waits", "last_import_at"]
    change_list_template = "desk/list_with_sources.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        states = {"source_states": holdups.states(), "waiting_searches": holdups.waiting_searches()}
        return super().changelist_view(request, (extra_context or {}) | states)

    @admin.display(description=_("state"))
    def state(self, source: Source) -> SafeString:
        return label(*holdups.said(holdups.state_of(source)))

    @admin.display(description=_("state"))
    def standing(self, source: Source) -> SafeString:
        return format_html("{} {}", self.state(source), self.why(source))

    @admin.display(description=_("last import"), ordering="last_import_at")
    def last_import(self, source: Source) -> SafeString:
        return moment(source.last_import_at)

    @admin.display(description=_("why"))
    def why(self, source: Source) -> str:
        """Since when it does not answer, and the reason."""
        if source.reachable:
            return ""
        since = date_format(localtime(source.unreachable_since), "DATETIME_FORMAT") if source.unreachable_since else "?"
        return gettext("since %(since)s: %(why)s") % {"since": since, "why": source.get_problem_display()}

    @admin.display(description=_("erasures that wait"))
    def waits(self, source: Source) -> int:
        return holdups.state_of(source).erasures

    @admin.display(description=_("photos held"))
    def held(self, source: Source) -> int:
        return source.photos.count()

    @admin.display(description=_("unreadable"))
    def unreadable(self, source: Source) -> int:
        return source.photos.filter(status=PhotoStatus.UNREADABLE).count()

    @admin.display(description=_("no face found"))
    def without_face(self, source: Source) -> int:
        return source.photos.filter(status=PhotoStatus.READ, face_count=0).count()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Source | None = None) -> bool:
        return False


class FaceFilter(admin.SimpleListFilter):
    """Photos in which no face was found: nobody can be found in them either."""

    title = _("faces")
    parameter_name = "faces"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("none", gettext("no face found")), ("some", gettext("with faces"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Photo]) -> QuerySet[Photo]:
        match self.value():
            case "none":
                return queryset.filter(status=PhotoStatus.READ, face_count=0)
            case "some":
                return queryset.filter(face_count__gt=0)
            case _other:
                return queryset


@admin.register(Photo)
class PhotoAdmin(paging.Paged):
    """What is held, above all what could not be read and where no face was found. Pictures are not shown here."""

    list_display = [
        "number",
        "source",
        "status",
        "problem",
        "face_count",
        "to_mark",
        "taken",
        "imported",
    ]
    sortable_by = ["number", "face_count", "taken"]
    list_filter = ["source", "status", "problem", "detector", FaceFilter]
    list_select_related = ["source"]
    fields = [
        "source",
        "path",
        "source_url",
        "status",
        "problem",
        "file",
        "taken_at",
        "imported_at",
        "face_count",
        "detector",
        "engine",
        "seen",
        "checksum",
        "metadata",
    ]

    @admin.display(description=_("taken"), ordering="taken_at")
    def taken(self, photo: Photo) -> SafeString:
        return moment(photo.taken_at)

    @admin.display(description=_("imported"))
    def imported(self, photo: Photo) -> SafeString:
        return moment(photo.imported_at)

    @admin.display(description=_("file"))
    def file(self, photo: Photo) -> str:
        if not photo.is_held:
            return "–"
        pixels = f"{photo.width} × {photo.height}" if photo.width else ""
        return ", ".join(filter(None, [photo.format, pixels, filesizeformat(photo.size)]))

    @admin.display(description=_("looked at by staff, who saw no face"))
    def seen(self, photo: Photo) -> SafeString:
        by = deeds.actor_names([photo.looked_at_by]).get(photo.looked_at_by, photo.looked_at_by)
        return format_html("{} {}", moment(photo.looked_at), by)

    @admin.display(description=_("checksum (SHA-256)"))
    def checksum(self, photo: Photo) -> str:
        return photo.sha256

    @admin.display(description=_("number"), ordering="pk")
    def number(self, photo: Photo) -> int:
        return photo.pk

    @admin.display(description=_("faces by hand"))
    def to_mark(self, photo: Photo) -> str:
        if photo.status != PhotoStatus.READ:
            return ""
        return format_html('<a href="{}">{}</a>', reverse("admin:matching_photo_mark", args=[photo.pk]), _("mark"))

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("faceless/", marking.faceless, name="matching_photo_faceless"),
            path("<int:photo_id>/mark/", marking.mark, name="matching_photo_mark"),
            path("<int:photo_id>/picture.jpg", pictures.held, name="matching_photo_held"),
        ]
        return own + super().get_urls()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Photo | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Photo | None = None) -> bool:
        return False
