"""Questions to the person, and what each does to a running period: pause, restart, days that do not count, nothing.

Which of these it is says the regime (EDPB Guidelines 01/2022 and Regulation 1182/71, 3(2)(d); ICO; DPA 2018, s.54;
CCPA Regulations, s.7021(b)). Where no rule was seen the clock does not stop.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from rights.law.counting import Length
from rights.law.lifecycle import TransitionRefused
from rights.law.regime import Effect, Regime, Stop, StopRule
from rights.law.sentences import Params, Sentence, gettext_noop


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
        """Days after the beginning that do not count."""
        later = ((max(first, self.since), last, first) for first, last in self.not_counted if last >= self.since)
        return sum((last - begin).days + (1 if begin == first else 0) for begin, last, first in later)

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
        if stop.asked_on < received:
            raise PauseRefused(
                f"The question of {stop.asked_on} lies before the receipt of {received}.", regime.answer.citation
            )
        if rule is None or rule.effect is Effect.NEVER_STOPS:
            running = _unmoved(running, stop, rule)
            continue
        nominal = running.nominal(country, subdivision)
        if stop.asked_on <= rolled(nominal):
            running = _stopped(replace(running, floor=nominal), stop, rule, whole)
        elif refuse_late:
            raise PauseRefused(
                f"The question of {stop.asked_on} came after the time to answer had ended on {rolled(nominal)}.",
                rule.source.citation,
            )
    return running


def _joined(stops: Iterable[Pause], regime: Regime) -> list[Pause]:
    """In the order of asking; those that overlap and do the same to the clock become one, so no day counts twice."""
    joined: list[Pause] = []
    for stop in sorted(stops, key=lambda stop: (stop.asked_on, stop.answered_on or date.max, stop.kind)):
        before = next((other for other in reversed(joined) if _alike(other, stop, regime)), None)
        if before is None or (before.answered_on is not None and stop.asked_on > before.answered_on):
            joined.append(stop)
            continue
        ends = (before.answered_on, stop.answered_on)
        last = None if None in ends else max(day for day in ends if day is not None)
        joined[joined.index(before)] = replace(before, answered_on=last)
    return joined


def _alike(one: Pause, other: Pause, regime: Regime) -> bool:
    rules = regime.stop_rule(one.kind), regime.stop_rule(other.kind)
    return rules[0] is not None and rules[1] is not None and rules[0].effect is rules[1].effect


def _stopped(running: Running, stop: Pause, rule: StopRule, whole: Length) -> Running:
    """The effect of one question that came in time."""
    after = _EFFECTS[rule.effect](running, stop, rule, whole)
    after = replace(after, citations=(*after.citations, rule.source.citation))
    return after if stop.answered_on else _still_open(after, stop, rule.source.citation)


def _paused(running: Running, stop: Pause, rule: StopRule, whole: Length) -> Running:
    left = running.length.left(running.since, stop.asked_on, rule.month_days)
    resumed = stop.answered_on or stop.asked_on
    params: Params = {"asked": stop.asked_on, "answered": resumed, "months": left.months, "days": left.days}
    text = gettext_noop(
        "We asked you for something on {asked} and your answer arrived on {answered}. What was left of the time "
        "runs on from that day: whole months: {months}, days: {days}."
    )
    steps = (Sentence(text, {**params, "citation": rule.source.citation}),) if stop.answered_on else ()
    return replace(running, since=resumed, length=left, steps=(*running.steps, *steps))


def _restarted(running: Running, stop: Pause, rule: StopRule, whole: Length) -> Running:
    begin = max(running.since, stop.answered_on or stop.asked_on)
    text = gettext_noop("What we needed to have from you arrived on {answered}. The whole time runs from that day.")
    steps = (
        (Sentence(text, {"answered": stop.answered_on, "citation": rule.source.citation}),) if stop.answered_on else ()
    )
    return replace(running, since=begin, length=whole, steps=(*running.steps, *steps))


def _not_counted(running: Running, stop: Pause, rule: StopRule, whole: Length) -> Running:
    last = stop.answered_on or stop.asked_on
    after = replace(running, not_counted=(*running.not_counted, (stop.asked_on, last)))
    params: Params = {"asked": stop.asked_on, "answered": last, "days": (last - stop.asked_on).days + 1}
    text = gettext_noop(
        "We asked you on {asked} to make your request clearer and your answer arrived on {answered}. These days, the "
        "first and the last included, do not count: {days}."
    )
    steps = (Sentence(text, {**params, "citation": rule.source.citation}),) if stop.answered_on else ()
    return replace(after, steps=(*running.steps, *steps))


_EFFECTS = {Effect.PAUSES: _paused, Effect.RESTARTS: _restarted, Effect.DAYS_DO_NOT_COUNT: _not_counted}


def _still_open(running: Running, stop: Pause, citation: str) -> Running:
    text = gettext_noop(
        "We asked you for something on {asked} and wait for your answer. When it arrives, the date moves on by the "
        "time that we waited; until then, the date here is the earliest it can be."
    )
    step = Sentence(text, {"asked": stop.asked_on, "citation": citation})
    return replace(running, open_since=running.open_since or stop.asked_on, steps=(*running.steps, step))


def _unmoved(running: Running, stop: Pause, rule: StopRule | None) -> Running:
    if rule is None:
        text = gettext_noop("We asked you for something on {asked}. We know of no rule that stops the clock for it.")
    else:
        text = gettext_noop("We asked you for something on {asked}. This does not stop the clock.")
    step = Sentence(text, {"asked": stop.asked_on, "citation": rule.source.citation if rule else ""})
    citations = (rule.source.citation,) if rule else ()
    return replace(running, steps=(*running.steps, step), citations=(*running.citations, *citations))
