"""Sentences of the law room in the reader's language: a message identifier and its parameters become text."""

import re
from datetime import date
from typing import Final

from django.utils.formats import date_format
from django.utils.translation import gettext

from rights.law.clock import Sentence
from rights.law.lifecycle import TransitionRefused

RULES: Final = re.compile(r"(?<!UK )GDPR (\d+(?:\(\d+\)(?:\([a-z]\))?)?(?:, \d+\(\d+\)(?:\([a-z]\))?)*)")
"""Articles of the Regulation, like GDPR 15(1)(a), or GDPR 15(1), 15(3)."""


def sentence(line: Sentence) -> str:
    """The sentence in the active language, its dates written out."""
    params = {
        name: date_format(value, "DATE_FORMAT") if isinstance(value, date) else value
        for name, value in line.params.items()
    }
    return gettext(line.text).format(**params)


def cited(citation: str) -> str:
    """A citation of the Regulation as the active language writes it; what else is cited stays as it is."""
    return RULES.sub(lambda found: ", ".join(map(_rule, found[1].split(", "))), citation)


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
