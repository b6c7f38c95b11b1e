"""Changes in Django's own forms of the desk, written into the journal."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from portal.desk.access import actor
from rights import journal


class Journalled(admin.ModelAdmin):
    """Who changed which fields of a row that says who is told, what is searched, or what an answer says."""

    def save_related(self, request: HttpRequest, form: forms.ModelForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        changed = sorted({*form.changed_data, *(name for each in formsets for name in _changed_in(each))})
        if changed or not change:
            detail = {"row": form.instance.pk, "changed": changed}
            event = f"{form.instance._meta.model_name}_{'changed' if change else 'added'}"
            journal.record(request=None, actor=actor(request), event=event, detail=detail)


def _changed_in(formset: forms.BaseFormSet) -> set[str]:
    return {name for form in formset.forms for name in form.changed_data}
