"""Sentences of the law room in the reader's language: a message identifier and its parameters become text."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from django.utils.formats import date_format
from django.utils.translation import get_language, gettext

from rights.law import calendars
from rights.law.clock import Sentence
from rights.law.lifecycle import TransitionRefused

RULES: Final = re.compile(r"(?<!UK )GDPR (\d+(?:\(\d+\)(?:\([a-z]\))?)?(?:, \d+\(\d+\)(?:\([a-z]\))?)*)")
"""Articles of the Regulation, like GDPR 15(1)(a), or GDPR 15(1), 15(3)."""
PERIODS: Final = re.compile(r"Regulation 1182/71, (\d+\(\d+\)(?:\([a-z]\))?)")
"""Articles of the Regulation on periods, dates and time limits, like Regulation 1182/71, 3(2)(d)."""
GUIDELINES: Final = re.compile(r"EDPB Guidelines 01/2022, paragraphs ([\d-]+)")


def sentence(line: Sentence) -> str:
    """The sentence in the active language, its dates written out."""
    params = {
        name: date_format(value, "DATE_FORMAT") if isinstance(value, date) else value
        for name, value in line.params.items()
    }
    if "why" in params:
        params["why"] = _why_not_working(line.params)
    return gettext(line.text).format(**params)


def _why_not_working(params: Mapping[str, str | int | date]) -> str:
    """The day of the week, or the holiday as it is called in the active language where its country's calendar says."""
    day = params["nominal"]
    if not isinstance(day, date):
        raise TypeError("The nominal day of a deadline is a date.")
    country, _dash, subdivision = str(params["place"]).partition("-")
    why = calendars.why_not_working(day, country, subdivision, language=get_language() or "")
    return gettext(why or str(params["why"]))


def cited(citation: str) -> str:
    """A citation of the Union's rules as the active language writes it; what else is cited stays as it is."""
    text = RULES.sub(lambda found: ", ".join(map(_rule, found[1].split(", "))), citation)
    text = PERIODS.sub(lambda found: _of_periods(found[1]), text)
    return GUIDELINES.sub(
        lambda found: gettext("EDPB Guidelines 01/2022, paragraphs {numbers}").format(numbers=found[1]), text
    )


def _of_periods(rule: str) -> str:
    article, paragraph, *point = re.findall(r"\w+", rule)
    if point:
        text = gettext("Regulation 1182/71, {article}({paragraph})({point})")
        return text.format(article=article, paragraph=paragraph, point=point[0])
    return gettext("Regulation 1182/71, {article}({paragraph})").format(article=article, paragraph=paragraph)


def _rule(rule: str) -> str:
    article, *inside = re.findall(r"\w+", rule)
    paragraph = next((part for part in inside if part.isdigit()), "")
    point = next((part for part in inside if not part.isdigit()), "")
    if point:
        text = gettext("GDPR {article}({paragraph})({point})")
    else:
        text = gettext("GDPR {article}({paragraph})") if paragraph else gettext("GDPR {article}")
    return text.format(article=article, paragraph=paragraph, point=point)


def refusal(refused: TransitionRefused) -> str:
    """Why a step was refused, and under which rule, in the active language."""
    params = {
        name: date_format(value, "DATE_FORMAT") if isinstance(value, date) else value
        for name, value in refused.params.items()
    }
    why = gettext(refused.text).format(**params) if params else gettext(refused.text)
    return f"{why} ({cited(refused.citation)})" if refused.citation else why
