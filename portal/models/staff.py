"""Accounts at the desk: what signs somebody in besides the password, failures to sign in, and which sessions count."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device


class StaffAccount(models.Model):
    """What belongs to an account besides Django's own row. A session that began in an earlier epoch has ended."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="staff_account"
    )
    epoch = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()
        permissions = [
            ("handle_request", "Confirm, ask, note what arrived, send again"),
            ("see_probe", "See the photograph that a requester supplied"),
            ("see_hits", "See the pictures found"),
            ("judge_hits", "Say who is on a picture"),
            ("decide_claims", "Decide claims, extend the time, hand answers over"),
            ("see_accesses", "See who looked at what"),
        ]

    def __str__(self) -> str:
        return f"staff:{self.user_id}"


class Totp(Device):
    """An authenticator app, unconfirmed until a code of it was typed. Its secret lies here under the master key."""

    wrapped = models.BinaryField()
    master_key = models.CharField(max_length=64)
    last_step = models.BigIntegerField(default=-1, help_text="The time step of the last code taken: none goes twice.")

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(name="one_app_per_account", fields=["user", "confirmed"])]

    def bound_to(self) -> bytes:
        """What the wrapped secret is bound to: moved to another account, it does not open."""
        return f"totp:{self.user_id}".encode()


class RecoveryCodes(Device):
    """Ten codes for who has lost everything else, each good for once; only their digests are kept."""

    digests = models.JSONField(default=list)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(name="one_set_of_codes_per_account", fields=["user"])]


class FailureKind(models.TextChoices):
    """What failures are counted by."""

    ACCOUNT = "account", _("name")
    SECOND = "second", _("second factor")
    ADDRESS = "address", _("network address")


class SignInFailures(models.Model):
    """Failures to sign in under a name or from an address, whether or not there is such an account.

    Neither is written down: `digest` is a keyed hash.
    """

    kind = models.CharField(_("counted by"), max_length=8, choices=FailureKind.choices)
    digest = models.CharField(max_length=64)
    count = models.PositiveIntegerField(_("failures"), default=0)
    locks = models.PositiveIntegerField(_("locks"), default=0, help_text=_("How often it was locked since a success."))
    last_at = models.DateTimeField(_("last failure"))
    locked_until = models.DateTimeField(_("locked until"), null=True, blank=True)

    class Meta:
        ordering = ["-last_at", "pk"]
        verbose_name = _("failed sign-in")
        verbose_name_plural = _("failed sign-ins")
        constraints = [models.UniqueConstraint(name="failures_once", fields=["kind", "digest"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
