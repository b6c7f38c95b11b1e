"""Turns of mails to addresses that have proven nothing."""

from django.db import models

from portal.models.notice import Notice


class MailTurn(models.Model):
    """That a notice goes to an address that somebody typed, which is known by a keyed hash only. Deleted after a day.

    Without a notice it is a stranger's, whose question costs what everybody's does.
    """

    notice = models.OneToOneField(Notice, null=True, blank=True, on_delete=models.CASCADE, related_name="turn")
    address = models.CharField(max_length=64, help_text="HMAC-SHA-256 of the address.")
    network = models.CharField(max_length=64, blank=True, help_text="HMAC-SHA-256 of the network that asked.")
    asked_at = models.DateTimeField()
    at = models.DateTimeField(null=True, blank=True, help_text="When it went; empty while it waits.")

    class Meta:
        ordering = ["asked_at", "pk"]
        indexes = [models.Index(name="mails_of_an_address", fields=["address", "at"])]

    def __str__(self) -> str:
        return f"turn {self.pk}"
