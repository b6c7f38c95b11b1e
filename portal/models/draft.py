"""A form that was begun and not yet sent."""

import uuid

from django.db import models


class Draft(models.Model):
    """What a citizen has filled in so far, sealed under a key that only their session cookie's row holds."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sealed = models.BinaryField()
    sealed_photo = models.BinaryField(null=True)
    expires_at = models.DateTimeField(db_index=True)
    request_id = models.UUIDField(null=True, help_text="The request this became: sending twice makes one request.")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"draft {self.pk}"
