"""Work that must happen. The row is the truth; a broker message is only a nudge."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from rights.models import RightsRequest


class JobKind(models.TextChoices):
    SEARCH = "search", _("search")
    BUILD_ANSWER = "build_answer", _("build the answer")
    ERASE = "erase", _("erase and prove")
    KEEP_TEMPLATE = "keep_template", _("keep a template with consent")
    ERASE_HELD = "erase_held", _("erase a refused picture")
    COMPARE_DOCUMENT = "compare_document", _("compare an identity document")
    CHECK_LIVE = "check_live", _("look at the frames of a live photo check")


class JobState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    RUNNING = "running", _("running")
    DONE = "done", _("done")


class Job(models.Model):
    """One step of one request's story, claimed by a conditional update and leased while it runs."""

    request = models.ForeignKey(RightsRequest, verbose_name=_("request"), on_delete=models.CASCADE, related_name="jobs")
    kind = models.CharField(_("kind"), max_length=16, choices=JobKind.choices)
    state = models.CharField(_("state"), max_length=8, choices=JobState.choices, default=JobState.WAITING)
    not_before = models.DateTimeField(_("not before"))
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    owner = models.CharField(max_length=120, blank=True, help_text="host:pid of the process that claimed it.")
    lease_until = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(
        _("what stopped it"), max_length=120, blank=True, help_text="Class of the last error; never its message."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(name="jobs_by_state", fields=["state", "problem", "request"]),
            models.Index(name="jobs_by_time", fields=["not_before", "id"]),
        ]
        constraints = [
            models.UniqueConstraint(
                name="one_pending_job_per_kind",
                fields=["request", "kind"],
                condition=models.Q(state__in=["waiting", "running"]),
            )
        ]

    def __str__(self) -> str:
        return f"job {self.pk} {self.kind}"
