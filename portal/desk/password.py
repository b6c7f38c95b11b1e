"""Setting a password: through a link that is good for once, or at the desk by who knows the old one."""

from http import HTTPStatus
from typing import Any

from django.contrib import admin
from django.contrib.auth import logout
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.views import PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from portal.desk.access import actor, member
from portal.staff import accounts, locks, sessions
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


@require_http_methods(["GET", "POST"])
def change_password(http: HttpRequest) -> HttpResponse:
    """Django's page to change one's own password, for who has shown their second factor a moment ago.

    A wrong old password counts like a wrong code, or an open session would be a place to guess it.
    """
    user = member(http)
    if not sessions.is_fresh(http.session):
        return redirect(f"{reverse('staff:second')}?next={reverse('admin:password_change')}")
    if http.method != "POST":
        return admin.site.password_change(http)
    counted = locks.of_second(user)
    with locks.one_at_a_time(counted):
        if locks.locked_until(counted):
            logout(http)
            return redirect("admin:login")
        response = admin.site.password_change(http)
        if response.status_code == HTTPStatus.FOUND:
            accounts.note("password_changed", user, actor=actor(http))
        elif "old_password" in _errors(response):
            locks.failed(counted, user=user)
    return response


def _errors(response: HttpResponse) -> dict[str, Any]:
    context = getattr(response, "context_data", None) or {}
    return dict(context["form"].errors) if "form" in context else {}
