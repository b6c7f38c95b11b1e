"""What an answer to an access request is obliged to say (GDPR 15(1) to 15(3), 12(4))."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from rights.law.sentences import gettext_noop


class Element(NamedTuple):
    """One obligatory element: the key of its fact, its rule, and its name for staff."""

    key: str
    citation: str
    title: str


OBLIGATORY: Final = (
    Element("confirmation", "GDPR 15(1)", gettext_noop("confirmation whether data is processed")),
    Element("purposes", "GDPR 15(1)(a)", gettext_noop("purposes of the processing")),
    Element("categories", "GDPR 15(1)(b)", gettext_noop("categories of data")),
    Element("recipients", "GDPR 15(1)(c)", gettext_noop("recipients, named")),
    Element("storage", "GDPR 15(1)(d)", gettext_noop("storage period or its criteria")),
    Element("rights", "GDPR 15(1)(e)", gettext_noop("the rights to rectification, erasure, restriction, objection")),
    Element("authority", "GDPR 15(1)(f)", gettext_noop("supervisory authority, with its address")),
    Element("origin", "GDPR 15(1)(g)", gettext_noop("where the data comes from")),
    Element("automated", "GDPR 15(1)(h)", gettext_noop("automated decisions: logic, significance, consequences")),
    Element("safeguards", "GDPR 15(2)", gettext_noop("safeguards of transfers to third countries")),
    Element("copy", "GDPR 15(3)", gettext_noop("a copy of the data")),
    Element("court", "GDPR 12(4)", gettext_noop("judicial remedy")),
    Element("controller", "GDPR 12(2)", gettext_noop("name and contact of the controller")),
    Element("dpo", "GDPR 12(2)", gettext_noop("contact of the data protection officer")),
    Element("representative", "GDPR 27", gettext_noop("contact of the representative in the Union")),
    Element("certificate", "GDPR 15(1)", gettext_noop("certificate of a complete search")),
)

TOLD: Final = (
    Element("recipients_named", "GDPR 15(1)(c), C-154/21", gettext_noop("the recipients, each by name")),
    Element("sources", "GDPR 15(1)(g)", gettext_noop("where each picture comes from")),
    Element("metadata", "GDPR 15(3)", gettext_noop("everything stored about each picture")),
    Element("templates", "GDPR 15(1)", gettext_noop("that a template of the face exists, and the template itself")),
    Element("pictures", "GDPR 15(3)", gettext_noop("the copy of every picture that is not withheld")),
)
"""What the finished answer itself must be seen to tell, beyond what the profile supplies (docs/law/points.md, 8)."""


def missing(facts: Mapping[str, object]) -> list[Element]:
    """The obligatory elements whose fact is absent, None, False or blank."""
    return [element for element in OBLIGATORY if not _is_said(facts.get(element.key))]


_LINK: Final = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_WORDS: Final = 6
"""With fewer words around a link, a text only points to a page."""


def _is_said(fact: object) -> bool:
    """A text that only points to a page says nothing: a link to a privacy policy is none (docs/law/points.md, 7)."""
    if not isinstance(fact, str):
        return bool(fact)
    words = len(_LINK.sub(" ", fact).split())
    return bool(words) and not (_LINK.search(fact) and words < _WORDS)
