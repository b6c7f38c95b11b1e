"""Erasing again what a restored backup brought back: rows, files, or both."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from matching import erase, erased_log, erased_object, sources, suppression
from matching.ingest import import_one
from matching.models import Erasure, ErasureAction, Face, Photo, PhotoStatus, Problem, Suppression


@dataclass
class Replayed:
    """What a replay did.

    Attributes:
        photos: pictures that were erased again.
        subjects: for whom; in the order of their first erasure.
        templates: templates that were destroyed again.
        waits: problems of sources that were away or read-only; call again when that is mended.
    """

    photos: int = 0
    subjects: list[UUID] = field(default_factory=list)
    templates: int = 0
    waits: list[Problem] = field(default_factory=list)


def replay(lines: Iterable[dict[str, Any]]) -> Replayed:
    """Carry out again what the lines of `erased_log` tell, as far as it is there. May be stopped and called again."""
    done = Replayed()
    by_subject: dict[UUID, list[dict[str, Any]]] = {}
    for line in lines:
        if line["kind"] == erased_log.FORGOTTEN:
            done.templates += suppression.forget(subject=line["subject"], log=False)
        else:
            if line["sha256"]:  # Of a picture that was never held, it may not be known.
                Suppression.objects.get_or_create(sha256=line["sha256"], source_url="")
            by_subject.setdefault(line["subject"], []).append(line)
    for subject, own in by_subject.items():
        _replay_one(subject, own, done)
    return done


def _replay_one(subject: UUID, own: list[dict[str, Any]], done: Replayed) -> None:
    for line in own:
        _plan(subject, line)
    try:
        again = _left(subject)
        if not again:
            return
        done.subjects.append(subject)
        erase.carry_out(subject=subject, follow=False)  # Most files are gone, as they should be.
        for erasure in again:
            _settle(erasure)
        done.photos += len(again)
    except sources.SourceUnreachable as error:
        done.waits.append(error.problem)


def _plan(subject: UUID, line: dict[str, Any]) -> None:
    """Plan again for the faces whose rows came back."""
    faces = Face.objects.filter(pk__in=line["face_keys"]).select_related("photo").order_by("pk")
    planned = erase.plan(subject=subject, faces=faces)
    if line["action"] == ErasureAction.DELETE:  # What was deleted whole is, whoever else the backup shows in it.
        Erasure.objects.filter(pk__in=[item.pk for item in planned]).update(action=ErasureAction.DELETE)


def _left(subject: UUID) -> list[Erasure]:
    """Erasures of which rows or files are there, made due again where they were done. Raises: SourceUnreachable."""
    found = []
    for erasure in Erasure.objects.filter(subject=subject).select_related("source").order_by("pk"):
        rows = Face.objects.filter(pk__in=erasure.face_keys).exists()
        if erasure.rows_done_at is None or rows or erased_object.is_left(erasure):
            found.append(erasure)
    pks = [erasure.pk for erasure in found]
    Erasure.objects.filter(pk__in=pks).update(object_done_at=None, rows_done_at=None, proven_at=None)
    return found


def _settle(erasure: Erasure) -> None:
    """An import may have met the file that came back, and refused it: now it is gone, or shows only others."""
    if Photo.objects.filter(source=erasure.source, path=erasure.path, status=PhotoStatus.SUPPRESSED).exists():
        import_one(source=erasure.source, path=erasure.path)
