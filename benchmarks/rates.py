"""Error rates of comparisons between faces, and how sure one may be of them.

Pairs are not independent: each picture is compared with every other one, and who resembles one stranger may resemble
several. What is independent is people. So intervals come from a bootstrap over people: people are drawn with
replacement, a pair of people counts as often as both were drawn, and copies of one person make no pair with each
other (Snijders and Borgatti 1999, "Non-parametric standard errors and tests for network statistics"; for faces and
fingers the "subsets bootstrap" of Bolle, Ratha and Pankanti 2004, "Error analysis of pattern recognition systems").
Its standard error makes a normal interval of the rate's logit: quantiles of the draws themselves reach less far up
where errors are rare, and missed the truth more often in simulations like those of `tests/benchmarks`.

A bootstrap that has seen no error draws none, and one that has seen few draws too few. Where fewer than FEW_ERRORS
independent units erred, the upper end is a bound that needs no such luck: Hoeffding's (1963, "Probability inequalities
for sums of bounded random variables", theorem 1 and, for means over pairs, section 5). Its units are people for a
false non-match, and for a false match as many pairs as can be formed without using anybody twice: half the people.
Where no error was seen it is the bound of Clopper and Pearson for that many units (near the "rule of three", 3 / units,
which bounds one side at 95 %; here each side has 97.5 %). It is strict where everybody has equally many pictures. The
lower end is treated alike where nearly everything erred.
"""

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

TAIL: Final = 0.025
"""Probability outside an interval, on each side."""
FEW_ERRORS: Final = 5
"""Erring units below which the bootstrap is not trusted with that end of an interval."""


class Rate(NamedTuple):
    """A share of trials that erred, with its 95 % interval.

    Attributes:
        errors: trials that erred.
        trials: pairs, or faces.
        units: independent ones among them: people, or disjoint pairs of people.
        rate: errors / trials; NaN without trials, and so are the others.
        low, high: the interval as the module describes it.
        naive_high: upper end of Clopper and Pearson as if the trials were independent, to compare with figures
            published elsewhere. It promises too much.
    """

    errors: int
    trials: int
    units: int
    rate: float
    low: float
    high: float
    naive_high: float


class Tally(NamedTuple):
    """Comparisons counted by person, int (people, people), symmetric.

    Attributes:
        pairs: pairs of faces compared; on the diagonal those of one person, each once.
        close: those at or within the distance.
    """

    pairs: Counts
    close: Counts


def tally(distances: Floats, person: Counts, people: int, within: float) -> Tally:
    """Count all comparisons of faces.

    Args:
        distances: (faces, faces), symmetric.
        person: (faces,), each face's person, 0 to people - 1.
        within: the distance up to which, included, two faces are called the same.
    """
    of = np.zeros((len(person), people), dtype=np.int64)
    of[np.arange(len(person)), person] = 1
    others = ~np.eye(len(person), dtype=bool)
    counted = [of.T @ kept.astype(np.int64) @ of for kept in (others, others & (distances <= within))]
    for matrix in counted:
        matrix[np.diag_indices(people)] //= 2
    return Tally(*counted)


def false_non_match(tallied: Tally, draws: Counts) -> Rate:
    """The share of pairs of one person that are not close. `draws`: see `drawn`."""
    pairs = tallied.pairs.diagonal()
    return of_people(pairs - tallied.close.diagonal(), pairs, draws)


def false_match(tallied: Tally, draws: Counts) -> Rate:
    """The share of pairs of different people that are close. `draws`: see `drawn`."""
    apart = 1 - np.eye(len(tallied.pairs), dtype=np.int64)
    return of_pairs(tallied.close * apart, tallied.pairs * apart, draws)


def by_chance(tallied: Tally, members: Counts, *, draws: int, seed: int) -> float:
    """Of random groups as large as this one, the share with a false match rate within the group at least as high.

    A permutation test, one-sided: it asks whether a group is confused more often than its size alone would explain,
    and needs no interval. It counts the group itself as one of the draws, so it is never 0. NaN without pairs.
    """
    people = len(tallied.pairs)
    apart = 1 - np.eye(people, dtype=np.int64)
    random = np.random.default_rng(seed)
    chosen = np.zeros((draws, people), dtype=np.int64)
    for row in chosen:
        row[random.choice(people, len(members), replace=False)] = 1
    own = np.zeros((1, people), dtype=np.int64)
    own[0, members] = 1
    groups = np.concatenate([own, chosen])
    pairs = _weighed(tallied.pairs * apart, groups)
    if not pairs[0]:
        return math.nan
    rate = _ratio(_weighed(tallied.close * apart, groups), pairs)
    return float((rate >= rate[0]).mean())


def drawn(people: int, *, draws: int, seed: int) -> Counts:
    """How often each person was drawn in each draw of the bootstrap, int (draws, people)."""
    return np.random.default_rng(seed).multinomial(people, np.full(people, 1 / people), size=draws)


def of_people(errors: Counts, trials: Counts, draws: Counts) -> Rate:
    """The rate of trials that each belong to one person; `errors` and `trials` are int (people,)."""
    units = int((trials > 0).sum())
    return _rate(
        int(errors.sum()),
        int(trials.sum()),
        units=units,
        erring=int((errors > 0).sum()),
        passing=int((trials > errors).sum()),
        replicates=_ratio(draws @ errors, draws @ trials),
    )


def of_pairs(errors: Counts, trials: Counts, draws: Counts) -> Rate:
    """The rate of trials that belong to two people; int (people, people), symmetric, nothing on the diagonal."""
    return _rate(
        int(errors.sum()) // 2,
        int(trials.sum()) // 2,
        units=disjoint(trials > 0),
        erring=disjoint(errors > 0),
        passing=disjoint(trials > errors),
        replicates=_ratio(_weighed(errors, draws), _weighed(trials, draws)),
    )


def _weighed(counts: Counts, draws: Counts) -> Counts:
    """What pairs of people count for in every draw, each pair from either side: (draws,)."""
    weighed: Counts = np.einsum("bi,bi->b", draws @ counts, draws)
    return weighed


def _ratio(errors: Counts, trials: Counts) -> Floats:
    """Where there were trials."""
    return errors[trials > 0] / trials[trials > 0]


def _rate(errors: int, trials: int, *, units: int, erring: int, passing: int, replicates: Floats) -> Rate:
    if not trials:
        return Rate(0, 0, 0, math.nan, math.nan, math.nan, math.nan)
    rate = errors / trials
    low, high = _around(rate, float(replicates.std()) if len(replicates) else 0.0)
    if erring < FEW_ERRORS:
        high = max(high, at_most(rate, units))
    if passing < FEW_ERRORS:
        low = min(low, 1 - at_most(1 - rate, units))
    return Rate(errors, trials, units, rate, min(low, rate), max(high, rate), clopper_pearson_high(errors, trials))


def _around(rate: float, error: float) -> tuple[float, float]:
    """The normal interval on the scale of logits, whose standard error is the rate's over rate * (1 - rate)."""
    if not 0 < rate < 1:
        return rate, rate
    logit = math.log(rate / (1 - rate))
    reach = -NormalDist().inv_cdf(TAIL) * error / (rate * (1 - rate))
    low, high = (0.5 + 0.5 * math.tanh(end / 2) for end in (logit - reach, logit + reach))
    return low, high


def disjoint(linked: npt.NDArray[np.bool_]) -> int:
    """How many links can be chosen so that nobody is in two, chosen greedily, the least linked first.

    Greedy choices find at least half of the most that there are, and here they need only not find too many.
    `linked`: (people, people), symmetric.
    """
    free = np.ones(len(linked), dtype=bool)
    found = 0
    for one in np.argsort(linked.sum(axis=0), kind="stable"):
        partners = np.flatnonzero(linked[one] & free)
        partners = partners[partners != one]
        if free[one] and len(partners):
            free[[one, partners[0]]] = False
            found += 1
    return found


def at_most(rate: float, units: int) -> float:
    """Hoeffding's upper bound of the true rate: the largest p with units * KL(rate, p) <= ln(1 / TAIL).

    KL is the relative entropy of two Bernoulli variables, in nats. For rate 0 it is 1 - TAIL ** (1 / units).
    """
    if not units:
        return 1.0

    def too_far(p: float) -> bool:
        entropy = rate * math.log(rate / p) if rate else 0.0
        entropy += (1 - rate) * math.log((1 - rate) / (1 - p)) if rate < 1 else 0.0
        return units * entropy > -math.log(TAIL)

    return _first(too_far, rate)


def clopper_pearson_high(errors: int, trials: int) -> float:
    """The p at which so few errors among independent trials would have had the probability TAIL."""
    if errors == trials:
        return 1.0
    seen = np.arange(errors + 1)
    steps = np.log(np.arange(1, trials + 1))
    logs = np.concatenate([[0.0], np.cumsum(steps)])  # logarithms of factorials
    choices = logs[trials] - logs[seen] - logs[trials - seen]

    def too_rare(p: float) -> bool:
        return float(np.exp(choices + seen * math.log(p) + (trials - seen) * math.log1p(-p)).sum()) < TAIL

    return _first(too_rare, errors / trials)


def _first(beyond: Callable[[float], bool], low: float) -> float:
    """By bisection, where between `low` and 1 something that stays true begins to be true."""
    high = 1.0
    for _step in range(60):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (low, middle) if beyond(middle) else (middle, high)
    return high
