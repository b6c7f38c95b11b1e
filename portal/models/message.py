"""The thread of a request: what the person and staff write to each other. It starts and stops no legal clock."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from rights.models import RightsRequest


class Author(models.TextChoices):
    PERSON = "person", _("the person")
    STAFF = "staff", _("staff")


class Message(models.Model):
    """That something was written, and when. Words and pictures are sealed evidence, and are destroyed with it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(RightsRequest, on_delete=models.CASCADE, related_name="messages")
    author = models.CharField(max_length=8, choices=Author.choices)
    written_by = models.CharField(max_length=32, help_text="As the journal names people.")
    written_at = models.DateTimeField()
    by_mail = models.BooleanField(default=False, help_text="Anybody can write any sender into a mail.")
    mail_digest = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the mail's Message-ID and words, so that it is taken in once."
    )
    left_out = models.PositiveSmallIntegerField(default=0, help_text="Attachments of the mail that were not taken in.")
    read_at = models.DateTimeField(null=True, blank=True, help_text="When staff first read what the person wrote.")

    class Meta:
        ordering = ["written_at", "pk"]
        indexes = [models.Index(name="messages_not_read", fields=["read_at", "author", "request"])]
        constraints = [
            models.UniqueConstraint(
                name="a_mail_is_taken_in_once", fields=["mail_digest"], condition=~models.Q(mail_digest="")
            )
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"
