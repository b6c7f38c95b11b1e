"""Setting a password through a link that is good for once, for a new account or a forgotten password."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.views import PasswordResetConfirmView
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from portal.staff import accounts
from rights import journal


class _SetPassword(PasswordResetConfirmView):
    """Django's: the token leaves the address before the page is shown, and is worth nothing once used."""

    template_name = "desk/password.html"
    success_url = reverse_lazy("admin:login")
    title = _("Set your password")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**admin.site.each_context(self.request), **super().get_context_data(**kwargs)}

    def form_valid(self, form: SetPasswordForm) -> HttpResponse:
        response = super().form_valid(form)
        accounts.note("password_set", form.user, actor=journal.staff(form.user.pk))
        return response


set_password = _SetPassword.as_view()
