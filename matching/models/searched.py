"""What is searched with and found, and what reviewers say of it."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from matching.metrics import Metric
from matching.models.held import Face, Photo


class Band(models.TextChoices):
    MATCH = "match", _("match")
    POSSIBLE = "possible", _("possible")


class TemplateSpace(models.Model):
    """Templates that the controller made with an engine of its own, and how they are compared."""

    name = models.CharField(max_length=64, unique=True, help_text="Stands as `engine` with each of its faces.")
    dimension = models.PositiveIntegerField()
    metric = models.CharField(max_length=13, choices=Metric.choices)
    match = models.FloatField(help_text="Outermost value of the band, in the space's metric, included.")
    possible = models.FloatField(help_text="Outermost value of the band, in the space's metric, included.")
    provenance = models.TextField(help_text="Where the bands come from.")
    model = models.JSONField(help_text="What encodes probes: fields of `matching.engines.encoder.ProbeModel`.")
    declared_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def radius(self) -> float:
        """Euclidean distance up to which a face is at least possible."""
        return Metric(self.metric).euclidean(self.possible)

    def band(self, distance: float) -> Band:
        """The band of a Euclidean distance within the radius."""
        return Band.MATCH if distance <= Metric(self.metric).euclidean(self.match) else Band.POSSIBLE


class Search(models.Model):
    """One exhaustive pass for one subject, with the certificate that says what it covered."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.UUIDField(db_index=True)
    probes = models.PositiveIntegerField()
    finished_at = models.DateTimeField()
    certificate = models.JSONField()

    class Meta:
        ordering = ["finished_at", "pk"]
        verbose_name_plural = "searches"

    def __str__(self) -> str:
        return f"search {self.pk}"


class Hit(models.Model):
    """A face that lies within a band of a probe."""

    search = models.ForeignKey(Search, on_delete=models.CASCADE, related_name="hits")
    face_key = models.BigIntegerField(help_text="The face's identifier, kept when the face is erased.")
    face = models.ForeignKey(Face, null=True, on_delete=models.SET_NULL, related_name="+")
    photo = models.ForeignKey(Photo, null=True, on_delete=models.SET_NULL, related_name="+")
    distance = models.FloatField(
        help_text="Euclidean, smallest over the supplied probes; over the further ones where only those found it."
    )
    band = models.CharField(max_length=8, choices=Band.choices)
    distances = models.JSONField(default=list, help_text="To each supplied probe, in their order.")
    further = models.JSONField(default=dict, help_text="To each further probe, by the key of its face.")
    through = models.BigIntegerField(
        null=True, blank=True, help_text="Key of the face that was a further probe, where no supplied one found this."
    )
    space = models.CharField(
        max_length=64, blank=True, help_text="Template space that the face is of; empty for the engine's own."
    )
    metric = models.CharField(max_length=13, choices=Metric.choices, default=Metric.EUCLIDEAN)

    class Meta:
        ordering = ["distance", "pk"]
        constraints = [models.UniqueConstraint(name="one_hit_per_face", fields=["search", "face_key"])]

    def __str__(self) -> str:
        return f"hit {self.pk}"

    @property
    def value(self) -> float:
        """The distance in the metric of the face's space."""
        return Metric(self.metric).of(self.distance)


class Verdict(models.TextChoices):
    SAME = "same", _("same person")
    NOT = "not", _("not this person")
    UNSURE = "unsure", _("unsure")


class Review(models.Model):
    """What one reviewer said of one face. It outlives the search, so that a repeated search asks nothing twice."""

    subject = models.UUIDField()
    face_key = models.BigIntegerField()
    reviewer = models.CharField(max_length=32)
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(name="one_verdict_per_reviewer", fields=["subject", "face_key", "reviewer"])
        ]

    def __str__(self) -> str:
        return f"review {self.pk}"


class FurtherProbe(models.Model):
    """A face that was found to be the subject's, and is searched with too. Its template stays with the face alone."""

    subject = models.UUIDField()
    face_key = models.BigIntegerField()
    added_by = models.CharField(max_length=32)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [models.UniqueConstraint(name="one_further_probe_per_face", fields=["subject", "face_key"])]

    def __str__(self) -> str:
        return f"further probe {self.pk}"
