"""What the person does with their answer: chooses what is erased, and asks for more."""

from django.db import models

from rights.models import RightsRequest


class ErasureChoice(models.Model):
    """One picture that the person wants erased. A request without any such row means all of them.

    The digest stands for the picture where it was moved, and so has another identifier.
    """

    request = models.ForeignKey(RightsRequest, on_delete=models.CASCADE, related_name="erasure_choices")
    photo_key = models.BigIntegerField(help_text="The photo's identifier.")
    sha256 = models.CharField(max_length=64, blank=True, help_text="Of the file, hexadecimal; empty if it is not held.")

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(name="one_choice_per_picture", fields=["request", "photo_key"])]

    def __str__(self) -> str:
        return f"erasure choice {self.pk}"


class FollowUp(models.Model):
    """A request that grew out of the answer to another one: the same person, the same photographs and verdicts."""

    request = models.OneToOneField(RightsRequest, on_delete=models.CASCADE, related_name="follow_up")
    of = models.ForeignKey(RightsRequest, on_delete=models.CASCADE, related_name="follow_ups")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"follow-up {self.pk}"
