"""Other sites that send forms, forged hosts, sessions that are swapped, stolen or left open, and caches in between."""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.conf import settings
from django.core import mail, signing
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from portal.citizens.draft_views import COOKIE
from portal.models import Draft, Evidence
from rights.models import JournalEntry, RightsRequest
from tests.portal.attacks.traces import lines, refusals
from tests.portal.citizens.person import Person, Response, picture, upload
from tests.portal.deeds import Run

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
Another = Callable[[], Person]

ACTS = ["withdraw", "erase_now", "photo", "consent", "withdraw_consent", "renew", "download", "code"]
EVIL = (
    "evil.example",
    "testserver.evil.example",
    "testserver@evil.example",
    "127.0.0.1:80@evil.example",
    "testserver/x",
)


# --- other sites ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ACTS)
def test_a_form_of_another_site_does_nothing_even_in_an_open_session(
    person: Person, act: str, caplog: pytest.LogCaptureFixture
) -> None:
    case = person.ask()
    victim = Client(enforce_csrf_checks=True)
    victim.cookies = person.client.cookies
    person.open(case)
    before = RightsRequest.objects.filter(pk=case.pk).values().get()
    for headers in ({}, {"Origin": "https://evil.example"}, {"Referer": "https://evil.example/"}):
        sent = victim.post(
            reverse(f"citizens:{act}", args=[case.pk]), {"csrfmiddlewaretoken": "a" * 64}, headers=headers
        )
        assert sent.status_code == 403
    assert RightsRequest.objects.filter(pk=case.pk).values().get() == before
    assert refusals(case) == ["cross_site"]
    assert set(lines(caplog)) == {"Refused: cross_site."}


@pytest.mark.parametrize(
    "path", ["/find/", "/leave/", "/request/rights/", "/request/check/", "/i18n/setlang/", "/desk/login/"]
)
def test_no_form_at_all_is_taken_from_another_site(controller: object, path: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    sent = strict.post(path, {"email": "ada@example.org"}, headers={"Origin": "https://evil.example"})
    assert sent.status_code == 403
    assert b"ada" not in sent.content


def test_a_token_of_ones_own_page_is_no_token_for_another_session(person: Person) -> None:
    case = person.ask()
    person.open(case)
    attacker, victim = Client(enforce_csrf_checks=True), Client(enforce_csrf_checks=True)
    attacker.get("/find/")
    victim.cookies = person.client.cookies
    token = attacker.cookies[settings.CSRF_COOKIE_NAME].value
    sent = victim.post(reverse("citizens:withdraw", args=[case.pk]), {"csrfmiddlewaretoken": token})
    assert sent.status_code == 403
    assert refusals(case) == ["cross_site"]


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "\\\\evil.example", "javascript:alert(1)"]
)
def test_no_page_sends_anybody_elsewhere(client: Client, controller: object, staff: object, target: str) -> None:
    changed: Response = client.post("/i18n/setlang/", {"language": "fr", "next": target}, headers={"Referer": target})
    assert changed.url == "/"
    credentials = {"username": "reviewer-one", "password": "correct horse battery staple", "next": target}
    signed_in: Response = client.post("/desk/login/", credentials)
    assert "evil" not in getattr(signed_in, "url", "")
    assert "script" not in getattr(signed_in, "url", "")


def test_no_other_site_may_read_an_answer_of_the_api(client: Client, controller: object) -> None:
    for path in ("/api/transparency/", "/api/schema/", f"/api/requests/{uuid4()}/"):
        answer = client.get(path, headers={"Origin": "https://evil.example"})
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


# --- hosts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", EVIL)
def test_a_forged_host_is_answered_with_nothing(client: Client, controller: object, host: str) -> None:
    answer = client.get("/", headers={"host": host})
    assert answer.status_code == 400
    assert b"evil" not in answer.content


def test_no_link_in_a_mail_follows_the_host_that_the_browser_named(person: Person, run_jobs: Run) -> None:
    person.fill_in()
    forged = {"host": "127.0.0.1", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    person.client.post(reverse("citizens:check"), {"version": person.version()}, headers=forged)
    run_jobs()
    assert len(mail.outbox) >= 2
    for message in mail.outbox:
        text = str(message.message())
        assert "evil.example" not in text
        for link in re.findall(r"\S*/open/", text):
            assert link.endswith(f"{settings.PUBLIC_URL}/open/")
    assert any(f"{settings.PUBLIC_URL}/open/" in str(message.body) for message in mail.outbox)


# --- sessions ---------------------------------------------------------------------------------------------------------


def test_photographs_of_two_open_forms_cannot_be_swapped(person: Person, another: Another) -> None:
    other = another()
    for each, colour in ((person, "tan"), (other, "navy")):
        for step in ("rights", "person", "contact"):
            each.answer(step)
        each.answer("photo", photo=upload(picture(colour)))
    mine, theirs = Draft.objects.order_by("expires_at", "pk")
    Draft.objects.filter(pk=mine.pk).update(sealed_photo=theirs.sealed_photo)
    Draft.objects.filter(pk=theirs.pk).update(sealed_photo=mine.sealed_photo)
    for each in (person, other):
        assert each.get("draft_photo").status_code == 404
        assert each.get("check").url == reverse("citizens:form", args=["rights"])
    assert not RightsRequest.objects.exists()


def test_evidence_moved_to_another_request_does_not_open_there(person: Person, another: Another, run_jobs: Run) -> None:
    case, other = person.ask(), another().ask(email="bo@example.org")
    Evidence.objects.filter(request=case).update(request=other)
    staff_sees = Evidence.objects.filter(request=other).count()
    assert staff_sees == 2
    from portal import vault

    opened = 0
    for item in Evidence.objects.filter(request=other):
        try:
            vault.unseal(other, bytes(item.sealed))
            opened += 1
        except vault.VaultError:
            continue
    assert opened == 1


def test_a_cookie_of_somebody_elses_form_opens_nothing(person: Person, another: Another) -> None:
    person.fill_in()
    identifier = Draft.objects.get().pk.hex
    thief = another()
    for value in (
        f"{identifier}.{'A' * 43}=", identifier, "x", "",
        signing.get_cookie_signer(salt=COOKIE).sign(f"{identifier}.{'A' * 43}="),
        signing.get_cookie_signer(salt=COOKIE + "portal.citizens.draft").sign(f"{identifier}.{'A' * 43}="),
        signing.get_cookie_signer(salt=COOKIE + "portal.citizens.draft").sign("no-uuid.!!"),
    ):  # fmt: skip
        thief.client.cookies[COOKIE] = value
        assert thief.get("draft_photo").status_code == 404
        assert thief.get("check").url == reverse("citizens:form", args=["rights"])


def test_a_session_chosen_by_an_attacker_is_not_the_one_that_is_let_in(person: Person) -> None:
    case = person.ask()
    person.client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    person.open(case)
    assert person.client.cookies[settings.SESSION_COOKIE_NAME].value != "a" * 32
    fixed = Person()
    fixed.client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    assert fixed.get("status", request_id=case.pk).url == reverse("citizens:find")


def test_after_leaving_nothing_opens_with_the_old_cookies(person: Person, another: Another) -> None:
    case = person.ask()
    person.type_code(case)
    old = {name: morsel.value for name, morsel in person.client.cookies.items()}
    left = person.post("leave")
    assert left.headers["Clear-Site-Data"] == '"cache"'
    thief = another()
    for name, value in old.items():
        if name != COOKIE:
            thief.client.cookies[name] = value
    for door in ("status", "download_file", "code", "photo"):
        assert thief.get(door, request_id=case.pk).url == reverse("citizens:find")


def test_the_next_person_at_the_same_browser_sees_no_address(person: Person) -> None:
    case = person.ask(email="ada@example.org")
    assert "ada@example.org" in person.get("code", request_id=case.pk).content.decode()
    person.post("leave")
    for path in ("/request/check/", "/request/contact/", "/request/photo/picture/", f"/requests/{case.pk}/code/"):
        seen = person.client.get(path, follow=True)
        assert b"ada@example.org" not in seen.content


# --- caches -----------------------------------------------------------------------------------------------------------


def test_no_answer_can_be_kept_compared_or_asked_for_in_parts(person: Person) -> None:
    case = person.ask()
    person.open(case)
    for door in ("status", "withdraw", "code"):
        answer: HttpResponse = person.get(door, request_id=case.pk)
        assert "no-store" in answer["Cache-Control"]
        assert not {"ETag", "Last-Modified", "Accept-Ranges"} & set(answer.headers)
        asked = {"If-None-Match": "*", "Range": "bytes=0-10", "If-Modified-Since": "Wed, 01 Jan 2031 00:00:00 GMT"}
        again = person.client.get(reverse(f"citizens:{door}", args=[case.pk]), headers=asked)
        assert again.status_code == 200


def test_nothing_is_answered_to_methods_that_no_page_has(person: Person) -> None:
    case = person.ask()
    person.open(case)
    for method in ("TRACE", "PUT", "DELETE", "PATCH", "PROPFIND"):
        answer = person.client.generic(method, reverse("citizens:status", args=[case.pk]))
        assert answer.status_code == 405
        override = person.client.post(
            reverse("citizens:status", args=[case.pk]), headers={"X-HTTP-Method-Override": "GET"}
        )
        assert override.status_code == 405
    assert not JournalEntry.objects.filter(request=case, event="state:withdrawn").exists()


def test_what_an_answer_contains_was_typed_by_nobody_else(person: Person) -> None:
    """A page never repeats what stands in its own address."""
    case = person.ask()
    person.open(case)
    for path in (
        f"/requests/{case.pk}/?x=<script>1</script>",
        "/nowhere/<script>1</script>",
        "/find/?reference=%22%3E<b>",
    ):
        assert b"<script>1" not in person.client.get(path, follow=True).content
