"""Correcting how one is reached: a new address is proven, the old one told, and what went there opens nothing."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from freezegun import freeze_time

from portal import flow, vault
from portal.identity import email_code, links, new_address
from portal.models import AddressChange, EmailCode, Event, Notice, Requester
from portal.notices.compose import compose
from portal.notices.outbox import deliver
from rights.law.lifecycle import TransitionRefused
from rights.models import JournalEntry, RightsRequest
from tests.portal.citizens.person import Person

pytestmark = pytest.mark.django_db(transaction=True)

NEW = "new@example.org"


@pytest.fixture
def her(person: Person) -> Person:
    return person


@pytest.fixture
def case(her: Person) -> RightsRequest:
    case = her.ask()
    her.type_code(case)
    return case


def fresh(person: Person, case: RightsRequest) -> None:
    """Type a fresh code of the present address."""
    person.post("contact_code", request_id=case.pk)
    assert person.type_code(case).url == reverse("citizens:contact", args=[case.pk])


def propose(person: Person, case: RightsRequest, email: str = NEW) -> AddressChange:
    person.post("contact_address", {"email": email}, request_id=case.pk)
    return AddressChange.objects.filter(request=case).latest("asked_at")


def address_of(case: RightsRequest) -> str:
    return Requester.objects.get(request=case).email


def test_name_and_language_are_corrected_and_the_journal_does_not_say_to_what(her: Person, case: RightsRequest) -> None:
    her.post("contact_details", {"name": "Ada Byron", "language": "fr"}, request_id=case.pk)
    case.refresh_from_db()
    assert (case.requester.name, case.language) == ("Ada Byron", "fr")
    entry = JournalEntry.objects.get(event="contact_corrected")
    assert entry.detail == {"changed": ["name", "language"]}
    her.post("contact_details", {"name": "Ada Byron", "language": "fr"}, request_id=case.pk)
    assert JournalEntry.objects.filter(event="contact_corrected").count() == 1
    page = her.post("contact_details", {"name": "", "language": "tlh"}, request_id=case.pk).content.decode()
    assert "Error:" in page


def test_another_address_takes_a_code_of_each(her: Person, case: RightsRequest) -> None:
    assert "contact/address" not in her.get("contact", request_id=case.pk).content.decode()
    her.post("contact_address", {"email": NEW}, request_id=case.pk)
    assert not AddressChange.objects.exists()
    fresh(her, case)
    change = propose(her, case)
    assert address_of(case) == "ada@example.org"
    assert NEW.encode() not in bytes(change.sealed)
    asked = compose(Notice.objects.get(event=Event.NEW_ADDRESS))
    assert asked.to == [NEW]
    assert new_address.digits(change) in asked.body
    assert case.reference not in f"{asked.body}{asked.subject}"
    assert "/open/" not in asked.body
    assert "not right" in her.post("contact_prove", {"code": "000000"}, request_id=case.pk).content.decode()
    done = her.post("contact_prove", {"code": new_address.digits(change)}, request_id=case.pk)
    assert done.url == reverse("citizens:status", args=[case.pk])
    assert address_of(case) == NEW
    assert her.get("status", request_id=case.pk).status_code == 200
    told = Notice.objects.get(event=Event.ADDRESS_CHANGED)
    assert compose(told).to == ["ada@example.org"]
    assert NEW not in compose(told).body
    assert deliver(notice_id=told.pk) or told.state != "failed"


def test_what_was_sent_to_the_old_address_opens_nothing_any_more(her: Person, case: RightsRequest) -> None:
    partner = Person()
    old_link = links.status_url(case)
    partner.client.get(old_link)
    assert partner.get("status", request_id=case.pk).status_code == 200
    fresh(her, case)
    change = propose(her, case)
    with freeze_time(timezone.now() + timedelta(minutes=2)):
        email_code.issue(request=case)
        old_code = EmailCode.objects.filter(request=case).latest("created_at")
        her.post("contact_prove", {"code": new_address.digits(change)}, request_id=case.pk)
        assert address_of(case) == NEW
        assert partner.get("status", request_id=case.pk).url == reverse("citizens:find")
        assert partner.client.get(old_link).url == reverse("citizens:find")  # type: ignore[attr-defined]
        assert not email_code.check(request=case, digits=email_code.digits(old_code)).ok
        her.open(case)
        assert her.get("status", request_id=case.pk).status_code == 200


def test_a_code_for_a_new_address_ends_and_cannot_be_guessed(her: Person, case: RightsRequest) -> None:
    fresh(her, case)
    change = propose(her, case)
    for _try in range(5):
        her.post("contact_prove", {"code": "000000"}, request_id=case.pk)
    her.post("contact_prove", {"code": new_address.digits(change)}, request_id=case.pk)
    assert address_of(case) == "ada@example.org"
    change = propose(her, case)
    right = new_address.digits(change)
    with freeze_time(timezone.now() + timedelta(minutes=16)):
        assert not flow.prove_address(request_id=case.pk, change_id=change.pk, typed=right).ok
    first, second = propose(her, case, "one@example.org"), propose(her, case, "two@example.org")
    assert not flow.prove_address(request_id=case.pk, change_id=first.pk, typed=new_address.digits(first)).ok
    propose(her, case)
    with pytest.raises(TransitionRefused):
        flow.propose_address(request_id=case.pk, email="sixth@example.org")
    assert not email_code.check(request=case, digits=new_address.digits(second)).ok


def test_only_who_has_the_request_open_and_only_while_it_lasts(her: Person, case: RightsRequest) -> None:
    stranger = Person()
    for name in ("contact_details", "contact_code", "contact_address", "contact_prove"):
        assert stranger.post(name, {"email": NEW, "name": "x"}, request_id=case.pk).url == reverse("citizens:find")
    fresh(her, case)
    change = propose(her, case)
    flow.withdraw(request_id=case.pk)
    assert not AddressChange.objects.exists()
    assert her.get("contact", request_id=case.pk).url == reverse("citizens:status", args=[case.pk])
    with pytest.raises(TransitionRefused):
        flow.prove_address(request_id=case.pk, change_id=change.pk, typed=new_address.digits(change))
    assert not deliver(notice_id=Notice.objects.get(event=Event.NEW_ADDRESS).pk)


def test_the_old_address_goes_with_the_evidence(her: Person, case: RightsRequest) -> None:
    fresh(her, case)
    change = propose(her, case)
    flow.prove_address(request_id=case.pk, change_id=change.pk, typed=new_address.digits(change))
    change.refresh_from_db()
    assert vault.unseal(case, bytes(change.sealed)) == b"ada@example.org"
    case.notices.filter(event=Event.ADDRESS_CHANGED).update(state="sent")
    flow.withdraw(request_id=case.pk)
    with pytest.raises(vault.Destroyed):
        vault.unseal(case, bytes(change.sealed))
    assert not deliver(notice_id=Notice.objects.get(event=Event.ADDRESS_CHANGED).pk)


def test_an_address_that_nobody_proved_goes_with_the_codes(her: Person, case: RightsRequest) -> None:
    fresh(her, case)
    propose(her, case)
    with freeze_time(timezone.now() + timedelta(days=1, minutes=16)):
        flow.destroy_what_is_due()
    assert not AddressChange.objects.exists()
