"""Deciding a claim: one signature, or a proposal and a second one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from rights import journal
from rights.law.lifecycle import ClaimOutcome, Facts, TransitionRefused, check_claim, step_to
from rights.law.sentences import gettext_noop
from rights.models import Claim, Decision
from rights.requests import known

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@transaction.atomic
def decide(
    *,
    claim: Claim,
    outcome: ClaimOutcome,
    by: "User",
    facts: Facts,
    ground: str = "",
    reasons: str = "",
    evidence: str = "",
    identity_basis: str = "",
    withheld: Sequence[int] = (),
    proposal: bool = False,
) -> Decision:
    """Sign the outcome of one claim; as a proposal, it takes effect when a second person signs it.

    Args:
        facts: what the review and the controller's profile know.
        withheld: for a partial refusal, the opaque keys of the items it covers.

    Raises:
        TransitionRefused: a guard of the step refuses.
    """
    decision = Decision(
        claim=claim,
        outcome=outcome,
        ground=ground,
        reasons=reasons.strip(),
        evidence=evidence.strip(),
        identity_basis=identity_basis,
        withheld=sorted(withheld),
        decided_by=by,
        decided_at=timezone.now(),
        in_force=not proposal,
    )
    _check(decision, facts)
    dropped, _rows = claim.decisions.filter(in_force=False).delete()
    decision.save(force_insert=True)
    if dropped:
        _journal(decision, "proposal_dropped", by)
    if proposal:
        _journal(decision, "proposed", by)
    else:
        _into_force(decision, by)
    return decision


@transaction.atomic
def countersign(*, decision: Decision, by: "User", facts: Facts) -> None:
    """Sign a proposal as the second person; from now on it is the claim's outcome. Raises: TransitionRefused."""
    now = timezone.now()
    decision.second_by, decision.second_at = by, now
    _check(decision, facts)
    signed = Decision.objects.filter(pk=decision.pk, in_force=False).update(second_by=by, second_at=now, in_force=True)
    if not signed:
        raise TransitionRefused(gettext_noop("This proposal was signed or replaced in the meantime."))
    decision.refresh_from_db()
    _into_force(decision, by)


def check_again(*, claim: Claim, facts: Facts) -> None:
    """Whether the decision in force would still be allowed: facts may have changed since. Raises: TransitionRefused."""
    decision = claim.decisions.filter(in_force=True).order_by("-decided_at", "-pk").first()
    if decision is not None and claim.fulfilled_at is None:
        _check(decision, facts)


def _check(decision: Decision, facts: Facts) -> None:
    outcome = ClaimOutcome(decision.outcome)
    found = replace(
        known(decision.claim.request, facts),
        right=decision.claim.right,
        outcome=outcome,
        ground=decision.ground,
        reasons=decision.reasons,
        evidence=decision.evidence,
        identity=decision.identity_basis,
        withheld=frozenset(decision.withheld),
        signed_by=decision.decided_by_id,
        second=decision.second_by_id,
        proposal=not decision.in_force and decision.second_by_id is None,
    )
    check_claim(step_to(outcome), ClaimOutcome(decision.claim.outcome), found)


def _into_force(decision: Decision, by: "User") -> None:
    decision.claim.outcome = decision.outcome
    decision.claim.save(update_fields=["outcome"])
    _journal(decision, "decided", by)


def _journal(decision: Decision, event: str, by: "User") -> None:
    detail: dict[str, object] = {
        "right": decision.claim.right,
        "outcome": decision.outcome,
        "ground": decision.ground,
        "identity": decision.identity_basis,
    }
    if decision.withheld:
        detail["withheld"] = len(decision.withheld)
    if decision.second_by_id:
        detail["first"] = journal.staff(decision.decided_by_id)
    journal.record(request=decision.claim.request, actor=journal.staff(by.pk), event=event, detail=detail)
