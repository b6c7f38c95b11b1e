"""The local mailbox of `make run`: mails that never leave the machine."""

from django.db import models


class LocalMail(models.Model):
    """One mail as it would have been sent. The message identifier makes a second delivery impossible."""

    message_id = models.CharField(max_length=200, unique=True)
    to = models.CharField(max_length=320)
    subject = models.CharField(max_length=300)
    text = models.TextField()
    html = models.TextField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"mail {self.pk}"
