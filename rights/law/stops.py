"""Questions to the person, and what each does to a running period: pause, restart, days that do not count, nothing.

Which of these it is says the regime (EDPB Guidelines 01/2022 and Regulation 1182/71, 3(2)(d); ICO; DPA 2018, s.54;
CCPA Regulations, s.7021(b)). Where no rule was seen the clock does not stop.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from rights.law.counting import Length
from rights.law.regime import Effect, Regime, Stop, StopRule
from rights.law.sentences import Params, Sentence, gettext_noop
from rights.law.states import TransitionRefused


class PauseRefused(TransitionRefused):
    """A question that cannot stop the clock: asked before the receipt, or after the period had ended."""


@dataclass(frozen=True)
class Pause:
    """A recorded question to the person.

    Attributes:
        asked_on: the day it was sent.
        answered_on: the day the answer arrived; None while it has not.
        kind: what was asked for.

    Raises:
        ValueError: the answer lies before the question.
    """

    asked_on: date
    answered_on: date | None
    kind: Stop = Stop.IDENTITY

    def __post_init__(self) -> None:
        if self.answered_on is not None and self.answered_on < self.asked_on:
            raise ValueError(f"The answer of {self.answered_on} lies before the question of {self.asked_on}.")


@dataclass(frozen=True)
class _Wait:
    """One question, or several that overlap: the days from the first asking to the last day known of, both included.

    `still_open`: an answer is missing, so the wait lasted until `last` at least.
    """

    asked: date
    last: date
    still_open: bool
    kind: Stop


@dataclass(frozen=True)
class Running:
    """A period that runs: from when, how much of it, which days of it do not count.

    `floor` is the last day that it had before the latest question: no question makes it earlier.
    `open_since` is the day of a question that was not answered yet.
    """

    since: date
    length: Length
    floor: date
    not_counted: tuple[tuple[date, date], ...] = ()
    open_since: date | None = None
    steps: tuple[Sentence, ...] = ()
    citations: tuple[str, ...] = ()

    def uncounted_days(self) -> int:
        """Days after the beginning that do not count; the beginning's own day never did."""
        one = timedelta(days=1)
        return sum(max(0, (last - max(first - one, self.since)).days) for first, last in self.not_counted)

    def nominal(self, country: str, subdivision: str) -> date:
        """The last day, before rolling."""
        end = self.length.after(self.since, country, subdivision) + timedelta(days=self.uncounted_days())
        return max(self.floor, end)


Rolled = Callable[[date], date]


def apply(
    running: Running,
    stops: Iterable[Pause],
    *,
    regime: Regime,
    country: str,
    subdivision: str,
    rolled: Rolled,
    refuse_late: bool,
) -> Running:
    """A period after every question in the order of asking.

    Args:
        rolled: the legal limit for a nominal last day.
        refuse_late: raise for a question after the period's end; otherwise it is left out.

    Raises:
        PauseRefused: a question lies before the receipt, or after the end.
    """
    whole, received = running.length, running.since
    for stop in _joined(stops, regime):
        rule = regime.stop_rule(stop.kind)
        if stop.asked < received:
            raise PauseRefused(
                gettext_noop("The question of {asked} lies before the receipt of {received}."),
                regime.answer.citation, asked=stop.asked, received=received,
            )  # fmt: skip
        if rule is None or rule.effect is Effect.NEVER_STOPS:
            running = _unmoved(running, stop, rule)
            continue
        nominal = running.nominal(country, subdivision)
        if stop.asked <= rolled(nominal):
            running = _stopped(replace(running, floor=nominal), stop, rule, whole)
        elif refuse_late:
            raise PauseRefused(
                gettext_noop("The question of {asked} came after the time to answer had ended on {ended}."),
                rule.source.citation, asked=stop.asked, ended=rolled(nominal),
            )  # fmt: skip
    return running


def _joined(stops: Iterable[Pause], regime: Regime) -> list[_Wait]:
    """In the order of asking; those that overlap and do the same to the clock become one, so no day counts twice."""
    waits = [
        _Wait(stop.asked_on, stop.answered_on or stop.asked_on, stop.answered_on is None, stop.kind) for stop in stops
    ]
    joined: list[_Wait] = []
    for wait in sorted(waits, key=lambda wait: (wait.asked, wait.last, wait.still_open, wait.kind)):
        before = next((other for other in reversed(joined) if _alike(other, wait, regime)), None)
        if before is None or (wait.asked > before.last and not before.still_open):
            joined.append(wait)
            continue
        both = replace(before, last=max(before.last, wait.last), still_open=before.still_open or wait.still_open)
        joined[joined.index(before)] = both
    return joined


def _alike(one: _Wait, other: _Wait, regime: Regime) -> bool:
    rules = regime.stop_rule(one.kind), regime.stop_rule(other.kind)
    return rules[0] is not None and rules[1] is not None and rules[0].effect is rules[1].effect


def _stopped(running: Running, stop: _Wait, rule: StopRule, whole: Length) -> Running:
    """The effect of one question that came in time."""
    after = _EFFECTS[rule.effect](running, stop, rule, whole)
    after = replace(after, citations=(*after.citations, rule.source.citation))
    return _still_open(after, stop, rule.source.citation) if stop.still_open else after


def _paused(running: Running, stop: _Wait, rule: StopRule, whole: Length) -> Running:
    left = running.length.left(running.since, stop.asked, rule.month_days)
    resumed = stop.last
    params: Params = {"asked": stop.asked, "answered": resumed, "months": left.months, "days": left.days}
    text = gettext_noop(
        "We asked you for something on {asked} and your answer arrived on {answered}. What was left of the time "
        "runs on from that day: whole months: {months}, days: {days}."
    )
    steps = (Sentence(text, {**params, "citation": rule.source.citation}),) if not stop.still_open else ()
    return replace(running, since=resumed, length=left, steps=(*running.steps, *steps))


def _restarted(running: Running, stop: _Wait, rule: StopRule, whole: Length) -> Running:
    text = gettext_noop("What we needed to have from you arrived on {answered}. The whole time runs from that day.")
    steps = (Sentence(text, {"answered": stop.last, "citation": rule.source.citation}),) if not stop.still_open else ()
    return replace(running, since=stop.last, length=whole, steps=(*running.steps, *steps))


def _not_counted(running: Running, stop: _Wait, rule: StopRule, whole: Length) -> Running:
    last = stop.last
    after = replace(running, not_counted=(*running.not_counted, (stop.asked, last)))
    params: Params = {"asked": stop.asked, "answered": last, "days": (last - stop.asked).days + 1}
    text = gettext_noop(
        "We asked you on {asked} to make your request clearer and your answer arrived on {answered}. These days, the "
        "first and the last included, do not count: {days}."
    )
    steps = (Sentence(text, {**params, "citation": rule.source.citation}),) if not stop.still_open else ()
    return replace(after, steps=(*running.steps, *steps))


_EFFECTS = {Effect.PAUSES: _paused, Effect.RESTARTS: _restarted, Effect.DAYS_DO_NOT_COUNT: _not_counted}


def _still_open(running: Running, stop: _Wait, citation: str) -> Running:
    text = gettext_noop(
        "We asked you for something on {asked} and wait for your answer. When it arrives, the date moves on by the "
        "time that we waited; until then, the date here is the earliest it can be."
    )
    step = Sentence(text, {"asked": stop.asked, "citation": citation})
    return replace(running, open_since=running.open_since or stop.asked, steps=(*running.steps, step))


def _unmoved(running: Running, stop: _Wait, rule: StopRule | None) -> Running:
    if rule is None:
        text = gettext_noop("We asked you for something on {asked}. We know of no rule that stops the clock for it.")
    else:
        text = gettext_noop("We asked you for something on {asked}. This does not stop the clock.")
    step = Sentence(text, {"asked": stop.asked, "citation": rule.source.citation if rule else ""})
    citations = (rule.source.citation,) if rule else ()
    return replace(running, steps=(*running.steps, step), citations=(*running.citations, *citations))
