"""Locks hold whatever comes at once: of many guesses sent together no more are looked at than of those one by one."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.urls import reverse

from portal.models import FailureKind, SignInFailures
from portal.staff import factors
from portal.staff.roles import Role
from tests.conftest import PASSWORD
from tests.staffing import app_of, member, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 12


@pytest.fixture
def user() -> User:
    return member("somebody", Role.TRIAGE, password=PASSWORD)


def slowly(looked: list[str], what: str) -> None:
    """As slow as a hash is: all others arrive meanwhile."""
    looked.append(what)
    time.sleep(0.05)


def refused(looked: list[str], what: str) -> bool:
    slowly(looked, what)
    return False


def at_once(clients: list[Client], address: str, data: dict[str, str]) -> None:
    """Send the same form from every browser together."""

    def send(client: Client) -> None:
        try:
            client.post(address, data)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(clients)) as threads:
        list(threads.map(send, clients))


def test_wrong_codes_sent_together_are_looked_at_five_times(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    clients = [Client() for _each in range(AT_ONCE)]
    app_of(user)
    for client in clients:
        client.force_login(user)
    looked: list[str] = []
    monkeypatch.setattr(factors, "take", lambda user, code: slowly(looked, code))
    at_once(clients, reverse("staff:second"), {"code": "000000"})
    assert len(looked) == 5
    assert SignInFailures.objects.get(kind=FailureKind.SECOND).locks == 1


def test_wrong_passwords_sent_together_are_looked_at_five_times(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr("django.contrib.auth.forms.authenticate", lambda *_args, **how: slowly(looked, "password"))
    clients = [Client() for _each in range(AT_ONCE)]
    at_once(clients, reverse("admin:login"), {"username": "somebody", "password": "a guess"})
    assert len(looked) == 5
    assert SignInFailures.objects.get(kind=FailureKind.ACCOUNT).locks == 1


def test_old_passwords_guessed_together_from_an_open_desk_are_looked_at_five_times(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = [sign_in(Client(), user) for _each in range(AT_ONCE)]
    looked: list[str] = []
    monkeypatch.setattr(User, "check_password", lambda self, raw: refused(looked, raw))
    guess = {"old_password": "a guess", "new_password1": "another horse, a battery", "new_password2": "x"}
    at_once(clients, reverse("admin:password_change"), guess)
    assert len(looked) == 5


def test_the_right_code_among_wrong_ones_is_taken_once(user: User) -> None:
    clients = [Client() for _each in range(4)]
    app_of(user)
    for client in clients:
        client.force_login(user)
    code, _wait = factors.current_code(user)
    at_once(clients, reverse("staff:second"), {"code": code})
    seen = [client.get(reverse("staff:factors")).status_code for client in clients]
    assert sorted(seen) == [200, 302, 302, 302]
