"""The public figures: what is counted, and that no small number can be worked out from them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from hypothesis import given
from hypothesis import strategies as st

from rights import figures
from rights.figures import ANSWERED, REFUSALS, SMALL, SMALLEST, UNANSWERED, Days, RightFigures
from rights.models import Claim, ClockEvent, Decision, RightsRequest

TODAY = date(2026, 7, 15)
MAY = datetime(2026, 5, 4, 9, tzinfo=UTC)
MONTHS = ["2026-03", "2026-04", "2026-05", "2026-06"]
Counts = tuple[int, ...]
NUMBERS = count()


def compositions(parts: int, total: int) -> Iterator[Counts]:
    """Every way to write a total as a sum of so many counts."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in compositions(parts - 1, total - first):
            yield (first, *rest)


def assert_no_hidden_number_is_certain(
    told: Mapping[Any, list[Counts]], shown: Mapping[Any, Sequence[int | None]]
) -> None:
    """`told`: all that could have been counted, by what a reader is told then; `shown`: the parts of it."""
    for seen, possible in told.items():
        for place, number in enumerate(shown[seen]):
            if number is None:
                assert len({counts[place] for counts in possible}) > 1, (seen, possible)
            else:
                assert number not in SMALL


# --- Suppression ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("parts", "most"), [(1, 20), (2, 24), (3, 18), (4, 14), (5, 10), (6, 9)])
def test_nobody_who_knows_the_rule_can_work_out_a_hidden_part(parts: int, most: int) -> None:
    """For each total, every table there can be: what is published always fits several values of each hidden part."""
    for total in range(SMALLEST, most + 1):
        told: dict[Any, list[Counts]] = defaultdict(list)
        for counts in compositions(parts, total):
            found = figures.published({str(place): number for place, number in enumerate(counts)})
            assert found.total == total
            told[tuple(found.parts.values())].append(counts)
        assert_no_hidden_number_is_certain(told, {seen: seen for seen in told})


@pytest.mark.parametrize("total", range(1, 17))
def test_nor_the_number_of_an_outcome_with_the_sums_that_other_tables_tell(total: int) -> None:
    codes = (*ANSWERED, *UNANSWERED)
    told: dict[Any, list[Counts]] = defaultdict(list)
    for counts in compositions(len(codes), total):
        by_code = dict(zip(codes, counts, strict=True))
        found = figures._outcomes(by_code)
        parts = {code: number for breakdown in found for code, number in breakdown.parts.items()}
        sums = tuple(
            sum(by_code[code] for code in group) if figures.known(found, group) else None
            for group in (ANSWERED, REFUSALS, [UNANSWERED[0]])
        )
        assert not any(number in SMALL for number in sums if number is not None)
        enough = figures.tells_enough_answers(sum(counts[:4]), sum(counts[4:]))
        told[tuple(parts[code] for code in codes), sums, enough].append(counts)
    assert_no_hidden_number_is_certain(told, {seen: seen[0] for seen in told})


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 400), max_size=40))
def test_large_tables_show_every_total_but_small_ones_and_never_one_gap_alone(parts: dict[str, int]) -> None:
    found = figures.published(parts)
    shown = [number for number in found.parts.values() if number is not None]
    assert not any(number in SMALL for number in [*shown, found.total])
    assert (found.total is None) == (sum(parts.values()) in SMALL)
    if found.total is not None:
        assert len(parts) - len(shown) != 1
        if not any(number in SMALL for number in parts.values()):
            assert found.parts == parts


def test_a_sum_that_must_not_be_known_hides_its_noughts_too() -> None:
    assert figures.published({"a": 0, "b": 90}, total_known=False) == figures.Breakdown(None, {"a": None, "b": None})


facts = st.builds(
    figures._Fact,
    right=st.just("access"),
    regime=st.just("gdpr"),
    month=st.sampled_from(MONTHS),
    outcome=st.sampled_from(
        ["granted", "granted", "granted", "partial", "refused", "nothing_held", "pending", "withdrawn"]
    ),
    extended=st.booleans(),
    ground=st.sampled_from(["not-identifiable", "rights-of-others"]),
    days=st.integers(0, 90),
    late=st.booleans(),
)


def told_of(found: list[figures._Fact]) -> RightFigures:
    return figures._figures(found, right="access", months=MONTHS, regimes={"gdpr"})


@given(st.lists(facts, min_size=1, max_size=90))
def test_no_hidden_number_follows_from_all_the_tables_together(found: list[figures._Fact]) -> None:
    """Every equation between the tables, as a linear system: none of its unknowns is determined."""
    told = told_of(found)
    unknown, rows = _equations(told)
    if not unknown:
        return
    matrix = np.array(rows, float).reshape(-1, len(unknown))
    rank = np.linalg.matrix_rank(matrix) if len(matrix) else 0
    for place in range(len(unknown)):
        unit = np.eye(len(unknown))[place]
        assert np.linalg.matrix_rank(np.vstack([matrix, unit])) == rank + 1, unknown[place]


def fact(outcome: str, *, late: bool = False) -> figures._Fact:
    days = None if outcome in UNANSWERED else 20
    ground = "unfounded" if outcome in REFUSALS else ""
    return figures._Fact("access", "gdpr", "2026-03", outcome, False, ground, days, late)


@pytest.mark.parametrize("outcome", UNANSWERED)
def test_the_number_of_answers_is_hidden_while_it_would_tell_how_few_are_not_answered(outcome: str) -> None:
    answers = [fact("granted", late=late) for late in (True, False) for _claim in range(20)]
    told = told_of([*answers, *[fact(outcome)] * 2])
    assert told.outcomes.total == 42
    assert told.answered == figures.Breakdown(None, {"late": None, "in_time": None})
    assert told.days == Days(20, 20)
    told = told_of([*answers, *[fact(outcome)] * 5])
    assert told.answered == figures.Breakdown(40, {"late": 20, "in_time": 20})


def test_the_number_of_refusals_is_hidden_while_it_would_tell_another_outcome() -> None:
    told = told_of([*[fact("refused")] * 30, *[fact("nothing_held")] * 3])
    assert told.outcomes.parts["refused"] is None
    assert set(told.refusals.parts.values()) == {told.refusals.total} == {None}


def _equations(told: RightFigures) -> tuple[list[str], list[list[int]]]:
    """The hidden numbers, and the coefficients of each equation between them."""
    tables = ("months", "outcomes", "extensions", "answered", "pending", "refusals")
    values = {f"{table}.{code}": number for table in tables for code, number in getattr(told, table).parts.items()} | {
        "total": told.outcomes.total
    }
    unknown = [name for name, number in values.items() if number is None]
    wholes = {
        "months": ["total"],
        "outcomes": ["total"],
        "extensions": ["total"],
        "answered": [f"outcomes.{code}" for code in ANSWERED],
        "pending": ["outcomes.pending"],
        "refusals": [f"outcomes.{code}" for code in REFUSALS],
    }
    rows = []
    for table, whole in wholes.items():
        names = [f"{table}.{code}" for code in getattr(told, table).parts]
        rows.append([(name in names) - (name in whole) for name in unknown])
    return unknown, rows


# --- Percentiles ------------------------------------------------------------------------------------------------------


def test_percentiles_are_days_that_an_answer_took_and_need_five_answers() -> None:
    assert figures.days_taken([1, 2, 3, 4]) is None
    assert figures.days_taken([30, 2, 9, 1, 5]) == Days(5, 30)
    assert figures.days_taken(range(1, 11)) == Days(5, 9)


@given(st.lists(st.integers(0, 400), min_size=5))
def test_half_and_nine_in_ten_answers_took_at_most_so_many_days(days: list[int]) -> None:
    found = figures.days_taken(days)
    for tenths, limit in ((5, found.median), (9, found.ninetieth)):
        assert sum(day <= limit for day in days) * 10 >= tenths * len(days)
        assert sum(day < limit for day in days) * 10 < tenths * len(days)


# --- What is counted --------------------------------------------------------------------------------------------------


def record(right: str = "access", *, at: datetime = MAY, outcome: str = "pending", **facts: Any) -> Claim:
    """A claim on record: `answered` at a time, `due` on a day, in a `state`, refused on a `ground`."""
    answered = facts.get("answered", at + timedelta(days=10) if outcome != "pending" else None)
    state = facts.get("state", "closed" if answered else "searched")
    due = facts.get("due", at.date() + timedelta(days=31))
    request = RightsRequest.objects.create(
        reference=f"R{next(NUMBERS)}", country="FR", time_zone=facts.get("zone", "Europe/Paris"), channel="web",
        language="en", received_at=at, nominal_due=due, due=due, state=state, state_since=at,
        ended_at=at if state in ("closed", "withdrawn") else None,
    )  # fmt: skip
    return Claim.objects.create(request=request, right=right, outcome=outcome, fulfilled_at=answered)


def second() -> User:
    """Whoever signs after the first."""
    return User.objects.get_or_create(username="second")[0]


def refuse(by: User, ground: str, **how: Any) -> None:
    claim = record(outcome="refused", **how)
    for code in ("not-identifiable", ground):
        Decision.objects.create(
            claim=claim,
            outcome="refused",
            ground=code,
            reasons="Because.",
            decided_by=by,
            decided_at=MAY,
            second_by=second(),
        )


def access(today: date = TODAY) -> RightFigures:
    return figures.compute(today).rights[0]


@pytest.mark.django_db
def test_an_empty_installation_has_noughts_and_no_months() -> None:
    found = figures.compute(date(2026, 1, 1))
    assert found.until == "2025-12"
    for right in found.rights:
        assert right.months == figures.Breakdown(0, {})
        assert set(right.outcomes.parts.values()) == {0}
        assert right.days is None


@pytest.mark.django_db
def test_months_have_no_gap_and_the_current_one_is_left_out() -> None:
    for month, claims in ((datetime(2025, 12, 31, 22, tzinfo=UTC), 5), (MAY, 6), (MAY.replace(month=7), 9)):
        for _claim in range(claims):
            record(at=month)
    found = access()
    assert found.months.parts == {
        "2025-12": 5, "2026-01": 0, "2026-02": 0, "2026-03": 0, "2026-04": 0, "2026-05": 6, "2026-06": 0,
    }  # fmt: skip
    assert found.outcomes.total == 11
    assert access(date(2026, 8, 1)).outcomes.total == 20


@pytest.mark.django_db
def test_the_day_and_the_month_are_those_of_the_request_s_own_time_zone() -> None:
    late_evening = datetime(2026, 4, 30, 22, 30, tzinfo=UTC)  # 1 May in Paris, still April on the Azores.
    for _claim in range(5):
        record(at=late_evening, outcome="granted", answered=late_evening + timedelta(days=2))
        record(at=late_evening, outcome="granted", answered=late_evening + timedelta(days=2), zone="Atlantic/Azores")
    assert access().months.parts == {"2026-04": 5, "2026-05": 5, "2026-06": 0}
    assert access().days == Days(2, 2)


@pytest.mark.django_db
def test_days_go_from_local_day_to_local_day() -> None:
    for _claim in range(5):  # An hour apart, and midnight in Paris between them.
        at = datetime(2026, 5, 3, 21, 30, tzinfo=UTC)
        record(at=at, outcome="granted", answered=at + timedelta(hours=1), due=date(2026, 5, 3))
    assert access().days == Days(1, 1)
    assert access().answered == figures.Breakdown(5, {"late": 5, "in_time": 0})


@pytest.mark.django_db
def test_a_withdrawn_request_is_an_outcome_of_its_own_and_neither_answered_nor_overdue() -> None:
    for _claim in range(6):
        record(state="withdrawn", due=date(2026, 5, 5))
    for _claim in range(5):
        record(outcome="granted")
    found = access()
    assert found.outcomes.parts == {
        "pending": 0, "granted": 5, "partial": 0, "refused": 0, "nothing_held": 0, "withdrawn": 6,
    }  # fmt: skip
    assert found.answered.total == 5
    assert found.pending == figures.Breakdown(0, {"overdue": 0, "not_due": 0})


@pytest.mark.django_db
def test_overdue_is_what_is_open_after_its_due_date_and_late_what_was_answered_after_it() -> None:
    for _claim in range(5):
        record(due=TODAY - timedelta(days=1))
        record(due=TODAY)
        record(outcome="granted", answered=MAY, due=MAY.date())
        record(outcome="granted", answered=MAY + timedelta(days=1), due=MAY.date())
    found = access()
    assert found.pending == figures.Breakdown(10, {"overdue": 5, "not_due": 5})
    assert found.answered == figures.Breakdown(10, {"late": 5, "in_time": 5})


@pytest.mark.django_db
def test_a_decision_counts_once_it_was_carried_out() -> None:
    for _claim in range(5):
        record(outcome="granted", answered=None, state="decided")
    assert access().outcomes.parts["pending"] == 5


@pytest.mark.django_db
def test_extensions_are_counted_by_claim() -> None:
    for number in range(11):
        claim = record()
        if number < 5:
            ClockEvent.objects.create(request=claim.request, kind="extended", at=MAY, words="Many pictures.")
    assert access().extensions == figures.Breakdown(11, {"extended": 5, "not_extended": 6})


@pytest.mark.django_db
def test_refusals_are_counted_by_the_ground_of_the_decision_in_force(staff: User) -> None:
    for _claim in range(5):
        refuse(staff, "unfounded")
    found = access().refusals
    assert (found.total, found.parts["unfounded"], found.parts["not-identifiable"]) == (5, 5, 0)
    assert not any(code.startswith("uk-") for code in found.parts)
    assert "legal-claims" not in found.parts
    refuse(staff, "rights-of-others")
    found = access().refusals
    assert (found.total, found.parts["unfounded"], found.parts["rights-of-others"]) == (6, None, None)


@pytest.mark.django_db
def test_rights_are_counted_apart() -> None:
    for _claim in range(5):
        record("erasure")
    found = figures.compute(TODAY).rights
    assert [(right.right, right.outcomes.total) for right in found] == [("access", 0), ("erasure", 5)]


@pytest.mark.django_db
def test_the_figures_are_kept_for_a_while() -> None:
    cache.clear()
    first = figures.current()
    for _claim in range(5):
        record(at=datetime(2020, 1, 1, tzinfo=UTC))
    assert figures.current() == first
    cache.clear()
    assert figures.current() != first
    cache.clear()
