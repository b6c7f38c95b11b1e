"""Coded grounds of refusal: the only reasons for which a claim can be refused, in whole or in part."""

# ruff: noqa: E501 - what stands in a letter is easier to check on one line

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from rights.law.clock import gettext_noop

ACCESS: Final = "access"
ERASURE: Final = "erasure"
BOTH: Final = frozenset({ACCESS, ERASURE})


class Ground(NamedTuple):
    """A reason the law knows, what it needs as evidence, who signs, and what it puts into the letter."""

    code: str
    regime: str
    citation: str
    title: str
    letter_text: str
    applies_to: frozenset[str]
    allows_partial: bool
    requires_evidence: tuple[str, ...]
    second_signature: bool


def _gdpr(
    code: str, citation: str, title: str, letter: str, applies_to: frozenset[str], partial: bool, *evidence: str
) -> Ground:
    return Ground(code, "gdpr", citation, title, letter, applies_to, partial, evidence, second_signature=False)


_ERASURE_ONLY: Final = frozenset({ERASURE})

_ALL: Final = (
    _gdpr(
        "not-identifiable", "GDPR 12(2), 11(2)",
        gettext_noop("we demonstrate that we cannot identify the person"),
        gettext_noop("We are not in a position to identify you, and show below why. You may give us further information that makes it possible."),
        BOTH, False, gettext_noop("what was tried to identify the person"),
    ),
    _gdpr(
        "rights-of-others", "GDPR 15(4)",
        gettext_noop("the copy would harm the rights of others"),
        gettext_noop("A copy of some pictures would harm the rights and freedoms of others even with their faces obscured. This limits the copy only: what we hold is told to you in full."),
        frozenset({ACCESS}), True, gettext_noop("whose rights, and why obscuring is not enough"),
    ),
    _gdpr(
        "expression", "GDPR 17(3)(a)",
        gettext_noop("freedom of expression and information"),
        gettext_noop("The pictures are needed to exercise the right of freedom of expression and information."),
        _ERASURE_ONLY, True, gettext_noop("the publication and the public interest in it"),
    ),
    _gdpr(
        "legal-obligation", "GDPR 17(3)(b)",
        gettext_noop("legal obligation or public task"),
        gettext_noop("The law of the Union or of a Member State obliges us to keep the pictures, or a task in the public interest does."),
        _ERASURE_ONLY, True, gettext_noop("the provision"),
    ),
    _gdpr(
        "public-health", "GDPR 17(3)(c)",
        gettext_noop("public interest in public health"),
        gettext_noop("The pictures are needed for reasons of public interest in the area of public health."),
        _ERASURE_ONLY, True, gettext_noop("the provision"),
    ),
    _gdpr(
        "archiving", "GDPR 17(3)(d)",
        gettext_noop("archiving, research or statistics"),
        gettext_noop("The pictures are kept for archiving in the public interest, research or statistics, which the erasure would make impossible or seriously impair."),
        _ERASURE_ONLY, True, gettext_noop("the purpose and why erasure would defeat it"),
    ),
    _gdpr(
        "legal-claims", "GDPR 17(3)(e)",
        gettext_noop("legal claims"),
        gettext_noop("The pictures are needed to establish, exercise or defend legal claims."),
        _ERASURE_ONLY, True, gettext_noop("the claim"),
    ),
)  # fmt: skip

GROUNDS: Final[Mapping[str, Ground]] = MappingProxyType({ground.code: ground for ground in _ALL})
"""By code. "Manifestly unfounded or excessive" (12(5)) is not among them: it needs a documented finding that two
people sign, which this version does not offer."""


def for_regime(code: str) -> list[Ground]:
    """The grounds of one regime; those of another are never among them."""
    return [ground for ground in _ALL if ground.regime == code]
