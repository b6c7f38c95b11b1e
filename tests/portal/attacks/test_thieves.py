"""Thieves of the database, of the disk, of the broker: each gets what docs/threat-model.md says, and no more."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from matching.models import Face, Source
from portal import flow, vault
from portal.answers import archive
from portal.identity import email_code, links
from portal.models import Answer, EmailCode, Evidence, Notice
from rights.models import RightsRequest
from tests.portal.citizens.person import Person
from tests.portal.deeds import Ask, Run, answered
from tests.staffing import sign_in

WORDS = (b"Quetzalcoatl", b"quetzal@example.org")


@pytest.fixture
def case(painted: Source, ask: Ask, run_jobs: Run, staff: User, other_staff: User) -> RightsRequest:
    """An answer on offer."""
    return answered(ask, run_jobs, staff, other_staff, email="quetzal@example.org")


def dump() -> bytes:
    """Every value of every table, as a thief of the database reads it."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                found += [bytes(v) if isinstance(v, bytes | memoryview) else str(v).encode() for v in row]
    return b"\n".join(found)


# --- the broker -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_broker_holds_identifiers_and_nothing_else(
    case: RightsRequest, sent_tasks: list[tuple[str, tuple[Any, ...]]]
) -> None:
    flow.delivered(request_id=case.pk)
    flow.withdraw_consent(request_id=case.pk)
    names = {name for name, _arguments in sent_tasks}
    assert names == {"portal.tasks.run_job", "portal.tasks.deliver"}
    identifiers = re.compile(r"\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
    for _name, arguments in sent_tasks:
        assert len(arguments) == 1
        assert identifiers.fullmatch(str(arguments[0]))
    notices = {str(pk) for pk in Notice.objects.values_list("pk", flat=True)}
    assert {str(one) for name, (one,) in sent_tasks if name.endswith("deliver")} <= notices
    assert django_settings.CELERY_TASK_IGNORE_RESULT


@pytest.mark.django_db
def test_a_forged_task_does_nothing_that_no_row_asks_for(case: RightsRequest) -> None:
    from portal import tasks

    before = RightsRequest.objects.filter(pk=case.pk).values().get()
    tasks.run_job(999_999)
    done = case.jobs.order_by("pk").values_list("pk", flat=True)[0]
    tasks.run_job(done)
    sent = Notice.objects.filter(request=case, state="sent")[0]
    attempts = sent.attempts
    tasks.deliver(str(sent.pk))
    sent.refresh_from_db()
    assert sent.attempts == attempts
    assert RightsRequest.objects.filter(pk=case.pk).values().get() == before


# --- the database -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_database_alone_opens_no_photograph_no_answer_and_no_door(case: RightsRequest, staff: User) -> None:
    stolen = dump()
    probe = vault.unseal(case, bytes(Evidence.objects.get(request=case).sealed))
    assert probe[200:260] not in stolen
    assert b"\xff\xd8\xff" not in stolen  # No JPEG at all.
    assert b"".join(archive.stream(Answer.objects.get(request=case)))[:64] not in stolen
    code = EmailCode.objects.filter(request=case).latest("created_at")
    assert email_code.digits(code).encode() not in re.findall(rb"(?<!\d)\d{6}(?!\d)", stolen)
    assert links.status_url(case).rpartition("/open/")[2].encode() not in stolen
    assert django_settings.SECRET_KEY.encode() not in stolen
    assert not [key for _name, key in django_settings.MASTER_KEYS if key in stolen]
    assert b"correct horse battery staple" not in stolen


@pytest.mark.django_db
def test_the_database_does_hold_addresses_and_templates(case: RightsRequest) -> None:
    """What the threat model admits. Whoever ends one of these ends the sentence there as well."""
    stolen = dump()
    assert b"quetzal@example.org" in stolen
    template = bytes(Face.objects.order_by("pk")[0].template)
    assert template in stolen
    text = " ".join((Path(django_settings.BASE_DIR) / "docs" / "threat-model.md").read_text(encoding="utf-8").split())
    for admitted in ("names, addresses and e-mail addresses", "templates of all faces held"):
        assert admitted in text


@pytest.mark.django_db
def test_no_row_of_a_session_opens_it(case: RightsRequest, staff: User) -> None:
    reader, desk = Person(), sign_in(Client(), staff)
    reader.open(case)
    status, first = reverse("citizens:status", args=[case.pk]), reverse("staff:factors")
    assert reader.client.get(status).status_code == desk.get(first).status_code == 200
    stolen = dump()
    name = django_settings.SESSION_COOKIE_NAME
    for cookie in (reader.client.cookies[name].value, desk.cookies[name].value):
        assert cookie.encode() not in stolen
    keys = list(Session.objects.values_list("session_key", flat=True))
    assert len(keys) == 2
    for key in keys:
        thief = Client()
        thief.cookies[name] = key
        assert thief.get(status).status_code == thief.get(first).status_code == 302
        assert key in set(Session.objects.values_list("session_key", flat=True)), "a thief ends nobody's session"
    assert reader.client.get(status).status_code == 200


@pytest.mark.django_db
def test_the_content_of_another_session_opens_nothing_in_ones_own(case: RightsRequest, staff: User) -> None:
    victim, thief = sign_in(Client(), staff), Person()
    assert victim.get(reverse("staff:factors")).status_code == 200
    stolen = Session.objects.get().session_data
    thief.open(case)
    Session.objects.update(session_data=stolen)
    assert victim.get(reverse("staff:factors")).status_code == 200
    assert thief.client.get(reverse("staff:factors")).status_code == 302


@pytest.mark.django_db
def test_a_session_that_was_closed_leaves_no_row(case: RightsRequest) -> None:
    reader = Person()
    reader.open(case)
    before = reader.client.cookies[django_settings.SESSION_COOKIE_NAME].value
    reader.post("leave")
    assert Session.objects.count() <= 1  # What the next page is to say.
    again = Client()
    again.cookies[django_settings.SESSION_COOKIE_NAME] = before
    assert again.get(reverse("citizens:status", args=[case.pk])).status_code == 302


@pytest.mark.django_db
def test_no_session_holds_more_than_numbers_of_requests(case: RightsRequest) -> None:
    reader = Person()
    reader.open(case)
    reader.get("status", request_id=case.pk)
    content = json.dumps(dict(reader.client.session.items()))
    assert case.pk.hex in content
    for word in ("quetzal", "ada", case.reference):
        assert word not in content.replace(case.pk.hex, "")


# --- the disk ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_files_hold_no_readable_answer_and_no_name(case: RightsRequest, settings: Settings) -> None:
    sealed = archive.path_of(case).read_bytes()
    plain = b"".join(archive.stream(Answer.objects.get(request=case)))
    assert not [at for at in range(0, len(plain) - 32, 4096) if plain[at : at + 32] in sealed]
    everything = b"".join(path.read_bytes() for path in Path(settings.ANSWERS_DIR).rglob("*") if path.is_file())
    everything += b"".join(path.read_bytes() for path in Path(settings.INDEX_DIR).rglob("*") if path.is_file())
    for word in (*WORDS, case.reference.encode()):
        assert word not in everything


@pytest.mark.django_db
def test_the_index_does_hold_templates_as_they_are(case: RightsRequest, settings: Settings) -> None:
    """What the threat model admits: the disk is to be encrypted."""
    files = b"".join(path.read_bytes() for path in Path(settings.INDEX_DIR).rglob("*") if path.is_file())
    template = np.frombuffer(bytes(Face.objects.order_by("pk")[0].template), dtype="<f4")
    assert template.tobytes() in files
    text = " ".join((Path(django_settings.BASE_DIR) / "docs" / "threat-model.md").read_text(encoding="utf-8").split())
    assert "templates as 32-bit numbers, not encrypted" in text


@pytest.mark.django_db
def test_a_file_put_in_the_place_of_another_answer_does_not_open(
    case: RightsRequest, ask: Ask, run_jobs: Run, staff: User, other_staff: User
) -> None:
    other = answered(ask, run_jobs, staff, other_staff, email="other@example.org")
    archive.path_of(case).write_bytes(archive.path_of(other).read_bytes())
    with pytest.raises(vault.VaultError):
        b"".join(archive.stream(Answer.objects.get(request=case)))
