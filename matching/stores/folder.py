"""A folder of this machine, or one mounted on it."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from fsspec.implementations.local import LocalFileSystem

from matching.stores.base import ObjectInfo, Store, beside, stamp


class FolderStore(Store):
    """Links are followed: what a link shows is held too."""

    def __init__(self, path_or_url: str) -> None:
        self.filesystem = LocalFileSystem()
        self.root = str(self.filesystem._strip_protocol(path_or_url)).rstrip("/")

    def url(self) -> str:
        return str(self.filesystem.unstrip_protocol(self.root))

    def is_empty(self) -> bool:
        with os.scandir(self.root or "/") as entries:
            return next(entries, None) is None

    def is_empty_folder(self, folder: str) -> bool | None:
        try:
            with os.scandir(self._full(folder)) as entries:
                return next(entries, None) is None
        except (FileNotFoundError, NotADirectoryError):
            return None

    def files(self) -> Iterator[tuple[str, ObjectInfo | None]]:
        """fsspec's own walk would leave out a folder it cannot list, and its pictures would then be taken for gone."""
        seen: set[tuple[int, int]] = set()
        for folder, folders, names in os.walk(self.root or "/", onerror=_give_up, followlinks=True):
            here = os.stat(folder)
            if (here.st_dev, here.st_ino) in seen:  # A link led back into what was walked already.
                folders.clear()
                continue
            seen.add((here.st_dev, here.st_ino))
            for name in names:
                path = f"{folder}/{name}"[len(self.root) + 1 :]
                with suppress(FileNotFoundError):  # Gone since, or a link to nothing: nothing is held there.
                    yield path, self.info(path)

    def info(self, path: str) -> ObjectInfo:
        """Of the file itself, where the path is a link to it. Raises: FileNotFoundError, also for what is no file."""
        about = os.stat(self._full(path))
        if not stat.S_ISREG(about.st_mode):
            raise FileNotFoundError(path)
        # Who replaces a file may set the time of its change, and not that of its entry.
        return ObjectInfo(path, about.st_size, stamp(about.st_size, f"{about.st_mtime}:{about.st_ctime}"))

    def read(self, path: str) -> bytes:
        data: bytes = self.filesystem.cat_file(self._full(path))
        return data

    def replace(self, path: str, data: bytes) -> None:
        target = os.path.realpath(self._full(path))
        new = beside(target)
        try:
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                if os.path.exists(target):
                    os.fchmod(file.fileno(), os.stat(target).st_mode & 0o777)
            os.replace(new, target)
        except BaseException:
            Path(new).unlink(missing_ok=True)
            raise

    def delete(self, path: str) -> None:
        with suppress(FileNotFoundError):  # It climbs out of the root: there is no such object.
            full = self._full(path)
            target = os.path.realpath(full)
            for name in (beside(target), target, full):  # Where it is a link: what it shows, then the link.
                Path(name).unlink(missing_ok=True)

    def _full(self, path: str) -> str:
        """Raises: FileNotFoundError for a path that climbs out of the root, as no listing gives one."""
        if ".." in path.split("/"):
            raise FileNotFoundError
        return f"{self.root}/{path}"


def _give_up(error: OSError) -> None:
    raise error
