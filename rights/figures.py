"""Figures for the public about how claims are answered, from which no small number can be worked out.

The unit is the claim: a request that asks for a copy and for erasure counts once under each right. No figure spans
both rights, so what is hidden under one cannot be worked out from the other. Counted is what was received in completed
months; outcomes and delays are as they stand when the figures are made.

What is protected is one publication. Whoever keeps last month's and compares learns what changed in between.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Final
from zoneinfo import ZoneInfo

from django.core.cache import cache

from rights import queries
from rights.law.grounds import GROUNDS
from rights.law.lifecycle import ClaimOutcome, RequestState
from rights.models import OPEN_STATES, Claim, ClockEvent, Decision, Right

SMALLEST: Final = 5
"""The smallest count, above nought, that is published, and the fewest answers that percentiles are taken from."""
SMALL: Final = range(1, SMALLEST)
CACHE_KEY: Final = "rights.figures"
CACHE_SECONDS: Final = 600

WITHDRAWN: Final = "withdrawn"
REFUSALS: Final = (ClaimOutcome.PARTIAL, ClaimOutcome.REFUSED)
ANSWERED: Final = (*REFUSALS, ClaimOutcome.NOTHING_HELD, ClaimOutcome.GRANTED)
UNANSWERED: Final = (ClaimOutcome.PENDING, WITHDRAWN)
STILL_OWED: Final = frozenset(OPEN_STATES) - {RequestState.CARRIED_OUT}


@dataclass(frozen=True)
class Breakdown:
    """A total and the parts that add up to it, by their codes; None is a number that is hidden."""

    total: int | None
    parts: Mapping[str, int | None]


@dataclass(frozen=True)
class Days:
    """Days from the receipt to the answer that half, and nine in ten, of the answers took at most."""

    median: int
    ninetieth: int


@dataclass(frozen=True)
class RightFigures:
    """The figures of one right.

    Attributes:
        months: by month of receipt, `YYYY-MM`, without a gap up to the last completed one.
        outcomes: by `ClaimOutcome`, or `withdrawn`; pending until the outcome was carried out.
        extensions: `extended` and `not_extended`.
        answered: `in_time` and `late`.
        pending: `overdue` and `not_due`.
        refusals: by code of the ground, whole and partial refusals together.
        days: None where fewer than five claims were answered, or saying so would tell too much.
    """

    right: str
    months: Breakdown
    outcomes: Breakdown
    extensions: Breakdown
    answered: Breakdown
    pending: Breakdown
    refusals: Breakdown
    days: Days | None


@dataclass(frozen=True)
class Figures:
    """What is published. `until` is the last completed month, `YYYY-MM`, and the last that is counted."""

    until: str
    rights: tuple[RightFigures, ...]


def suppressed(parts: Mapping[str, int]) -> frozenset[str]:
    """The parts to hide so that, their total being public, no hidden number is certain to a reader of this code.

    Everything from 1 to 4 is hidden, and with it larger parts in the order given until the hidden sum leaves room for
    other values. That order must not follow the sizes: "the next smallest part" would say how large the hidden one
    can be at most. Where no part is large enough to hide behind, all are hidden, noughts too.

    Args:
        parts: counts that add up to a total that is no small number itself.
    """
    hidden = {code for code, count in parts.items() if count in SMALL}
    if not hidden:
        return frozenset()
    large = [code for code, count in parts.items() if count >= SMALLEST]
    if not large:
        return frozenset(parts)
    for behind in large:
        hidden.add(behind)
        if sum(parts[code] for code in hidden) >= len(hidden) + SMALLEST:
            break
    return frozenset(hidden)


def published(parts: Mapping[str, int], *, total_known: bool = True) -> Breakdown:
    """The breakdown with its small numbers hidden; all of it, where its total is small or must not become known."""
    total = sum(parts.values())
    if not total_known or total in SMALL:
        return Breakdown(None, dict.fromkeys(parts))
    hidden = suppressed(parts)
    return Breakdown(total, {code: None if code in hidden else count for code, count in parts.items()})


def known(breakdowns: Iterable[Breakdown], group: Collection[str]) -> bool:
    """Whether the sum of a group of parts can be worked out anyway, so that telling it gives nothing away."""
    for breakdown in breakdowns:
        hidden = {code for code, count in breakdown.parts.items() if count is None}
        if breakdown.total is None or not (hidden.isdisjoint(group) or hidden <= set(group)):
            return False
    return True


def days_taken(days: Sequence[int]) -> Days | None:
    """Median and 90th percentile by nearest rank; None for fewer than five."""
    if len(days) < SMALLEST:
        return None
    ranked = sorted(days)
    return Days(*(ranked[ceil(len(ranked) * tenths / 10) - 1] for tenths in (5, 9)))


def current() -> Figures:
    """The figures, at most ten minutes old."""
    figures: Figures | None = cache.get(CACHE_KEY)
    if figures is None:
        figures = compute(queries.today())
        cache.set(CACHE_KEY, figures, CACHE_SECONDS)
    return figures


def compute(today: date) -> Figures:
    """The figures as of a day, which decides what is overdue and which month is the last completed one."""
    end = _month(today)
    facts = [fact for fact in _facts(today) if fact.month < end]
    months = list(_months(min(fact.month for fact in facts), end)) if facts else []
    regimes = {fact.regime for fact in facts}
    rights = []
    for right in Right.values:
        own = [fact for fact in facts if fact.right == right]
        rights.append(_figures(own, right=right, months=months, regimes=regimes))
    return Figures(_month(today.replace(day=1) - timedelta(days=1)), tuple(rights))


@dataclass(frozen=True)
class _Fact:
    """What is counted of one claim. `days` is None until it is answered, `ground` is empty unless it is refused."""

    right: str
    regime: str
    month: str
    outcome: str
    extended: bool
    ground: str
    days: int | None
    late: bool


def _facts(today: date) -> Iterator[_Fact]:
    claims = list(Claim.objects.select_related("request").order_by("pk"))  # First: what refused them is there by then.
    extended = set(ClockEvent.objects.filter(kind="extended").values_list("request", flat=True))
    refused = Decision.objects.filter(in_force=True, outcome__in=REFUSALS).order_by("decided_at", "pk")
    grounds = dict(refused.values_list("claim", "ground"))
    for claim in claims:
        request = claim.request
        zone = ZoneInfo(request.time_zone)
        received = request.received_at.astimezone(zone).date()
        answered = claim.fulfilled_at.astimezone(zone).date() if claim.fulfilled_at else None
        outcome = claim.outcome if answered else ClaimOutcome.PENDING
        if request.state == RequestState.WITHDRAWN:
            outcome, answered = WITHDRAWN, None
        yield _Fact(
            right=claim.right,
            regime=request.regime,
            month=_month(received),
            outcome=outcome,
            extended=request.pk in extended,
            ground=grounds[claim.pk] if outcome in REFUSALS else "",
            days=(answered - received).days if answered else None,
            late=request.due < answered if answered else request.state in STILL_OWED and request.due < today,
        )


def _figures(facts: Sequence[_Fact], *, right: str, months: Iterable[str], regimes: Collection[str]) -> RightFigures:
    outcomes = _outcomes(Counter(fact.outcome for fact in facts))
    answered = [fact for fact in facts if fact.outcome in ANSWERED]
    pending = [fact for fact in facts if fact.outcome == ClaimOutcome.PENDING]
    grounds = [fact.ground for fact in facts if fact.outcome in REFUSALS]
    in_time = _split("late", "in_time", [fact.late for fact in answered])
    overdue = _split("overdue", "not_due", [fact.late for fact in pending])
    parts = {code: count for breakdown in outcomes for code, count in breakdown.parts.items()}
    days = [fact.days for fact in answered if fact.days is not None]
    all_months = published(_counts(months, [fact.month for fact in facts]))
    return RightFigures(
        right=right,
        months=all_months,
        outcomes=Breakdown(all_months.total, {str(code): parts[code] for code in (*ClaimOutcome, WITHDRAWN)}),
        extensions=published(_split("extended", "not_extended", [fact.extended for fact in facts])),
        answered=published(in_time, total_known=known(outcomes, ANSWERED)),
        pending=published(overdue, total_known=known(outcomes, [ClaimOutcome.PENDING])),
        refusals=published(_counts(_grounds(right, regimes), grounds), total_known=known(outcomes, REFUSALS)),
        days=days_taken(days) if tells_enough_answers(len(answered), len(facts) - len(answered)) else None,
    )


def _outcomes(counts: Mapping[str, int]) -> list[Breakdown]:
    """The answered claims and the others, each a breakdown of its own, for neither sum is a secret then.

    Where one of the sums is small it is a single breakdown of both. That percentiles are published tells that five
    claims were answered, so two cases are apart: few others hide behind the answers, few answers hide everything.
    """
    answered, others = ({str(code): counts.get(code, 0) for code in group} for group in (ANSWERED, UNANSWERED))
    many, few = sum(answered.values()), sum(others.values())
    if few in SMALL and tells_enough_answers(many, few):
        # The others are one part here. Nothing held stands first, or the grounds of refusal would be hidden with it.
        hidden = suppressed({"others": few, ClaimOutcome.NOTHING_HELD: 0} | answered) | set(others)
        parts = {code: None if code in hidden else count for code, count in (answered | others).items()}
        return [Breakdown(many + few, parts)]
    if few in SMALL or many in SMALL:
        return [Breakdown(None if many + few in SMALL else many + few, dict.fromkeys(answered | others))]
    return [published(answered), published(others)]


def tells_enough_answers(answered: int, others: int) -> bool:
    """Whether it may be told that five claims were answered: of fewer than ten, that says too much of the others."""
    return answered >= SMALLEST and (others == 0 or answered + others >= 2 * SMALLEST)


def _split(yes: str, no: str, flags: Sequence[bool]) -> dict[str, int]:
    return {yes: sum(flags), no: len(flags) - sum(flags)}


def _counts(codes: Iterable[str], found: Iterable[str]) -> dict[str, int]:
    counts = Counter(found)
    return {code: counts[code] for code in codes}


def _grounds(right: str, regimes: Collection[str]) -> list[str]:
    """Every ground that could be given, used or not: leaving one out would say that it was not."""
    return [code for code, ground in GROUNDS.items() if ground.regime in regimes and right in ground.applies_to]


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


def _months(first: str, end: str) -> Iterator[str]:
    """From the first month until before the other."""
    year, month = (int(number) for number in first.split("-"))
    while (text := f"{year:04}-{month:02}") < end:
        yield text
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
