"""The controller's profile, its recipients, and the sources of pictures."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.widgets import AdminURLFieldWidget
from django.db.models import Field, QuerySet, URLField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from matching.models import Photo, PhotoStatus, Source
from portal.desk import filters, holdups, marking, paging, pictures
from portal.desk.journalled import Journalled
from portal.desk.labels import label
from portal.models import ControllerProfile, ControllerText, Recipient, Remedy


class TextForm(forms.ModelForm):
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)

    class Meta:
        model = ControllerText
        fields = [
            "language",
            "purposes",
            "categories",
            "storage",
            "origin",
            "automated",
            "safeguards",
            "court",
        ]


class TextInline(admin.StackedInline):
    """What article 15 asks of the controller, per language of its answers."""

    model = ControllerText
    form = TextForm
    extra = 0
    max_num = len(settings.LANGUAGES)


class RemedyForm(forms.ModelForm):
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    authority_url = forms.URLField(label=_("its complaints page"), assume_scheme="https", widget=AdminURLFieldWidget)

    class Meta:
        model = Remedy
        fields = ["regime", "language", "authority_name", "authority_address", "authority_url", "court"]


class RemedyInline(admin.StackedInline):
    """Whom people can turn to whose place has another law than ours: a request under it is answered only with this."""

    model = Remedy
    form = RemedyForm
    extra = 0


@admin.register(ControllerProfile)
class ControllerProfileAdmin(Journalled):
    """One row; opened directly."""

    inlines = [TextInline, RemedyInline]

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, URLField):
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def changelist_view(self, request: HttpRequest, extra_context: object = None) -> HttpResponse:
        if ControllerProfile.objects.filter(pk=1).exists():
            return redirect("admin:portal_controllerprofile_change", 1)
        return redirect("admin:portal_controllerprofile_add")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not ControllerProfile.objects.filter(pk=1).exists()

    def has_delete_permission(self, request: HttpRequest, obj: ControllerProfile | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ControllerProfile, form: forms.ModelForm, change: bool) -> None:
        obj.pk = 1
        super().save_model(request, obj, form, change)


@admin.register(Recipient)
class RecipientAdmin(Journalled):
    list_display = ["name", "role", "country", "since"]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A box for each source: Django's two lists with arrows are hard to use without a mouse."""
        return super().formfield_for_manytomany(
            db_field, request, **(kwargs | {"widget": forms.CheckboxSelectMultiple})
        )


@admin.register(Source)
class SourceAdmin(Journalled):
    """Sources are added by `manage.py import_photos`; here staff choose what an erasure does to group pictures, and how
    hard faces are looked for."""

    list_display = ["name", "detector", "state", "why", "waits", "held", "unreadable", "without_face", "last_import_at"]
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
        "detector",
        "taken_at",
        "imported_at",
    ]
    sortable_by = ["number", "face_count", "taken_at"]
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

    @admin.display(description=_("file"), empty_value="–")
    def file(self, photo: Photo) -> str | None:
        if not photo.is_held:
            return None
        pixels = f"{photo.width} × {photo.height}" if photo.width else ""
        return ", ".join(filter(None, [photo.format, pixels, filesizeformat(photo.size)]))

    @admin.display(description=_("looked at by staff, who saw no face"), empty_value="–")
    def seen(self, photo: Photo) -> str | None:
        if photo.looked_at is None:
            return None
        return f"{date_format(localtime(photo.looked_at), 'SHORT_DATETIME_FORMAT')}, {photo.looked_at_by}"

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
