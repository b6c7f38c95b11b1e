"""The gate: every address of the desk, whoever asks. What it demands is in one table, and nothing slips past it."""

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse
from freezegun import freeze_time

from portal.citizens import passes
from portal.desk import gate
from portal.models import StaffAccount, Totp
from portal.staff import roles, sessions
from portal.staff.roles import TABLE, Role
from rights.models import JournalEntry
from tests.portal.deeds import Ask
from tests.staffing import member, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

SAMPLES = {
    "uuid": str(uuid.UUID(int=7)), "int": "7", "slug": "access", "path": "7", "str": "7",
}  # fmt: skip
NOWHERE = {"django.contrib.admin.sites.catch_all_view", "django.contrib.admin.sites.AdminSite.catch_all_view"}


def _walk(resolver: URLResolver, prefix: str, names: str) -> Iterator[tuple[str, str, URLPattern]]:
    for item in resolver.url_patterns:
        route = prefix + str(item.pattern)
        if isinstance(item, URLResolver):
            yield from _walk(item, route, f"{names}{item.namespace}:" if item.namespace else names)
        elif route.startswith("desk/"):
            yield names + (item.name or item.lookup_str), route, item


def _address(route: str) -> str:
    """An address that the route takes."""
    if "app_label" in route:
        return "/desk/matching/"
    route = re.sub(r"<(?:(\w+):)?(\w+)>", lambda found: SAMPLES[found[1] or "str"], route)
    return "/" + re.sub(r"[\^$]|\\|\(\?P.*", "", route)


EVERY = {name: _address(route) for name, route, _pattern in _walk(get_resolver(), "", "") if name[6:] not in NOWHERE}
"""Every address of the desk by its name, made from the patterns themselves."""
del EVERY["admin:password_change"]  # Ours has its address, and stands before it.
del EVERY["admin:index"]  # "desk" has its address, and stands before it.
GUARDED = {name: address for name, address in EVERY.items() if name not in gate.OPEN}


def needed(name: str, method: str) -> str:
    return gate.needed_for(name, method, resolve(EVERY[name]).func)


def test_every_address_was_found_and_leads_to_its_view() -> None:
    assert len(EVERY) > 90
    assert {"admin:rights_request_probe", "staff:accesses", "admin:portal_job_changelist", "staff:enrol"} <= set(EVERY)
    for name, address in EVERY.items():
        assert resolve(address).view_name == name, address


def test_nobody_gets_anywhere_without_signing_in(client: Client) -> None:
    for name, address in GUARDED.items():
        for answer in (client.get(address), client.post(address)):
            assert answer.status_code == 302, name
            assert answer["Location"].startswith(reverse("admin:login")), name


def test_a_password_alone_opens_nothing(client: Client) -> None:
    for user in (member("everything", *Role), User.objects.create_superuser("root")):
        client.force_login(user)
        for name in GUARDED.keys() - gate.BEFORE_SECOND:
            for answer in (client.get(EVERY[name]), client.post(EVERY[name])):
                assert answer.status_code == 302, name
                assert answer["Location"].startswith(reverse("staff:second")), name


def test_a_second_factor_of_somebody_else_counts_for_nothing(client: Client) -> None:
    one, other = member("one", *Role), member("other", *Role)
    sign_in(client, other)
    device = client.session["otp_device_id"]
    client.force_login(one)
    session = client.session
    session["otp_device_id"] = device
    session.save()
    assert client.get("/desk/")["Location"].startswith(reverse("staff:second"))


def test_a_citizens_account_is_none(client: Client) -> None:
    visitor = User.objects.create_user("visitor")
    sign_in(client, visitor)
    assert client.get("/desk/")["Location"].startswith(reverse("admin:login"))


def test_every_page_says_what_it_demands() -> None:
    """A page that says nothing is open to nobody; only these two of Django's are."""
    found = {name for name in GUARDED if gate.NOBODY in (needed(name, "GET"), needed(name, "POST"))}
    assert found == {"admin:autocomplete", "admin:view_on_site"}


@pytest.fixture
def drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page of a refusal depends on the roles that it names: the same words are not drawn a hundred times."""
    draw, drawn = gate.page, dict[tuple[str, ...], bytes]()

    def page(http: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
        words = (template, title, *map(str, context["needed"]), *map(str, context["own"]))
        if words not in drawn:
            drawn[words] = draw(http, template, title, **context).content
        return HttpResponse(drawn[words])

    monkeypatch.setattr(gate, "page", page)


@pytest.mark.usefixtures("drawn_once")
@pytest.mark.parametrize("role", Role)
def test_each_role_opens_what_the_table_says_and_no_more(role: Role, client: Client) -> None:
    who = member("somebody", role)
    sign_in(client, who)
    client.raise_request_exception = False  # Forms are sent empty here: only who may send them matters.
    opened = 0
    for name in sorted(GUARDED.keys() - {"staff:factors"}):  # Posting to that one ends the session.
        for method in ("GET", "POST"):
            answer, wanted = client.generic(method, EVERY[name]), needed(name, method)
            if wanted == "" or role in TABLE.get(wanted, ()):
                assert answer.status_code != 403, f"{method} {name}"
                opened += 1
            else:
                _was_refused(answer, name, method, who)
    assert opened > 20
    refused = JournalEntry.objects.filter(event="role_missing", actor=f"staff:{who.pk}").count()
    assert refused + opened == 2 * (len(GUARDED) - 1)


def _was_refused(answer: Any, name: str, method: str, who: User) -> None:
    """In the desk's look, with the role that it takes, and in the journal."""
    wanted = needed(name, method)
    assert answer.status_code == 403, f"{method} {name}"
    text = answer.content.decode()
    assert "Your role does not open this page" in text
    assert [str(role.label) for role in roles.holders(wanted) if str(role.label) not in text] == []
    entry = JournalEntry.objects.filter(event="role_missing").latest("position")
    assert entry.actor == f"staff:{who.pk}"
    assert entry.detail == {"page": name, "method": method, "needs": wanted}


@pytest.mark.parametrize("role", Role)
def test_every_permission_of_the_table_is_really_held(role: Role) -> None:
    who = member("somebody", role)
    assert who.get_all_permissions() == set(roles.of(role))


def test_every_permission_of_our_own_is_demanded_somewhere() -> None:
    used = {needed(name, method) for name in GUARDED for method in ("GET", "POST")}
    own = {f"portal.{name}" for name, _words in StaffAccount._meta.permissions}
    assert own <= used
    assert own <= set(TABLE)


def test_a_superuser_does_what_the_table_knows_and_nothing_else(client: Client) -> None:
    sign_in(client, User.objects.create_superuser("root"))
    assert client.get(reverse("staff:accesses")).status_code == 200
    assert client.get(reverse("admin:view_on_site", args=[1, 1])).status_code == 403
    assert client.post(reverse("admin:rights_journalentry_delete", args=[1])).status_code == 403


def test_an_attempt_on_a_request_is_in_its_own_journal(client: Client, ask: Ask) -> None:
    request = ask()
    sign_in(client, member("triage", Role.TRIAGE))
    assert client.get(reverse("admin:rights_request_review", args=[request.pk])).status_code == 403
    entry = JournalEntry.objects.get(event="role_missing")
    assert entry.request == request
    sign_in(client, member("admin", Role.ADMIN))
    shown = client.get(reverse("staff:accesses_of", args=[request.pk])).content.decode()
    assert "rights_request_review" in shown


def test_an_address_that_leads_nowhere_says_so(client: Client) -> None:
    sign_in(client, member("somebody", Role.TRIAGE))
    assert client.get("/desk/nowhere/").status_code == 404


def test_the_menu_shows_only_what_opens(client: Client, controller: object) -> None:
    for role in Role:
        sign_in(client, member(role.value, role))
        shown = client.get("/desk/", follow=True).content.decode()
        menu = shown[shown.index('<nav class="frame-menu"') :].partition("</nav>")[0]
        links = re.findall(r'href="([^"]+)"', menu)
        assert len(links) > 2
        for link in links:
            assert client.get(link).status_code in (200, 302), f"{role} {link}"


@pytest.mark.parametrize("kind", ["image/jpeg", "application/zip", "text/plain", "application/pdf", "application/json"])
def test_what_nobody_journalled_does_not_leave(kind: str, staff: User) -> None:
    """A view of tomorrow that forgets the journal."""

    def careless(_http: object) -> HttpResponseBase:
        return HttpResponse(b"somebody's face", content_type=kind)

    http = RequestFactory().get("/desk/rights/rightsrequest/")
    http.resolver_match = resolve("/desk/rights/rightsrequest/")
    with pytest.raises(gate.Unjournalled):
        gate.Gate(careless)(http)
    http.META["regard.seen"] = True
    assert gate.Gate(careless)(http).status_code == 200


# --- sessions ---------------------------------------------------------------------------------------------------------


def test_an_idle_session_ends_and_a_busy_one_ends_too(client: Client) -> None:
    with freeze_time("2026-03-02T08:00:00Z") as clock:
        sign_in(client, member("somebody", Role.TRIAGE))
        for _each in range(19):
            clock.tick(29 * 60)
            assert client.get(reverse("staff:factors")).status_code == 200
        clock.tick(31 * 60)
        answer = client.get("/desk/", follow=True)
        assert answer.redirect_chain[0][0].startswith(reverse("admin:login"))
        assert "nothing happened for a while" in answer.content.decode()
        sign_in(client, User.objects.get())
        for _each in range(20):
            clock.tick(29 * 60)
            assert client.get(reverse("staff:factors")).status_code == 200
        clock.tick(29 * 60)
        assert "a session lasts no longer" in client.get("/desk/", follow=True).content.decode()


@pytest.mark.parametrize("change", ["roles", "deactivated", "no_staff", "superuser", "everywhere", "password"])
def test_a_change_of_the_account_ends_its_sessions(change: str) -> None:
    user = member("somebody", Role.TRIAGE)
    here, there = sign_in(Client(), user), sign_in(Client(), user)
    bystander = sign_in(Client(), member("other", Role.TRIAGE))
    assert there.get(reverse("staff:factors")).status_code == 200
    user = User.objects.get(pk=user.pk)
    match change:
        case "roles":
            roles.give(user, Role.DECIDE)
        case "everywhere":
            assert here.post(reverse("staff:factors"), {"everywhere": "yes"}).status_code == 302
        case "password":
            user.set_password("another horse, another battery")
            user.save()
        case _other:
            name, value = {
                "deactivated": ("is_active", False),
                "no_staff": ("is_staff", False),
                "superuser": ("is_superuser", True),
            }[change]
            setattr(user, name, value)
            user.save()
    for client in (here, there):
        assert client.get("/desk/")["Location"].startswith(reverse("admin:login"))
    assert bystander.get(reverse("staff:factors")).status_code == 200


def test_the_role_is_taken_from_the_group_side_too() -> None:
    user = member("somebody", Role.TRIAGE)
    client = sign_in(Client(), user)
    user.groups.get().user_set.clear()
    assert client.get("/desk/").status_code == 302


def test_signing_in_again_gives_a_new_session_key(client: Client) -> None:
    user = member("somebody", Role.TRIAGE)
    sign_in(client, user)
    before = client.session.session_key
    sessions.passed(session := client.session)
    assert session.session_key != before


def test_a_citizens_session_lasts_as_before(client: Client, ask: Ask) -> None:
    with freeze_time("2026-03-02T08:00:00Z") as clock:
        request = ask()
        session = client.session
        passes.let_in(session, request.pk)
        session.save()
        client.cookies["sessionid"] = str(session.session_key)
        clock.tick(12 * 3600)
        assert client.get(reverse("citizens:status", args=[request.pk])).status_code == 200


def test_a_lost_factor_ends_what_it_opened(client: Client) -> None:
    user = member("somebody", Role.TRIAGE)
    sign_in(client, user)
    Totp.objects.all().delete()
    assert client.get("/desk/")["Location"].startswith(reverse("staff:second"))
