"""One-time codes that prove control of an e-mail address."""

import uuid
from datetime import timedelta
from typing import Final

from django.db import models

from rights.models import RightsRequest


class WrongTry(models.Model):
    """One wrong code from a network, which is known by a keyed hash only. Deleted after an hour."""

    network = models.CharField(max_length=64, help_text="HMAC-SHA-256 of the IPv4 address or the IPv6 /64.")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(name="wrong_tries_of_a_network", fields=["network", "at"])]

    def __str__(self) -> str:
        return f"wrong try {self.pk}"


class EmailCode(models.Model):
    """A six-digit code. The digits are derived from the row's id under the server's secret and stored nowhere.

    A row belongs to a request, or to a stranger: somebody who asked for a code with a reference and an address that
    do not belong together. Strangers get rows, tries and locks like everybody else, only no mail, so that nothing
    they see tells whether a request exists.
    """

    LIFETIME: Final = timedelta(minutes=15)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(RightsRequest, null=True, blank=True, on_delete=models.CASCADE, related_name="codes")
    stranger = models.UUIDField(null=True, blank=True, db_index=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0, help_text="Wrong tries, carried over from the code before.")
    locked_until = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="code_of_a_request_or_a_stranger",
                condition=models.Q(request__isnull=False, stranger__isnull=True)
                | models.Q(request__isnull=True, stranger__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"code {self.pk}"
