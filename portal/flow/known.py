"""Known: what must be settled about who asks before anything is disclosed or erased."""

from django.conf import settings

from portal.identity.basis import IdentityBasis
from portal.models import DocumentState, LiveState, Representation
from rights.law.lifecycle import TransitionRefused
from rights.law.sentences import gettext_noop
from rights.models import RightsRequest

NOT_ENOUGH = (IdentityBasis.PHOTO_AND_EMAIL, IdentityBasis.LIVE_PHOTO, IdentityBasis.IDENTITY_CARD)
"""Bases that a doubt which a document did not settle takes away; to meet the person still is one."""


def check_identity(request: RightsRequest, basis: str) -> None:
    """Refuse a disclosure or an erasure on a basis that is not there. Raises: TransitionRefused."""
    found = Representation.objects.filter(request=request).first()
    if found is not None and not found.is_settled:
        text = gettext_noop("Somebody acts for another: verify both, and the right to act, before anything is given.")
        raise TransitionRefused(text, "GDPR 12(6)")
    if basis == IdentityBasis.LIVE_PHOTO and not request.live_checks.filter(state=LiveState.PASSED).exists():
        raise TransitionRefused(gettext_noop("No live photo check was passed."), "GDPR 12(6)")
    if basis == IdentityBasis.PHOTO_AND_EMAIL and settings.LIVE_PHOTO_REQUIRED:
        text = gettext_noop("A photograph that anybody may have is not enough here: a live photo, or another way.")
        raise TransitionRefused(text, "GDPR 12(6)")
    last = request.document_checks.exclude(state=DocumentState.MOOT).last()
    if last is not None and last.state != DocumentState.SUFFICIENT and basis in NOT_ENOUGH:
        text = gettext_noop("An identity document was asked for because of a doubt, and has not settled it.")
        raise TransitionRefused(text, "GDPR 12(6)")
    if basis == IdentityBasis.IDENTITY_CARD and (last is None or last.state != DocumentState.SUFFICIENT):
        raise TransitionRefused(gettext_noop("No identity document was checked and found sufficient."), "GDPR 12(6)")
