"""Templates kept with consent, and the photos held because of them."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from matching.models.searched import Band


class TemplateSuppression(models.Model):
    """A template kept with consent, only to hold new photos: deleting the row destroys it, its key and its holds."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.UUIDField(unique=True)
    wrapped = models.BinaryField(default=bytes, help_text="The row's key, wrapped by a master key.")
    master_key = models.CharField(max_length=32, blank=True)
    sealed = models.BinaryField(default=bytes, help_text="AES-GCM of float32 (k, dimension); empty until computed.")
    engine = models.CharField(max_length=64, blank=True)
    consented_at = models.DateTimeField(auto_now_add=True)
    ends_on = models.DateField(db_index=True, help_text="On this day it is destroyed.")

    class Meta:
        ordering = ["consented_at", "pk"]

    def __str__(self) -> str:
        return f"template suppression {self.pk}"


class HoldOutcome(models.TextChoices):
    REFUSE = "refuse", _("refused: erased")
    RELEASE = "release", _("released")


class Hold(models.Model):
    """A face in an imported photo that may be a suppressed person's: a person decides what becomes of it."""

    suppression = models.ForeignKey(TemplateSuppression, on_delete=models.CASCADE, related_name="holds")
    face_key = models.BigIntegerField(help_text="The face's identifier, kept when the face is erased.")
    sha256 = models.CharField(max_length=64, help_text="Of the file, when it was held.")
    box = models.JSONField(help_text="Of the face, [left, top, right, bottom].")
    distance = models.FloatField(help_text="Euclidean, smallest over the templates kept.")
    band = models.CharField(max_length=8, choices=Band.choices)
    held_at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(max_length=8, choices=HoldOutcome.choices, blank=True)
    decided_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True, help_text="When a refused one was proven to be gone.")

    class Meta:
        ordering = ["held_at", "pk"]
        constraints = [models.UniqueConstraint(name="one_hold_per_face", fields=["suppression", "face_key"])]

    def __str__(self) -> str:
        return f"hold {self.pk}"


class HoldVerdict(models.Model):
    """What one member of staff said should become of a held photo."""

    hold = models.ForeignKey(Hold, on_delete=models.CASCADE, related_name="verdicts")
    reviewer = models.CharField(max_length=32)
    outcome = models.CharField(max_length=8, choices=HoldOutcome.choices)
    reason = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [models.UniqueConstraint(name="one_hold_verdict_per_reviewer", fields=["hold", "reviewer"])]

    def __str__(self) -> str:
        return f"hold verdict {self.pk}"
