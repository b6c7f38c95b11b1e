"""Accounts: made at the desk or on the command line, helped by another administrator, journalled by number."""

import re
from io import StringIO

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from matching import sealing
from portal.models import Totp
from portal.staff import at_the_desk, factors, roles
from portal.staff.roles import BEFORE_ROLES, Role
from rights.models import JournalEntry
from tests.conftest import PASSWORD
from tests.project import ROOT
from tests.staffing import app_of, member, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief() -> User:
    return member("chief", Role.ADMIN, password=PASSWORD)


@pytest.fixture
def desk(client: Client, chief: User) -> Client:
    return sign_in(client, chief)


def run(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


def entry(event: str) -> JournalEntry:
    return JournalEntry.objects.filter(event=event).latest("position")


def test_an_account_is_added_at_the_desk_without_a_password(desk: Client, chief: User) -> None:
    group = Group.objects.get(name="review")
    answer = desk.post(reverse("admin:auth_user_add"), {"username": "new", "is_active": "on", "groups": [group.pk]})
    new = User.objects.get(username="new")
    assert answer["Location"] == reverse("admin:auth_user_change", args=[new.pk])
    assert (new.is_staff, new.is_superuser, new.has_usable_password()) == (True, False, False)
    added = entry("account_added")
    assert (added.actor, added.detail) == (
        f"staff:{chief.pk}", {"account": f"staff:{new.pk}", "roles": ["review"], "active": True},
    )  # fmt: skip
    shown = desk.post(reverse("admin:staff_link", args=[new.pk])).content.decode()
    link = re.search(r"(/desk/password/[^<\s]+)<", shown)
    assert link is not None
    sets_a_password(link[1], new)
    assert "new" not in str(list(JournalEntry.objects.values_list("detail", flat=True)))


def sets_a_password(address: str, user: User) -> None:
    """The link works once, keeps the token out of the address, and takes no weak password."""
    client = Client()
    form = client.get(address, follow=True)
    assert form.redirect_chain[-1][0].endswith("/set-password/")
    here = form.redirect_chain[-1][0]
    for weak in ("short", "password1234", "123456789012"):
        assert client.post(here, {"new_password1": weak, "new_password2": weak}).status_code == 200
    answer = client.post(here, {"new_password1": PASSWORD, "new_password2": PASSWORD})
    assert answer["Location"] == reverse("admin:login")
    assert client.get("/desk/").status_code == 302, "a password alone signs nobody in"
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert "too old or was used" in Client().get(address).content.decode()


def test_roles_are_changed_for_others_and_never_for_oneself(desk: Client, chief: User) -> None:
    other = member("other", Role.TRIAGE)
    page = reverse("admin:auth_user_change", args=[other.pk])
    data = {"username": "other", "is_active": "on", "groups": [Group.objects.get(name="decide").pk]}
    assert desk.post(page, data).status_code == 302
    assert list(other.groups.values_list("name", flat=True)) == ["decide"]
    assert entry("account_changed").detail == {
        "account": f"staff:{other.pk}", "roles": ["decide"], "active": True, "changed": ["groups"],
    }  # fmt: skip
    own = reverse("admin:auth_user_change", args=[chief.pk])
    everything = list(Group.objects.order_by("pk").values_list("pk", flat=True))
    desk.post(own, {"username": "chief", "groups": everything, "is_superuser": "on"})
    chief.refresh_from_db()
    assert list(chief.groups.values_list("name", flat=True)) == ["admin"]
    assert (chief.is_active, chief.is_superuser) == (True, False)


def test_nobody_makes_a_superuser_or_touches_one(desk: Client) -> None:
    root = User.objects.create_superuser("root", password=PASSWORD)
    app_of(root)
    page = reverse("admin:auth_user_change", args=[root.pk])
    assert desk.post(page, {"username": "root"}).status_code == 403
    for name in ("link", "reset", "unlock", "end"):
        answer = desk.post(reverse(f"admin:staff_{name}", args=[root.pk]), follow=True)
        assert "Only a superuser" in answer.content.decode()
    assert factors.is_enrolled(root)
    other = member("other", Role.TRIAGE)
    desk.post(
        reverse("admin:auth_user_change", args=[other.pk]),
        {"username": "other", "is_active": "on", "is_superuser": "on", "is_staff": "", "user_permissions": ["1"]},
    )
    other.refresh_from_db()
    assert (other.is_superuser, other.is_staff, other.user_permissions.count()) == (False, True, 0)


def test_another_administrator_resets_a_lost_factor(desk: Client, chief: User) -> None:
    other = member("other", Role.TRIAGE)
    session = sign_in(Client(), other)
    factors.new_recovery_codes(other)
    desk.post(reverse("admin:staff_reset", args=[other.pk]))
    assert not factors.is_enrolled(other)
    assert factors.recovery_codes_left(other) == 0
    assert session.get("/desk/")["Location"].startswith(reverse("admin:login"))
    assert (entry("factor_reset").actor, entry("factor_reset").detail) == (
        f"staff:{chief.pk}", {"account": f"staff:{other.pk}"},
    )  # fmt: skip
    desk.post(reverse("admin:staff_reset", args=[chief.pk]))
    assert factors.is_enrolled(chief), "one's own takes somebody else"


def test_sessions_are_ended_from_the_desk(desk: Client) -> None:
    session = sign_in(Client(), other := member("other", Role.TRIAGE))
    desk.post(reverse("admin:staff_end", args=[other.pk]))
    assert session.get("/desk/").status_code == 302


def test_accounts_are_closed_and_not_deleted(desk: Client) -> None:
    other = member("other", Role.TRIAGE)
    assert desk.post(reverse("admin:auth_user_delete", args=[other.pk]), {"post": "yes"}).status_code == 403
    desk.post(reverse("admin:auth_user_change", args=[other.pk]), {"username": "other"})
    other.refresh_from_db()
    assert not other.is_active
    assert other not in at_the_desk()


# --- commands ---------------------------------------------------------------------------------------------------------


def test_the_first_account_is_made_on_the_command_line() -> None:
    said = run("add_staff", "first", "--role", "admin", "--role", "decide", "--email", "first@example.org")
    user = User.objects.get()
    assert sorted(user.groups.values_list("name", flat=True)) == ["admin", "decide"]
    link = re.search(r"http://127.0.0.1:8000(/desk/password/\S+)", said)
    assert link is not None
    sets_a_password(link[1], user)
    assert entry("account_added").actor == "system"


@pytest.mark.parametrize(
    "arguments", [["taken", "--role", "admin"], ["a b!", "--role", "admin"], ["new", "--role", "king"], ["new"]]
)
def test_an_account_that_cannot_be_is_refused_in_a_sentence(arguments: list[str]) -> None:
    member("taken", Role.ADMIN)
    with pytest.raises(CommandError):
        run("add_staff", *arguments)
    assert User.objects.count() == 1


def test_a_password_may_be_typed_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["too short", "too short", PASSWORD, PASSWORD])
    monkeypatch.setattr("portal.management.commands.add_staff.getpass", lambda _prompt: next(typed))
    with pytest.raises(CommandError, match="too short"):
        run("add_staff", "one", "--role", "review", "--prompt")
    assert not User.objects.exists()
    assert "/password/" not in run("add_staff", "one", "--role", "review", "--prompt")
    assert User.objects.get().check_password(PASSWORD)


def test_a_lost_factor_is_reset_on_the_command_line() -> None:
    user = member("one", Role.ADMIN)
    app_of(user)
    assert "/desk/password/" in run("reset_factor", "one", "--link")
    assert not factors.is_enrolled(user)
    with pytest.raises(CommandError, match="no account"):
        run("reset_factor", "two")


def test_codes_are_printed_for_trying_out_and_never_in_production(settings: object) -> None:
    user = member("one", Role.ADMIN)
    app_of(user)
    code = run("staff_code", "one").strip()
    assert factors.take(user, code) is not None
    following = run("staff_code", "one").strip()
    assert following != code
    assert factors.take(user, following) is not None
    settings.PROFILE = "production"  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="In production"):
        run("staff_code", "one")


def test_the_apps_secret_goes_with_the_master_key(settings: object) -> None:
    user = member("one", Role.ADMIN)
    secret = factors.secret_of(app_of(user))
    old = settings.MASTER_KEYS[0]  # type: ignore[attr-defined]
    settings.MASTER_KEYS = [("new", sealing.new_key()), old]  # type: ignore[attr-defined]
    run("rotate_keys")
    settings.MASTER_KEYS = settings.MASTER_KEYS[:1]  # type: ignore[attr-defined]
    assert factors.secret_of(Totp.objects.get()) == secret


# --- groups -----------------------------------------------------------------------------------------------------------


def test_who_worked_at_the_desk_before_roles_still_does(staff: User) -> None:
    staff.groups.clear()
    before = Group.objects.create(name=BEFORE_ROLES)
    staff.groups.add(before)
    roles.make_groups()
    assert sorted(staff.groups.values_list("name", flat=True)) == ["decide", "review", "triage"]
    roles.make_groups()
    assert sorted(Group.objects.values_list("name", flat=True)) == sorted(Role.values)


def test_a_permission_that_was_added_by_hand_is_taken_away_again() -> None:
    group = Group.objects.get(name="triage")
    group.permissions.add(roles._permission("portal.decide_claims"))
    roles.make_groups()
    assert {f"{p.content_type.app_label}.{p.codename}" for p in group.permissions.all()} == set(roles.of(Role.TRIAGE))


def test_the_document_lists_the_table_as_it_is() -> None:
    text = (ROOT / "docs" / "staff.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z]+\.[a-z_]+)` \| [^|]+ \| ([^|]+) \|$", text, re.MULTILINE))
    wanted = {name: ", ".join(role.value for role in roles.holders(name)) for name in roles.TABLE}
    assert {name: held.strip() for name, held in rows.items()} == wanted
