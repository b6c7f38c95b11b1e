"""The code, the link in a mail, and the find page, which tells a stranger nothing."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from freezegun import freeze_time

from portal import flow
from portal.identity import email_code, links
from portal.models import EmailCode
from rights import reference
from rights.models import Channel, RightsRequest
from tests.portal.citizens.person import Person, Response, id_in

pytestmark = pytest.mark.django_db


def test_the_right_code_confirms_the_request_and_opens_it_under_a_new_session(person: Person) -> None:
    case = person.ask()
    before = person.client.session.session_key
    response = person.type_code(case)
    case.refresh_from_db()
    assert case.state == "confirmed"
    assert response.url == reverse("citizens:status", args=[case.pk])
    assert person.client.session.session_key != before
    assert person.get("status", request_id=case.pk).status_code == 200


@pytest.mark.parametrize("typed", ["12345", "1234567", "12 34", "none"])
def test_what_cannot_be_a_code_costs_no_try(person: Person, typed: str) -> None:
    case = person.ask()
    page = person.post("code", {"code": typed}, request_id=case.pk).content.decode()
    assert "A code has six digits" in page
    assert "5 more times" not in page
    assert "4 more times" in person.post("code", {"code": "000000"}, request_id=case.pk).content.decode()


def test_a_wrong_code_says_how_many_tries_are_left_and_confirms_nothing(person: Person) -> None:
    case = person.ask()
    page = person.post("code", {"code": "000000"}, request_id=case.pk).content.decode()
    assert "4 more times" in page
    case.refresh_from_db()
    assert case.state == "received"


def test_the_lock_says_when_it_lifts(person: Person) -> None:
    with freeze_time("2026-11-20 14:58:00+01:00"):  # An afternoon hour: the clock is written with 24 hours.
        case = person.ask()
        for _try in range(5):
            page = person.post("code", {"code": "000000"}, request_id=case.pk).content.decode()
        until = timezone.localtime() + timedelta(minutes=15)
    assert f"{until:%H:%M}" in page


def test_a_new_code_can_be_had_after_a_minute_and_not_before(person: Person) -> None:
    case = person.ask()
    person.post("code", {"again": "yes"}, request_id=case.pk)
    assert case.codes.count() == 1
    with freeze_time(timezone.now() + timedelta(seconds=61)):
        person.post("code", {"again": "yes"}, request_id=case.pk)
    assert case.codes.count() == 2


def test_the_link_in_a_mail_opens_the_status_and_leaves_the_address_bar(
    person: Person, another: Callable[[], Person]
) -> None:
    case = person.ask()
    reader = another()
    response: Response = reader.client.get(links.status_url(case))
    assert response.status_code == 302
    assert response.url == reverse("citizens:status", args=[case.pk])
    assert reader.get("status", request_id=case.pk).status_code == 200
    assert reader.client.cookies[settings.LANGUAGE_COOKIE_NAME].value == "en"


def test_an_old_mail_opens_nothing_by_itself_and_says_what_does(person: Person, another: Callable[[], Person]) -> None:
    case = person.ask()
    link, now = links.status_url(case), timezone.now()
    with freeze_time(now + timedelta(days=89)):
        early: Response = another().client.get(link)
        assert early.url == reverse("citizens:status", args=[case.pk])
    with freeze_time(now + timedelta(days=91)):
        late = another()
        page = late.client.get(link, follow=True).content.decode()
        assert "This link has expired: it opened your request for 90 days." in page
        assert "not complete" not in page
        assert late.get("status", request_id=case.pk).url == reverse("citizens:find")
        find(late, case.reference, "ada@example.org")
        assert late.type_code(case).url == reverse("citizens:status", args=[case.pk])
        another().open(case)  # By the link in a mail of today.


def test_a_forged_link_opens_nothing(person: Person) -> None:
    case = person.ask()
    forged = reverse("citizens:link", args=[f"{case.pk.hex}:x:y"])
    response: Response = person.client.get(forged)
    assert response.url == reverse("citizens:find")
    assert person.get("status", request_id=case.pk).url == reverse("citizens:find")


def test_a_letter_without_an_address_is_not_opened_here(person: Person) -> None:
    case = flow.receive(rights=["access"], contact=flow.Contact(name="Ada"), channel=Channel.POST, probe=None)
    response: Response = person.client.get(links.status_url(case))
    assert response.url == reverse("citizens:find")
    assert id_in(find(person, case.reference, "ada@example.org")) != case.pk


@pytest.mark.parametrize("page", ["status", "code", "download", "withdraw", "erase_now", "download_file", "photo"])
def test_without_a_session_an_existing_and_an_unknown_request_look_the_same(
    person: Person, another: Callable[[], Person], page: str
) -> None:
    case = person.ask()
    answers = [another().get(page, request_id=request_id) for request_id in (case.pk, uuid4())]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert {answer.url for answer in answers} == {reverse("citizens:find")}
    timeless = [{**answer.headers, "Expires": "now"} for answer in answers]  # A second may have begun in between.
    assert timeless[0] == timeless[1]


@pytest.mark.parametrize("page", ["photo", "withdraw", "erase_now", "renew", "download", "code"])
def test_without_a_session_nothing_can_be_done_to_a_request(
    person: Person, another: Callable[[], Person], page: str
) -> None:
    case = person.ask()
    assert another().post(page, request_id=case.pk).url == reverse("citizens:find")
    state = case.state
    case.refresh_from_db()
    assert case.state == state


def find(person: Person, code: str, email: str) -> Response:
    return person.post("find", {"reference": code, "email": email})


def test_reference_and_address_lead_to_a_fresh_code(person: Person, another: Callable[[], Person]) -> None:
    case = person.ask()
    with freeze_time(timezone.now() + timedelta(hours=2)):
        finder = another()
        response = find(finder, case.reference.lower().replace("-", " "), "ADA@example.org")
        assert response.url == reverse("citizens:code", args=[case.pk])
        assert case.codes.count() == 2
        assert finder.type_code(case).url == reverse("citizens:status", args=[case.pk])


def _bare(page: bytes) -> str:
    """A page without what differs between any two visits: tokens, nonces and the id in the address."""
    text = re.sub(r'(name="csrfmiddlewaretoken" value|nonce)="[^"]+"', "", page.decode())
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "", text)


def test_a_stranger_sees_exactly_what_the_right_person_sees(person: Person, another: Callable[[], Person]) -> None:
    case = person.ask()
    with freeze_time(timezone.now() + timedelta(hours=2)) as clock:
        visits = []
        for code, email in [
            (case.reference, "ada@example.org"),
            (case.reference, "bo@example.org"),
            (reference.new(), "ada@example.org"),
        ]:
            visitor = another()
            request_id = id_in(find(visitor, code, email))
            seen = [_bare(visitor.get("code", request_id=request_id).content)]
            seen += [
                _bare(visitor.post("code", {"code": "000000"}, request_id=request_id).content) for _try in range(6)
            ]
            seen.append(
                _bare(visitor.client.post(f"/requests/{request_id}/code/", {"again": "yes"}, follow=True).content)
            )
            visits.append(seen)
        assert visits[1] == visits[0]
        assert visits[2] == visits[0]
        clock.tick(timedelta(seconds=1))


def test_a_stranger_stays_locked_in_another_browser_as_a_request_does(another: Callable[[], Person]) -> None:
    code = reference.new()
    first, second = another(), another()
    request_id = id_in(find(first, code, "bo@example.org"))
    for _try in range(5):
        first.post("code", {"code": "000000"}, request_id=request_id)
    assert id_in(find(second, code, "bo@example.org")) == request_id
    assert "wrong five times" in second.post("code", {"code": "000000"}, request_id=request_id).content.decode()


def test_the_rows_of_strangers_are_cleared_after_a_day(another: Callable[[], Person]) -> None:
    find(another(), reference.new(), "bo@example.org")
    with freeze_time(timezone.now() + timedelta(days=1, minutes=16)):
        flow.destroy_what_is_due()
        assert not EmailCode.objects.filter(request=None).exists()


def test_even_the_right_digits_let_no_stranger_in(person: Person) -> None:
    request_id = id_in(find(person, reference.new(), "bo@example.org"))
    digits = email_code.digits(EmailCode.objects.get(stranger=request_id))
    assert person.post("code", {"code": digits}, request_id=request_id).status_code == 200
    assert person.get("status", request_id=request_id).url == reverse("citizens:find")


def test_a_slip_in_the_reference_is_named_whether_or_not_it_exists(person: Person) -> None:
    case = person.ask()
    last = "3" if case.reference[-1] != "3" else "4"
    response = find(person, case.reference[:-1] + last, "ada@example.org")
    assert "There is a slip" in response.content.decode()


def test_closing_it_in_this_browser_closes_it(person: Person) -> None:
    case = person.ask()
    person.type_code(case)
    person.post("leave")
    assert person.get("status", request_id=case.pk).url == reverse("citizens:find")


def test_a_code_for_one_request_opens_only_that_one(person: Person, another: Callable[[], Person]) -> None:
    other: RightsRequest = another().ask(email="bo@example.org")
    case = person.ask()
    person.type_code(case)
    assert person.get("status", request_id=other.pk).url == reverse("citizens:find")
