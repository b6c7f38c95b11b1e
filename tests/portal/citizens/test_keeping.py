"""A template is kept only with a consent that was asked for separately, and is gone once it is withdrawn or over."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from freezegun import freeze_time
from pytest_django.fixtures import Settings

from matching import suppression
from matching.models import Source, TemplateSuppression
from portal import consent, flow, tasks, vault
from portal.answers import data
from portal.answers.content import blocks
from portal.models import Event, Evidence, Job, JobKind, Notice, Requester
from portal.notices.compose import compose
from rights.law.lifecycle import TransitionRefused
from rights.models import JournalEntry, RightsRequest
from tests.fakes import paint, template_of
from tests.portal.citizens.person import Person
from tests.portal.deeds import Ask, Run, erased, reviewed
from tests.staffing import sign_in
from tests.traces import database_bytes

pytestmark = pytest.mark.django_db(transaction=True)

AGREED = {"text": consent.VERSION, "agree": "on"}


@pytest.fixture
def case(painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User, person: Person) -> RightsRequest:
    """Ada was erased, and has her request open."""
    case = erased(ask, run_jobs, staff, other_staff)
    person.open(case)
    return case


def seen(person: Person, case: RightsRequest) -> str:
    return str(person.get("status", request_id=case.pk).content.decode())


def offers(person: Person, case: RightsRequest) -> bool:
    return reverse("citizens:consent", args=[case.pk]) in seen(person, case)


def entries(case: RightsRequest) -> dict[str, JournalEntry]:
    return {entry.event: entry for entry in case.journal_entries.filter(event__startswith="template")}


def body_of(case: RightsRequest, event: Event) -> str:
    return str(compose(Notice.objects.get(request=case, event=event)).body)


# --- asked ------------------------------------------------------------------------------------------------------------


def test_it_is_asked_after_the_erasure_unticked_with_its_date_and_what_it_means(
    person: Person, case: RightsRequest
) -> None:
    page = seen(person, case)
    until = flow.suppressed.ends_on()
    assert until == timezone.localdate().replace(year=timezone.localdate().year + 3)
    for heading, words in consent.words(until):
        assert heading in page
        assert words.replace("'", "&#x27;") in page
    assert consent.agreement(until) in page
    boxes = re.findall(r"<input[^>]*checkbox[^>]*>", page)
    assert ["agree" in box and "checked" not in box for box in boxes] == [True]


def test_nothing_is_asked_before_the_erasure_is_proven(
    painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User, person: Person
) -> None:
    case = reviewed(ask, run_jobs, staff, other_staff)
    person.open(case)
    assert not offers(person, case)
    with pytest.raises(TransitionRefused):
        flow.consent(request_id=case.pk, text=consent.VERSION, language="en")
    person.post("consent", AGREED, request_id=case.pk)
    assert not TemplateSuppression.objects.exists()


def test_who_says_nothing_or_does_not_tick_the_box_has_nothing_kept(
    person: Person, case: RightsRequest, run_jobs: Run
) -> None:
    for given in ({}, {"text": consent.VERSION}, {"text": "1999-01", "agree": "on"}):
        answer = person.post("consent", given, request_id=case.pk)
        assert 'class="errors"' in answer.content.decode()
    run_jobs()
    assert not TemplateSuppression.objects.exists()
    assert entries(case) == {}
    assert not Job.objects.filter(kind=JobKind.KEEP_TEMPLATE).exists()


def test_once_the_photograph_is_destroyed_it_is_not_offered_and_said_why(person: Person, case: RightsRequest) -> None:
    with freeze_time(timezone.now() + timedelta(days=91)):
        flow.destroy_what_is_due()
        person.open(case)
        assert not offers(person, case)
        assert "It would need a new photograph" in seen(person, case)
        person.post("consent", AGREED, request_id=case.pk)
    assert not TemplateSuppression.objects.exists()


def test_who_acts_for_another_person_cannot_consent_for_them(person: Person, case: RightsRequest) -> None:
    Requester.objects.filter(request=case).update(on_behalf=True, person_name="Bo", relation="lawyer")
    assert not offers(person, case)
    person.post("consent", AGREED, request_id=case.pk)
    assert not TemplateSuppression.objects.exists()


def test_a_controller_who_wants_no_template_asks_nobody(
    person: Person, case: RightsRequest, settings: Settings
) -> None:
    settings.TEMPLATE_YEARS = 0
    assert "keeping" not in seen(person, case)
    person.post("consent", AGREED, request_id=case.pk)
    assert not TemplateSuppression.objects.exists()


def test_whoever_changes_the_words_gives_them_a_new_version() -> None:
    with translation.override("en"):
        said = json.dumps([consent.words(date(2030, 1, 2)), consent.agreement(date(2030, 1, 2))])
    assert (consent.VERSION, hashlib.sha256(said.encode()).hexdigest()[:16]) == ("2026-11", "0bc78d39dc29d6af")


# --- kept -------------------------------------------------------------------------------------------------------------


def keep(person: Person, case: RightsRequest, run_jobs: Run) -> TemplateSuppression:
    assert offers(person, case)
    person.post("consent", AGREED, request_id=case.pk)
    run_jobs()
    return TemplateSuppression.objects.get(subject=case.pk)


def test_with_consent_the_photograph_s_template_is_kept_and_that_is_on_record(
    person: Person, case: RightsRequest, run_jobs: Run
) -> None:
    row = keep(person, case, run_jobs)
    assert row.engine == "painted/1"
    assert row.ends_on == flow.suppressed.ends_on()
    assert [template.tobytes() for template in suppression.opened(row)] == [template_of("ada").tobytes()]
    found = entries(case)
    assert found["template_consent"].detail == {
        "text": consent.VERSION, "language": "en", "until": row.ends_on.isoformat(), "how": "status_page",
    }  # fmt: skip
    assert found["template_consent"].actor == "citizen"
    assert found["template_kept"].detail == {"templates": 1}
    assert str(row.ends_on.year) in body_of(case, Event.TEMPLATE_KEPT)
    page = seen(person, case)
    assert not offers(person, case)
    assert reverse("citizens:withdraw_consent", args=[case.pk]) in page
    assert "Template of your face, with your consent" in page


def test_consenting_or_keeping_twice_keeps_once(person: Person, case: RightsRequest, run_jobs: Run) -> None:
    row = keep(person, case, run_jobs)
    flow.consent(request_id=case.pk, text=consent.VERSION, language="en")
    run_jobs()
    flow.keep_template(request_id=case.pk)
    assert bytes(TemplateSuppression.objects.get().sealed) == bytes(row.sealed)
    assert case.journal_entries.filter(event__in=["template_consent", "template_kept"]).count() == 2


def test_a_worker_that_dies_before_or_after_it_keeps_is_mended_by_another(
    person: Person, case: RightsRequest, run_jobs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    person.post("consent", AGREED, request_id=case.pk)
    real = suppression.keep

    def dying(**how: object) -> bool:
        real(**how)
        raise SystemExit("killed")

    with monkeypatch.context() as patch:
        patch.setattr(suppression, "keep", dying)
        with pytest.raises(SystemExit):
            flow.keep_template(request_id=case.pk)
    assert TemplateSuppression.objects.get().engine == ""
    assert "template_kept" not in entries(case)
    run_jobs()
    assert TemplateSuppression.objects.get().engine == "painted/1"


@pytest.mark.parametrize("how", ["unusable", "destroyed"])
def test_a_photograph_that_is_gone_when_the_worker_comes_leaves_nothing_and_the_person_is_told(
    person: Person, case: RightsRequest, run_jobs: Run, how: str
) -> None:
    person.post("consent", AGREED, request_id=case.pk)
    if how == "unusable":
        Evidence.objects.filter(request=case).update(sealed=vault.seal(case, paint([None])))
    else:
        vault.destroy(case)
    run_jobs()
    assert not TemplateSuppression.objects.exists()
    assert entries(case)["template_destroyed"].detail == {"why": "no_photograph"}
    assert "Nothing is kept" in body_of(case, Event.TEMPLATE_GONE)


# --- withdrawn, or over -----------------------------------------------------------------------------------------------


def test_one_post_withdraws_at_once_and_nothing_remains(person: Person, case: RightsRequest, run_jobs: Run) -> None:
    row = keep(person, case, run_jobs)
    person.get("withdraw_consent", request_id=case.pk)
    assert TemplateSuppression.objects.exists()
    answer = person.client.post(reverse("citizens:withdraw_consent", args=[case.pk]), follow=True)
    assert "Your consent is withdrawn" in answer.content.decode()
    assert not TemplateSuppression.objects.exists()
    if connection.vendor == "sqlite":  # PostgreSQL reuses the space when it sees fit; there it is still sealed.
        written = database_bytes()
        assert bytes(row.sealed) not in written
        assert bytes(row.wrapped) not in written
    entry = entries(case)["template_destroyed"]
    assert (entry.actor, entry.detail) == ("citizen", {"why": "withdrawn"})
    run_jobs()
    assert "You withdrew your consent" in body_of(case, Event.TEMPLATE_GONE)
    person.post("withdraw_consent", request_id=case.pk)  # Again: nothing to do, nothing wrong.
    assert case.journal_entries.filter(event="template_destroyed").count() == 1


def test_it_can_be_given_again(person: Person, case: RightsRequest, run_jobs: Run) -> None:
    keep(person, case, run_jobs)
    person.post("withdraw_consent", request_id=case.pk)
    keep(person, case, run_jobs)
    person.post("withdraw_consent", request_id=case.pk)
    assert case.notices.filter(event=Event.TEMPLATE_GONE).count() == 2


def test_a_consent_withdrawn_before_the_worker_came_keeps_nothing(
    person: Person, case: RightsRequest, run_jobs: Run
) -> None:
    person.post("consent", AGREED, request_id=case.pk)
    person.post("withdraw_consent", request_id=case.pk)
    run_jobs()
    assert not TemplateSuppression.objects.exists()
    assert "template_kept" not in entries(case)


def test_it_can_still_be_withdrawn_when_the_request_is_closed_and_its_evidence_gone(
    person: Person, case: RightsRequest, run_jobs: Run
) -> None:
    keep(person, case, run_jobs)
    with freeze_time(timezone.now() + timedelta(days=400)):
        flow.destroy_what_is_due()
        case.refresh_from_db()
        assert case.state == "closed"
        assert TemplateSuppression.objects.exists()
        person.open(case)
        person.post("withdraw_consent", request_id=case.pk)
    assert not TemplateSuppression.objects.exists()


def test_another_person_s_link_can_neither_consent_nor_withdraw(
    person: Person, case: RightsRequest, run_jobs: Run, ask: Ask, another: Callable[[], Person]
) -> None:
    keep(person, case, run_jobs)
    other = another()
    for stranger in (other, another()):
        if stranger is other:
            other.open(ask("bo", email="bo@example.org"))
        for name in ("withdraw_consent", "consent"):
            answer = stranger.post(name, AGREED, request_id=case.pk)
            assert answer.url == reverse("citizens:find")
    assert TemplateSuppression.objects.exists()


def test_on_its_date_it_is_destroyed_and_the_person_is_told(person: Person, case: RightsRequest, run_jobs: Run) -> None:
    row = keep(person, case, run_jobs)
    noon = "T12:00:00+00:00"
    with freeze_time((row.ends_on - timedelta(days=1)).isoformat() + noon):
        tasks.pick_up()
        assert TemplateSuppression.objects.exists()
    with freeze_time(row.ends_on.isoformat() + noon):
        for _twice in range(2):
            tasks.pick_up()
    assert not TemplateSuppression.objects.exists()
    entry = entries(case)["template_destroyed"]
    assert (entry.actor, entry.detail) == ("system", {"why": "ended"})
    assert "ended on its date" in body_of(case, Event.TEMPLATE_GONE)


def test_the_journal_and_the_notices_say_nothing_of_the_person(
    person: Person, case: RightsRequest, run_jobs: Run
) -> None:
    keep(person, case, run_jobs)
    person.post("withdraw_consent", request_id=case.pk)
    said = json.dumps([entry.detail for entry in entries(case).values()])
    said += json.dumps(list(case.notices.values_list("context", flat=True)))
    for personal in ("ada", "example.org", "jpg", case.reference):
        assert personal not in said.lower()


def test_who_asks_for_access_later_is_told_of_the_template_and_nobody_else_is(
    person: Person, case: RightsRequest, run_jobs: Run, ask: Ask, staff: User
) -> None:
    row = keep(person, case, run_jobs)
    later = ask(rights=("access",), email="Ada@example.org")
    alike = ask(rights=("access",), email="twin@example.org")
    agent = ask(rights=("access",), email="ada@example.org")
    Requester.objects.filter(request=agent).update(on_behalf=True, person_name="Bo", relation="lawyer")
    agent.refresh_from_db()
    told = data.document(later, {})["templates_kept_with_consent"]
    assert [entry["kept_until"] for entry in told] == [row.ends_on.isoformat()]
    assert np.array_equal(np.float32(told[0]["templates"]), template_of("ada")[None])
    said = [block["text"] for block in blocks(later) if block["kind"] == "text"]
    assert any("We also keep a template of your face" in text for text in said)
    for other in (alike, agent):
        assert data.document(other, {})["templates_kept_with_consent"] == []
        assert "also keep a template" not in json.dumps(blocks(other))
    person.post("withdraw_consent", request_id=case.pk)
    assert data.document(later, {})["templates_kept_with_consent"] == []


def test_staff_see_it_with_a_later_request_of_the_same_address_and_can_destroy_it_there(
    person: Person, case: RightsRequest, run_jobs: Run, ask: Ask, staff: User, client: Client
) -> None:
    keep(person, case, run_jobs)
    later, other = ask(rights=("erasure",)), ask(rights=("erasure",), email="bo@example.org")
    sign_in(client, staff)
    destroy = reverse("admin:rights_request_withdraw_consent", args=[case.pk])
    pages = [client.get(reverse("admin:rights_rightsrequest_change", args=[one.pk])) for one in (later, other)]
    assert [destroy in page.content.decode() for page in pages] == [True, False]
    client.post(destroy)
    assert not TemplateSuppression.objects.exists()
