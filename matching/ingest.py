"""Importing: photos are found, read, searched for faces, and written down one by one.

Each photo is one transaction, so an interrupted import has done whole photos and the next one does the rest. What
cannot be read is a row too, with the reason: it is counted in every certificate instead of being left out quietly.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from matching import keys, own_templates, pool, reading, sources, spaces, stored, suppression
from matching.copies import Copy, copies
from matching.engine import Box, Detector, get_engine
from matching.index import IndexUnreachable, get_index
from matching.models import Face, GroupPolicy, Photo, PhotoStatus, Source, Suppression
from matching.reading import Reading, read_photo

logger = logging.getLogger(__name__)

WORTH_A_PROCESS = 12
"""New photos for each process: with fewer, starting it (it loads the models) costs more than it saves."""


@dataclass
class Report:
    """What an import did."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0
    suppressed: int = 0
    held: int = 0
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


OnProgress = Callable[[int, int, int], None]
"""Called with (photos done, photos in all, faces found)."""


def register(
    *, url: str, name: str = "", group_policy: str = GroupPolicy.REDACT, detector: str | None = None
) -> Source:
    """The source at a path or URL, made if it is new.

    Args:
        detector: how its faces are looked for from now on; None leaves it as it is.

    Raises:
        ValueError: there is no folder there, or the scheme is unknown.
    """
    normal = sources.normal_url(url)
    default = normal.rstrip("/").rpartition("/")[2] or normal
    source, _created = Source.objects.get_or_create(
        url=normal, defaults={"name": name or default, "group_policy": group_policy}
    )
    if detector is not None and detector != source.detector:
        source.detector = Detector(detector)
        source.save(update_fields=["detector"])
    return source


def import_source(*, source: Source, on_progress: OnProgress | None = None, emptied: bool = False) -> Report:
    """Bring the rows of a source to the state of its files, then the index to the state of the rows.

    Args:
        emptied: believe a source that has become empty; otherwise it is taken for unreachable.

    Raises:
        matching.sources.SourceUnreachable: nothing was changed, or what was done so far stands.
        matching.pool.WorkersUnusable: no file could be read on this machine; what was done so far stands.
    """
    started = time.monotonic()
    report = Report()
    try:
        _import(source, report, on_progress, emptied)
    except sources.SourceUnreachable as error:
        sources.note(source, error.problem)
        raise
    sources.note(source, None)
    Source.objects.filter(pk=source.pk).update(last_import_at=timezone.now())
    try:
        get_index().sync()
        get_index().build_previews()
        report.copies = copies(report.written)
    except IndexUnreachable as unreachable:
        logger.warning("The photos are imported, but the index was not reached; the next search will. %s", unreachable)
    report.seconds = time.monotonic() - started
    return report


def _import(source: Source, report: Report, on_progress: OnProgress | None, emptied: bool) -> None:
    pictures, others = sources.list_objects(source, emptied=emptied)
    every = {stored.path(item.path): item for item in pictures}
    listed = {path: item for path, item in every.items() if path == item.path}
    _write_the_unnameable(source, [path for path in every if path not in listed], report)
    known = dict(_well_read(source).values_list("path", "version"))
    todo = [item for path, item in listed.items() if known.get(path) != item.version]
    report.unchanged = len(listed) - len(todo)
    # From now on there are pictures that no search has seen, until this or a later import has ended.
    begun = {"import_begun_at": timezone.now()} if todo else {}
    Source.objects.filter(pk=source.pk).update(other_files=others, **begun)
    for number, (item, read) in enumerate(_readings(source, todo), start=1):
        if read is not None:
            _write(source, item, read, report)
        if on_progress:
            on_progress(number, len(todo), report.faces)
    _remove_gone(source, set(every), report)


def _write_the_unnameable(source: Source, paths: Sequence[str], report: Report) -> None:
    """List the files whose own path cannot be written down: they are counted, and looked for at every import."""
    for path in paths:
        facts = {"version": "", "sha256": "", "size": 0, "status": PhotoStatus.UNREADABLE}
        Photo.objects.update_or_create(source=source, path=path, defaults=facts | {"problem": reading.UNNAMEABLE})
        report.unreadable.append((path, reading.UNNAMEABLE))


def _well_read(source: Source) -> QuerySet[Photo]:
    """The photos that need no other look while their files are the same: who looked thoroughly saw everything."""
    detectors = {Detector.THOROUGH, Detector(source.detector)}
    engine = get_engine().name
    others = Face.objects.filter(photo__source=source).exclude(engine=engine)
    left_over = others.exclude(engine__in=spaces.names())
    well = source.photos.filter(engine=engine, detector__in=detectors).exclude(pk__in=left_over.values("photo"))
    return well.exclude(problem=reading.REFUSED)  # That may have been mended without touching the file.


# --- reading ----------------------------------------------------------------------------------------------------------


def _readings(source: Source, todo: list[sources.ObjectInfo]) -> Iterator[tuple[sources.ObjectInfo, Reading | None]]:
    """Every file with what was read from it; None for one that vanished meanwhile."""
    marked = _marked(source)
    jobs = [(source, item.path, marked.get(item.path, ())) for item in todo]
    if not settings.IMPORT_PROCESSES:
        for item, job in zip(todo, jobs, strict=True):
            yield item, read_photo(*job)
        return
    count = max(1, min(settings.IMPORT_PROCESSES, len(jobs) // WORTH_A_PROCESS))
    for number, found in pool.each(read_photo, jobs, count=count, ready=reading.ready):
        item = todo[number]
        yield item, reading.unread(source, item.path, item.size) if isinstance(found, pool.Died) else found


def _marked(source: Source) -> dict[str, tuple[Box, ...]]:
    """The faces marked by hand that the engine has to encode anew, by path."""
    engine = get_engine().name
    left_over = Face.objects.filter(photo__source=source, by_hand=True).exclude(engine=engine)
    photos = source.photos.filter(pk__in=left_over.values("photo")).order_by("pk")
    return {photo.path: keys.by_hand(photo, engine) for photo in photos}


# --- writing ----------------------------------------------------------------------------------------------------------


def is_suppressed(sha256: str, source_url: str) -> bool:
    """Whether an earlier erasure forbids to import this file or this address again."""
    by_file = bool(sha256) and Suppression.objects.filter(sha256=sha256).exists()
    known_as = {source_url, stored.address(source_url)} - {""}
    return by_file or Suppression.objects.filter(source_url__in=known_as).exists()


@transaction.atomic
def _write(source: Source, item: sources.ObjectInfo, reading: Reading, report: Report) -> None:
    """Write down one reading. The source's row is locked, so that no erasure changes the file's rows meanwhile."""
    Source.objects.select_for_update().get(pk=source.pk)
    engine = get_engine().name
    before = Photo.objects.filter(source=source, path=item.path).first()
    same = before is not None and before.sha256 == reading.sha256
    if before is not None and _is_known_better(before, reading):
        report.unreadable.append((item.path, reading.problem))
        return
    # An address may be that of a whole album: it refuses new files, and drops none that is held.
    status = _status(reading, source_url=reading.source_url if before is None else "")
    facts = _facts(reading) | ({} if same else {"looked_at": None, "looked_at_by": ""})
    photo, created = Photo.objects.update_or_create(
        source=source,
        path=item.path,
        defaults=facts | {"version": item.version, "status": status, "engine": engine},
    )
    if status == PhotoStatus.SUPPRESSED:
        report.suppressed += 1
    else:
        report.new, report.changed = report.new + created, report.changed + (not created)
        report.faces += len(reading.faces)
        report.written.append(photo.pk)
    if reading.problem:
        report.unreadable.append((item.path, reading.problem))
    report.dropped += own_templates.follow(before, photo, reading) if before else 0
    if same and status == PhotoStatus.READ:
        keys.merge(photo, reading.faces, engine, marked=reading.marked)
    else:
        keys.replace(photo, reading.faces if status == PhotoStatus.READ else (), engine)
    report.held += suppression.hold(photo)


def _facts(reading: Reading) -> dict[str, Any]:
    """What a reading says of its photo."""
    names = ("sha256", "size", "problem", "format", "width", "height", "taken_at", "source_url", "metadata", "detector")
    return {name: getattr(reading, name) for name in names}


def _is_known_better(before: Photo, reading: Reading) -> bool:
    """Whether these bytes were read before and could not be this time: what was seen in them is still there, and the
    next import tries again.
    """
    same = reading.sha256 in ("", before.sha256)
    return bool(reading.problem) and same and before.status == PhotoStatus.READ


def _status(reading: Reading, *, source_url: str) -> PhotoStatus:
    if is_suppressed(reading.sha256, source_url):
        return PhotoStatus.SUPPRESSED
    return PhotoStatus.UNREADABLE if reading.problem else PhotoStatus.READ


def import_one(*, source: Source, path: str) -> None:
    """Import one file, as it now is; what is gone is forgotten. Raises: SourceUnreachable."""
    known = Photo.objects.filter(source=source, path=path).first()
    marked = keys.by_hand(known, get_engine().name)
    reading = read_photo(source, path, marked)
    if reading is None:
        if not sources.exists(source, path):  # Raises where the whole source is what is gone.
            own_templates.forget(Photo.objects.filter(source=source, path=path))
        return
    _write(source, sources.ObjectInfo(path, reading.size, sources.version_of(source, path)), reading, Report())


def _remove_gone(source: Source, listed: set[str], report: Report) -> None:
    """Forget photos whose file is gone. Only after a listing that succeeded: an unreachable source has lost nothing."""
    pictures = source.photos.exclude(status=PhotoStatus.TEMPLATE)
    missing = [(pk, path) for pk, path in pictures.values_list("pk", "path") if path not in listed]
    gone = [pk for pk, path in missing if sources.is_gone(source, path)]
    for start in range(0, len(gone), 500):
        own_templates.forget(Photo.objects.filter(pk__in=gone[start : start + 500]))
    report.gone = len(gone)
