"""What the requester handed in, sealed, with the date of its destruction."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.models.message import Message
from rights.models import RightsRequest


class EvidenceKey(models.Model):
    """The key of one request, wrapped by a master key that is never stored beside it.

    Destroying this row destroys all evidence and every archive of the request.
    """

    request = models.OneToOneField(RightsRequest, on_delete=models.CASCADE, related_name="evidence_key")
    wrapped = models.BinaryField()
    master_key = models.CharField(max_length=32)

    def __str__(self) -> str:
        return f"key {self.pk}"


class EvidenceKind(models.TextChoices):
    PROBE = "probe", _("photo supplied by the requester")
    REPLY = "reply", _("what the requester answered to a question")
    DOCUMENT = "document", _("picture of an identity document")
    FRAME = "frame", _("frame of a live photo check")
    MANDATE = "mandate", _("picture of a mandate or of a proof of guardianship")
    MESSAGE = "message", _("words of a message")
    ENCLOSURE = "enclosure", _("picture sent with a message")


OF_MESSAGES = (EvidenceKind.MESSAGE, EvidenceKind.ENCLOSURE)


class Evidence(models.Model):
    """One sealed file."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(RightsRequest, on_delete=models.CASCADE, related_name="evidence")
    kind = models.CharField(max_length=12, choices=EvidenceKind.choices)
    message = models.ForeignKey(Message, null=True, blank=True, on_delete=models.CASCADE, related_name="evidence")
    sealed = models.BinaryField(help_text="AES-GCM under the request's key; empty once destroyed.")
    media_type = models.CharField(max_length=32, default="image/jpeg")
    problem = models.CharField(
        max_length=32, blank=True, help_text="Why this picture cannot be searched with, as a code; empty while it can."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    destroy_on = models.DateField(db_index=True)
    destroyed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"evidence {self.pk}"
