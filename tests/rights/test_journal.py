"""The journal: nobody changes it, and whoever does it past the database is found out."""

import json
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from rights import journal, triggers
from rights.models import JournalEntry, JournalHead

pytestmark = pytest.mark.django_db


@pytest.fixture
def entries() -> list[JournalEntry]:
    """Nine entries."""
    return [
        journal.record(
            request=None, actor=journal.SYSTEM, event=f"event-{number}", detail={"n": number, "ä": [1, None]}
        )
        for number in range(1, 10)
    ]


def flaws() -> list[tuple[int, str]]:
    return [(flaw.position, flaw.what) for flaw in journal.check()]


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("verify_journal", *arguments, stdout=out)
    return out.getvalue()


def test_an_untouched_journal_is_whole(entries: list[JournalEntry]) -> None:
    assert flaws() == []
    assert [entry.position for entry in JournalEntry.objects.all()] == list(range(1, 10))
    assert f"9:{entries[-1].digest}" in run()
    assert json.loads(run("--json"))["ok"] is True


def test_an_empty_journal_is_whole() -> None:
    assert flaws() == []
    assert "Entries: 0" in run()


CHANGES: dict[str, Callable[[], object]] = {
    "changed": lambda: JournalEntry.objects.filter(position=4).update(event="nothing"),
    "removed": lambda: JournalEntry.objects.filter(position=4).delete(),
    "removed raw": lambda: JournalEntry.objects.filter(position=4)._raw_delete("default"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_database_refuses_to_change_it(entries: list[JournalEntry], change: Callable[[], object]) -> None:
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        change()
    assert flaws() == []


def _swap() -> None:
    JournalEntry.objects.filter(position=4).update(position=100)
    JournalEntry.objects.filter(position=5).update(position=4)
    JournalEntry.objects.filter(position=100).update(position=5)


def _swap_contents() -> None:
    four, five = (JournalEntry.objects.get(position=position) for position in (4, 5))
    for entry, other in ((four, five), (five, four)):
        JournalEntry.objects.filter(pk=entry.pk).update(event=other.event, detail=other.detail, at=other.at)


TAMPERED: dict[str, tuple[Callable[[], object], set[int], str]] = {
    "another event": (lambda: JournalEntry.objects.filter(position=4).update(event="x"), {4}, "altered"),
    "another actor": (lambda: JournalEntry.objects.filter(position=4).update(actor="staff:1"), {4}, "altered"),
    "another detail": (lambda: JournalEntry.objects.filter(position=4).update(detail={"n": 5}), {4}, "altered"),
    "one removed": (lambda: JournalEntry.objects.filter(position=4).delete(), {4}, "entry 4 is missing"),
    "three removed": (lambda: JournalEntry.objects.filter(position__in=[4, 5, 6]).delete(), {4}, "entry 4 to 6 is"),
    "first removed": (lambda: JournalEntry.objects.filter(position=1).delete(), {1}, "entry 1 is missing"),
    "tail removed": (lambda: JournalEntry.objects.filter(position__gt=7).delete(), {8}, "8 to 9 is missing at the end"),
    "all removed": (lambda: JournalEntry.objects.all().delete(), {1}, "1 to 9 is missing at the end"),
    "two swapped": (_swap, {4, 5}, "altered"),
    "two contents swapped": (_swap_contents, {4, 5}, "altered"),
    "head put back": (lambda: JournalHead.objects.update(position=3, digest="0" * 64), {4}, "head"),
}


@pytest.mark.parametrize(("tamper", "positions", "words"), TAMPERED.values(), ids=TAMPERED)
def test_whoever_goes_past_the_database_is_named(
    entries: list[JournalEntry], tamper: Callable[[], object], positions: set[int], words: str
) -> None:
    triggers.remove(connection)
    tamper()
    found = flaws()
    assert positions <= {position for position, _what in found}
    assert any(words in what for _position, what in found)
    with pytest.raises(CommandError) as refused:
        run()
    assert refused.value.returncode == 1


def test_a_rule_that_is_gone_is_reported(entries: list[JournalEntry]) -> None:
    triggers.remove(connection)
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_journal", stdout=out)
    assert "rights_journalentry_never_update is missing" in out.getvalue()
    triggers.install(connection)
    assert triggers.missing(connection) == []
    run()


def test_a_chain_made_anew_does_not_fit_an_anchor(entries: list[JournalEntry]) -> None:
    anchor = f"4:{entries[3].digest}"
    run("--anchor", anchor)
    triggers.remove(connection)
    digest = ""
    for entry in JournalEntry.objects.order_by("position"):
        if entry.position == 2:
            entry.event = "something kinder"
        entry.previous, entry.digest = digest, ""
        entry.digest = digest = journal.digest_of(entry)
        entry.save()
    JournalHead.objects.update(digest=digest)
    triggers.install(connection)
    run()
    with pytest.raises(CommandError):
        run("--anchor", anchor)


@pytest.mark.parametrize("text", ["", "4", "4:abc", "x:" + "0" * 64])
def test_a_bad_anchor_is_named(text: str) -> None:
    with pytest.raises(CommandError, match="is not a position and a digest"):
        run("--anchor", text)


def test_what_fails_leaves_no_gap(entries: list[JournalEntry]) -> None:
    with transaction.atomic():
        journal.record(request=None, actor=journal.SYSTEM, event="undone")
        transaction.set_rollback(True)
    journal.record(request=None, actor=journal.SYSTEM, event="next")
    assert flaws() == []
    assert JournalEntry.objects.count() == 10
