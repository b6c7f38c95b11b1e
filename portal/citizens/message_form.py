"""The form for a message to staff."""

from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.citizens.forms import PhotoField
from portal.citizens.wording import upload_problem


class MessageForm(forms.Form):
    """A message to staff.

    Args:
        oversize: the upload was larger than the server takes, and so no file arrived.
    """

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    words = forms.CharField(
        label=_("Your message"),
        help_text=_("It is stored encrypted, and destroyed with your photograph. Please send no identity document."),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": _("Write your message here.")},
    )
    picture = PhotoField(
        label=_("A picture, if it helps (optional)"),
        help_text=_("JPEG, PNG, WebP, TIFF or HEIC, at most %(megabytes)d MB."),
        required=False,
        allow_empty_file=True,
    )

    def __init__(self, *args: Any, oversize: bool = False, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "id_message_%s")
        super().__init__(*args, **kwargs)
        picture = self.fields["picture"]
        picture.help_text = picture.help_text % {"megabytes": settings.UPLOAD_MAX_BYTES // (1024 * 1024)}
        if oversize:
            picture.required = True
            picture.error_messages["required"] = str(upload_problem("file_too_large"))


class MissedForm(forms.Form):
    """A picture that we missed: itself, or where it is.

    Args:
        oversize: as of `MessageForm`.
    """

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    address = forms.CharField(
        label=_("Its address on the web, or where it can be found"),
        max_length=2000,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    missed = PhotoField(
        label=_("Or the picture itself"),
        help_text=_("JPEG, PNG, WebP, TIFF or HEIC, at most %(megabytes)d MB."),
        required=False,
        allow_empty_file=True,
    )

    def __init__(self, *args: Any, oversize: bool = False, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "id_missed_%s")
        super().__init__(*args, **kwargs)
        picture = self.fields["missed"]
        picture.help_text = picture.help_text % {"megabytes": settings.UPLOAD_MAX_BYTES // (1024 * 1024)}
        if oversize:
            picture.required = True
            picture.error_messages["required"] = str(upload_problem("file_too_large"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not cleaned.get("address") and not cleaned.get("missed"):
            self.add_error("address", gettext("Say where the picture is, or choose it below."))
        return cleaned
