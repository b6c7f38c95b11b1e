"""Somebody acts for somebody else: an agent, a parent, a guardian. Both are verified, each on their own."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from rights.models import RightsRequest


class Role(models.TextChoices):
    AGENT = "agent", _("agent with a mandate")
    PARENT = "parent", _("parent or guardian")


class Representation(models.Model):
    """Who the two are to one another, and what is known of each. The names are with the requester."""

    request = models.OneToOneField(RightsRequest, on_delete=models.CASCADE, related_name="representation")
    role = models.CharField(max_length=8, choices=Role.choices)
    person_email = models.EmailField(blank=True, help_text="The person concerned's own, where they have one.")
    answer = models.CharField(max_length=4, blank=True, choices=[("yes", "yes"), ("no", "no")])
    answered_at = models.DateTimeField(null=True, blank=True)
    agent_basis = models.CharField(max_length=32, blank=True, help_text="How staff know who acts.")
    person_basis = models.CharField(max_length=32, blank=True, help_text="How staff know the person concerned.")
    mandate_basis = models.CharField(max_length=32, blank=True, help_text="What gives the right to act.")
    endangers = models.BooleanField(default=False, help_text="Staff found that notices would endanger the child.")
    endangers_why = models.TextField(blank=True, help_text="Destroyed with the evidence; never in the journal.")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="only_a_child_is_endangered", condition=models.Q(endangers=False) | models.Q(role="parent")
            )
        ]

    def __str__(self) -> str:
        return f"representation {self.pk}"

    @property
    def person_is_known(self) -> bool:
        """Whether the person concerned was reached.

        Who acts gave the address from which a yes came, and it may be their own: where an address alone is too little
        of who asks for themselves, it is so here.
        """
        said_yes = self.answer == "yes" and not settings.LIVE_PHOTO_REQUIRED
        return self.answer != "no" and (said_yes or bool(self.person_basis))

    @property
    def is_settled(self) -> bool:
        """Both are known and the right to act was shown."""
        return self.person_is_known and bool(self.agent_basis) and bool(self.mandate_basis)
