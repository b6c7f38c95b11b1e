"""What the database itself refuses, whoever asks: rules over several rows or over time, which no constraint can say.

They are made from the table of steps after every `migrate`, because SQLite drops a table's triggers whenever Django
alters it, and so that they never lag behind the table.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from rights.law.lifecycle import REQUEST_STEPS
from rights.models import DESTROYED

PREFIX: Final = "regard_"
WHOLE: Final = "_all"
"""Ends the name of a trigger against emptying a whole table."""


class Rule(NamedTuple):
    """Refuse an event on a row of a table when a condition over OLD and NEW holds; both databases read it alike."""

    name: str
    table: str
    event: str
    condition: str
    message: str


def rules() -> list[Rule]:
    """Every rule."""
    return [*_APPEND_ONLY, _steps(), *_OTHERS]


def _append_only(table: str, what: str) -> list[Rule]:
    return [
        Rule(f"{table}_never_{event.lower()}", table, event, "", f"{what} is never changed.")
        for event in ("UPDATE", "DELETE")
    ]


def _unchanged(*columns: str) -> str:
    """That these columns stay as they were."""
    return " AND ".join(f"NEW.{column} = OLD.{column}" for column in columns)


def _or_destroyed(column: str, nothing: str = DESTROYED) -> str:
    """That a column stays as it was, or that its content was destroyed."""
    return f"(NEW.{column} = OLD.{column} OR NEW.{column} = '{nothing}')"


_OF_EVENTS: Final = ("request_id", "kind", "at", "asked_for", '"by"', "detail")
_JOURNAL, _EVENTS = "The journal", "What happened to the clock"
_APPEND_ONLY: Final = [
    *_append_only("rights_journalentry", _JOURNAL),
    Rule(
        "rights_clockevent_never_update", "rights_clockevent", "UPDATE",
        f"NOT ({_unchanged(*_OF_EVENTS)} "  # noqa: S608 - names of ours
        f"AND COALESCE(NEW.answers_id, 0) = COALESCE(OLD.answers_id, 0) AND {_or_destroyed('words')} "
        "AND EXISTS (SELECT 1 FROM rights_rightsrequest WHERE id = OLD.request_id "
        "AND state IN ('closed', 'withdrawn')))",
        f"{_EVENTS} is never changed.",
    ),
    _append_only("rights_clockevent", _EVENTS)[1],
]  # fmt: skip


def _steps() -> Rule:
    pairs = sorted({(source.value, step.target.value) for step in REQUEST_STEPS.values() for source in step.sources})
    allowed = " OR ".join(f"(OLD.state = '{one}' AND NEW.state = '{other}')" for one, other in pairs)
    return Rule(
        "rights_request_step", "rights_rightsrequest", "UPDATE",
        f"OLD.state <> NEW.state AND NOT ({allowed})", "A request cannot take this step.",
    )  # fmt: skip


_OTHERS: Final = [
    Rule(
        "rights_request_stays", "rights_rightsrequest", "DELETE", "",
        "A registered request can never become not found.",
    ),
    Rule(
        "rights_request_first_receipt", "rights_rightsrequest", "UPDATE", "NEW.received_at > OLD.received_at",
        "The clock starts at the first receipt.",
    ),
    Rule(
        "rights_request_decided", "rights_rightsrequest", "UPDATE",
        "OLD.state <> NEW.state AND NEW.state = 'decided' AND "
        "EXISTS (SELECT 1 FROM rights_claim WHERE request_id = NEW.id AND outcome = 'pending')",
        "A claim of this request is not decided yet.",
    ),
    Rule(
        "rights_request_carried_out", "rights_rightsrequest", "UPDATE",
        "OLD.state <> NEW.state AND NEW.state IN ('carried_out', 'closed') AND "
        "EXISTS (SELECT 1 FROM rights_claim WHERE request_id = NEW.id AND fulfilled_at IS NULL)",
        "A claim of this request was not carried out yet.",
    ),
    Rule(
        "rights_claim_stays_carried_out", "rights_claim", "UPDATE",
        "OLD.fulfilled_at IS NOT NULL AND (NEW.fulfilled_at IS NULL OR NEW.outcome <> OLD.outcome)",
        "A claim that was carried out stays so.",
    ),
    Rule("rights_claim_stays", "rights_claim", "DELETE", "", "A claim is never removed."),
    Rule("rights_decision_stays", "rights_decision", "DELETE", "OLD.in_force", "A decision is never removed."),
    Rule(
        "rights_decision_stays_so", "rights_decision", "UPDATE",
        f"OLD.in_force AND NOT (NEW.in_force AND "  # noqa: S608 - names of ours
        f"{_unchanged('claim_id', 'outcome', 'ground', 'identity_basis', 'decided_by_id', 'decided_at')} "
        "AND COALESCE(NEW.second_by_id, 0) = COALESCE(OLD.second_by_id, 0) "
        "AND COALESCE(NEW.second_at, NEW.decided_at) = COALESCE(OLD.second_at, OLD.decided_at) "
        f"AND {_or_destroyed('reasons')} AND {_or_destroyed('evidence')} AND {_or_destroyed('withheld', '[]')} "
        "AND EXISTS (SELECT 1 FROM rights_claim JOIN rights_rightsrequest ON rights_rightsrequest.id = "
        "rights_claim.request_id WHERE rights_claim.id = OLD.claim_id "
        "AND rights_rightsrequest.state IN ('closed', 'withdrawn')))",
        "A decision in force never changes.",
    ),
]  # fmt: skip


def install(connection: BaseDatabaseWrapper) -> None:
    """Put every rule in place of what was there. One whose table or columns do not exist yet is left out."""
    remove(connection)
    with connection.cursor() as cursor:
        for rule in rules():
            if _columns(rule) <= _held(connection, rule.table):
                for _name, statement in _statements(rule, connection.vendor):
                    cursor.execute(statement)


def _columns(rule: Rule) -> set[str]:
    return {"id", *re.findall(r"(?:OLD|NEW)\.(\w+)", rule.condition)}


def _held(connection: BaseDatabaseWrapper, table: str) -> set[str]:
    """The columns of a table; none if there is no such table."""
    with connection.cursor() as cursor:
        if table not in connection.introspection.table_names(cursor):
            return set()
        cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)} LIMIT 0")  # noqa: S608 - a name of ours
        return {column[0] for column in cursor.description}


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take every rule away: while tables are altered, and for tests that empty the database."""
    with connection.cursor() as cursor:
        for name, (table, _text) in _present(connection).items():
            on = "" if connection.vendor == "sqlite" else f" ON {table}"
            cursor.execute(f"DROP TRIGGER {name}{on}")


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Names of the rules that are not in place, or do something else than they should."""
    present = _present(connection)
    absent = []
    for rule in rules():
        for name, statement in _statements(rule, connection.vendor):
            text = present.get(name, ("", ""))[1]
            wanted = statement if connection.vendor == "sqlite" else _body(rule, name)
            if " ".join(text.split()) != " ".join(wanted.split()):
                absent.append(name.removeprefix(PREFIX))
    return list(dict.fromkeys(absent))


def _present(connection: BaseDatabaseWrapper) -> dict[str, tuple[str, str]]:
    """Triggers by name: their table, and what they do, as the database has it."""
    query = {
        "sqlite": "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s ORDER BY name",
        "postgresql": "SELECT tgname, tgrelid::regclass::text, prosrc FROM pg_trigger "
        "JOIN pg_proc ON tgfoid = pg_proc.oid "
        "WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgname LIKE %s ORDER BY tgname",
    }[connection.vendor]
    pattern = PREFIX.replace("_", r"\_") + "%" if connection.vendor == "postgresql" else PREFIX + "%"
    with connection.cursor() as cursor:
        cursor.execute(query, [pattern])
        return {name: (table, text) for name, table, text in cursor.fetchall()}


def _body(rule: Rule, name: str) -> str:
    """What the function of a trigger does on PostgreSQL. Emptying a whole table is refused whatever its rows hold."""
    refuse = f"RAISE EXCEPTION '{rule.message}' USING ERRCODE = 'integrity_constraint_violation';"
    if name.endswith(WHOLE) or not rule.condition:
        return f" BEGIN {refuse} RETURN NULL; END "
    passed = "OLD" if rule.event == "DELETE" else "NEW"
    return f" BEGIN IF {rule.condition} THEN {refuse} END IF; RETURN {passed}; END "


def _statements(rule: Rule, vendor: str) -> Iterator[tuple[str, str]]:
    """The triggers of a rule with the statements that make them. Every part is a constant of this module."""
    name = PREFIX + rule.name
    if vendor == "sqlite":
        when = f" WHEN {rule.condition}" if rule.condition else ""
        yield (
            name,
            (
                f"CREATE TRIGGER {name} BEFORE {rule.event} ON {rule.table} FOR EACH ROW{when} "
                f"BEGIN SELECT RAISE(ABORT, '{rule.message}'); END"
            ),
        )
        return
    kinds = [(name, f"BEFORE {rule.event} ON {rule.table} FOR EACH ROW")]
    if rule.event == "DELETE":
        kinds.append((name + WHOLE, f"BEFORE TRUNCATE ON {rule.table} FOR EACH STATEMENT"))
    for each, when in kinds:
        yield (
            each,
            (
                f"CREATE OR REPLACE FUNCTION {each}() RETURNS trigger LANGUAGE plpgsql "
                f"AS $body${_body(rule, each)}$body$; "
                f"CREATE TRIGGER {each} {when} EXECUTE FUNCTION {each}()"
            ),
        )


def before_migrate(*, using: str, **_signal: Any) -> None:
    """Handler of `pre_migrate`: tables are altered and filled without rules that may speak of other columns."""
    remove(connections[using])


def after_migrate(*, using: str, **_signal: Any) -> None:
    """Handler of `post_migrate`."""
    install(connections[using])
