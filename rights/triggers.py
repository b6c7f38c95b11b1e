"""What the database itself refuses, whoever asks: rules over several rows or over time, which no constraint can say.

They are made from the table of steps after every `migrate`, because SQLite drops a table's triggers whenever Django
alters it, and so that they never lag behind the table.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from rights.law.lifecycle import REQUEST_STEPS

PREFIX: Final = "regard_"


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


_APPEND_ONLY: Final = [
    *_append_only("rights_journalentry", "The journal"),
    *_append_only("rights_clockevent", "What happened to the clock"),
]


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
]  # fmt: skip


def install(connection: BaseDatabaseWrapper) -> None:
    """Put every rule in place of what was there. A table that does not exist yet is left out."""
    tables = set(connection.introspection.table_names())
    remove(connection)
    with connection.cursor() as cursor:
        for rule in rules():
            if rule.table in tables:
                for statement in _statements(rule, connection.vendor):
                    cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take every rule away: for tests that empty the database."""
    with connection.cursor() as cursor:
        for name, table in _present(connection):
            on = "" if connection.vendor == "sqlite" else f" ON {table}"
            cursor.execute(f"DROP TRIGGER {name}{on}")


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Names of the rules that are not in place."""
    present = {name for name, _table in _present(connection)}
    return [rule.name for rule in rules() if PREFIX + rule.name not in present]


def _present(connection: BaseDatabaseWrapper) -> list[tuple[str, str]]:
    query = {
        "sqlite": "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s ORDER BY name",
        "postgresql": "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal "
        "AND tgenabled <> 'D' AND tgname LIKE %s ORDER BY tgname",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(query, [PREFIX.replace("_", r"\_") + "%" if connection.vendor == "postgresql" else PREFIX + "%"])
        return list(cursor.fetchall())


def _statements(rule: Rule, vendor: str) -> Iterator[str]:
    """The statements that put a rule in place. Every part is a constant of this module."""
    name = PREFIX + rule.name
    if vendor == "sqlite":
        when = f" WHEN {rule.condition}" if rule.condition else ""
        yield (
            f"CREATE TRIGGER {name} BEFORE {rule.event} ON {rule.table} FOR EACH ROW{when} "
            f"BEGIN SELECT RAISE(ABORT, '{rule.message}'); END"
        )
        return
    refuse = f"RAISE EXCEPTION '{rule.message}' USING ERRCODE = 'integrity_constraint_violation';"
    body = f"IF {rule.condition} THEN {refuse} END IF;" if rule.condition else refuse
    passed = "OLD" if rule.event == "DELETE" else "NEW"
    yield (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$body$ BEGIN {body} RETURN {passed}; END $body$"
    )
    yield f"CREATE TRIGGER {name} BEFORE {rule.event} ON {rule.table} FOR EACH ROW EXECUTE FUNCTION {name}()"
    if rule.event == "DELETE" and not rule.condition:
        yield (
            f"CREATE TRIGGER {name}_all BEFORE TRUNCATE ON {rule.table} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )


def after_migrate(*, using: str, **_signal: Any) -> None:
    """Handler of `post_migrate`."""
    install(connections[using])
