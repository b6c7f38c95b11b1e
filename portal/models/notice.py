"""The outbox: a mail is a row before it is a message."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.models.code import EmailCode
from portal.models.recipient import Recipient
from rights.models import RightsRequest


class Event(models.TextChoices):
    """What a notice tells. One notice per event; `key` says which occurrence."""

    CODE = "code", _("code")
    ACKNOWLEDGED = "acknowledged", _("acknowledgement")
    BETTER_PHOTO = "better_photo", _("better photograph needed")
    ANSWER_READY = "answer_ready", _("answer ready")
    ERASED = "erased", _("erased")
    REFUSED = "refused", _("refused")
    WITHDRAWN = "withdrawn", _("withdrawn")
    TEMPLATE_KEPT = "template_kept", _("template kept with consent")
    TEMPLATE_GONE = "template_gone", _("template destroyed")
    RECIPIENT_TOLD = "recipient_told", _("recipient told of an erasure")
    EXTENDED = "extended", _("time extended, with reasons")
    ASKED = "asked", _("asked for something")
    CLOCK_RUNS = "clock_runs", _("answer received, new date")
    DOCUMENT_ASKED = "document_asked", _("asked for an identity document")
    DOCUMENT_DONE = "document_done", _("identity document checked and destroyed")
    DOCUMENT_MOOT = "document_moot", _("identity document no longer needed")
    REPRESENTED = "represented", _("somebody acts for the person")
    MESSAGE = "message", _("there is a message for the person")
    MESSAGE_IN = "message_in", _("the person has written")
    DISOWNED = "disowned", _("closed: the person concerned did not ask")
    NEW_ADDRESS = "new_address", _("code for a new e-mail address")
    ADDRESS_CHANGED = "address_changed", _("told at the old e-mail address")
    DUE_SOON = "due_soon", _("reminder to staff: due soon")
    DUE = "due", _("data protection officer told: due or overdue")


class Audience(models.TextChoices):
    """To whom a notice goes."""

    REQUESTER = "requester", _("requester")
    CONCERNED = "concerned", _("person concerned")
    RECIPIENT = "recipient", _("recipient")
    NEW_ADDRESS = "new_address", _("new address of the requester")
    OLD_ADDRESS = "old_address", _("old address of the requester")
    STAFF = "staff", _("staff")
    DPO = "dpo", _("data protection officer")


class NoticeState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    SENDING = "sending", _("being sent")
    SENT = "sent", _("sent")
    UNCERTAIN = "uncertain", _("perhaps sent: the process died meanwhile")
    FAILED = "failed", _("failed")
    BY_POST = "by_post", _("to be sent by post")


class Notice(models.Model):
    """One mail to one person about one event."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(
        RightsRequest, verbose_name=_("request"), on_delete=models.CASCADE, related_name="notices"
    )
    event = models.CharField(_("event"), max_length=16, choices=Event.choices)
    key = models.CharField(max_length=64, help_text="Which occurrence of the event, so that it is told once.")
    audience = models.CharField(_("to whom"), max_length=12, choices=Audience.choices, default=Audience.REQUESTER)
    recipient = models.ForeignKey(Recipient, null=True, blank=True, on_delete=models.PROTECT, related_name="notices")
    code = models.ForeignKey(EmailCode, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    language = models.CharField(_("language"), max_length=8)
    context = models.JSONField(default=dict, blank=True, help_text="Facts of the event; no name, address or code.")
    state = models.CharField(_("state"), max_length=12, choices=NoticeState.choices, default=NoticeState.WAITING)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    not_before = models.DateTimeField(_("not before"))
    lease_until = models.DateTimeField(null=True, blank=True)
    owner = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(_("written"), auto_now_add=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    class Meta:
        ordering = ["created_at", "pk"]
        indexes = [
            models.Index(name="notices_by_date", fields=["created_at", "id"]),
            models.Index(name="notices_by_sending", fields=["sent_at", "created_at", "id"]),
            models.Index(name="notices_by_state", fields=["state", "created_at", "id"]),
        ]
        constraints = [models.UniqueConstraint(name="one_notice_per_event", fields=["request", "event", "key"])]

    def __str__(self) -> str:
        return f"notice {self.event}"
