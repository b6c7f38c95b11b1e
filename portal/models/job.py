"""Work that must happen. The row is the truth; a broker message is only a nudge."""

from django.db import models

from rights.models import RightsRequest


class JobKind(models.TextChoices):
    SEARCH = "search"
    BUILD_ANSWER = "build_answer"
    ERASE = "erase"
    KEEP_TEMPLATE = "keep_template"
    ERASE_HELD = "erase_held"
    COMPARE_DOCUMENT = "compare_document"
    CHECK_LIVE = "check_live"


class JobState(models.TextChoices):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"


class Job(models.Model):
    """One step of one request's story, claimed by a conditional update and leased while it runs."""

    request = models.ForeignKey(RightsRequest, on_delete=models.CASCADE, related_name="jobs")
    kind = models.CharField(max_length=16, choices=JobKind.choices)
    state = models.CharField(max_length=8, choices=JobState.choices, default=JobState.WAITING)
    not_before = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    owner = models.CharField(max_length=120, blank=True, help_text="host:pid of the process that claimed it.")
    lease_until = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=120, blank=True, help_text="Class of the last error; never its message.")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(name="jobs_by_state", fields=["state", "problem", "request"])]
        constraints = [
            models.UniqueConstraint(
                name="one_pending_job_per_kind",
                fields=["request", "kind"],
                condition=models.Q(state__in=["waiting", "running"]),
            )
        ]

    def __str__(self) -> str:
        return f"job {self.pk} {self.kind}"
