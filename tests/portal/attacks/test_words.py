"""What people write is text: no template, no markup of the letter, no header of a mail, no HTML, no line of a log."""

from email import message_from_string, policy

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import reverse

from portal import flow
from portal.answers.letter import letter
from portal.models import Requester
from rights.models import Channel, RightsRequest
from tests.portal.answers import printed
from tests.portal.citizens.person import Person, upload
from tests.portal.deeds import Run
from tests.staffing import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

HOSTILE = {
    "django": "{{ settings.SECRET_KEY }}{% load static %}{% debug %}",
    "jinja": "{{ ''.__class__.__mro__ }} ${7*7} #{7*7} <%= 7*7 %>",
    "typst": '#import "@preview/x:1.0.0" #read("/etc/passwd") #include "x.typ" $7*7$ ```',
    "quotes": '"); #panic("x") //',
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "header": "Ada\r\nBcc: victim@example.org\r\n\r\nHello",
    "button": "Ada\n\n>> Refund | https://evil.example/\n\n## 123456",
    "format": "%s%n%(password)s {0.__class__} {settings}",
    "formula": '=HYPERLINK("https://evil.example";"x")',
    "direction": "Ada\u202egpj.exe\u2066\u200b",
}
each_word = pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE.keys())


@pytest.fixture
def contact(words: str) -> flow.Contact:
    return flow.Contact(
        name=words, email="ada@example.org", language="en", on_behalf=True, person_name=words, relation=words,
        postal_address=words,
    )  # fmt: skip


def asked(contact: flow.Contact) -> RightsRequest:
    return flow.receive(rights=["access"], contact=contact, channel=Channel.WEB, probe=None)


@each_word
def test_in_the_letter_it_is_printed_as_it_was_written(controller: object, contact: flow.Contact, words: str) -> None:
    text = printed.text_of(letter(request=asked(contact)))
    first = words.splitlines()[0].partition("\u202e")[0]  # What follows is printed the other way round.
    assert printed.bare(first)[:12] in text
    assert "root:" not in text


@each_word
def test_in_a_mail_it_is_not_repeated_and_adds_no_header(
    controller: object, contact: flow.Contact, words: str, run_jobs: Run
) -> None:
    asked(contact)
    run_jobs()
    assert len(mail.outbox) == 2
    for message in mail.outbox:
        source = message.message().as_string()
        assert message_from_string(source, policy=policy.default)["Bcc"] is None
        assert message.recipients() == ["ada@example.org"]
        assert "evil.example" not in source
        assert "victim@example.org" not in source
        assert words not in str(message.body)


@each_word
def test_on_the_pages_it_is_escaped(
    controller: object, contact: flow.Contact, words: str, client: Client, staff: User
) -> None:
    case = asked(contact)
    sign_in(client, staff)
    page = client.get(reverse("admin:rights_rightsrequest_change", args=[case.pk]))
    assert page.status_code == 200
    assert b"<script>alert" not in page.content
    assert b"onerror=alert(1)>" not in page.content
    assert "development only" not in page.content.decode()


@each_word
def test_in_the_form_it_comes_back_as_it_was_typed_and_does_nothing(person: Person, words: str) -> None:
    for step in ("rights", "person"):
        person.answer(step)
    assert person.answer("contact", name=words[:200]).status_code in (200, 302)
    page = person.get("form", step="contact").content.decode()
    assert "<script>alert" not in page
    assert "development only" not in page


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.org\r\nBcc: victim@example.org", "ada@example.org,victim@example.org", "ada@example.org\n",
        "Ada <ada@example.org>", "ada@example.org;victim@example.org", "\x00ada@example.org",
    ],
)  # fmt: skip
def test_an_address_is_one_address(person: Person, client: Client, address: str, run_jobs: Run) -> None:
    form = {"rights": ["access"], "email": address, "photo": upload()}
    answer = client.post("/api/requests/", form)
    found = Requester.objects.values_list("email", flat=True)
    assert answer.status_code == 400 or list(found) == ["ada@example.org"]
    run_jobs()
    assert not [message for message in mail.outbox if message.recipients() != ["ada@example.org"]]
