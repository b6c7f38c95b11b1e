"""The certificate of a search: what was held, and what of it was covered."""

from typing import Any

from django.db.models import Count
from django.utils import timezone

from matching import sources
from matching.bands import bands
from matching.engine import get_engine
from matching.index import get_index
from matching.models import Face, Photo, PhotoStatus, Source, TemplateSpace


def certificate(index_version: str, scanned: int) -> dict[str, Any]:
    """What the search covered, as JSON, before the template spaces are added.

    `complete` only if every face of every reachable source was scanned, but for those of the spaces.
    """
    engine, limits = get_engine(), bands()
    photos = Photo.objects.exclude(status=PhotoStatus.TEMPLATE)
    every_source = [_of_source(source) for source in Source.objects.order_by("pk")]
    without_face = photos.filter(status=PhotoStatus.READ, face_count=0)
    held = Face.objects.count()
    index = get_index()
    checked_at = index.checked_at()
    # Files that were erased and lie there again: they are held, but not searched, until somebody removes them.
    suppressed = photos.filter(status=PhotoStatus.SUPPRESSED).count()
    by_engine = Face.objects.filter(engine=engine.name).count()
    spaces = TemplateSpace.objects.values("name")
    unknown = Face.objects.exclude(engine=engine.name).exclude(engine__in=spaces).count()
    return {
        "complete": scanned >= by_engine
        and not unknown
        and not suppressed
        and all(item["reachable"] and item["imported"] for item in every_source),
        "photos_held": photos.count(),
        "photos_read": photos.filter(status=PhotoStatus.READ).count(),
        "photos_unreadable": photos.filter(status=PhotoStatus.UNREADABLE).count(),
        "photos_suppressed": suppressed,
        "photos_without_face": without_face.count(),
        "files_not_read": sum(item["files_not_read"] for item in every_source),
        "photos_looked_at": without_face.exclude(looked_at=None).count(),
        "templates_without_picture": Photo.objects.filter(status=PhotoStatus.TEMPLATE).count(),
        "faces_held": held,
        "faces_by_hand": Face.objects.filter(by_hand=True).count(),
        "faces_scanned": scanned,
        "engine": engine.name,
        "runtime": engine.runtime,
        "index_version": index_version,
        "index_verified": index.verifies,
        "index_checked_at": checked_at.isoformat() if checked_at else None,
        "bands": limits.as_json(),
        "swept_at": timezone.now().isoformat(),
        "sources": every_source,
        "spaces": [],
    }


def _of_source(source: Source) -> dict[str, Any]:
    """One collection in a certificate; `detectors` are the photos read, by how faces were looked for in them."""
    pictures = source.photos.exclude(status=PhotoStatus.TEMPLATE)
    read = pictures.filter(status=PhotoStatus.READ).values("detector").order_by("detector")
    return {
        "name": source.name,
        "photos": pictures.count(),
        "files_not_read": source.other_files,
        "reachable": sources.look(source),
        "imported": source.is_imported,
        "imported_at": source.last_import_at.isoformat() if source.last_import_at else None,
        "detectors": dict(read.annotate(photos=Count("pk")).values_list("detector", "photos")),
    }
