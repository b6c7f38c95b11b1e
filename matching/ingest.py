"""Importing: photos are found, read, searched for faces, and written down one by one.

Each photo is one transaction, so an interrupted import has done whole photos and the next one does the rest. What
cannot be read is a row too, with the reason: it is counted in every certificate instead of being left out quietly.
"""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from django.db import transaction
from django.utils import timezone

from matching import own_templates, processes, sources
from matching.copies import Copy, copies
from matching.engine import DetectedFace, get_engine
from matching.index import get_index
from matching.models import Face, GroupPolicy, Photo, PhotoStatus, Source, Suppression
from matching.reading import Reading, read_photo

WORTH_A_POOL = 24
"""Below this many new photos, starting further processes (each loads the models) costs more than it saves."""
PROCESSES = 2


@dataclass
class Report:
    """What an import did."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0
    suppressed: int = 0
    faces: int = 0
    dropped: int = 0
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    written: list[int] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def read(self) -> int:
        """Photos that were read in this run."""
        return self.new + self.changed


OnProgress = Callable[[int, int], None]
"""Called with (photos done, photos in all)."""


def register(*, url: str, name: str = "", group_policy: str = GroupPolicy.REDACT) -> Source:
    """The source at a path or URL, made if it is new.

    Raises:
        ValueError: there is no folder there, or the scheme is unknown.
    """
    normal = sources.normal_url(url)
    default = normal.rstrip("/").rpartition("/")[2] or normal
    source, _created = Source.objects.get_or_create(
        url=normal, defaults={"name": name or default, "group_policy": group_policy}
    )
    return source


def import_source(*, source: Source, on_progress: OnProgress | None = None) -> Report:
    """Bring the rows of a source to the state of its files, then the index to the state of the rows.

    Raises:
        matching.sources.SourceUnreachable: nothing was changed, or what was done so far stands.
    """
    started = time.monotonic()
    report = Report()
    try:
        listed = {item.path: item for item in sources.list_objects(source)}
    except sources.SourceUnreachable:
        Source.objects.filter(pk=source.pk).update(reachable=False)
        raise
    Source.objects.filter(pk=source.pk).update(reachable=True)
    engine = get_engine().name
    known = dict(source.photos.filter(engine=engine).values_list("path", "version"))
    todo = [item for path, item in listed.items() if known.get(path) != item.version]
    report.unchanged = len(listed) - len(todo)
    for number, (item, reading) in enumerate(_readings(source, todo), start=1):
        if reading is not None:
            _write(source, item, reading, report)
        if on_progress:
            on_progress(number, len(todo))
    _remove_gone(source, set(listed), report)
    Source.objects.filter(pk=source.pk).update(last_import_at=timezone.now())
    get_index().sync()
    get_index().build_previews()
    report.copies = copies(report.written)
    report.seconds = time.monotonic() - started
    return report


# --- reading ----------------------------------------------------------------------------------------------------------


def _readings(source: Source, todo: list[sources.ObjectInfo]) -> Iterator[tuple[sources.ObjectInfo, Reading | None]]:
    """Every file with what was read from it; None for one that vanished meanwhile."""
    if len(todo) < WORTH_A_POOL:
        for item in todo:
            yield item, read_photo(source, item.path)
        return
    with _pool() as pool:
        waiting: list[tuple[sources.ObjectInfo, Future[Reading | None]]] = []
        for item in todo:
            waiting.append((item, pool.submit(read_photo, source, item.path)))
            if len(waiting) > 4 * PROCESSES:  # Bounded, so that pictures do not pile up in memory.
                first, future = waiting.pop(0)
                yield first, future.result()
        for item, future in waiting:
            yield item, future.result()


@contextmanager
def _pool() -> Iterator[ProcessPoolExecutor]:
    """Further processes; on an error or Ctrl-C what was not begun is dropped."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(PROCESSES, mp_context=context, initializer=processes.begin)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


# --- writing ----------------------------------------------------------------------------------------------------------


def is_suppressed(sha256: str, source_url: str) -> bool:
    """Whether an earlier erasure forbids to import this file or this address again."""
    by_file = bool(sha256) and Suppression.objects.filter(sha256=sha256).exists()
    return by_file or (bool(source_url) and Suppression.objects.filter(source_url=source_url).exists())


@transaction.atomic
def _write(source: Source, item: sources.ObjectInfo, reading: Reading, report: Report) -> None:
    """Write down one reading. The source's row is locked, so that no erasure changes the file's rows meanwhile."""
    Source.objects.select_for_update().get(pk=source.pk)
    engine = get_engine().name
    before = Photo.objects.filter(source=source, path=item.path).first()
    same = before is not None and (before.sha256, before.engine) == (reading.sha256, engine)
    # An address may be that of a whole album: it refuses new files, and drops none that is held.
    status = _status(reading, source_url=reading.source_url if before is None else "")
    faces = reading.faces if status == PhotoStatus.READ else ()
    photo, created = Photo.objects.update_or_create(
        source=source,
        path=item.path,
        defaults={
            "version": item.version,
            "sha256": reading.sha256,
            "size": reading.size,
            "status": status,
            "problem": reading.problem,
            "format": reading.format,
            "width": reading.width,
            "height": reading.height,
            "taken_at": reading.taken_at,
            "source_url": reading.source_url,
            "metadata": reading.metadata,
            "face_count": len(faces),
            "engine": engine,
        },
    )
    if status == PhotoStatus.SUPPRESSED:
        report.suppressed += 1
    else:
        report.new, report.changed = report.new + created, report.changed + (not created)
        report.faces += len(faces)
        report.written.append(photo.pk)
    if reading.problem:
        report.unreadable.append((item.path, reading.problem))
    kept, dropped = own_templates.that_stay(before, reading, status) if before else ((), 0)
    report.dropped += dropped
    if same and not dropped and photo.faces.filter(engine=engine).count() == len(faces):
        return  # The same bytes under a new date: the faces keep the identity under which they were reviewed.
    photo.faces.exclude(pk__in=kept).delete()
    Face.objects.bulk_create(face_row(photo, face, engine) for face in faces)


def _status(reading: Reading, *, source_url: str) -> PhotoStatus:
    if is_suppressed(reading.sha256, source_url):
        return PhotoStatus.SUPPRESSED
    return PhotoStatus.UNREADABLE if reading.problem else PhotoStatus.READ


def import_one(*, source: Source, path: str) -> None:
    """Import one file, as it now is; what is gone is forgotten. Raises: SourceUnreachable."""
    reading = read_photo(source, path) if sources.exists(source, path) else None
    if reading is None:
        own_templates.forget(Photo.objects.filter(source=source, path=path))
        return
    _write(source, sources.ObjectInfo(path, reading.size, sources.version_of(source, path)), reading, Report())


def face_row(photo: Photo, face: DetectedFace, engine: str) -> Face:
    """An unsaved row for a detected face."""
    left, top, right, bottom = face.box
    template = np.ascontiguousarray(face.template, dtype="<f4").tobytes()
    return Face(
        photo=photo,
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        score=face.score,
        template=template,
        engine=engine,
    )


def _remove_gone(source: Source, listed: set[str], report: Report) -> None:
    """Forget photos whose file is gone. Only after a listing that succeeded: an unreachable source has lost nothing."""
    pictures = source.photos.exclude(status=PhotoStatus.TEMPLATE)
    gone = [pk for pk, path in pictures.values_list("pk", "path") if path not in listed]
    for start in range(0, len(gone), 500):
        own_templates.forget(Photo.objects.filter(pk__in=gone[start : start + 500]))
    report.gone = len(gone)
