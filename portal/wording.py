"""Sentences of the law room in the reader's language: a message identifier and its parameters become text."""

from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext

from rights.law.clock import Sentence
from rights.law.lifecycle import TransitionRefused


def sentence(line: Sentence) -> str:
    """The sentence in the active language, its dates written out."""
    params = {
        name: date_format(value, "DATE_FORMAT") if isinstance(value, date) else value
        for name, value in line.params.items()
    }
    return gettext(line.text).format(**params)


def refusal(refused: TransitionRefused) -> str:
    """Why a step was refused, and under which rule, in the active language."""
    params = {
        name: date_format(value, "DATE_FORMAT") if isinstance(value, date) else value
        for name, value in refused.params.items()
    }
    why = gettext(refused.text).format(**params) if params else gettext(refused.text)
    return f"{why} ({refused.citation})" if refused.citation else why
