"""The case: a request, its claims, what happened to its clock, what was decided, and the journal of it all.

No name, address or picture is kept here: these rows are the procedural facts that remain when everything
personal has been destroyed.
"""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from rights.law.lifecycle import ClaimOutcome, RequestState

DESTROYED = "[destroyed]"
"""What stands in the place of words once their date has come."""
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
    place = models.CharField(
        max_length=6, blank=True, help_text="Where the person says they live, ISO 3166-1 or 3166-2; empty if not said."
    )
    country = models.CharField(
        _("country"), max_length=2, help_text=_("Country whose public holidays count, ISO 3166-1.")
    )
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
    watched_on = models.DateField(
        null=True, blank=True, help_text="The last day on which its dates were looked at; empty: to be looked at now."
    )
    linked_to = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="linked")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("assigned to"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        help_text="On whose desk it lies. It grants nothing and takes no right away from the others.",
    )

    class Meta:
        ordering = ["due", "received_at", "pk"]
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        indexes = [
            models.Index(name="requests_by_due", fields=["due", "received_at", "id"]),
            models.Index(name="requests_by_receipt", fields=["received_at", "id", "state"]),
            models.Index(name="requests_by_state", fields=["state", "due", "received_at", "id"]),
            models.Index(name="requests_by_channel", fields=["channel", "due", "received_at", "id", "state"]),
            models.Index(name="requests_by_country", fields=["country", "due", "received_at", "id", "state"]),
            models.Index(name="requests_by_assignee", fields=["assignee", "due", "received_at", "id", "state"]),
            models.Index(name="requests_by_key", fields=["id", "state", "due", "received_at"]),
        ]
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
    """A claim's outcome, signed by a member of staff. A later decision on the same claim supersedes this one.

    While `in_force` is False it is a proposal that waits for the signature of a second person.
    """

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="decisions")
    outcome = models.CharField(max_length=16, choices=[(o.value, o.value) for o in ClaimOutcome])
    ground = models.CharField(max_length=32, blank=True, help_text=_("Code of the ground, in rights.law.grounds."))
    reasons = models.TextField(blank=True, help_text=_("In the person's language; it is printed in the letter."))
    evidence = models.TextField(blank=True, help_text=_("What proves the ground; for the authority, not the letter."))
    identity_basis = models.CharField(max_length=32, blank=True)
    withheld = models.JSONField(
        default=list, blank=True, help_text="Partial: opaque keys of the items that the refusal covers."
    )
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    second_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    second_at = models.DateTimeField(null=True, blank=True)
    in_force = models.BooleanField(default=True)

    class Meta:
        ordering = ["decided_at", "pk"]
        indexes = [models.Index(name="proposals", fields=["claim"], condition=models.Q(in_force=False))]
        constraints = [
            models.CheckConstraint(
                name="refusal_needs_a_ground_and_reasons",
                condition=~models.Q(outcome__in=["refused", "partial"])
                | (~models.Q(ground="") & ~models.Q(reasons="")),
            ),
            models.CheckConstraint(
                name="disclosure_needs_an_identity",
                condition=~models.Q(outcome__in=["granted", "partial"]) | ~models.Q(identity_basis=""),
            ),
            models.CheckConstraint(
                name="finding_needs_two_people",
                condition=~models.Q(ground__in=["excessive", "unfounded"])
                | models.Q(in_force=False)
                | models.Q(second_by__isnull=False),
            ),
            models.CheckConstraint(
                name="second_signature_is_another_person",
                condition=models.Q(second_by__isnull=True) | ~models.Q(second_by=models.F("decided_by")),
            ),
            models.UniqueConstraint(
                name="one_proposal_per_claim", fields=["claim"], condition=models.Q(in_force=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.claim} {self.outcome}"


class ClockKind(models.TextChoices):
    """What can matter to a deadline."""

    RECEIVED = "received", _("received")
    RECEIVED_AGAIN = "again", _("received again, or reminded")
    EXTENDED = "extended", _("extended")
    DOUBTED = "doubted", _("doubt about identity recorded")
    ASKED = "asked", _("asked the person for something")
    ANSWERED = "answered", _("the person answered")


class ClockEvent(models.Model):
    """Something that matters to the deadline. Rows are added and never changed."""

    request = models.ForeignKey(RightsRequest, on_delete=models.CASCADE, related_name="clock_events")
    kind = models.CharField(max_length=16, choices=ClockKind.choices)
    at = models.DateTimeField()
    asked_for = models.CharField(max_length=16, blank=True, help_text="What the person was asked for.")
    answers = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="answer")
    words = models.TextField(blank=True, help_text="The reasons or the question, as the person reads them.")
    by = models.CharField(max_length=32, blank=True, help_text="As the journal names people.")
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(name="questions", fields=["request"], condition=models.Q(kind="asked"))]
        constraints = [
            models.CheckConstraint(
                name="clock_event_known", condition=models.Q(kind__in=[kind.value for kind in ClockKind])
            ),
            models.UniqueConstraint(
                name="received_once", fields=["request"], condition=models.Q(kind=ClockKind.RECEIVED)
            ),
            models.UniqueConstraint(
                name="extended_once", fields=["request"], condition=models.Q(kind=ClockKind.EXTENDED)
            ),
            models.CheckConstraint(
                name="said_with_words",
                condition=~models.Q(kind__in=[ClockKind.EXTENDED, ClockKind.DOUBTED, ClockKind.ASKED])
                | ~models.Q(words=""),
            ),
            models.CheckConstraint(
                name="asked_for_something",
                condition=models.Q(kind=ClockKind.ASKED, asked_for__gt="")
                | (~models.Q(kind=ClockKind.ASKED) & models.Q(asked_for="")),
            ),
            models.CheckConstraint(
                name="an_answer_has_its_question",
                condition=models.Q(kind=ClockKind.ANSWERED, answers__isnull=False)
                | (~models.Q(kind=ClockKind.ANSWERED) & models.Q(answers__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request.reference} {self.kind}"


class JournalEntry(models.Model):
    """One thing that happened, by whom, when. Only `rights.journal` writes it; nothing changes or removes it.

    Triggers of the database refuse a change (`rights.triggers`), and each entry covers the one before, so that a change
    made past them shows (`manage.py verify_journal`).
    """

    position = models.PositiveBigIntegerField(_("position"), unique=True, help_text="From 1, without a gap.")
    request = models.ForeignKey(
        RightsRequest,
        verbose_name=_("request"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="journal_entries",
    )
    at = models.DateTimeField(_("when"))
    actor = models.CharField(_("by whom"), max_length=32, help_text="`citizen`, `system`, or `staff:<id>`.")
    event = models.CharField(_("event"), max_length=48)
    detail = models.JSONField(_("details"), default=dict, blank=True)
    previous = models.CharField(_("digest of the entry before"), max_length=64, help_text="Empty for the first.")
    digest = models.CharField(_("digest"), max_length=64, help_text="SHA-256 of this and the digest before, in hex.")

    class Meta:
        ordering = ["position"]
        verbose_name = _("journal entry")
        verbose_name_plural = _("journal entries")
        indexes = [
            models.Index(name="journal_by_event", fields=["event", "position"]),
            models.Index(name="journal_by_actor", fields=["actor", "position"]),
            models.Index(name="journal_by_request", fields=["request", "event", "position"]),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.event}"


class JournalHead(models.Model):
    """Where the journal ends. One row, which every writer locks: so entries follow one another, and a tail that was cut
    off shows."""

    position = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(name="one_journal_head", condition=models.Q(pk=1))]

    def __str__(self) -> str:
        return f"journal of {self.position} entries"
