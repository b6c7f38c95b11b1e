"""Coded grounds of refusal: the only reasons for which a claim can be refused, in whole or in part.

A ground belongs to one regime. Where `verified` is False nobody has read its rule for this project: a lawyer must, before
it is used. A regime for which no rule was seen has no grounds, and under it nothing can be refused.
"""

# ruff: noqa: E501 - what stands in a letter is easier to check on one line

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final, NamedTuple

from rights.law import regime
from rights.law.counting import length
from rights.law.sentences import gettext_noop
from rights.law.states import ClaimOutcome, TransitionRefused

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
    verified: bool = True
    copy_only: bool = False
    """It limits the copy and never the answer: it cannot refuse a claim outright (GDPR 15(4))."""


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
    )._replace(verified=False, copy_only=True),
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

_FINDINGS: Final = (
    Ground(
        "unfounded", "gdpr", "GDPR 12(5)",
        gettext_noop("manifestly unfounded"),
        gettext_noop("We find that your request is manifestly unfounded, and must prove it. Two people have signed this finding; the reasons are below, and so is what you can do about it."),
        BOTH, False, (gettext_noop("why it is manifest that the request has no foundation"),), second_signature=True, verified=False,
    ),
    Ground(
        "excessive", "gdpr", "GDPR 12(5)",
        gettext_noop("excessive"),
        gettext_noop("We find that your request is excessive, and must prove it. Two people have signed this finding; the reasons are below, and so is what you can do about it."),
        BOTH, False,
        (gettext_noop("the earlier requests, their dates and what was answered"), gettext_noop("why this one goes beyond what the right is for")),
        second_signature=True, verified=False,
    ),
)  # fmt: skip


def _of_the_uk(ground: Ground) -> Ground:
    """The same ground under the UK GDPR, whose wording was not read for this project."""
    citation = ground.citation.replace("GDPR", "UK GDPR")
    return ground._replace(code=f"uk-{ground.code}", regime="uk-gdpr", citation=citation, verified=False)


def _unverifiable(code: str, citation: str, *, verified: bool) -> Ground:
    return Ground(
        f"{code}-not-authenticated", code, citation,
        gettext_noop("who asks could not be verified"),
        gettext_noop("We could not verify that it is you who asks. You may give us further information and ask again at any time."),
        BOTH, False, (gettext_noop("what was tried to verify the person"),), second_signature=False, verified=verified,
    )  # fmt: skip


_OTHERS: Final = (
    *(_of_the_uk(ground) for ground in _ALL),
    _unverifiable("ccpa", "CCPA Regulations, s.7021(b)", verified=True),
    _unverifiable("vcdpa", "Code of Virginia, 59.1-577", verified=False),
    _unverifiable("cpa", "Colorado Revised Statutes, 6-1-1306", verified=False),
    Ground(
        "pipeda-third-party", "pipeda", "PIPEDA, s.9(1)",
        gettext_noop("data about a third party that cannot be severed"),
        gettext_noop("Some of what we hold would reveal data about another person and cannot be separated from yours. Everything else is given to you."),
        frozenset({ACCESS}), True, (gettext_noop("what was severed, and why the rest cannot be"),), second_signature=False,
    ),
)  # fmt: skip

GROUNDS: Final[Mapping[str, Ground]] = MappingProxyType(
    {ground.code: ground for ground in (*_ALL, *_FINDINGS, *_OTHERS)}
)
"""Every ground by its code, those that need two signatures included."""


def for_regime(code: str, *, two_people: bool = False) -> list[Ground]:
    """The grounds of one regime; those of another are never among them.

    Args:
        two_people: also those that one person cannot sign alone. Whoever asks for them checks them with
            `check_signatures` and `check_interval`.
    """
    return [
        ground for ground in GROUNDS.values() if ground.regime == code and (two_people or not ground.second_signature)
    ]


def needs_two(code: str, *, right: str, outcome: ClaimOutcome, unlawful: bool) -> bool:
    """Whether a decision takes effect only with the signature of a second person.

    Args:
        code: of the ground, empty where the claim is granted.
        unlawful: the processing itself was found unlawful (GDPR 17(1)(d)).
    """
    keeps = outcome in (ClaimOutcome.REFUSED, ClaimOutcome.PARTIAL)
    ground = GROUNDS.get(code)
    return keeps and ((ground is not None and ground.second_signature) or (unlawful and right == ERASURE))


def check_signatures(ground: Ground, *, signed_by: int, second: int | None) -> None:
    """Refuse a ground that two people must sign and only one has (GDPR 12(5)).

    Args:
        signed_by, second: keys of two members of staff.

    Raises:
        TransitionRefused: the second signature is missing, or is the first one's.
    """
    if ground.second_signature and second in (None, signed_by):
        text = gettext_noop("This finding needs the signature of a second person.")
        raise TransitionRefused(text, ground.citation)


def check_interval(ground: Ground, *, received: date, earlier: date | None) -> None:
    """Refuse "excessive" for a request that comes a year or more after the last one, or is the first.

    Args:
        received: the day of this request. earlier: that of the same person's last request before it, None if there is none.

    Raises:
        TransitionRefused: so far apart, nothing is excessive, whoever signs.
    """
    apart = regime.load(ground.regime).repeated
    if ground.code != "excessive" or apart is None:
        return
    if earlier is None or length(apart).after(earlier, "", "") <= received:
        text = gettext_noop("Requests a year or more apart are never excessive.")
        raise TransitionRefused(text, f"GDPR 12(5); {apart.citation}")
