"""Known: what must be settled about who asks before anything is disclosed or erased, or said not to be held."""

from django.conf import settings

from portal.identity.basis import IdentityBasis
from portal.models import DocumentCheck, DocumentState, EvidenceKind, LiveState, Representation
from rights.law.lifecycle import TransitionRefused
from rights.law.sentences import gettext_noop
from rights.models import RightsRequest

NOT_ENOUGH = (IdentityBasis.PHOTO_AND_EMAIL, IdentityBasis.LIVE_PHOTO, IdentityBasis.IDENTITY_CARD)
"""Bases that a doubt which a document did not settle takes away; to meet the person still is one."""


def check_identity(request: RightsRequest, basis: str) -> None:
    """Refuse any answer but a refusal on a basis that is not there. Raises: TransitionRefused."""
    found = Representation.objects.filter(request=request).first()
    if found is not None and not found.is_settled:
        text = gettext_noop("Somebody acts for another: verify both, and the right to act, before anything is given.")
        raise TransitionRefused(text, "GDPR 12(6)")
    if found is None and basis == IdentityBasis.MANDATE:
        raise TransitionRefused(gettext_noop("Nobody acts for somebody else here: there is no mandate."), "GDPR 12(6)")
    if basis == IdentityBasis.LIVE_PHOTO:
        _check_live(request)
    if basis == IdentityBasis.PHOTO_AND_EMAIL and settings.LIVE_PHOTO_REQUIRED:
        text = gettext_noop("A photograph that anybody may have is not enough here: a live photo, or another way.")
        raise TransitionRefused(text, "GDPR 12(6)")
    last = request.document_checks.exclude(state=DocumentState.MOOT).last()
    if last is not None and last.state != DocumentState.SUFFICIENT and basis in NOT_ENOUGH:
        text = gettext_noop("An identity document was asked for because of a doubt, and has not settled it.")
        raise TransitionRefused(text, "GDPR 12(6)")
    sufficient = last is not None and last.state == DocumentState.SUFFICIENT and not _is_outdated(request, last)
    if basis == IdentityBasis.IDENTITY_CARD and not sufficient:
        raise TransitionRefused(gettext_noop("No identity document was checked and found sufficient."), "GDPR 12(6)")


def _check_live(request: RightsRequest) -> None:
    """Refuse a live photo that was not passed, or at which nobody looked: the machine judges nobody.

    Raises:
        TransitionRefused
    """
    passed = request.live_checks.filter(state=LiveState.PASSED).last()
    if passed is None:
        raise TransitionRefused(gettext_noop("No live photo check was passed."), "GDPR 12(6)")
    if not request.journal_entries.filter(event="viewed_frame", at__gte=passed.drawn_at).exists():
        text = gettext_noop("Nobody has looked at the live photo yet: open its pictures first.")
        raise TransitionRefused(text, "GDPR 12(6)")


def _is_outdated(request: RightsRequest, check: DocumentCheck) -> bool:
    """Whether another photograph came after a document was found sufficient: it was found so beside those before."""
    newest = request.evidence.filter(kind=EvidenceKind.PROBE).order_by("created_at").last()
    return newest is not None and check.ended_at is not None and check.ended_at < newest.created_at
