"""What is held, what was searched, what was found, and what was erased.

A `subject` is an opaque UUID under which the caller groups searches, reviews and erasures; this room does not
know whose it is.
"""

import secrets
import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from matching.metrics import Metric


def new_face_id() -> int:
    """A random 63-bit identifier.

    Random rather than counted, so that an identifier is never used again: an index file left over from before a
    restore can then never pass off one face's vector as another's.
    """
    return secrets.randbits(63)


class GroupPolicy(models.TextChoices):
    """What erasing one person does to a picture that shows other people too."""

    REDACT = "redact", _("obscure the person, keep the picture")
    DELETE = "delete", _("delete the whole picture")


class Source(models.Model):
    """A collection of photos, reached through fsspec."""

    url = models.CharField(max_length=1000, unique=True)
    name = models.CharField(max_length=200)
    group_policy = models.CharField(max_length=8, choices=GroupPolicy.choices, default=GroupPolicy.REDACT)
    reachable = models.BooleanField(default=True)
    last_import_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def holds_pictures(self) -> bool:
        """Whether there is a storage; without one, only templates are held."""
        return not self.url.startswith("templates:")


class PhotoStatus(models.TextChoices):
    READ = "read", _("read")
    UNREADABLE = "unreadable", _("unreadable")
    SUPPRESSED = "suppressed", _("erased before, and there again")
    TEMPLATE = "template", _("template held, no picture")


class Photo(models.Model):
    """One picture file held in a source; or one of which only templates are held, under the path it is known by."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="photos")
    path = models.CharField(max_length=1000, help_text="Path inside the source, with forward slashes.")
    version = models.CharField(
        max_length=200, help_text="Size and change stamp of the object; a change means a new read."
    )
    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.BigIntegerField(help_text="Bytes.")
    status = models.CharField(max_length=12, choices=PhotoStatus.choices)
    problem = models.CharField(max_length=32, blank=True, help_text="Code of `matching.images.ImageProblem`.")
    format = models.CharField(max_length=8, blank=True)
    width = models.PositiveIntegerField(default=0, help_text="Pixels, upright.")
    height = models.PositiveIntegerField(default=0, help_text="Pixels, upright.")
    taken_at = models.DateTimeField(null=True, blank=True)
    source_url = models.CharField(max_length=2000, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    face_count = models.PositiveIntegerField(default=0)
    engine = models.CharField(max_length=64, blank=True, help_text="Engine that looked for faces, with its version.")
    imported_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(name="one_photo_per_path", fields=["source", "path"])]

    def __str__(self) -> str:
        return f"photo {self.pk}"

    @property
    def is_held(self) -> bool:
        """Whether there is a picture; without one, only templates of it are held."""
        return self.status != PhotoStatus.TEMPLATE


class Face(models.Model):
    """One face in a photo, and its template."""

    id = models.BigIntegerField(primary_key=True, default=new_face_id, editable=False)
    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="faces")
    left = models.IntegerField()
    top = models.IntegerField()
    right = models.IntegerField()
    bottom = models.IntegerField()
    score = models.FloatField(help_text="Detection confidence, engine's own scale.")
    template = models.BinaryField(help_text="Little-endian float32, as many as the engine or template space has.")
    engine = models.CharField(max_length=64, help_text="Engine with its version, or name of a template space.")
    metadata = models.JSONField(default=dict, blank=True, help_text="What was imported with an own template.")

    class Meta:
        ordering = ["pk"]
        # The index asks at every search which faces there are; without this, it would read all templates.
        indexes = [models.Index(name="faces_of_an_engine", fields=["engine", "id"])]

    def __str__(self) -> str:
        return f"face {self.pk}"


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

    def band(self, distance: float) -> "Band":
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


class Band(models.TextChoices):
    MATCH = "match", _("match")
    POSSIBLE = "possible", _("possible")


class Hit(models.Model):
    """A face that lies within a band of a probe."""

    search = models.ForeignKey(Search, on_delete=models.CASCADE, related_name="hits")
    face_key = models.BigIntegerField(help_text="The face's identifier, kept when the face is erased.")
    face = models.ForeignKey(Face, null=True, on_delete=models.SET_NULL, related_name="+")
    photo = models.ForeignKey(Photo, null=True, on_delete=models.SET_NULL, related_name="+")
    distance = models.FloatField(help_text="Euclidean, smallest over the probes.")
    band = models.CharField(max_length=8, choices=Band.choices)
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


class ErasureAction(models.TextChoices):
    DELETE = "delete", _("deleted")
    REDACT = "redact", _("person obscured")
    TEMPLATE = "template", _("template deleted")
    """There was no picture."""


class Erasure(models.Model):
    """One picture's part in an erasure: planned first, then carried out step by step, then provable."""

    subject = models.UUIDField(db_index=True)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+")
    photo = models.ForeignKey(Photo, null=True, on_delete=models.SET_NULL, related_name="+")
    path = models.CharField(max_length=1000)
    sha256 = models.CharField(max_length=64)
    source_url = models.CharField(
        max_length=2000, blank=True, help_text="Where the picture came from: recipients know it so."
    )
    action = models.CharField(max_length=8, choices=ErasureAction.choices)
    boxes = models.JSONField(help_text="Boxes of the person's faces, [left, top, right, bottom].")
    face_keys = models.JSONField(help_text="Identifiers of the faces to erase.")
    fingerprints = models.JSONField(
        help_text="Of each erased template and its code: first four bytes and SHA-256 in hex, number of bytes."
    )
    redacted_sha256 = models.CharField(
        max_length=64, blank=True, help_text="Of the object once the person was obscured."
    )
    object_done_at = models.DateTimeField(null=True, blank=True)
    rows_done_at = models.DateTimeField(null=True, blank=True)
    proven_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(name="one_erasure_per_object", fields=["subject", "source", "path", "sha256"])
        ]

    def __str__(self) -> str:
        return f"erasure {self.pk}"


class Suppression(models.Model):
    """A file or address that must not be imported again."""

    sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    source_url = models.CharField(max_length=2000, blank=True, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(name="one_suppression", fields=["sha256", "source_url"])]

    def __str__(self) -> str:
        return f"suppression {self.pk}"
