"""What is known of a case when a step is tried: what the guards read, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from rights.law.states import ClaimOutcome, RequestState


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a case when a step is tried.

    Attributes:
        regime: code of the law.
        state: of the request.
        outcomes: of every claim, by its right.
        carried_out: the rights whose outcome was carried out.
        search_complete: the certificate says that every face held was compared.
        hits_open: hits without a settled verdict; None while nobody has counted.
        right, outcome: the claim that the step is about, and its outcome, now or to be.
        accepted: keys of the pictures that the review accepted as the person's; None while it is not over.
        withheld: keys of the pictures that a partial refusal covers.
        erased: pictures that the claim has erased before, where it is carried out in several goes.
        alone: pictures that one person alone may decide to erase; `guards.ALONE` at most.
        identity: how the person's identity was established, as a code.
        ground, reasons, evidence: of a refusal: its code, what the letter says, what proves it.
        signed_by, second: keys of the members of staff who sign. `proposal`: the second will sign later.
        received, earlier: the day of this request, and of the same person's last one before it.
        missing: titles of what the answer would lack (`answer.missing`); None while nobody has looked.
        remedies_missing: the same, of what every refusal must say.
        unlawful: an authority or a court has found the processing itself unlawful.
        told: what the finished answer tells (`answer.TOLD`).
        copy_settled: nothing that a pending access asks for would be lost by erasing.
        left: traces of the person found after the erasure; None while nobody has looked.
        recipients_told: notices to all recipients are on their way.
        doubt: the recorded reason to doubt who the person is.
        email_open, photo_open: the code of the e-mail, or a usable photograph, is still to come from the person.
    """

    regime: str = ""
    state: RequestState | None = None
    outcomes: Mapping[str, str] = field(default_factory=dict)
    carried_out: frozenset[str] = frozenset()
    search_complete: bool = False
    hits_open: int | None = None
    right: str = ""
    outcome: ClaimOutcome | None = None
    accepted: frozenset[int] | None = None
    withheld: frozenset[int] = frozenset()
    erased: int = 0
    alone: int = 100
    identity: str = ""
    ground: str = ""
    reasons: str = ""
    evidence: str = ""
    signed_by: int | None = None
    second: int | None = None
    proposal: bool = False
    received: date | None = None
    earlier: date | None = None
    missing: tuple[str, ...] | None = None
    remedies_missing: tuple[str, ...] | None = None
    unlawful: bool = False
    told: frozenset[str] = frozenset()
    copy_settled: bool = False
    left: int | None = None
    recipients_told: bool = False
    doubt: str = ""
    email_open: bool = True
    photo_open: bool = True
