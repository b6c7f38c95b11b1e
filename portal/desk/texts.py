"""Texts that staff keep for messages: their own pages, and filling one into a message."""

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.utils import formats, translation
from django.utils.translation import gettext_lazy as _

from portal.models import MessageText
from rights.models import RightsRequest


class TextForm(forms.ModelForm):
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)

    class Meta:
        model = MessageText
        fields = ["language", "title", "words"]


@admin.register(MessageText)
class MessageTextAdmin(admin.ModelAdmin):
    """One text, one language. Nothing personal belongs in it: it is kept as it is."""

    form = TextForm
    list_display = ["title", "language"]
    list_filter = ["language"]
    search_fields = ["title"]
    list_per_page = 50
    show_full_result_count = False


def offered(request: RightsRequest) -> QuerySet[MessageText]:
    """Those in the language of a request."""
    return MessageText.objects.filter(language=request.language).order_by("title", "pk")


def added(typed: str, text: MessageText, request: RightsRequest) -> str:
    """What was typed with a text below it: nothing typed is lost."""
    with translation.override(request.language):
        due = formats.date_format(request.due, "DATE_FORMAT")
    filled = text.filled({"reference": request.reference, "due": due})
    return f"{typed.rstrip()}\n\n{filled}" if typed.strip() else filled
