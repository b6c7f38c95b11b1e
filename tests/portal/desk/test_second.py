"""The second factor through the web: enrolling, showing, losing it; and the lock after failures."""

import json
import re
from datetime import datetime

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django_otp.oath import hotp
from django_otp_webauthn.models import WebAuthnCredential
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory

from portal import settings as read
from portal.models import RecoveryCodes, SignInFailures, Totp
from portal.staff import factors, locks
from portal.staff.roles import Role
from rights.models import JournalEntry
from tests.conftest import PASSWORD
from tests.staffing import app_of, member, sign_in

pytestmark = pytest.mark.django_db

NOW = "2026-03-02T08:00:10Z"
DESK, LOGIN = "/desk/", "/desk/login/"


@pytest.fixture
def user() -> User:
    return member("somebody", Role.TRIAGE, password=PASSWORD)


@pytest.fixture
def clock() -> object:
    with freeze_time(NOW) as frozen:
        yield frozen


def first_step(client: Client, name: str = "somebody", password: str = PASSWORD, **how: str) -> str:
    """Name and password; what the page says, or where it leads."""
    answer = client.post(LOGIN, {"username": name, "password": password}, **how)
    return answer["Location"] if answer.status_code == 302 else answer.content.decode()


def second_step(client: Client, code: str) -> str:
    answer = client.post(reverse("staff:second"), {"code": code})
    return answer["Location"] if answer.status_code == 302 else answer.content.decode()


def code_of(user: User, shift: int = 0) -> str:
    """What the app shows now, or some half minutes later; reckoned as the app does, from the secret."""
    now = int(datetime.now().timestamp()) // 30  # noqa: DTZ005 - freezegun's
    return f"{hotp(factors.secret_of(Totp.objects.order_by('-confirmed').filter(user=user)[0]), now + shift):06d}"


def events(*wanted: str) -> list[str]:
    return list(JournalEntry.objects.filter(event__in=wanted).order_by("position").values_list("event", flat=True))


# --- enrolling --------------------------------------------------------------------------------------------------------


def test_a_new_account_enrols_before_it_sees_anything(client: Client, user: User, clock: FrozenDateTimeFactory) -> None:
    assert first_step(client) == DESK
    answer = client.get(DESK, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("staff:enrol")
    text = answer.content.decode()
    assert "<svg" in text
    assert "http://www.w3.org" not in re.sub(r'xmlns="[^"]*"', "", text), "nothing is drawn elsewhere"
    secret = re.search(r"desk-secret[^>]*>([A-Z2-7]+)<", text)
    assert secret is not None
    assert secret[1] == factors.as_text(factors.secret_of(Totp.objects.get()))
    wrong = client.post(reverse("staff:enrol"), {"code": "000000"}).content.decode()
    assert "That is not the code" in wrong
    assert client.get(reverse("staff:factors")).status_code == 302
    shown = client.post(reverse("staff:enrol"), {"code": code_of(user)}).content.decode()
    codes = re.findall(r"<code>([A-Z2-7-]{19})</code>", shown)
    assert len(set(codes)) == 10
    assert client.get(reverse("staff:factors")).status_code == 200
    assert events("factor_added", "signed_in", "recovery_codes_made") == [
        "factor_added", "signed_in", "recovery_codes_made",
    ]  # fmt: skip


def test_an_unconfirmed_app_lets_nobody_in(client: Client, user: User, clock: FrozenDateTimeFactory) -> None:
    first_step(client)
    client.get(reverse("staff:enrol"))
    session = client.session
    session["otp_device_id"] = Totp.objects.get().persistent_id
    session.save()
    assert client.get(reverse("staff:factors")).status_code == 302


def test_nobody_enrols_over_somebody_elses_factor(client: Client, user: User, clock: FrozenDateTimeFactory) -> None:
    """Who has only the password gets no second app, and no passkey."""
    app_of(user)
    first_step(client)
    answer = client.get(reverse("staff:enrol"))
    assert answer["Location"].startswith(reverse("staff:second"))
    answer = client.post(reverse("staff:passkey_add"), "{}", content_type="application/json")
    assert answer.status_code == 403
    assert not Totp.objects.filter(confirmed=False).exists()


def test_one_who_has_walked_away_is_asked_again(client: Client, user: User, clock: FrozenDateTimeFactory) -> None:
    sign_in(client, user)
    assert client.get(reverse("staff:enrol")).status_code == 200
    clock.tick(11 * 60)
    assert client.get(reverse("staff:factors")).status_code == 200
    assert client.get(reverse("staff:enrol"))["Location"].startswith(reverse("staff:second"))
    assert client.post(reverse("staff:factors"), {"codes": "new"})["Location"].startswith(reverse("staff:second"))
    answer = client.post(reverse("staff:passkey_add"), "{}", content_type="application/json")
    assert (answer.status_code, json.loads(answer.content)["code"]) == (403, "not_fresh")
    assert second_step(client, code_of(user)) == DESK
    assert client.get(reverse("staff:enrol")).status_code == 200


def test_the_secret_is_not_in_the_database(user: User) -> None:
    app = app_of(user)
    secret = factors.secret_of(app)
    stored = str(Totp.objects.filter(pk=app.pk).values()[0]) + bytes(app.wrapped).hex()
    for form in (secret.hex(), factors.as_text(secret)):
        assert form.lower() not in stored.lower()
    other = member("other", Role.TRIAGE)
    Totp.objects.filter(pk=app.pk).update(user=other)
    with pytest.raises(Exception, match="do not open"):
        factors.secret_of(Totp.objects.get(pk=app.pk))


def test_a_passkey_is_asked_of_this_site_and_no_other(client: Client, user: User) -> None:
    first_step(client)
    options = client.post(reverse("staff:passkey_add"), "{}", content_type="application/json").json()
    assert options["rp"]["id"] == read.OTP_WEBAUTHN_RP_ID
    assert options["attestation"] == "none"
    bad = client.post(reverse("staff:passkey_added"), "{}", content_type="application/json")
    assert bad.status_code >= 400
    assert not WebAuthnCredential.objects.exists()
    assert client.get(reverse("staff:factors")).status_code == 302


# --- signing in -------------------------------------------------------------------------------------------------------


def test_password_and_code_open_the_desk_and_the_way_leads_back(
    client: Client, user: User, clock: FrozenDateTimeFactory
) -> None:
    app_of(user)
    target = reverse("admin:rights_rightsrequest_changelist")
    client.post(f"{LOGIN}?next={target}", {"username": "somebody", "password": PASSWORD, "next": target})
    asked = client.get(target)
    before = client.session.session_key
    answer = client.post(asked["Location"], {"code": code_of(user)})
    assert answer["Location"] == target
    assert client.get(target).status_code == 200
    assert client.session.session_key != before
    assert events("signed_in") == ["signed_in"]


def test_a_code_goes_once(user: User, clock: FrozenDateTimeFactory) -> None:
    app_of(user)
    one, other = Client(), Client()
    first_step(one)
    first_step(other)
    code = code_of(user)
    assert second_step(one, code) == DESK
    assert "it was used before" in second_step(other, code)
    clock.tick(30)
    assert second_step(other, code_of(user)) == DESK


@pytest.mark.parametrize(("shift", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_half_a_minute_off(
    client: Client, user: User, clock: FrozenDateTimeFactory, shift: int, taken: bool
) -> None:
    app_of(user)
    first_step(client)
    assert (second_step(client, code_of(user, shift)) == DESK) == taken


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "-12345", "0" * 1000])
def test_what_is_no_code_opens_nothing(client: Client, user: User, code: str) -> None:
    app_of(user)
    first_step(client)
    assert "not a code of yours" in second_step(client, code)


def test_a_recovery_code_goes_once_and_as_people_type_it(user: User) -> None:
    app_of(user)
    codes = factors.new_recovery_codes(user)
    for number, typed in enumerate((codes[0], codes[1].lower().replace("-", " "), f"  {codes[2]}")):
        client = Client()
        first_step(client)
        assert second_step(client, typed) == DESK, number
        assert client.get(reverse("staff:factors")).status_code == 200
    client = Client()
    first_step(client)
    assert "not a code of yours" in second_step(client, codes[0])
    assert len(RecoveryCodes.objects.get().digests) == 7
    assert codes[5].replace("-", "") not in str(RecoveryCodes.objects.values()[0])


def test_the_way_after_the_second_step_stays_here(client: Client, user: User, clock: FrozenDateTimeFactory) -> None:
    app_of(user)
    first_step(client)
    answer = client.post(reverse("staff:second") + "?next=https://elsewhere.example/", {"code": code_of(user)})
    assert answer["Location"] == DESK


def test_the_last_factor_stays(client: Client, user: User) -> None:
    sign_in(client, user)
    answer = client.post(reverse("staff:factors"), {"app": "remove"}, follow=True)
    assert "only second factor" in answer.content.decode()
    key = WebAuthnCredential.objects.create(user=user, name="key", credential_id=b"1", public_key=b"2", aaguid="0")
    foreign = WebAuthnCredential.objects.create(
        user=member("other"), name="key", credential_id=b"3", public_key=b"4", aaguid="0"
    )
    client.post(reverse("staff:factors"), {"passkey": foreign.pk})
    assert WebAuthnCredential.objects.count() == 2
    client.post(reverse("staff:factors"), {"passkey": key.pk})
    assert list(WebAuthnCredential.objects.all()) == [foreign]
    assert events("factor_removed") == ["factor_removed"]


# --- the lock ---------------------------------------------------------------------------------------------------------


def test_five_failures_lock_a_name_and_say_until_when(user: User, clock: FrozenDateTimeFactory) -> None:
    for number in range(4):
        assert "locked" not in first_step(Client(), password="wrong", REMOTE_ADDR=f"10.0.0.{number}")
    said = first_step(Client(), password="wrong", REMOTE_ADDR="10.0.0.9")
    assert "locked until 09:15" in said  # In Paris.
    assert "locked until 09:15" in first_step(Client(), REMOTE_ADDR="10.0.0.77"), "the right password does not help"
    entry = JournalEntry.objects.get(event="sign_in_locked")
    assert entry.detail == {"by": "account", "until": "2026-03-02T08:15:10+00:00", "account": f"staff:{user.pk}"}
    clock.tick(15 * 60 + 1)
    assert first_step(Client()) == DESK


def test_a_name_that_nobody_has_is_locked_in_the_same_words(user: User, clock: FrozenDateTimeFactory) -> None:
    """Whether there is such an account, nothing that is seen tells."""
    pages = {}
    for name, address in (("somebody", "10.0.0.1"), ("no.such.person", "10.0.0.2")):
        said = [first_step(Client(), name, "wrong", REMOTE_ADDR=address) for _each in range(6)]
        texts = [re.sub(r"<[^>]*>|\s+", " ", text).replace(name, "NAME") for text in said]
        wanted = r"Please enter the correct.*?case-sensitive\.|Too many failures.*?earlier\."
        pages[name] = [re.findall(wanted, text) for text in texts]
    assert pages["somebody"] == pages["no.such.person"]
    assert all(pages["somebody"])
    entry = JournalEntry.objects.filter(event="sign_in_locked").latest("position")
    assert "account" not in entry.detail
    assert "no.such.person" not in str(list(JournalEntry.objects.values()))
    assert "no.such.person" not in str(list(SignInFailures.objects.values()))
    assert "10.0.0" not in str(list(SignInFailures.objects.values()))


def test_an_address_that_tries_many_names_is_locked_too(user: User, clock: FrozenDateTimeFactory) -> None:
    for number in range(20):
        first_step(Client(), f"name-{number}", "wrong", REMOTE_ADDR="10.0.0.1")
    assert "locked until" in first_step(Client(), REMOTE_ADDR="10.0.0.1")
    assert first_step(Client(), REMOTE_ADDR="10.0.0.2") == DESK


@pytest.mark.parametrize(
    ("proxies", "forwarded", "wanted"),
    [
        (0, "198.51.100.7", "127.0.0.1"),
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "6.6.6.6, 198.51.100.7", "198.51.100.7"),
        (2, "6.6.6.6, 198.51.100.7, 10.0.0.1", "198.51.100.7"),
        (2, "10.0.0.1", ""),
        (1, "", ""),
    ],
)
def test_what_a_client_says_of_its_address_is_not_believed(
    rf: object, settings: object, proxies: int, forwarded: str, wanted: str
) -> None:
    settings.PROXIES = proxies  # type: ignore[attr-defined]
    http = rf.get("/", HTTP_X_FORWARDED_FOR=forwarded)  # type: ignore[attr-defined]
    assert locks.address_of(http) == wanted


def test_failures_at_the_second_step_lock_longer_each_time(user: User, clock: FrozenDateTimeFactory) -> None:
    app_of(user)
    for minutes in (15, 30, 60):
        client = Client()
        first_step(client)
        for _each in range(5):
            said = second_step(client, "000000")
        assert "locked until" in said
        assert "locked until" in second_step(client, code_of(user)), "the right code does not help"
        until = SignInFailures.objects.get(kind="second").locked_until
        assert until is not None
        assert round((until - datetime.now(until.tzinfo)).total_seconds() / 60) == minutes
        clock.tick(minutes * 60 + 1)
    client = Client()
    first_step(client)
    assert second_step(client, code_of(user)) == DESK
    assert not SignInFailures.objects.filter(kind="second").exists()


def test_the_right_password_alone_does_not_wipe_the_failures_away(user: User, clock: FrozenDateTimeFactory) -> None:
    app_of(user)
    for _each in range(5):
        client = Client()
        assert first_step(client) == DESK
        said = second_step(client, "000000")
    assert "locked until" in said


def test_an_administrator_lifts_a_lock_but_not_the_own(
    client: Client, user: User, clock: FrozenDateTimeFactory
) -> None:
    chief = member("chief", Role.ADMIN, password=PASSWORD)
    for name in ("somebody", "chief"):
        for _each in range(5):
            first_step(Client(), name, "wrong", REMOTE_ADDR="10.0.0.1")
    sign_in(client, chief)
    listed = client.get(reverse("admin:portal_signinfailures_changelist")).content.decode()
    assert "somebody" in listed
    chosen = list(SignInFailures.objects.values_list("pk", flat=True))
    data = {"action": "lift", "_selected_action": chosen}
    client.post(reverse("admin:portal_signinfailures_changelist"), data)
    assert first_step(Client(), REMOTE_ADDR="10.0.0.2") == DESK
    assert "locked until" in first_step(Client(), "chief", REMOTE_ADDR="10.0.0.2")
    assert events("lock_lifted") == ["lock_lifted", "lock_lifted"]  # The name's, and the address's.


def test_old_failures_are_forgotten(user: User, clock: FrozenDateTimeFactory) -> None:
    for _each in range(4):
        first_step(Client(), password="wrong")
    clock.tick(16 * 60)
    assert "locked" not in first_step(Client(), password="wrong")
    clock.tick(25 * 3600)
    locks.forget_old()
    assert not SignInFailures.objects.exists()


# --- passwords --------------------------------------------------------------------------------------------------------


def test_passwords_are_hashed_with_argon2_and_old_hashes_are_replaced(settings: object, client: Client) -> None:
    settings.PASSWORD_HASHERS = read.PASSWORD_HASHERS  # type: ignore[attr-defined]
    old = member("somebody", Role.TRIAGE)
    old.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1000)
    old.save()
    assert first_step(client) == DESK
    old.refresh_from_db()
    assert old.password.startswith("argon2$argon2id$")
