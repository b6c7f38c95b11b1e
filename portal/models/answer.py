"""The answer to an access claim: a sealed archive, offered for a time."""

from django.db import models

from rights.models import RightsRequest


class Answer(models.Model):
    """The archive of one request. The file is `ANSWERS_DIR/<request id>.sealed`."""

    request = models.OneToOneField(RightsRequest, on_delete=models.CASCADE, related_name="answer")
    size = models.BigIntegerField(help_text="Bytes of the archive, unsealed.")
    sha256 = models.CharField(max_length=64, help_text="Of the archive, unsealed.")
    photos = models.PositiveIntegerField()
    tells = models.JSONField(default=list, help_text="What the finished archive was seen to tell, by key.")
    built_at = models.DateTimeField()
    offered_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True, help_text="First complete download.")
    waived_at = models.DateTimeField(null=True, blank=True, help_text="The person wanted no copy before the erasure.")

    def __str__(self) -> str:
        return f"answer {self.pk}"
