"""What a law gives a person, in plain sentences made from its data; nothing is said that its file does not hold."""

from collections.abc import Iterator
from typing import Final

from rights.law.regime import Effect, Period, Regime, Unit
from rights.law.sentences import Params, Sentence, gettext_noop

WORDS: Final = (
    gettext_noop("General Data Protection Regulation (EU) 2016/679"),
    gettext_noop("European Union and European Economic Area"),
    gettext_noop("UK General Data Protection Regulation and Data Protection Act 2018"),
    gettext_noop("United Kingdom"),
    gettext_noop("California Consumer Privacy Act and its regulations"),
    gettext_noop("California"),
    gettext_noop("Virginia Consumer Data Protection Act"),
    gettext_noop("Virginia"),
    gettext_noop("Colorado Privacy Act"),
    gettext_noop("Colorado"),
    gettext_noop("Lei Geral de Proteção de Dados"),
    gettext_noop("Brazil"),
    gettext_noop("Federal Act on Data Protection"),
    gettext_noop("Switzerland"),
    gettext_noop("Personal Information Protection and Electronic Documents Act"),
    gettext_noop("Canada"),
    gettext_noop("Law 25"),
    gettext_noop("Quebec"),
    gettext_noop("the reasons"),
    gettext_noop("the supervisory authority of the Member State"),
    gettext_noop("the judicial remedy"),
    gettext_noop("the Information Commissioner's Office (ICO)"),
    gettext_noop("the court"),
    gettext_noop("California Privacy Protection Agency (CPPA)"),
    gettext_noop("Attorney General"),
    gettext_noop("how to appeal"),
    gettext_noop("after the appeal: the Attorney General"),
    gettext_noop("the Attorney General"),
    gettext_noop("Autoridade Nacional de Proteção de Dados (ANPD)"),
    gettext_noop("Federal Data Protection and Information Commissioner (FDPIC)"),
    gettext_noop("the civil court"),
    gettext_noop("Office of the Privacy Commissioner of Canada (OPC)"),
    gettext_noop("Commission d'accès à l'information (CAI)"),
)
"""Every title, place and body that the files name, for the catalogues. A test compares the two."""


def what_it_gives(law: Regime) -> list[Sentence]:
    """The sentences, the time to answer first."""
    return [_within(law.answer), *_extension(law), *_asked(law), *_appeal(law), *_refusal(law)]


def _sentence(text: str, citation: str, **params: object) -> Sentence:
    found: Params = {name: value for name, value in params.items() if isinstance(value, str | int)}
    return Sentence(text, {**found, "citation": citation})


def _within(answer: Period) -> Sentence:
    text = {
        Unit.CALENDAR_MONTHS: gettext_noop("We must answer without delay, within {number} months at the latest."),
        Unit.CALENDAR_DAYS: gettext_noop("We must answer without delay, within {number} days at the latest."),
        Unit.BUSINESS_DAYS: gettext_noop("We must answer without delay, within {number} business days at the latest."),
        Unit.CALENDAR_YEARS: gettext_noop("We must answer without delay, within {number} years at the latest."),
    }[answer.unit]
    if answer.number == 1 and answer.unit is Unit.CALENDAR_MONTHS:
        text = gettext_noop("We must answer without delay, within one month at the latest.")
    return _sentence(text, answer.citation, number=answer.number)


def _extension(law: Regime) -> Iterator[Sentence]:
    if law.extension is None:
        yield _sentence(gettext_noop("This time cannot be extended."), law.answer.citation)
        return
    text = gettext_noop("We may need longer, and must then tell you within that time why, and the new date.")
    if law.extension.number is not None:
        text = {
            Unit.CALENDAR_MONTHS: gettext_noop(
                "We may take up to {number} months more, only if we tell you why within that time."
            ),
        }.get(
            law.extension.unit or Unit.CALENDAR_DAYS,
            gettext_noop("We may take up to {number} days more, only if we tell you why within that time."),
        )
    yield _sentence(text, law.extension.source.citation, number=law.extension.number or 0)


def _asked(law: Regime) -> Iterator[Sentence]:
    rule = law.identity
    if rule is None or rule.effect is Effect.NEVER_STOPS:
        text = gettext_noop("Nothing that we ask you stops this time.")
        yield _sentence(text, rule.source.citation if rule else law.answer.citation)
    elif rule.effect is Effect.PAUSES:
        text = gettext_noop("If we have good reason to ask who you are, the time stands still until you answer.")
        yield _sentence(text, rule.source.citation)
    else:
        text = gettext_noop("If we have good reason to ask who you are, the time begins when you answer.")
        yield _sentence(text, rule.source.citation)


def _appeal(law: Regime) -> Iterator[Sentence]:
    if law.appeal is not None:
        text = gettext_noop("You can appeal against our decision, and we must answer the appeal within {number} days.")
        yield _sentence(text, law.appeal.citation, number=law.appeal.number)


def _refusal(law: Regime) -> Iterator[Sentence]:
    if law.refusal is not None:
        text = gettext_noop("If we refuse anything, even a part, our letter must tell you:")
        yield _sentence(text, law.refusal.source.citation)
