"""What the person says of a picture in their answer: that it does not show them."""

from django.db import models

from rights.models import RightsRequest


class NotMe(models.Model):
    """One picture, and what staff found when they looked again. Until they did, nothing of the request is erased."""

    request = models.ForeignKey(RightsRequest, on_delete=models.CASCADE, related_name="not_me")
    photo_key = models.BigIntegerField(help_text="The photo's identifier.")
    said_at = models.DateTimeField()
    shows_them = models.BooleanField(null=True, help_text="What staff found; empty until they looked.")
    settled_by = models.CharField(max_length=32, blank=True, help_text="As the journal names people.")
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["said_at", "pk"]
        constraints = [models.UniqueConstraint(name="one_not_me_per_picture", fields=["request", "photo_key"])]

    def __str__(self) -> str:
        return f"not me {self.pk}"
