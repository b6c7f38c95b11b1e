"""A sentence for a citizen before it is put into a language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


def gettext_noop(text: str) -> str:
    """Marks a sentence for the catalogues; the reader's language is chosen where it is shown."""
    return text


Params = dict[str, str | int | date]


@dataclass(frozen=True)
class Sentence:
    """A step of the derivation: an English sentence with {named} places, and what stands in them.

    `params` always holds "citation", the rule behind the step, also where the text does not print it.
    """

    text: str
    params: Mapping[str, str | int | date]
