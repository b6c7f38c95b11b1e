"""Signing in with name and password: the first half. A lock says until when; nothing says whether an account exists."""

from typing import Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.models import User
from django.utils.formats import time_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from portal.staff import locks


def refuse_if_locked(*counted: locks.Counted) -> None:
    """Raises: ValidationError, saying when the lock lifts."""
    until = locks.locked_until(*counted)
    if until is not None:
        text = _("Too many failures. Signing in is locked until %(time)s. An administrator can lift it earlier.")
        raise forms.ValidationError(text % {"time": time_format(localtime(until), "H:i")}, code="locked")


class SignInForm(AdminAuthenticationForm):
    """The desk's sign-in."""

    def clean(self) -> dict[str, Any]:
        name = self.cleaned_data.get("username", "")
        if self.request is None or not name or not self.cleaned_data.get("password"):
            return super().clean()
        counted = (locks.of_name(name), locks.of_address(self.request))
        with locks.one_at_a_time(*counted):
            refuse_if_locked(*counted)
            try:
                return super().clean()
            except forms.ValidationError as error:
                problem = error
                locks.failed(*counted, user=User.objects.filter(username__iexact=name.strip()).first())
        refuse_if_locked(*counted)
        raise problem
