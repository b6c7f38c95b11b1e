"""One-time codes that prove control of an e-mail address."""

import uuid

from django.db import models

from rights.models import RightsRequest


class EmailCode(models.Model):
    """A six-digit code. The digits are derived from the row's id under the server's secret and stored nowhere."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(RightsRequest, on_delete=models.CASCADE, related_name="codes")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"code {self.pk}"
