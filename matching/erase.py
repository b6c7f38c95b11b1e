"""Erasing: the object, its rows, the index's bytes; and the proof, which can be repeated at any time.

Planned first, then carried out step by step. Each step can be repeated, so a crash anywhere is mended by calling
`carry_out` again: an object that is gone stays gone, a region that is grey stays grey.
"""

import hashlib
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from matching import database, erased_log, reviews, search, sources, stored
from matching.erased_object import Found, drop_what_is_beside, erase_object, is_left, read, what_lies_there
from matching.index import Fingerprint, every_index, fingerprints_of, left
from matching.index.base import Vectors
from matching.ingest import import_one, import_source
from matching.models import Erasure, ErasureAction, Face, GroupPolicy, Photo, Source, Suppression
from matching.reviews import Outcome
from matching.space_search import Supplied


@dataclass(frozen=True)
class Proof:
    """What a repeated search and a look at the bytes found after an erasure.

    Attributes:
        log_left: the database still keeps an older state, because somebody reads it.
    """

    found_faces: int
    objects_left: int
    vectors_left: int
    hits_open: int
    checked_at: datetime
    log_left: bool = False
    certificate: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Nothing of the erased is left, and the sweep that says so covered everything."""
        swept = not self.certificate or bool(self.certificate.get("complete"))
        left = self.found_faces or self.objects_left or self.vectors_left or self.log_left
        return swept and not (left or self.hits_open)


# --- 1. Plan ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def plan(*, subject: UUID, faces: Iterable[Face]) -> list[Erasure]:
    """Write down what is to be erased, per photo, with what is needed to prove it later. Repeating adds nothing.

    A further face of a photo that is planned already joins its plan, which is then carried out (again).
    """
    by_photo: dict[int, list[Face]] = {}
    for face in faces:
        by_photo.setdefault(face.photo_id, []).append(face)
    photos = Photo.objects.select_related("source").in_bulk(list(by_photo))
    planned = []
    for pk, own in sorted(by_photo.items()):
        photo = photos[pk]
        prints = [print_ for face in own for print_ in fingerprints_of(bytes(face.template))]
        erasure, created = Erasure.objects.get_or_create(
            subject=subject,
            source=photo.source,
            path=photo.path,
            sha256=photo.sha256,
            defaults={
                "photo": photo,
                "source_url": photo.source_url,
                "action": action_for(photo, own),
                "boxes": [[face.left, face.top, face.right, face.bottom] for face in own],
                "face_keys": [face.pk for face in own],
                "fingerprints": [print_.as_json() for print_ in prints],
            },
        )
        if not created:
            _join(erasure, photo, own, [print_.as_json() for print_ in prints])
        planned.append(erasure)
    return planned


def _join(erasure: Erasure, photo: Photo, own: Collection[Face], prints: Iterable[Any]) -> None:
    """Add faces to a plan that did not have them; what was done is then to be done again."""
    more = [face for face in own if face.pk not in erasure.face_keys]
    if not more:
        return
    erasure.face_keys += [face.pk for face in more]
    erasure.boxes += [[face.left, face.top, face.right, face.bottom] for face in more]
    erasure.fingerprints += [print_ for print_ in prints if print_ not in erasure.fingerprints]
    erasure.photo, erasure.action = photo, action_for(photo, photo.faces.filter(pk__in=erasure.face_keys))
    erasure.object_done_at = erasure.rows_done_at = erasure.proven_at = None
    erasure.save()


def action_for(photo: Photo, own: Collection[Face]) -> ErasureAction:
    """Delete a picture of nobody else; of a group picture, what its source says; without a picture, the template."""
    if not photo.is_held:
        return ErasureAction.TEMPLATE
    alone = not photo.faces.exclude(pk__in=[face.pk for face in own]).exists()
    delete = alone or photo.source.group_policy == GroupPolicy.DELETE
    return ErasureAction.DELETE if delete else ErasureAction.REDACT


# --- 2. Carry out -----------------------------------------------------------------------------------------------------


def carry_out(*, subject: UUID, follow: bool = True) -> None:
    """Erase what was planned, from wherever an earlier attempt stopped. What can be erased does not wait for the rest.

    Args:
        follow: look for what somebody moved since it was planned; not where it may have gone long ago.

    Raises:
        matching.sources.SourceReadOnly: an object must first be deleted by those who keep it.
        matching.sources.SourceUnreachable: call again when the source is back; nothing of it is reported as done.
    """
    replaced: list[tuple[Source, str]] = []
    waits: list[sources.SourceUnreachable] = []
    away: set[int] = set()
    listed: set[int] = set()
    planned = Erasure.objects.filter(subject=subject, rows_done_at=None).order_by("pk")
    queue = deque(planned.values_list("pk", "source_id"))
    while queue:
        pk, source_id = queue.popleft()
        if source_id in away:
            continue  # Each further question would only cost the time it waits for an answer.
        try:
            if not _begin(pk) and follow:
                queue += _followed(pk, listed)
            replaced += _carry_out_one(pk)
        except sources.SourceUnreachable as error:
            waits.append(error)
            if not isinstance(error, sources.SourceReadOnly):
                away.add(source_id)
    for source, path in replaced:
        import_one(source=source, path=path)
    for index in every_index():  # No search finds them any more; their bytes go before the proof, for many at once.
        index.sync()
    database.flush()
    if waits:
        raise min(waits, key=lambda error: isinstance(error, sources.SourceReadOnly))


def _begin(pk: int) -> bool:
    """Write down, for good, that an object is there and about to be deleted: after the last one a folder is empty, as
    when its disk is not mounted.

    Returns:
        Whether all is as expected; not, where somebody else moved or deleted the object.

    Raises:
        SourceUnreachable
    """
    erasure = Erasure.objects.select_related("source").get(pk=pk)
    if erasure.action == ErasureAction.TEMPLATE or erasure.begun_at is not None:
        return True
    there = sources.exists(erasure.source, erasure.path)
    if there and erasure.action == ErasureAction.DELETE:
        Erasure.objects.filter(pk=pk).update(begun_at=timezone.now())
    return there


def _followed(pk: int, listed: set[int]) -> list[tuple[int, int]]:
    """Plan the same picture where it now lies; the plans to be carried out, as ids of erasures and their sources.

    Args:
        listed: ids of the sources that were imported anew for this.

    Raises:
        SourceUnreachable
    """
    erasure = Erasure.objects.select_related("source").get(pk=pk)
    if erasure.source_id not in listed:
        import_source(source=erasure.source)
        listed.add(erasure.source_id)
    latest = reviews.latest_search(erasure.subject)
    # Of what was found people have said what is to be done.
    known = list(latest.hits.values_list("face_key", flat=True)) if latest else []
    same = Face.objects.filter(photo__source=erasure.source, photo__sha256=erasure.sha256).exclude(pk__in=known)
    moved = [face for face in same if [face.left, face.top, face.right, face.bottom] in erasure.boxes]
    more = plan(subject=erasure.subject, faces=moved)
    return [(found.pk, found.source_id) for found in more if found.pk != pk and found.rows_done_at is None]


@transaction.atomic
def _carry_out_one(pk: int) -> list[tuple[Source, str]]:
    """Erase one object and its rows; its source and path if somebody put another picture in its place.

    The source's row is locked from reading to writing (SQLite: the whole database), or two people's erasures in one
    group picture would each write back what the other had just obscured.
    """
    erasure = Erasure.objects.select_related("source", "photo").get(pk=pk)
    Source.objects.select_for_update().get(pk=erasure.source_id)
    _suppress(erasure)
    data = None if erasure.action == ErasureAction.TEMPLATE else read(erasure)
    found = what_lies_there(erasure, data)
    if found is Found.PLANNED and data is not None:
        data = erase_object(erasure, data)
    elif found is Found.GONE and erasure.action != ErasureAction.TEMPLATE:
        drop_what_is_beside(erasure)
    elif erasure.action != ErasureAction.TEMPLATE:
        sources.drop_older_versions(erasure.source, erasure.path)
    _erase_rows(erasure, data, found)
    erased_log.erased(erasure)
    return [(erasure.source, erasure.path)] if found is Found.ANOTHER else []


def _suppress(erasure: Erasure) -> None:
    if erasure.sha256:  # Of a picture that was never held, it may not be known.
        Suppression.objects.get_or_create(sha256=erasure.sha256, source_url="")
    if erasure.action != ErasureAction.REDACT and erasure.photo is not None and erasure.photo.source_url:
        Suppression.objects.get_or_create(sha256="", source_url=stored.address(erasure.photo.source_url))


def _erase_rows(erasure: Erasure, data: bytes | None, found: Found) -> None:
    """Faces and, for a deleted picture, its row; a redacted one is written down as it now is."""
    now = timezone.now()
    Face.objects.filter(pk__in=erasure.face_keys).delete()
    erasure.object_done_at = erasure.rows_done_at = now
    photo = erasure.photo
    if erasure.action == ErasureAction.TEMPLATE:
        if photo is not None and not photo.is_held and not photo.faces.exists():
            photo.delete()
            erasure.photo = None
    elif erasure.action == ErasureAction.REDACT and data is not None and found is not Found.ANOTHER:
        erasure.redacted_sha256 = hashlib.sha256(data).hexdigest()
        if photo is not None:
            _write_redacted(photo, data, sources.version_of(erasure.source, erasure.path))
    elif photo is not None and photo.sha256 == erasure.sha256:
        photo.delete()  # Its row tells of the erased object; what took its name since is imported anew.
        erasure.photo = None
    erasure.save(update_fields=["object_done_at", "rows_done_at", "redacted_sha256", "photo"])


def _write_redacted(photo: Photo, data: bytes, version: str) -> None:
    """The redacted picture's own facts, so that the next import sees it as unchanged."""
    photo.sha256, photo.version, photo.size = hashlib.sha256(data).hexdigest(), version, len(data)
    photo.face_count = photo.faces.filter(engine=photo.engine).count()
    photo.save(update_fields=["sha256", "version", "size", "face_count"])


# --- 3. Prove ---------------------------------------------------------------------------------------------------------


def prove(*, subject: UUID, probes: Vectors | Supplied | None, kept: Iterable[int] = ()) -> Proof:
    """Search again, look for the objects, and scan the index's bytes.

    Args:
        probes: templates to sweep with, as `matching.search.run` takes them; None when the photograph was
            destroyed on its date, then only objects and bytes are checked.
        kept: ids of photos that a partial refusal covers; faces on them may still be found.

    Raises:
        matching.sources.SourceUnreachable: a source is away, so nothing is proven.
    """
    erasures = list(Erasure.objects.filter(subject=subject).select_related("source"))
    objects_left = sum(is_left(erasure) for erasure in erasures)
    for index in every_index():
        index.sync()
        index.compact()
    prints = {Fingerprint.from_json(kept_print) for item in erasures for kept_print in item.fingerprints}
    # A kept photo may be a copy of an erased one, with the very same template.
    same = [
        print_
        for face in Face.objects.filter(photo_id__in=list(kept))
        for print_ in fingerprints_of(bytes(face.template))
    ]
    stays = {print_.sha256 for print_ in same}  # Older fingerprints hold other bytes to look for.
    prints = {print_ for print_ in prints if print_.sha256 not in stays}
    gone = [key for item in erasures for key in item.face_keys]
    certificate: dict[str, Any] = {}
    still_open = 0
    if probes is not None:
        certificate = search.run(subject=subject, probes=probes).certificate
        outcomes = reviews.outcomes(subject)
        still_open = sum(outcome in (Outcome.OPEN, Outcome.DISPUTED) for outcome in outcomes.values())
    found = reviews.accepted_faces(subject).exclude(photo_id__in=list(kept)).count()
    proof = Proof(
        found_faces=max(found, Face.objects.filter(pk__in=gone).count()),
        objects_left=objects_left,
        vectors_left=left(sorted(prints), gone),
        hits_open=still_open,
        checked_at=timezone.now(),
        certificate=certificate,
        log_left=not database.flush(),
    )
    if proof.ok:
        Erasure.objects.filter(subject=subject, proven_at=None).update(proven_at=proof.checked_at)
    return proof
