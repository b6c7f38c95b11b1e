"""What was due to be said to staff about a legal date: each at most once, whatever the beat missed."""

from django.db import models

from rights.models import RightsRequest


class Reminder(models.Model):
    """One reminder. `days` before the nominal date `about`, for staff; 0 and less are on and after the legal date
    `about`, for the data protection officer."""

    request = models.ForeignKey(RightsRequest, on_delete=models.CASCADE, related_name="reminders")
    about = models.DateField(help_text="The date that it reminds of.")
    days = models.IntegerField(help_text="Days from the reminder to that date; negative once it has passed.")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["request", "about", "-days"]
        constraints = [models.UniqueConstraint(name="reminded_once", fields=["request", "about", "days"])]

    def __str__(self) -> str:
        return f"reminder {self.pk}"
