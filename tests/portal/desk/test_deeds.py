"""The journal in words: every deed that is written has some, and who did it has a name."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import translation

from portal.attempts import Attempt
from portal.desk import deeds
from portal.models import ControllerProfile
from portal.staff.roles import Role
from rights import journal
from rights.law.lifecycle import RequestState
from rights.law.regime import Stop
from tests.portal.deeds import Ask
from tests.project import ROOT
from tests.staffing import member, sign_in

pytestmark = pytest.mark.django_db


def written() -> Iterator[str]:
    """Every event that the source names where it writes into the journal."""
    for room in ("portal", "rights"):
        for path in (ROOT / room).rglob("*.py"):
            yield from _written_in(path)


def _written_in(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name.endswith("journal.record") or name in ("_copy_is_settled", "record"):
            yield from (_text(keyword.value) for keyword in node.keywords if keyword.arg == "event")
        elif name in ("accounts.note", "note", "_journal") and node.args:
            yield from (_text(each) for each in node.args[:2])


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


COMPUTED = (
    *("account_added", "account_changed", "reminded", "escalated", "message_received", "message_written"),
    *("controllerprofile_changed", "recipient_added", "recipient_changed", "source_changed"),
    *("access:carried_out", "erasure:carried_out", "known:agent", "known:person", "known:mandate"),
    *(f"state:{state}" for state in RequestState),
    *(f"{how}:{stop}" for how in ("asked", "answered") for stop in Stop),
    *("viewed_request", "viewed_probe", "viewed_picture", "refused:page", "refused:code_wrong"),
)
"""Events whose names are put together where they are written."""


def test_every_deed_has_words() -> None:
    found = {event for event in written() if event} | set(COMPUTED)
    assert len(found) > 100
    assert sorted(event for event in found if deeds.words_of(event) == event and event not in SAME) == []
    refused = {f"refused:{attempt}" for attempt in Attempt}
    assert sorted(set(deeds.DEEDS) - found - refused) == [], "words for deeds that nobody writes"
    assert deeds.words_of("of_an_older_release") == "of_an_older_release"


SAME = {"assigned", "decided", "extended", "posted", "proposed", "reminded"}
"""May be called as they are."""


def test_words_are_in_the_reader_s_language() -> None:
    with translation.override("de"):
        assert deeds.words_of("state:searched") == "Stand: durchsucht"
        assert deeds.words_of("controllerprofile_changed").startswith("geändert: ")
        assert deeds.words_of("viewed_request").startswith("angesehen: ")


def test_the_journal_names_who_did_it_and_asks_once_for_the_names(
    client: Client, ask: Ask, controller: ControllerProfile
) -> None:
    clara, request = member("clara", *Role), ask()
    User.objects.filter(pk=clara.pk).update(first_name="Clara", last_name="Desk")
    for who in (journal.staff(clara.pk), journal.CITIZEN, "staff:99999"):
        journal.record(request=request, actor=who, event="probe_received")
    desk = sign_in(client, clara)
    shown = desk.get(reverse("admin:rights_journalentry_changelist")).content.decode()
    assert shown.count("photograph received") == 3 + 1, "in the rows, and once in the filter"
    for name in ("Clara Desk", "the person", "staff:99999"):
        assert name in shown
    for query in ("event=probe_received", "actor=citizen", f"event=probe_received&actor=staff%3A{clara.pk}"):
        listed = desk.get(f"{reverse('admin:rights_journalentry_changelist')}?{query}")
        assert listed.status_code == 200, query
        assert {entry.event for entry in listed.context["cl"].result_list} >= {"probe_received"}
    entry = journal.record(request=None, actor=journal.staff(clara.pk), event="signed_in")
    one = desk.get(reverse("admin:rights_journalentry_change", args=[entry.pk])).content.decode()
    assert "signed in" in one
    assert "Clara Desk" in one
    assert f"staff:{clara.pk}" in one, "the record itself is shown beside its words"
    page = desk.get(reverse("admin:rights_rightsrequest_change", args=[request.pk])).content.decode()
    assert "photograph received" in page
    assert "Clara Desk" in page
    looks = desk.get(reverse("staff:accesses_of", args=[request.pk])).content.decode()
    assert "looked at: the page of the request" in looks
    assert "Clara Desk" in looks


def test_names_of_a_page_are_one_query(ask: Ask, django_assert_num_queries: object) -> None:
    request, people = ask(), [member(f"member-{number}", *Role) for number in range(4)]
    entries = [
        journal.record(request=request, actor=journal.staff(person.pk), event="probe_received") for person in people
    ]
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert [line.who for line in deeds.told(entries)] == [person.username for person in people]
