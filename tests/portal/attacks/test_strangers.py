"""A stalker or a former partner: knows the address, perhaps the reference, and tries every door."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import signing
from django.forms.models import model_to_dict
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from freezegun import freeze_time

from matching.models import Source
from portal import flow
from portal.api.tokens import token_for
from portal.identity import email_code, links
from portal.models import EmailCode
from rights import reference
from rights.models import JournalEntry, RightsRequest
from tests.portal.attacks.traces import lines, refusals
from tests.portal.citizens.person import Person, Response, id_in

pytestmark = pytest.mark.django_db
Another = Callable[[], Person]

DOORS = [
    "status",
    "code",
    "photo",
    "withdraw",
    "erase_now",
    "consent",
    "withdraw_consent",
    "download",
    "download_file",
    "pictures",
    "due_date",
]


def alike(first: Response, second: Response) -> bool:
    """Whether two answers tell an outsider the same."""
    told = [
        {name: value for name, value in answer.headers.items() if name not in ("Expires", "Content-Security-Policy")}
        for answer in (first, second)
    ]
    return (first.status_code, first.content, told[0]) == (second.status_code, second.content, told[1])


@pytest.mark.parametrize("door", DOORS)
def test_another_persons_request_is_as_closed_as_one_that_does_not_exist(
    person: Person, another: Another, door: str, caplog: pytest.LogCaptureFixture
) -> None:
    case, stalker = person.ask(), another()
    stalker.ask(email="stalker@example.org")
    assert alike(stalker.get(door, request_id=case.pk), stalker.get(door, request_id=uuid4()))
    assert alike(stalker.post(door, request_id=case.pk), stalker.post(door, request_id=uuid4()))
    assert refusals(case) == ["page"]
    assert set(lines(caplog)) == {"Refused: page."}


def test_a_link_for_one_request_opens_that_one_alone(person: Person, another: Another) -> None:
    case, other = person.ask(), another().ask(email="bo@example.org")
    stalker = another()
    stalker.open(other)
    assert stalker.get("status", request_id=case.pk).url == reverse("citizens:find")
    assert refusals(case) == ["page"]


@pytest.mark.parametrize(
    "token",
    [
        "nonsense", "..%2f..%2fadmin", "%00", "a" * 5000, "{{7*7}}",
        signing.dumps(uuid4().hex, salt="portal.api-token"), signing.dumps(uuid4().hex, key="k" * 50, salt=links.SALT),
    ],
)  # fmt: skip
def test_a_forged_link_is_answered_like_one_to_a_request_that_is_gone(
    another: Another, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    forged: Response = another().client.get(f"/open/{token}/")
    gone: Response = another().client.get(reverse("citizens:link", args=[signing.dumps(uuid4().hex, salt=links.SALT)]))
    if "%2f" in token:  # Decoded, it is another address.
        assert forged.status_code == 404
        return
    assert (forged.status_code, forged.url) == (gone.status_code, gone.url) == (302, reverse("citizens:find"))
    assert lines(caplog) == ["Refused: link."] * 2


def test_a_token_of_the_api_is_no_link_and_a_link_no_token(person: Person, another: Another) -> None:
    case = person.ask()
    tried: Response = another().client.get(reverse("citizens:link", args=[token_for(case)]))
    assert tried.url == reverse("citizens:find")
    link = links.status_url(case).rstrip("/").rpartition("/")[2]
    url = reverse("api:request", args=[case.pk])
    for token in (link, "x", token_for(another().ask(email="bo@example.org"))):
        refused = Client().get(url, headers={"Authorization": f"Bearer {token}"})
        unknown = Client().get(reverse("api:request", args=[uuid4()]), headers={"Authorization": f"Bearer {token}"})
        assert alike(refused, unknown)
        assert refused.status_code == 404
    assert refusals(case) == ["token"]


def test_a_code_that_was_used_is_worth_nothing(person: Person, another: Another) -> None:
    case = person.ask()
    digits = email_code.digits(EmailCode.objects.get(request=case))
    person.type_code(case)
    thief = another()
    thief.post("find", {"reference": case.reference, "email": "ada@example.org"})
    used = EmailCode.objects.filter(request=case).exclude(used_at=None).get()
    assert email_code.digits(used) == digits
    page = thief.post("code", {"code": digits}, request_id=case.pk)
    assert page.status_code == 200
    assert thief.get("status", request_id=case.pk).url == reverse("citizens:find")
    assert refusals(case)[0] in ("code_wrong", "code_expired")


def test_a_code_that_has_expired_is_refused_and_written_down(person: Person) -> None:
    case = person.ask()
    with freeze_time(timezone.now() + timedelta(minutes=15, seconds=1)):
        page = person.type_code(case)
    assert "has expired" in page.content.decode()
    case.refresh_from_db()
    assert case.state == "received"
    assert refusals(case) == ["code_expired"]


def test_a_code_of_somebody_else_is_wrong_here(person: Person, another: Another) -> None:
    case = person.ask()
    thief = another()
    own = thief.ask(email="thief@example.org")
    thief.post("find", {"reference": case.reference, "email": "ada@example.org"})
    digits = email_code.digits(EmailCode.objects.get(request=own))
    assert thief.post("code", {"code": digits}, request_id=case.pk).status_code == 200
    assert thief.get("status", request_id=case.pk).url == reverse("citizens:find")
    assert refusals(case) == ["code_wrong", "page"]


def test_guessing_codes_ends_after_five_each_written_down(person: Person, another: Another) -> None:
    case = person.ask()
    right = email_code.digits(EmailCode.objects.get(request=case))
    for _browser in range(3):  # A new browser is no new chance.
        thief = another()
        thief.post("find", {"reference": case.reference, "email": "ada@example.org"})
        for _try in range(3):
            thief.post("code", {"code": "111111" if right == "000000" else "000000"}, request_id=case.pk)
    thief.post("code", {"code": right}, request_id=case.pk)
    assert thief.get("status", request_id=case.pk).url == reverse("citizens:find")
    assert refusals(case) == ["code_wrong"] * 4 + ["code_locked", "page"]


def test_a_guessed_reference_says_nothing_and_mails_nobody(person: Person, another: Another) -> None:
    case = person.ask()
    codes = EmailCode.objects.filter(request=case).count()
    for guess in (case.reference, reference.new()):
        stalker = another()
        found: Response = stalker.post("find", {"reference": guess, "email": "stalker@example.org"})
        assert id_in(found) != case.pk
        assert stalker.get("code", request_id=id_in(found)).status_code == 200
    assert EmailCode.objects.filter(request=case).count() == codes
    assert refusals(case) == []  # Nobody knocked at this one's door: the address was not its own.


def test_the_answer_needs_a_fresh_code_and_whoever_tries_without_is_noted(person: Person, another: Another) -> None:
    case = person.ask()
    partner = another()
    partner.open(case)  # Reads the mailbox, or an old mail in it.
    assert partner.get("download_file", request_id=case.pk).url == reverse("citizens:download", args=[case.pk])
    assert refusals(case) == ["download"]


def test_trying_all_day_fills_no_journal(person: Person, another: Another) -> None:
    case, stalker = person.ask(), another()
    for _try in range(30):
        stalker.get("status", request_id=case.pk)
    assert refusals(case) == ["page"]
    with freeze_time(timezone.now() + timedelta(minutes=2)):
        stalker.get("status", request_id=case.pk)
    assert refusals(case) == ["page", "page"]


def test_nothing_of_a_refusal_names_anybody(person: Person, another: Another, caplog: pytest.LogCaptureFixture) -> None:
    case, stalker = person.ask(), another()
    stalker.client.get(f"/requests/{case.pk}/?who=ada@example.org", REMOTE_ADDR="192.0.2.7")
    stalker.client.get("/open/ada@example.org/", REMOTE_ADDR="192.0.2.7")
    entry = JournalEntry.objects.filter(request=case).latest("position")
    for text in (str(model_to_dict(entry)), caplog.text):
        assert "ada" not in re.sub(r"[0-9a-f]{64}", "", text.replace(str(case.pk), ""))  # A digest may spell anything.
        assert "192.0.2.7" not in text


def test_numbers_beyond_any_row_are_answered_as_rows_that_are_not_there(person: Person) -> None:
    case: RightsRequest = person.ask()
    person.open(case)
    for number in (0, 2**31, 2**63, 10**30):
        assert person.get("reply", request_id=case.pk, question_id=number).status_code in (302, 404)


def test_the_status_page_does_not_tell_whether_anybody_was_found(
    painted: Source, ask: Callable[..., RightsRequest], another: Another, run_jobs: Callable[[], None]
) -> None:
    """A face that the collection shows three times, and one that it does not: the same page until it is decided."""
    pages: list[str] = []
    for name in ("ada", "flo"):
        case, stalker = ask(name, email=f"{len(pages)}@example.org"), another()
        flow.confirm(request_id=case.pk)
        run_jobs()
        stalker.open(case)
        text = stalker.get("status", request_id=case.pk).content.decode()
        text = re.sub(r'(csrfmiddlewaretoken" value|nonce|name="key" value)="[^"]+"', "", text)
        text = re.sub(r'datetime="[^"]+"|(?<=-)\d{10}(?=-)', "", text)
        text = text.replace(case.reference, "").replace(str(case.pk), "")
        text = text.replace(f"{len(pages)}@example.org", "").replace(f"{len(pages)}•••@example.org", "")
        pages.append(re.sub(r"\s+", " ", text))
    assert pages[0] == pages[1]
    states = [
        Client().get(reverse("api:request", args=[case.pk]), headers={"Authorization": f"Bearer {token_for(case)}"})
        for case in RightsRequest.objects.order_by("received_at", "pk")
    ]
    assert [answer.json()["state"] for answer in states] == ["searched", "searched"]
