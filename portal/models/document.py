"""The check of an identity document: rare, on a recorded doubt only, and of the file nothing is left but a note."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.models.evidence import Evidence
from rights.models import ClockEvent, RightsRequest


class DocumentState(models.TextChoices):
    ASKED = "asked", _("asked for")
    RECEIVED = "received", _("received")
    SUFFICIENT = "sufficient", _("identity card was checked")
    INSUFFICIENT = "insufficient", _("identity card was checked, and did not settle the doubt")
    MOOT = "moot", _("no longer needed: the doubt was withdrawn")
    UNUSED = "unused", _("destroyed without having been used")


OPEN_DOCUMENTS = (DocumentState.ASKED, DocumentState.RECEIVED)


class Likeness(models.TextChoices):
    """What the comparison of the faces says. It decides nothing."""

    SAME = "same", _("the portrait matches the person's photographs")
    POSSIBLE = "possible", _("the portrait resembles the person's photographs")
    DIFFERENT = "different", _("the portrait does not match the person's photographs")
    NO_FACE = "no_face", _("no face was found on the document")
    NO_PORTRAIT = "no_portrait", _("there is no usable photograph to compare with")


class CheckDigits(models.TextChoices):
    """What the check digits of a machine-readable zone say."""

    RIGHT = "right", _("the check digits are right")
    WRONG = "wrong", _("check digits are wrong")
    COVERED = "covered", _("covered, so nothing was checked")


class DocumentCheck(models.Model):
    """One document that was asked for. It holds no word and no number of the document."""

    request = models.ForeignKey(RightsRequest, on_delete=models.CASCADE, related_name="document_checks")
    question = models.OneToOneField(ClockEvent, on_delete=models.CASCADE, related_name="document_check")
    evidence = models.OneToOneField(
        Evidence, null=True, blank=True, on_delete=models.CASCADE, related_name="document_check"
    )
    state = models.CharField(max_length=12, choices=DocumentState.choices, default=DocumentState.ASKED)
    likeness = models.CharField(max_length=12, blank=True, choices=Likeness.choices)
    check_digits = models.CharField(max_length=8, blank=True, choices=CheckDigits.choices)
    decided_by = models.CharField(max_length=32, blank=True, help_text="As the journal names people.")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                name="one_open_document_check",
                fields=["request"],
                condition=models.Q(state__in=["asked", "received"]),
            ),
            models.CheckConstraint(
                name="only_a_received_document_is_kept",
                condition=models.Q(state="received", evidence__isnull=False)
                | (~models.Q(state="received") & models.Q(evidence__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"document check {self.pk}"
