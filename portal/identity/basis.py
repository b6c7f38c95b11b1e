"""How identity was established before anything is disclosed or erased (GDPR 12(6); EDPB 01/2022, 72-79)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class IdentityBasis(models.TextChoices):
    """What a member of staff relied on. Recorded with each decision that discloses or erases."""

    PHOTO_AND_EMAIL = "photo_and_email", _("the photograph and control of the e-mail address")
    LIVE_PHOTO = "live_photo", _("live photo check passed and looked at, and control of the e-mail address")
    IN_PERSON = "in_person", _("met in person")
    VIDEO_CALL = "video_call", _("video call")
    BY_POST = "by_post", _("answered by letter to an address known before")
    KNOWN_CONTACT = "known_contact", _("known contact details or an existing account")
    IDENTITY_CARD = "identity_card", _("identity card was checked")
    MANDATE = "mandate", _("mandate seen, and the person concerned reached")
