"""Which member of staff has a request on their desk. It grants nothing and takes no right away from the others."""

from django.conf import settings
from django.db import models

from rights.models import RightsRequest


class Assignment(models.Model):
    """One request, one member of staff. No row: nobody in particular."""

    request = models.OneToOneField(RightsRequest, primary_key=True, on_delete=models.CASCADE, related_name="assignment")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="assignments")
    assigned_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"assignment of {self.request_id}"
