"""The live photo check: poses drawn for one request, a frame for each, and what a machine makes of them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.models.document import Likeness
from portal.models.evidence import Evidence
from rights.models import RightsRequest


class LiveState(models.TextChoices):
    DRAWN = "drawn", _("poses were drawn")
    RECEIVED = "received", _("being looked at")
    PASSED = "passed", _("passed")
    FAILED = "failed", _("not passed")
    EXPIRED = "expired", _("not finished within ten minutes")
    INSTEAD = "instead", _("another way was chosen")
    MOOT = "moot", _("another photograph came since")


OPEN_LIVE = (LiveState.DRAWN, LiveState.RECEIVED)


class Way(models.TextChoices):
    """How somebody shows who they are without a camera; members of staff record it when it is done."""

    POST = "post", _("by post")
    DESK = "desk", _("in person")
    VIDEO = "video", _("by video call")


class LiveCheck(models.Model):
    """One draw of three poses, or the wish to be known in another way."""

    request = models.ForeignKey(RightsRequest, on_delete=models.CASCADE, related_name="live_checks")
    state = models.CharField(max_length=8, choices=LiveState.choices, default=LiveState.DRAWN)
    drawn_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    likeness = models.CharField(max_length=12, blank=True, choices=Likeness.choices)
    way = models.CharField(max_length=5, blank=True, choices=Way.choices)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                name="one_open_live_check",
                fields=["request"],
                condition=models.Q(state__in=["drawn", "received"]),
            ),
            models.CheckConstraint(
                name="another_way_is_named",
                condition=models.Q(state="instead") & ~models.Q(way="") | ~models.Q(state="instead") & models.Q(way=""),
            ),
        ]

    def __str__(self) -> str:
        return f"live check {self.pk}"


class LiveFrame(models.Model):
    """One pose that was asked, and the frame that came for it."""

    check_of = models.ForeignKey(LiveCheck, on_delete=models.CASCADE, related_name="frames")
    number = models.PositiveSmallIntegerField()
    asked = models.CharField(max_length=8, help_text="A value of `matching.frames.Asked`.")
    evidence = models.OneToOneField(Evidence, null=True, blank=True, on_delete=models.CASCADE, related_name="frame")
    yaw = models.FloatField(null=True, blank=True, help_text="Degrees, as measured.")
    pitch = models.FloatField(null=True, blank=True, help_text="Degrees, as measured.")
    problem = models.CharField(max_length=16, blank=True, help_text="A value of `matching.frames.FrameProblem`.")

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(name="one_frame_for_a_pose", fields=["check_of", "number"])]

    def __str__(self) -> str:
        return f"frame {self.number} of live check {self.check_of_id}"
