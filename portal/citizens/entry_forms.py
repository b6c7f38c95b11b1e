"""The ways back to a request: its reference and address, and the six digits that are mailed."""

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.identity import email_code
from rights import reference


class FindForm(forms.Form):
    """The way back to a request."""

    reference = forms.CharField(
        label=_("Reference"),
        help_text=_("It begins with REG. You find it in every mail and letter from us."),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}),
        error_messages={"required": _("Give the reference of your request.")},
    )
    email = forms.EmailField(
        label=_("The e-mail address that you gave"),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
        error_messages={
            "required": _("Give the e-mail address that you gave with the request."),
            "invalid": _("Write the e-mail address in full, like name@example.org."),
        },
    )

    def clean_reference(self) -> str:
        """The written form. A reference that cannot exist is a slip of the hand, and says nothing of any request."""
        parsed = reference.parse(self.cleaned_data["reference"])
        if parsed is None:
            raise forms.ValidationError(
                _("There is a slip in this reference. It has eight characters after REG, like REG-7K3M-9QXD.")
            )
        return parsed


class CodeForm(forms.Form):
    """Six digits."""

    code = forms.CharField(
        label=_("Six-digit code"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "class": "code"}),
        error_messages={"required": _("Type the six digits from the mail.")},
    )

    def clean_code(self) -> str:
        """The digits. What cannot be a code is a slip of the hand, and costs none of the tries."""
        typed = email_code.plain(self.cleaned_data["code"])
        if not re.fullmatch(r"[0-9]{6}", typed):
            raise forms.ValidationError(_("A code has six digits. Look at the newest mail, and type all of them."))
        return typed
