"""What is held, what was searched, what was found, and what was erased.

A `subject` is an opaque UUID under which the caller groups searches, reviews and erasures; this room does not
know whose it is.
"""

import secrets
import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from matching.engine import Detector


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


class Problem(models.TextChoices):
    """Why a source cannot be used at the moment."""

    AWAY = "away", _("it does not answer")
    SLOW = "slow", _("it did not answer in time")
    MISSING = "missing", _("there is no such folder or bucket")
    DENIED = "denied", _("it refuses access")
    NO_CREDENTIALS = "no_credentials", _("no credentials are set for it")
    HOST_KEY = "host_key", _("its host key is not the known one")
    STRANGE = "strange", _("it answers with something else than a listing or a picture")
    EMPTY = "empty", _("it holds nothing any more, though pictures of it are known; an unmounted disk looks so")
    READ_ONLY = "read_only", _("it can only be read; the picture must be deleted where it is kept")
    FAILED = "failed", _("it reported an error")


class Source(models.Model):
    """A collection of photos, reached through fsspec."""

    url = models.CharField(max_length=1000, unique=True)
    name = models.CharField(max_length=200)
    group_policy = models.CharField(max_length=8, choices=GroupPolicy.choices, default=GroupPolicy.REDACT)
    detector = models.CharField(
        _("detector"),
        max_length=8,
        choices=Detector.choices,
        default=Detector.DEFAULT,
        help_text=_("Pictures read by the default one are read again at the next import once this says thorough."),
    )
    reachable = models.BooleanField(default=True)
    unreachable_since = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=16, choices=Problem.choices, blank=True, help_text="Why it is unreachable.")
    last_import_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PhotoStatus(models.TextChoices):
    READ = "read", _("read")
    UNREADABLE = "unreadable", _("unreadable")
    SUPPRESSED = "suppressed", _("erased before, and there again")


class Photo(models.Model):
    """One picture file held in a source."""

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
    detector = models.CharField(
        max_length=8, choices=Detector.choices, default=Detector.DEFAULT, help_text="How it looked for them."
    )
    imported_at = models.DateTimeField(auto_now_add=True)
    looked_at = models.DateTimeField(
        null=True, blank=True, help_text="When somebody looked for a face in these bytes and said that there is none."
    )
    looked_at_by = models.CharField(max_length=32, blank=True, help_text="Who: `staff:<id>`.")

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(name="one_photo_per_path", fields=["source", "path"])]

    def __str__(self) -> str:
        return f"photo {self.pk}"


class Face(models.Model):
    """One face in a photo, and its template."""

    id = models.BigIntegerField(primary_key=True, default=new_face_id, editable=False)
    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="faces")
    left = models.IntegerField()
    top = models.IntegerField()
    right = models.IntegerField()
    bottom = models.IntegerField()
    score = models.FloatField(help_text="Detection confidence, engine's own scale; 0 where a person marked the face.")
    by_hand = models.BooleanField(default=False, help_text="Marked by a person where the detector saw nothing.")
    template = models.BinaryField(help_text="128 little-endian float32.")
    engine = models.CharField(max_length=64)

    class Meta:
        ordering = ["pk"]
        # The index asks at every search which faces there are; without this, it would read all templates.
        indexes = [models.Index(name="faces_of_an_engine", fields=["engine", "id"])]

    def __str__(self) -> str:
        return f"face {self.pk}"


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
    distance = models.FloatField(
        help_text="Euclidean, smallest over the supplied probes; over the further ones where only those found it."
    )
    band = models.CharField(max_length=8, choices=Band.choices)
    distances = models.JSONField(default=list, help_text="To each supplied probe, in their order.")
    further = models.JSONField(default=dict, help_text="To each further probe, by the key of its face.")
    through = models.BigIntegerField(
        null=True, blank=True, help_text="Key of the face that was a further probe, where no supplied one found this."
    )

    class Meta:
        ordering = ["distance", "pk"]
        constraints = [models.UniqueConstraint(name="one_hit_per_face", fields=["search", "face_key"])]

    def __str__(self) -> str:
        return f"hit {self.pk}"


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


class ErasureAction(models.TextChoices):
    DELETE = "delete", _("deleted")
    REDACT = "redact", _("person obscured")


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


class TemplateSuppression(models.Model):
    """A template kept with consent, only to hold new photos: deleting the row destroys it, its key and its holds."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.UUIDField(unique=True)
    wrapped = models.BinaryField(default=bytes, help_text="The row's key, wrapped by a master key.")
    master_key = models.CharField(max_length=32, blank=True)
    sealed = models.BinaryField(default=bytes, help_text="AES-GCM of float32 (k, dimension); empty until computed.")
    engine = models.CharField(max_length=64, blank=True)
    consented_at = models.DateTimeField(auto_now_add=True)
    ends_on = models.DateField(db_index=True, help_text="On this day it is destroyed.")

    class Meta:
        ordering = ["consented_at", "pk"]

    def __str__(self) -> str:
        return f"template suppression {self.pk}"


class HoldOutcome(models.TextChoices):
    REFUSE = "refuse", _("refused: erased")
    RELEASE = "release", _("released")


class Hold(models.Model):
    """A face in an imported photo that may be a suppressed person's: a person decides what becomes of it."""

    suppression = models.ForeignKey(TemplateSuppression, on_delete=models.CASCADE, related_name="holds")
    face_key = models.BigIntegerField(help_text="The face's identifier, kept when the face is erased.")
    sha256 = models.CharField(max_length=64, help_text="Of the file, when it was held.")
    box = models.JSONField(help_text="Of the face, [left, top, right, bottom].")
    distance = models.FloatField(help_text="Euclidean, smallest over the templates kept.")
    band = models.CharField(max_length=8, choices=Band.choices)
    held_at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(max_length=8, choices=HoldOutcome.choices, blank=True)
    decided_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True, help_text="When a refused one was proven to be gone.")

    class Meta:
        ordering = ["held_at", "pk"]
        constraints = [models.UniqueConstraint(name="one_hold_per_face", fields=["suppression", "face_key"])]

    def __str__(self) -> str:
        return f"hold {self.pk}"


class HoldVerdict(models.Model):
    """What one member of staff said should become of a held photo."""

    hold = models.ForeignKey(Hold, on_delete=models.CASCADE, related_name="verdicts")
    reviewer = models.CharField(max_length=32)
    outcome = models.CharField(max_length=8, choices=HoldOutcome.choices)
    reason = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [models.UniqueConstraint(name="one_hold_verdict_per_reviewer", fields=["hold", "reviewer"])]

    def __str__(self) -> str:
        return f"hold verdict {self.pk}"
