"""Known and unknown addresses: the same work and the same words; and what one network may get wrong."""

import re
import time
from datetime import timedelta
from math import log2

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from freezegun import freeze_time
from pytest_django.fixtures import Settings

from portal.identity import email_code, links, networks
from portal.models import EmailCode, Event, WrongTry
from rights import reference
from rights.models import RightsRequest
from tests.portal.citizens.person import Person, id_in

pytestmark = pytest.mark.django_db(transaction=True)


def statements(captured: CaptureQueriesContext) -> list[str]:
    """The kinds of the statements, in order."""
    return [query["sql"].split()[0] for query in captured.captured_queries]


def test_finding_costs_the_same_and_says_the_same_for_known_and_unknown(
    controller: object, sent_tasks: list[tuple[str, tuple[object, ...]]]
) -> None:
    case = Person().ask()
    asked = {
        "known": (case.reference, "ada@example.org"),
        "no such address": (case.reference, "bo@example.org"),
        "no such request": (reference.new(), "ada@example.org"),
    }
    work, words, wrong = {}, {}, {}
    with freeze_time(timezone.now() + timedelta(minutes=5)):
        for who, (ref, email) in asked.items():
            person = Person()
            before = len(sent_tasks)
            with CaptureQueriesContext(connection) as captured:
                response = person.post("find", {"reference": ref, "email": email})
            work[who] = (statements(captured), [name for name, _args in sent_tasks[before:]])
            page = person.get("code", request_id=id_in(response)).content.decode()
            words[who] = re.sub(r'(value="[^"]{60,}|nonce="[^"]+)"', "", page).replace(str(id_in(response)), "")
            with CaptureQueriesContext(connection) as captured:
                tried = person.post("code", {"code": "x"}, request_id=id_in(response)).content.decode()
            wrong[who] = (
                statements(captured),
                re.sub(r'(value="[^"]{60,}|nonce="[^"]+)"', "", tried).replace(str(id_in(response)), ""),
            )
    for said in (work, words, wrong):
        assert said["no such address"] == said["known"]
        assert said["no such request"] == said["known"]


def test_answers_to_strangers_leave_no_sooner_than_the_others(controller: object, settings: Settings) -> None:
    settings.ANSWER_SECONDS = 0.3
    case = Person().ask()
    person = Person()
    began = time.monotonic()
    stranger = id_in(person.post("find", {"reference": case.reference, "email": "bo@example.org"}))
    took = [time.monotonic() - began]
    for typed in ({"again": "yes"}, {"code": "000000"}):
        began = time.monotonic()
        person.post("code", typed, request_id=stranger)
        took.append(time.monotonic() - began)
    assert min(took) >= 0.3


def test_no_mail_leaves_while_a_page_is_answered(controller: object, mailoutbox: list[object]) -> None:
    case = Person().ask()
    assert case.notices.get(event=Event.CODE).state == "waiting"
    assert mailoutbox == []


def test_a_scanner_that_follows_the_link_confirms_nothing_and_uses_nothing_up(controller: object) -> None:
    person = Person()
    case = person.ask()
    for _visit in range(3):
        scanner = Client()
        assert scanner.get(links.status_url(case), follow=True).status_code == 200
        assert scanner.head(links.status_url(case)).status_code in (302, 405)
    case.refresh_from_db()
    assert case.state == "received"
    assert EmailCode.objects.filter(request=case, used_at=None).count() == 1
    assert person.type_code(case).status_code == 302
    case.refresh_from_db()
    assert case.state == "confirmed"


def test_references_hold_thirty_one_random_bits_and_open_nothing_alone(controller: object) -> None:
    assert log2(len(reference.ALPHABET) ** reference.RANDOM_CHARACTERS) > 31
    assert len({reference.new() for _draw in range(2000)}) == 2000
    case = Person().ask()
    stranger = Person()
    response = stranger.post("find", {"reference": case.reference, "email": "x@example.org"})
    assert stranger.get("status", request_id=case.pk).status_code == 302
    assert id_in(response) != case.pk


def wrong_try(case: RightsRequest, address: str) -> str:
    """Somebody at an address opens the code page of a request and types a wrong code."""
    client = Client(REMOTE_ADDR=address)
    response = client.post("/find/", {"reference": case.reference, "email": "nobody@example.org"})
    return client.post(response.url, {"code": "000000"}).content.decode()  # type: ignore[attr-defined]


def test_fifty_people_behind_one_address_pass_and_one_who_tries_many_does_not(
    controller: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, attacker = "198.51.100.7", "203.0.113.9"
    assert networks.MOST >= 2 * 50, "fifty people may slip twice each"
    case = Person().ask()
    with monkeypatch.context() as patch:
        patch.setattr("ipaddress.IPv4Address.is_private", property(lambda self: False))  # Addresses for documents.
        for _person in range(50):
            client = Client(REMOTE_ADDR=shared)
            for _slip in range(2):
                networks.note_wrong(client.get("/find/").wsgi_request)
        assert "Too many" not in wrong_try(case, shared)
        for _try in range(networks.MOST):
            networks.note_wrong(Client(REMOTE_ADDR=attacker).get("/find/").wsgi_request)
        refused = wrong_try(case, attacker)  # As a page of its own, which says when to come back.
        assert "Too many wrong codes" in refused
        lifts = timezone.localtime(timezone.now() + networks.WITHIN)
        assert any(f"{lifts - timedelta(minutes=m):%H:%M}" in refused for m in (0, 1)) or "p.m." in refused
        assert "Too many" not in wrong_try(case, "203.0.113.10"), "a neighbour is not locked out"
        with freeze_time(timezone.now() + networks.WITHIN + timedelta(seconds=1)):
            assert networks.closed_until(Client(REMOTE_ADDR=attacker).get("/find/").wsgi_request) is None
            networks.forget()
    assert not WrongTry.objects.exists()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2a01:cb00:1:2:3::1", "2a01:cb00:1:2:ffff::9", True),
        ("2a01:cb00:1:2::1", "2a01:cb00:1:3::1", False),
        ("93.184.216.34", "::ffff:93.184.216.34", True),
        ("93.184.216.34", "93.184.216.35", False),
    ],
)
def test_a_network_is_an_address_or_a_64(one: str, other: str, same: bool) -> None:
    first, second = (networks.network_of(Client(REMOTE_ADDR=a).get("/find/").wsgi_request) for a in (one, other))
    assert first is not None
    assert "93.184" not in first
    assert (first == second) is same


def test_a_proxy_that_nobody_named_locks_nobody_out_and_a_named_one_is_believed(settings: Settings) -> None:
    def seen(**meta: str) -> str | None:
        return networks.network_of(Client(**meta).get("/find/").wsgi_request)

    assert seen(REMOTE_ADDR="10.0.0.2") is None
    assert seen(REMOTE_ADDR="nonsense") is None
    settings.PROXIES = 1
    told = seen(REMOTE_ADDR="10.0.0.2", HTTP_X_FORWARDED_FOR="1.1.1.1, 93.184.216.34")
    assert told == seen(REMOTE_ADDR="10.0.0.3", HTTP_X_FORWARDED_FOR="8.8.8.8, 93.184.216.34"), "the last one is ours"
    assert seen(REMOTE_ADDR="10.0.0.2") is None


def test_a_code_is_derived_under_the_secret_and_another_secret_gives_another(
    controller: object, settings: Settings
) -> None:
    code = Person().ask().codes.get()
    digits = [email_code.digits(code)]
    for secret in ("a" * 50, "b" * 50):
        settings.SECRET_KEY = secret
        digits.append(email_code.digits(code))
    assert len(set(digits)) > 1


def test_posting_to_a_locked_entry_closes_no_network(controller: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ipaddress.IPv4Address.is_private", property(lambda self: False))  # Addresses for documents.
    client = Client(REMOTE_ADDR="203.0.113.9")
    entered = client.post("/find/", {"reference": reference.new(), "email": "nobody@example.org"})
    for _try in range(12):
        client.post(entered.url, {"code": "000000"})  # type: ignore[attr-defined]
    assert WrongTry.objects.count() == email_code.TRIES
