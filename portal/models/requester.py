"""Who asked, and how to reach them. Destroyed long before the case's own rows."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from rights.models import RightsRequest


class Requester(models.Model):
    """The person acting and, when they act for another, the person concerned."""

    request = models.OneToOneField(RightsRequest, on_delete=models.CASCADE, related_name="requester")
    name = models.CharField(_("name"), max_length=200, blank=True)
    email = models.EmailField(_("e-mail"), blank=True, db_index=True)
    postal_address = models.TextField(_("postal address"), blank=True)
    on_behalf = models.BooleanField(_("acts for someone else"), default=False)
    person_name = models.CharField(_("person concerned"), max_length=200, blank=True)
    relation = models.CharField(_("in what capacity"), max_length=200, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"requester {self.pk}"
