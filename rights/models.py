"""The case: a request, its claims, what happened to its clock, what was decided, and the journal of it all.

No name, address or picture is kept here: these rows are the procedural facts that remain when everything
personal has been destroyed.
"""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from rights.law.lifecycle import ClaimOutcome, RequestState

OPEN_STATES = tuple(s for s in RequestState if s not in (RequestState.CLOSED, RequestState.WITHDRAWN))


class Channel(models.TextChoices):
    """How a request reached the controller; every official channel starts the clock alike."""

    WEB = "web", _("web form")
    API = "api", _("API")
    EMAIL = "email", _("e-mail")
    POST = "post", _("letter")
    DESK = "desk", _("in person")
    PHONE = "phone", _("telephone")


class Right(models.TextChoices):
    """What a claim asks for."""

    ACCESS = "access", _("access")
    ERASURE = "erasure", _("erasure")


class RightsRequest(models.Model):
    """One request of one person, however many claims it carries."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = models.CharField(_("reference"), max_length=16, unique=True, editable=False)
    regime = models.CharField(max_length=16, default="gdpr")
    country = models.CharField(max_length=2, help_text=_("Country whose public holidays count, ISO 3166-1."))
    subdivision = models.CharField(max_length=8, blank=True)
    time_zone = models.CharField(max_length=64)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    language = models.CharField(_("language"), max_length=8)
    received_at = models.DateTimeField(_("received"), help_text=_("First receipt in any official channel."))
    recorded_at = models.DateTimeField(auto_now_add=True)
    nominal_due = models.DateField(_("nominal due date"))
    due = models.DateField(_("due"), db_index=True)
    state = models.CharField(
        _("state"), max_length=12, choices=[(s.value, s.value) for s in RequestState], default=RequestState.RECEIVED
    )
    state_since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    linked_to = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="linked")

    class Meta:
        ordering = ["due", "received_at", "pk"]
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        constraints = [
            models.CheckConstraint(
                name="request_state_known", condition=models.Q(state__in=[s.value for s in RequestState])
            ),
            models.CheckConstraint(
                name="request_ended_with_a_date",
                condition=models.Q(state__in=["closed", "withdrawn"], ended_at__isnull=False)
                | (~models.Q(state__in=["closed", "withdrawn"]) & models.Q(ended_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="request_due_not_before_nominal", condition=models.Q(due__gte=models.F("nominal_due"))
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


class Claim(models.Model):
    """One right asked for, with an outcome of its own: silence on one is not cured by an answer to the other."""

    request = models.ForeignKey(RightsRequest, on_delete=models.CASCADE, related_name="claims")
    right = models.CharField(_("right"), max_length=16, choices=Right.choices)
    outcome = models.CharField(
        _("outcome"), max_length=16, choices=[(o.value, o.value) for o in ClaimOutcome], default=ClaimOutcome.PENDING
    )
    fulfilled_at = models.DateTimeField(null=True, blank=True, help_text=_("When the outcome was carried out."))

    class Meta:
        ordering = ["request", "right"]
        constraints = [
            models.UniqueConstraint(name="one_claim_per_right", fields=["request", "right"]),
            models.CheckConstraint(
                name="claim_outcome_known", condition=models.Q(outcome__in=[o.value for o in ClaimOutcome])
            ),
            models.CheckConstraint(
                name="claim_fulfilled_only_when_decided",
                condition=~models.Q(outcome="pending") | models.Q(fulfilled_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request.reference} {self.right}"


class Decision(models.Model):
    """A claim's outcome, signed by a member of staff. A later decision on the same claim supersedes this one."""

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="decisions")
    outcome = models.CharField(max_length=16, choices=[(o.value, o.value) for o in ClaimOutcome])
    ground = models.CharField(max_length=32, blank=True, help_text=_("Code of the ground, in rights.law.grounds."))
    reasons = models.TextField(blank=True, help_text=_("In the person's language; it is printed in the letter."))
    identity_basis = models.CharField(max_length=32, blank=True)
    withheld = models.JSONField(
        default=list, blank=True, help_text="Partial: opaque keys of the items that the refusal covers."
    )
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        ordering = ["decided_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="refusal_needs_a_ground_and_reasons",
                condition=~models.Q(outcome__in=["refused", "partial"])
                | (~models.Q(ground="") & ~models.Q(reasons="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.claim} {self.outcome}"


class ClockEvent(models.Model):
    """Something that matters to the deadline: the receipt, and later extensions and pauses."""

    request = models.ForeignKey(RightsRequest, on_delete=models.CASCADE, related_name="clock_events")
    kind = models.CharField(max_length=16)
    at = models.DateTimeField()
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.request.reference} {self.kind}"


class JournalEntry(models.Model):
    """One thing that happened, by whom, when. Only `rights.journal` writes it; nothing changes or removes it."""

    request = models.ForeignKey(
        RightsRequest, null=True, blank=True, on_delete=models.PROTECT, related_name="journal_entries"
    )
    at = models.DateTimeField()
    actor = models.CharField(max_length=32, help_text="`citizen`, `system`, or `staff:<id>`.")
    event = models.CharField(max_length=48)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("journal entry")
        verbose_name_plural = _("journal")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.event}"
