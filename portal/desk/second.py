"""The second factor at the desk: showing it, enrolling one at the first sign-in, and looking after one's own."""

from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_otp import login as otp_login
from django_otp.models import Device
from django_otp_webauthn.models import WebAuthnCredential

from portal.desk.access import actor, member
from portal.desk.gate import is_verified, to_second
from portal.desk.login import refuse_if_locked
from portal.desk.pages import page
from portal.models import Totp
from portal.staff import accounts, locks, sessions
from portal.staff import factors as own


def passed(http: HttpRequest, device: Device) -> None:
    """The session has shown the second factor. The first time it is journalled as signing in."""
    user, first = member(http), not is_verified(http)
    otp_login(http, device)
    sessions.passed(http.session)
    locks.forgive(user)
    if first:
        accounts.note("signed_in", user, actor=actor(http), by=device._meta.model_name)


def next_page(http: HttpRequest) -> str:
    """Where the person was going, if that is here."""
    target = http.GET.get("next", "")
    here = url_has_allowed_host_and_scheme(target, allowed_hosts={http.get_host()}, require_https=http.is_secure())
    return target if here else reverse("admin:index")


@require_http_methods(["GET", "POST"])
def second(http: HttpRequest) -> HttpResponse:
    """Ask for the second factor: a code of the app, a recovery code, or a passkey."""
    user = member(http)
    if not own.is_enrolled(user):
        return redirect("staff:enrol")
    counted = [locks.of_second(user), locks.of_address(http)]
    problem = ""
    if http.method == "POST":
        try:
            device = _shown(http, counted)
            if device is not None:
                passed(http, device)
                return redirect(next_page(http))
            refuse_if_locked(*counted)
            problem = _("That is not a code of yours, or it was used before. The app shows a new one every 30 seconds.")
        except ValidationError as locked:
            problem = " ".join(locked.messages)
    return page(
        http,
        "desk/second.html",
        _("Second step"),
        problem=problem,
        app=Totp.objects.filter(user=user, confirmed=True).exists(),
        passkeys=WebAuthnCredential.objects.filter(user=user, confirmed=True).exists(),
        next=next_page(http),
    )


def _shown(http: HttpRequest, counted: list[locks.Counted]) -> Device | None:
    """What the code that was typed is of; None if it is of nothing, which counts. Raises: ValidationError (locked)."""
    with locks.one_at_a_time(*counted):
        refuse_if_locked(*counted)
        device = own.take(member(http), http.POST.get("code", "")[:64])
        if device is None:
            locks.failed(*counted, user=member(http))
    return device


@require_http_methods(["GET", "POST"])
def enrol(http: HttpRequest) -> HttpResponse:
    """Begin to use an app or a passkey. Whoever has a factor must have shown it a moment ago."""
    user = member(http)
    if own.is_enrolled(user) and not may_change(http):
        return to_second(http)
    problem = ""
    if http.method == "POST":
        device = own.confirm(user, "".join(http.POST.get("code", "").split())[:64])
        if device is not None:
            accounts.note("factor_added", user, actor=actor(http), kind="totp")
            passed(http, device)
            return _show_codes(http) if not own.recovery_codes_left(user) else redirect("staff:factors")
        problem = _("That is not the code that the app shows now. See that the clock of your telephone is right.")
    secret = own.secret_of(own.pending(user))
    return page(
        http,
        "desk/enrol.html",
        _("Set up your second factor"),
        problem=problem,
        picture=own.picture(user, secret),
        secret=own.as_text(secret),
    )


def may_change(http: HttpRequest) -> bool:
    """Whether one's own factors may be changed now: an unattended screen is not enough."""
    return is_verified(http) and sessions.is_fresh(http.session)


def _show_codes(http: HttpRequest) -> HttpResponse:
    user = member(http)
    codes = own.new_recovery_codes(user)
    accounts.note("recovery_codes_made", user, actor=actor(http))
    return page(http, "desk/codes.html", _("Your recovery codes"), codes=codes)


@require_http_methods(["GET", "POST"])
def factors(http: HttpRequest) -> HttpResponse:
    """One's own factors and sessions."""
    user = member(http)
    if http.method == "POST":
        if "everywhere" in http.POST:
            accounts.note("sessions_ended", user, actor=actor(http))
            sessions.end_all(user.pk)
            logout(http)
            return redirect("admin:login")
        if not may_change(http):
            return redirect(f"{reverse('staff:second')}?next={reverse('staff:factors')}")
        if "codes" in http.POST:
            return _show_codes(http)
        _remove(http)
        return redirect("staff:factors")
    return page(
        http,
        "desk/factors.html",
        _("Your second factors"),
        app=Totp.objects.filter(user=user, confirmed=True).exists(),
        passkeys=WebAuthnCredential.objects.filter(user=user, confirmed=True).order_by("pk"),
        codes_left=own.recovery_codes_left(user),
    )


def _remove(http: HttpRequest) -> None:
    """Remove the app or a passkey, but never the last factor."""
    user = member(http)
    app = Totp.objects.filter(user=user, confirmed=True)
    keys = WebAuthnCredential.objects.filter(user=user, confirmed=True)
    wanted = http.POST.get("passkey", "")
    chosen = app if "app" in http.POST else keys.filter(pk=int(wanted) if wanted.isdecimal() else 0)
    if app.count() + keys.count() - chosen.count() < 1:
        messages.error(http, _("This is your only second factor: set up another one first."))
    elif chosen.count():
        kind = chosen.model._meta.model_name
        chosen.delete()
        accounts.note("factor_removed", user, actor=actor(http), kind=kind)
        messages.success(http, _("It was removed."))
