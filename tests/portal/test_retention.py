"""Everything kept of a requester has a date, and is gone after it."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.conf import settings as configured
from django.contrib.sessions.models import Session
from django.core.exceptions import ImproperlyConfigured
from django.db.models import TextField
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from freezegun import freeze_time

from matching.models import Source
from portal import drafts, flow, retention, tasks
from portal.identity import networks
from portal.models import Draft, EmailCode, Requester
from portal.notices import turns
from rights.models import JournalEntry
from tests.portal import kept_fields
from tests.portal.deeds import Ask

TEXT = retention.FILE.read_text(encoding="utf-8")


def test_every_sentence_is_listed_for_the_catalogues_and_said_in_the_language_of_the_page() -> None:
    assert {text for kind in retention.read(TEXT).values() for text in kind.sentences.values()} == set(retention.WORDS)
    for language, what in [
        ("en", "A form that was begun and not sent"),
        ("fr", "Un formulaire commencé et non envoyé"),
        ("de", "Ein begonnenes, nicht abgesandtes Formular"),
    ]:
        with translation.override(language):
            assert retention.kinds()[0].what == what


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("[codes]", "[code]", "wanted are"),
        ("days = 90", "days = 0", r"\[evidence\]: days is 0"),
        ("days = 90", 'days = "90"', "not a number of days"),
        ("days = 90", "day = 90", "day, days missing or unknown"),
        ('why = "So that you can fetch it."', "why = 7", r"\[answer\]: why is no sentence"),
        ('holds = ["portal.Draft"]', "holds = []", r"\[draft\]: holds lists"),
    ],
)
def test_a_file_that_says_something_else_is_refused_by_table_and_key(before: str, after: str, said: str) -> None:
    text = TEXT.replace("[codes.", "[code.") if before == "[codes]" else TEXT
    assert before in text
    with pytest.raises(ImproperlyConfigured, match=said):
        retention.read(text.replace(before, after, 1))


def test_an_installation_may_set_other_lengths(settings: object) -> None:
    settings.RETENTION_DAYS = {**configured.RETENTION_DAYS, "record": 30}  # type: ignore[attr-defined]
    assert retention.length("record") == timedelta(days=30)
    assert retention.length("draft") == timedelta(days=1)


@pytest.mark.django_db
def test_the_page_says_what_is_kept_how_long_and_why(client: Client, controller: object) -> None:
    page = client.get(reverse("citizens:kept")).content.decode()
    for kind in retention.kinds():
        assert kind.why in page
    assert "90 days from" in page
    assert "1 day from" in page
    assert "(about 5 years)" in page, "nobody counts 1826 days"
    assert "(about 0" not in page


@pytest.mark.django_db
def test_a_draft_goes_the_day_after(controller: object) -> None:
    drafts.begin()
    with freeze_time(timezone.now() + timedelta(days=1, minutes=1)):
        flow.destroy_what_is_due()
    assert not Draft.objects.exists()


@pytest.mark.django_db
def test_codes_go_the_day_after_they_ended(painted: Source, ask: Ask) -> None:
    ask()
    assert EmailCode.objects.count() == 1
    with freeze_time(timezone.now() + timedelta(hours=24)):
        flow.destroy_what_is_due()
    assert EmailCode.objects.count() == 1
    with freeze_time(timezone.now() + timedelta(hours=24, minutes=16)):
        flow.destroy_what_is_due()
    assert not EmailCode.objects.exists()


@pytest.mark.django_db
def test_the_address_goes_five_years_after_the_end_and_the_record_stays(painted: Source, ask: Ask) -> None:
    request, running = ask(), ask(email="bo@example.org")
    flow.withdraw(request_id=request.pk)
    almost = timezone.now() + retention.length("record") - timedelta(minutes=1)
    with freeze_time(almost):
        flow.destroy_what_is_due()
    assert Requester.objects.get(request=request).email
    with freeze_time(almost + timedelta(minutes=2)):
        flow.destroy_what_is_due()
        flow.destroy_what_is_due()
    assert Requester.objects.get(request=request).email == ""
    assert Requester.objects.get(request=running).email == "bo@example.org"
    assert JournalEntry.objects.filter(request=request, event="address_destroyed").count() == 1
    assert JournalEntry.objects.filter(request=request, event="state:withdrawn").exists()


@pytest.mark.django_db
def test_sessions_that_ended_are_forgotten(client: Client) -> None:
    session = client.session
    session["seen"] = "yes"
    session.save()
    Session.objects.update(expire_date=timezone.now() - timedelta(minutes=1))
    tasks.forget_sessions()
    assert not Session.objects.exists()


# --- every field ------------------------------------------------------------------------------------------------------


def covered(name: str, held: set[str]) -> bool:
    """Whether a field, or the model that it is of, is listed."""
    return name in held or name.rpartition(".")[0] in held


def test_every_field_that_could_hold_something_of_a_person_has_a_row_or_a_reason() -> None:
    held = {name for kind in retention.kinds() for name in kind.holds}
    every, stays = kept_fields.names(), kept_fields.stays()
    without = {name for name in every if not covered(name, held) and name not in stays}
    assert without == set(), "say in portal/retention.toml until when it is kept, or in kept_fields.py why for ever"
    assert {name for name in stays if covered(name, held)} == set(), "listed twice"
    assert stays <= every, "no such field"
    models = {model._meta.label for model in apps.get_models()}
    fields = {f"{model._meta.label}.{field.name}" for model in apps.get_models() for field in model._meta.fields}
    assert held <= models | fields, "no such model or field"


def test_a_new_field_without_a_row_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    new = TextField(name="nickname")
    monkeypatch.setattr(kept_fields, "fields", lambda: [(Requester, new)])
    with pytest.raises(AssertionError, match="say in portal/retention"):
        test_every_field_that_could_hold_something_of_a_person_has_a_row_or_a_reason()


def test_a_session_lasts_as_long_as_is_said() -> None:
    assert timedelta(seconds=configured.SESSION_COOKIE_AGE) == retention.length("session")
    assert retention.length("network") >= networks.WITHIN
    assert retention.length("mails") >= turns.DAY


@pytest.mark.django_db
def test_what_goes_on_its_date_goes_on_record(painted: Source, ask: Ask) -> None:
    ask()
    drafts.begin()
    with freeze_time(timezone.now() + timedelta(days=2)):
        flow.destroy_what_is_due()
        flow.destroy_what_is_due()
    entry = JournalEntry.objects.get(event="destroyed_on_date")
    assert (entry.request, entry.actor) == (None, "system")
    assert entry.detail == {"drafts": 1, "changes": 0, "codes": 1}
