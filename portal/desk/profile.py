"""The controller's profile and its recipients."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.widgets import AdminURLFieldWidget
from django.db.models import Field, URLField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from portal.desk.journalled import Journalled
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
