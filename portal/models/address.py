"""A change of the e-mail address of a request: proven at the new one, told to the old one."""

import uuid

from django.db import models

from rights.models import RightsRequest


class AddressChange(models.Model):
    """One change. `sealed` is the new address until it was proven, and the old one from then on.

    The code that proves it is derived from the row's id, like that of an `EmailCode`, and opens nothing else.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(RightsRequest, on_delete=models.CASCADE, related_name="address_changes")
    sealed = models.BinaryField(help_text="AES-GCM under the request's key.")
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["asked_at", "pk"]

    def __str__(self) -> str:
        return f"change of address {self.pk}"
