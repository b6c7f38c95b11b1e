"""What was erased, and what must not come back."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from matching.models.held import Photo, Source


class ErasureAction(models.TextChoices):
    DELETE = "delete", _("deleted")
    REDACT = "redact", _("person obscured")
    TEMPLATE = "template", _("template deleted")
    """There was no picture."""


class Erasure(models.Model):
    """One picture's part in an erasure: planned first, then carried out step by step, then provable."""

    subject = models.UUIDField(db_index=True)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+")
    photo = models.ForeignKey(Photo, null=True, on_delete=models.SET_NULL, related_name="+")
    path = models.CharField(max_length=1000)
    sha256 = models.CharField(max_length=64)
    source_url = models.CharField(
        max_length=2000, blank=True, help_text="Where the picture came from: recipients know it so."
    )
    action = models.CharField(max_length=8, choices=ErasureAction.choices)
    boxes = models.JSONField(help_text="Boxes of the person's faces, [left, top, right, bottom].")
    face_keys = models.JSONField(help_text="Identifiers of the faces to erase.")
    fingerprints = models.JSONField(
        help_text="Of each erased template and its code: four bytes and SHA-256 in hex, length, the four's place."
    )
    redacted_sha256 = models.CharField(
        max_length=64, blank=True, help_text="Of the object once the person was obscured."
    )
    begun_at = models.DateTimeField(
        null=True, blank=True, help_text="When the object was there and its deletion was about to begin."
    )
    object_done_at = models.DateTimeField(null=True, blank=True)
    rows_done_at = models.DateTimeField(null=True, blank=True)
    proven_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(name="one_erasure_per_object", fields=["subject", "source", "path", "sha256"])
        ]

    def __str__(self) -> str:
        return f"erasure {self.pk}"


class Suppression(models.Model):
    """A file or address that must not be imported again."""

    sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    source_url = models.CharField(max_length=2000, blank=True, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(name="one_suppression", fields=["sha256", "source_url"])]

    def __str__(self) -> str:
        return f"suppression {self.pk}"
