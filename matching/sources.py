"""Reaching the objects of a source: folders, S3, SFTP, web listings (`matching.stores`), all through these functions.

Everything a storage may raise is either "there is no such object" (FileNotFoundError) or `SourceUnreachable`:
a source that is away must never look like one that is empty.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import PurePosixPath
from typing import NamedTuple

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from matching.models import Erasure, ErasureAction, Photo, PhotoStatus, Problem, Source
from matching.stores import SUFFIXES, ObjectInfo, SourceReadOnly, SourceUnreachable, Store, is_read_only, store_of

__all__ = ["ObjectInfo", "SourceReadOnly", "SourceUnreachable", "is_read_only"]

SIDECAR = ".json"
"""`photo.jpg.json` beside `photo.jpg` may say where the picture came from."""


@contextmanager
def _reaching(source: Source) -> Iterator[Store]:
    """The storage of a source; what it raises is sorted into absent and unreachable."""
    if not source.holds_pictures:
        raise FileNotFoundError("Only templates are held.")
    try:
        store = store_of(source.url)
    except ValueError as error:
        raise SourceUnreachable(Problem.FAILED) from error
    try:
        yield store
    except FileNotFoundError:
        raise
    except SourceUnreachable as unreachable:
        if not isinstance(unreachable, SourceReadOnly):
            store.forget()
        raise
    except store.errors as error:
        store.forget()
        raise SourceUnreachable(store.problem(error)) from error


def normal_url(path_or_url: str) -> str:
    """The one URL of a folder.

    Raises:
        ValueError: the kind is unknown, the URL carries credentials, or there is no such folder; in words for whoever
            typed it.
    """
    store = store_of(path_or_url)
    where = Source(url=store.url())
    try:
        with _reaching(where):
            store.is_empty()
    except FileNotFoundError as error:
        raise ValueError(f"There is no folder at {where.url}.") from error
    except SourceUnreachable as error:
        raise ValueError(f"{where.url} cannot be reached: {error}.") from error
    return where.url


# --- the state of a source --------------------------------------------------------------------------------------------


def check(source: Source, *, thorough: bool = False) -> None:
    """See that the source answers now; `thorough` lists it whole, as it may answer and refuse a part.

    Raises:
        SourceUnreachable: with the reason.
    """
    if not source.holds_pictures:
        return
    try:
        with _reaching(source) as store:
            if store.is_empty():
                _may_be_empty(source)
            elif thorough:
                _listed(source, store)
    except FileNotFoundError as error:
        raise SourceUnreachable(Problem.MISSING) from error


def _known(source: Source) -> QuerySet[Photo]:
    """The pictures of a source that nobody here deletes: those that an erasure had begun to, while the source was
    there, may be gone.
    """
    known = source.photos.exclude(status=PhotoStatus.TEMPLATE) if source.pk else Photo.objects.none()
    deleting = Erasure.objects.filter(source=source, path=OuterRef("path"), action=ErasureAction.DELETE)
    return known.exclude(Exists(deleting.exclude(begun_at=None)))


def _may_be_empty(source: Source, folder: str = "") -> None:
    """Raises: SourceUnreachable, if pictures of an empty source or folder are known: so an unmounted disk looks."""
    if _known(source).filter(path__startswith=f"{folder}/" if folder else "").exists():
        raise SourceUnreachable(Problem.EMPTY)


class Listing(NamedTuple):
    """The pictures of a source, in the order of their paths, and how many other files lie there but for sidecars."""

    pictures: list[ObjectInfo]
    others: int


def _listed(source: Source, store: Store, *, emptied: bool = False) -> tuple[dict[str, ObjectInfo | None], int]:
    """The pictures of a listing, and the number of others.

    Raises:
        SourceUnreachable: all pictures of the source, or of a folder that is there, are gone at once. So an unmounted
            disk looks, whatever else lies in its place.
    """
    files = dict(store.files())
    found = {path: item for path, item in files.items() if is_picture(path)}
    others = sum(path not in found and path.removesuffix(SIDECAR) not in found for path in files)
    if emptied:
        return found, others
    known = set(_known(source).values_list("path", flat=True))
    missing = known.difference(found)
    there = [path for path in found if path in known or _has_picture_ending(path)]
    if missing and not there:
        raise SourceUnreachable(Problem.EMPTY)
    alive = {folder for path in there for folder in _folders(path)}
    for folder in {folder for path in missing for folder in _folders(path)} - alive:
        if store.is_empty_folder(folder) is not None:
            raise SourceUnreachable(Problem.EMPTY)
    return found, others


def _folders(path: str) -> list[str]:
    """The folders that a path leads through, the nearest first."""
    return [str(folder) for folder in PurePosixPath(path).parents][:-1]


def is_picture(path: str) -> bool:
    """Whether a file is looked into: by its name's ending, or because its name has none."""
    name = PurePosixPath(path).name
    return _has_picture_ending(path) or not (PurePosixPath(name).suffix or name.startswith("."))


def _has_picture_ending(path: str) -> bool:
    return path.partition("?")[0].lower().endswith(SUFFIXES)


def look(source: Source) -> bool:
    """Whether the source answers now; since when it does not, and why, is written down.

    One that was away is back only when it can be listed whole again.
    """
    try:
        check(source, thorough=not source.reachable)
    except SourceUnreachable as error:
        note(source, error.problem)
    else:
        note(source, None)
    return source.reachable


def note(source: Source, problem: Problem | None) -> None:
    """Write down that a source answers (None), or why it does not."""
    reachable, code = problem is None, problem or ""
    if (source.reachable, source.problem) != (reachable, code):
        source.unreachable_since = None if reachable else source.unreachable_since or timezone.now()
        source.reachable, source.problem = reachable, code
        source.save(update_fields=["reachable", "problem", "unreachable_since"])


# --- its objects ------------------------------------------------------------------------------------------------------


def list_objects(source: Source, *, emptied: bool = False) -> Listing:
    """Every file of the source.

    Args:
        emptied: believe a listing in which all pictures of the source, or of a folder, are gone.

    Raises:
        SourceUnreachable: the listing failed; nothing is concluded from it.
    """
    if not source.holds_pictures:
        return Listing([], 0)
    try:
        with _reaching(source) as store:
            store.is_empty()  # Raises where there is no root.
            found, others = _listed(source, store, emptied=emptied)
            pictures = [item or _info_if_there(store, path) for path, item in sorted(found.items())]
    except FileNotFoundError as error:
        raise SourceUnreachable(Problem.MISSING) from error
    return Listing([item for item in pictures if item is not None], others)


def _info_if_there(store: Store, path: str) -> ObjectInfo | None:
    """None for a link to nothing: nothing is held there."""
    try:
        return store.info(path)
    except FileNotFoundError:
        return None


def read_object(source: Source, path: str) -> bytes:
    """The object's bytes. Raises: FileNotFoundError, SourceUnreachable."""
    with _reaching(source) as store:
        return store.read(path)


def read_sidecar(source: Source, path: str) -> bytes | None:
    """The bytes of the sidecar beside a photo, None if there is none. Raises: SourceUnreachable."""
    try:
        return read_object(source, path + SIDECAR)
    except FileNotFoundError:
        return None


def version_of(source: Source, path: str) -> str:
    """The stamp that `list_objects` would give. Raises: FileNotFoundError, SourceUnreachable."""
    with _reaching(source) as store:
        return store.info(path).version


def exists(source: Source, path: str) -> bool:
    """Whether the object is there. Raises: SourceUnreachable (also when the whole source is away)."""
    if not source.holds_pictures:
        return False
    try:
        with _reaching(source) as store:
            if _info_if_there(store, path) is not None:
                return True
            if store.is_empty():
                _may_be_empty(source)
            for folder in _folders(path):
                if store.is_empty_folder(folder):
                    _may_be_empty(source, folder)
            return False
    except FileNotFoundError as error:
        raise SourceUnreachable(Problem.MISSING) from error


def is_gone(source: Source, path: str) -> bool:
    """Whether an object that a listing lacked is gone; not every listing proves that. Raises: SourceUnreachable."""
    with _reaching(source) as store:
        return store.listing_is_proof or _info_if_there(store, path) is None


def replace_object(source: Source, path: str, data: bytes) -> None:
    """Put `data` in the object's place, in every version; a reader sees the old or the new one, never half of one.

    Raises:
        SourceReadOnly: somebody else must do it.
        SourceUnreachable: call again; a reader sees the object as it was, or the new one.
    """
    with _reaching(source) as store:
        store.replace(path, data)


def delete_object(source: Source, path: str) -> None:
    """Delete the object and its sidecar in every version; what is gone already is no error.

    Raises:
        SourceReadOnly: somebody else must do it.
        SourceUnreachable: call again.
    """
    exists(source, path)  # Raises where the whole source is away, and would look as if deleted.
    with _reaching(source) as store:
        store.delete(path + SIDECAR)  # First: whoever finds the picture gone looks for nothing beside it.
        store.delete(path)


def older_versions(source: Source, path: str, *, until: datetime | None = None) -> int:
    """How many earlier versions of the object the source still keeps, also of one that is gone.

    Args:
        until: count only those made up to this moment.

    Raises:
        SourceUnreachable.
    """
    if not source.holds_pictures:
        return 0
    with _reaching(source) as store:
        return store.older(path, until)


def drop_older_versions(source: Source, path: str) -> None:
    """Delete the earlier versions of the object and its sidecar, also of a gone one. Raises: SourceUnreachable."""
    with _reaching(source) as store:
        for full_path in (path, path + SIDECAR):
            store.drop_older(full_path)
