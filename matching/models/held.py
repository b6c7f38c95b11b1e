"""What is held: sources, their photos, the faces in them."""

import secrets

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

    url = models.CharField(_("address"), max_length=1000, unique=True)
    name = models.CharField(_("name"), max_length=200)
    group_policy = models.CharField(
        _("pictures of several people"), max_length=8, choices=GroupPolicy.choices, default=GroupPolicy.REDACT
    )
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
    other_files = models.PositiveIntegerField(
        default=0, help_text="Files that are no pictures by their names, at the last import."
    )
    import_begun_at = models.DateTimeField(null=True, blank=True)
    last_import_at = models.DateTimeField(_("last import"), null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_imported(self) -> bool:
        """Whether the import that was last begun ended: else there may be pictures that no search has seen."""
        if self.last_import_at is None:
            return not self.holds_pictures
        return self.import_begun_at is None or self.import_begun_at <= self.last_import_at

    @property
    def holds_pictures(self) -> bool:
        """Whether there is a storage; without one, only templates are held."""
        return not self.url.startswith("templates:")


class PhotoStatus(models.TextChoices):
    READ = "read", _("read")
    UNREADABLE = "unreadable", _("unreadable")
    SUPPRESSED = "suppressed", _("erased before, and there again")
    TEMPLATE = "template", _("template held, no picture")


class PhotoProblem(models.TextChoices):
    """Why a file could not be read: the codes of `matching.images.ImageProblem` and those of `matching.reading`."""

    EMPTY = "empty", _("the file is empty")
    FILE_TOO_LARGE = "file_too_large", _("the file is too large")
    TOO_MANY_PIXELS = "too_many_pixels", _("too many pixels")
    NOT_AN_IMAGE = "not_an_image", _("not a picture")
    FORMAT_NOT_SUPPORTED = "format_not_supported", _("a format that is not supported")
    ANIMATED = "animated", _("several pictures in one file")
    DAMAGED = "damaged", _("damaged")
    TOO_COSTLY = "too_costly", _("took more memory or time to open than a picture may")
    BUSY = "busy", _("no reader was free")
    REFUSED = "refused", _("the source refuses to give it out")
    READER_DIED = "reader_died", _("ended the process that read it")
    UNNAMEABLE = "unnameable", _("its name cannot be stored")


class Photo(models.Model):
    """One picture file held in a source; or one of which only templates are held, under the path it is known by."""

    source = models.ForeignKey(Source, verbose_name=_("source"), on_delete=models.PROTECT, related_name="photos")
    path = models.CharField(_("path in the source"), max_length=1000)
    version = models.CharField(
        max_length=200, help_text="Size and change stamp of the object; a change means a new read."
    )
    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.BigIntegerField(help_text="Bytes.")
    status = models.CharField(_("state"), max_length=12, choices=PhotoStatus.choices)
    problem = models.CharField(_("problem"), max_length=32, blank=True, choices=PhotoProblem.choices)
    format = models.CharField(max_length=8, blank=True)
    width = models.PositiveIntegerField(default=0, help_text="Pixels, upright.")
    height = models.PositiveIntegerField(default=0, help_text="Pixels, upright.")
    taken_at = models.DateTimeField(_("taken"), null=True, blank=True)
    source_url = models.CharField(_("address on the web"), max_length=2000, blank=True)
    metadata = models.JSONField(_("what else its source says"), default=dict, blank=True)
    face_count = models.PositiveIntegerField(_("faces"), default=0)
    engine = models.CharField(_("engine"), max_length=64, blank=True)
    detector = models.CharField(_("detector"), max_length=8, choices=Detector.choices, default=Detector.DEFAULT)
    imported_at = models.DateTimeField(_("imported"), auto_now_add=True)
    looked_at = models.DateTimeField(
        null=True, blank=True, help_text="When somebody looked for a face in these bytes and said that there is none."
    )
    looked_at_by = models.CharField(max_length=32, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(name="photos_by_status", fields=["status", "id"]),
            models.Index(name="photos_by_problem", fields=["problem", "id"]),
            models.Index(name="photos_by_faces", fields=["face_count", "id"]),
            models.Index(name="photos_by_date", fields=["taken_at", "id"]),
        ]
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
    score = models.FloatField(help_text="Detection confidence, engine's own scale; 0 where a person marked the face.")
    by_hand = models.BooleanField(default=False, help_text="Marked by a person where the detector saw nothing.")
    template = models.BinaryField(help_text="Little-endian float32, as many as the engine or template space has.")
    engine = models.CharField(max_length=64, help_text="Engine with its version, or name of a template space.")
    metadata = models.JSONField(default=dict, blank=True, help_text="What was imported with an own template.")

    class Meta:
        ordering = ["pk"]
        # The index asks at every search which faces there are; without this, it would read all templates.
        indexes = [models.Index(name="faces_of_an_engine", fields=["engine", "id"])]

    def __str__(self) -> str:
        return f"face {self.pk}"
