"""The form for a message to staff."""

from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
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
