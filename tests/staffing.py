"""Members of staff, and how tests sign them in: past the second factor, without a telephone."""

import time

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.test import Client
from django_otp import DEVICE_ID_SESSION_KEY

from portal.models import Totp
from portal.staff import factors, roles, sessions
from portal.staff.roles import Role


def member(name: str, *held: Role, password: str | None = None) -> User:
    """An account with these roles."""
    user = User.objects.create_user(name, f"{name}@example.org", password, is_staff=True)
    roles.give(user, *held)
    return user


def app_of(user: User) -> Totp:
    """The account's authenticator app, which it begins to use now if it has none."""
    app = Totp.objects.filter(user=user, confirmed=True).first()
    if app is None:
        app = factors.pending(user)
        app.confirmed = True
        app.save(update_fields=["confirmed"])
    return app


def sign_in(client: Client, user: User) -> Client:
    """Sign somebody in, second factor and all; what a browser does is in `tests/portal/desk/test_second.py`."""
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    session = client.session
    session[DEVICE_ID_SESSION_KEY] = app_of(user).persistent_id
    _pass(session)
    return client


def _pass(session: SessionBase) -> None:
    session[sessions.KEY] = session[sessions.KEY] | {"passed": int(time.time())}
    session.save()
