"""Passkeys: the four addresses that a browser speaks to, `django_otp_webauthn`'s with what the desk adds."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.utils.translation import gettext_lazy as _
from django_otp_webauthn import exceptions, views
from django_otp_webauthn.models import AbstractWebAuthnCredential

from portal.desk.access import actor, member
from portal.desk.second import may_change, next_page, passed
from portal.staff import accounts, factors, sessions


class NotFresh(exceptions.OTPWebAuthnApiError):
    """The second factor was not shown a moment ago."""

    status_code = 403
    default_code = "not_fresh"
    default_detail = _("Show your second factor once more before you change it.")


class _OnlyFresh:
    """Whoever has a factor must have shown it a moment ago before another one is added."""

    request: Any

    def check_can_register(self) -> None:
        if factors.is_enrolled(member(self.request)) and not may_change(self.request):
            raise NotFresh


class Begin(_OnlyFresh, views.BeginCredentialRegistrationView):
    """What the browser needs to make a passkey."""


class Complete(_OnlyFresh, views.CompleteCredentialRegistrationView):
    """The passkey that it made. The session has shown a second factor by that."""

    def post(self, *args: Any, **kwargs: Any) -> Any:
        before = self.request.user.is_verified()
        response = super().post(*args, **kwargs)
        user = member(self.request)
        accounts.note("factor_added", user, actor=actor(self.request), kind="webauthncredential")
        if not before:
            sessions.passed(self.request.session)
            accounts.note("signed_in", user, actor=actor(self.request), by="webauthncredential")
        return response


class Ask(views.BeginCredentialAuthenticationView):
    """What the browser needs to use a passkey."""


class Told(views.CompleteCredentialAuthenticationView):
    """What the passkey signed."""

    def complete_auth(self, device: AbstractWebAuthnCredential) -> AbstractBaseUser:
        passed(self.request, device)
        return member(self.request)

    def get_success_url(self) -> str:
        return next_page(self.request)
