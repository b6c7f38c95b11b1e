"""Reaching the objects of a source through fsspec: folders here, other schemes by their URL.

Everything a storage may raise is either "there is no such object" (FileNotFoundError) or `SourceUnreachable`:
a source that is away must never look like one that is empty.
"""

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from matching.models import Source

SUFFIXES = (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".tif", ".tiff", ".heic", ".heif")
SIDECAR = ".json"
"""`photo.jpg.json` beside `photo.jpg` may say where the picture came from."""


class SourceUnreachable(Exception):  # noqa: N818 - a state
    """The source cannot be listed or read at the moment."""


class ObjectInfo(NamedTuple):
    """One picture file: its path inside the source, its bytes, and a stamp that changes when it does."""

    path: str
    size: int
    version: str


@contextmanager
def _reaching(source: Source) -> Iterator[tuple[Any, str]]:
    """The file system and root of a source; what it raises is sorted into absent and unreachable."""
    if not source.holds_pictures:
        raise FileNotFoundError("Only templates are held.")
    try:
        filesystem, root = url_to_fs(source.url)
        yield filesystem, root.rstrip("/")
    except FileNotFoundError:
        raise
    except (OSError, ImportError, ValueError) as error:
        raise SourceUnreachable(type(error).__name__) from error


def _root_exists(filesystem: Any, root: str) -> bool:
    filesystem.invalidate_cache()
    return bool(filesystem.isdir(root))


def normal_url(path_or_url: str) -> str:
    """The absolute URL of a folder.

    Raises:
        ValueError: the scheme is unknown, or there is no such folder.
    """
    try:
        filesystem, root = url_to_fs(path_or_url)
        found = _root_exists(filesystem, root)
    except (OSError, ImportError, ValueError) as error:
        raise ValueError(f"{path_or_url} cannot be reached ({type(error).__name__}).") from error
    if not found:
        raise ValueError(f"There is no folder at {path_or_url}.")
    return str(filesystem.unstrip_protocol(root))


def is_reachable(source: Source) -> bool:
    """Whether the source answers now. One without pictures has nothing to answer."""
    if not source.holds_pictures:
        return True
    try:
        with _reaching(source) as (filesystem, root):
            return _root_exists(filesystem, root)
    except (SourceUnreachable, FileNotFoundError):
        return False


def _stamp(info: dict[str, Any]) -> str:
    """What the storage says about the object's last change."""
    for name in ("ETag", "etag", "mtime", "LastModified", "last_modified", "updated"):
        if info.get(name):
            return f"{info.get('size')}:{info[name]}"
    return f"{info.get('size')}"


def list_objects(source: Source) -> Iterator[ObjectInfo]:
    """Every picture file of the source, in the order of their paths.

    Raises:
        SourceUnreachable: the listing failed; nothing may be concluded from what it gave before.
    """
    if not source.holds_pictures:
        return
    try:
        with _reaching(source) as (filesystem, root):
            if not _root_exists(filesystem, root):
                raise SourceUnreachable("The folder is not there.")
            files = dict(_walk_folder(root) if isinstance(filesystem, LocalFileSystem) else _walk(filesystem, root))
    except FileNotFoundError as error:
        raise SourceUnreachable("A folder is not there.") from error
    for full, info in sorted(files.items()):
        if full.lower().endswith(SUFFIXES):
            yield ObjectInfo(full[len(root) + 1 :], int(info.get("size") or 0), _stamp(info))


Found = Iterator[tuple[str, dict[str, Any]]]


def _walk_folder(root: str) -> Found:
    """Every file below a local folder, through links as well: what a link shows is held too.

    Raises:
        OSError: a folder below cannot be listed. fsspec's own walk would leave it out, and its pictures would then
            be taken for gone.
    """
    seen: set[tuple[int, int]] = set()
    for folder, folders, names in os.walk(root, onerror=_give_up, followlinks=True):
        here = os.stat(folder)
        if (here.st_dev, here.st_ino) in seen:  # A link led back into what was walked already.
            folders.clear()
            continue
        seen.add((here.st_dev, here.st_ino))
        for name in names:
            full = f"{folder}/{name}"
            with suppress(FileNotFoundError):  # Gone since, or a link to nothing: nothing is held there.
                yield full, _about_file(full)


def _about_file(full: str) -> dict[str, Any]:
    """Of the file itself, where the path is a link to it. Raises: FileNotFoundError, also for what is no file."""
    about = os.stat(full)
    if not stat.S_ISREG(about.st_mode):
        raise FileNotFoundError(full)
    return {"size": about.st_size, "mtime": about.st_mtime}


def _give_up(error: OSError) -> None:
    raise error


def _walk(filesystem: Any, folder: str) -> Found:
    """Every object below a folder of another storage. Raises what the storage raises, for each level."""
    for info in filesystem.ls(folder, detail=True):
        full = info["name"].rstrip("/")
        if full == folder:
            continue
        if info["type"] == "directory":
            yield from _walk(filesystem, full)
        else:
            yield full, info


def _on(source: Source, path: str, act: Callable[[Any, str], Any]) -> Any:
    with _reaching(source) as (filesystem, root):
        return act(filesystem, f"{root}/{path}")


def read_object(source: Source, path: str) -> bytes:
    """The object's bytes. Raises: FileNotFoundError, SourceUnreachable."""
    data: bytes = _on(source, path, lambda filesystem, full: filesystem.cat_file(full))
    return data


def read_sidecar(source: Source, path: str) -> bytes | None:
    """The bytes of the sidecar beside a photo, None if there is none. Raises: SourceUnreachable."""
    try:
        return read_object(source, path + SIDECAR)
    except FileNotFoundError:
        return None


def version_of(source: Source, path: str) -> str:
    """The stamp that `list_objects` would give. Raises: FileNotFoundError, SourceUnreachable."""

    def stamp(filesystem: Any, full: str) -> str:
        filesystem.invalidate_cache()
        local = isinstance(filesystem, LocalFileSystem)
        return _stamp(_about_file(full) if local else filesystem.info(full))

    return str(_on(source, path, stamp))


def exists(source: Source, path: str) -> bool:
    """Whether the object is there. Raises: SourceUnreachable (also when the whole source is away)."""
    try:
        with _reaching(source) as (filesystem, root):
            if not _root_exists(filesystem, root):
                raise SourceUnreachable("The folder is not there.")
            return bool(filesystem.exists(f"{root}/{path}"))
    except FileNotFoundError:
        return False


def replace_object(source: Source, path: str, data: bytes) -> None:
    """Put `data` in the object's place; a reader sees the old or the new object, never half of one.

    Raises:
        SourceUnreachable: the object is as it was.
    """

    def put(filesystem: Any, full: str) -> None:
        if isinstance(filesystem, LocalFileSystem):
            _replace_file(Path(full).resolve(), data)
        else:  # Object stores replace an object whole.
            filesystem.pipe_file(full, data)

    _on(source, path, put)


def _replace_file(target: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=".regard-", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            os.chmod(name, target.stat().st_mode & 0o777)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def delete_object(source: Source, path: str) -> None:
    """Delete the object and its sidecar; what is gone already is no error. Raises: SourceUnreachable."""
    for full_path in (path, path + SIDECAR):
        if exists(source, full_path):
            _on(source, full_path, _delete)


def _delete(filesystem: Any, full: str) -> None:
    if isinstance(filesystem, LocalFileSystem):
        for path in (os.path.realpath(full), full):  # Where it is a link: what it shows, then the link.
            Path(path).unlink(missing_ok=True)
    else:
        filesystem.rm_file(full)
