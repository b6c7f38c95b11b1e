"""A folder of another machine, over SSH. The server's key must be known; ours comes from the environment."""

import stat
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

import paramiko
from django.conf import settings
from fsspec.implementations.sftp import SFTPFileSystem

from matching.models import Problem
from matching.stores.base import ObjectInfo, SourceUnreachable, Store, beside, stamp

DEEPEST = 64
"""Folders within folders; above that links lead in a circle, on a server that does not say where they lead."""
KEEPALIVE = 30
"""Seconds between two signs of life on an idle connection."""
AT_ONCE = 64
"""Requests under way while one file is read."""


class UnknownHost(paramiko.SSHException):  # type: ignore[misc, unused-ignore]
    """The server's key is not among the known ones."""


class _Refuse(paramiko.MissingHostKeyPolicy):  # type: ignore[misc, unused-ignore]
    def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
        raise UnknownHost


class KnownHosts(SFTPFileSystem):  # type: ignore[misc]
    """fsspec's, which trusts every server, made to trust known ones only, and never to wait for ever."""

    def _connect(self) -> None:
        wait = settings.SOURCE_TIMEOUT
        self.client = paramiko.SSHClient()
        self.client.set_missing_host_key_policy(_Refuse())
        try:
            if settings.SFTP_KNOWN_HOSTS:
                self.client.load_host_keys(settings.SFTP_KNOWN_HOSTS)
            else:
                self.client.load_system_host_keys()
        except OSError as error:
            raise UnknownHost from error
        try:
            self.client.connect(
                self.host,
                **self.ssh_kwargs,
                password=settings.SFTP_PASSWORD or None,
                key_filename=settings.SFTP_KEY_FILE or None,
                look_for_keys=False,
                timeout=wait,
                banner_timeout=wait,
                auth_timeout=wait,
                channel_timeout=wait,
            )
            self.client.get_transport().set_keepalive(KEEPALIVE)
            self.ftp = self.client.open_sftp()
            self.ftp.get_channel().settimeout(wait)
        except BaseException:
            self.client.close()
            raise


class SftpStore(Store):
    errors = (OSError, EOFError, paramiko.SSHException, paramiko.SFTPError)

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.where = {"host": parts.hostname or ""}
        self.how: dict[str, Any] = {"port": parts.port or 22}
        if parts.username:
            self.how["username"] = unquote(parts.username)
        self.place = f"sftp://{parts.netloc}"
        self.root = unquote(parts.path).rstrip("/")

    def url(self) -> str:
        return self.place + self.root

    @property
    def ftp(self) -> Any:
        """The connection, made anew when it was lost. Raises: SourceUnreachable, if a file of ours is missing."""
        try:
            filesystem = KnownHosts(**self.where, **self.how)
            transport = filesystem.client.get_transport()
            if transport is None or not transport.is_active():
                filesystem._connect()
        except FileNotFoundError as error:  # The key's file; not to be taken for an object.
            raise SourceUnreachable(Problem.NO_CREDENTIALS) from error
        return filesystem.ftp

    def is_empty(self) -> bool:
        return not self.ftp.listdir(self.root or "/")

    def is_empty_folder(self, folder: str) -> bool | None:
        try:
            if not stat.S_ISDIR(self.ftp.stat(self._full(folder)).st_mode or 0):
                return None
            return not self.ftp.listdir(self._full(folder))
        except FileNotFoundError:
            return None

    def files(self) -> Iterator[tuple[str, ObjectInfo | None]]:
        return self._walk(self.ftp, "", set(), 0)

    def _walk(self, ftp: Any, folder: str, seen: set[str], depth: int) -> Iterator[tuple[str, ObjectInfo | None]]:
        full = self._full(folder)
        real = ftp.normalize(full)
        if real in seen:  # A link led back into what was walked already.
            return
        if depth > DEEPEST:
            raise SourceUnreachable(Problem.FAILED)
        seen.add(real)
        for entry in ftp.listdir_attr(full):
            path = f"{folder}/{entry.filename}" if folder else entry.filename
            about = entry
            if stat.S_ISLNK(entry.st_mode or 0):
                try:
                    about = ftp.stat(self._full(path))
                except FileNotFoundError:  # A link to nothing: nothing is held there.
                    continue
            if stat.S_ISDIR(about.st_mode or 0):
                yield from self._walk(ftp, path, seen, depth + 1)
            elif stat.S_ISREG(about.st_mode or 0):
                yield path, _info(path, about)

    def info(self, path: str) -> ObjectInfo:
        about = self.ftp.stat(self._full(path))
        if not stat.S_ISREG(about.st_mode or 0):
            raise FileNotFoundError(path)
        return _info(path, about)

    def read(self, path: str) -> bytes:
        with self.ftp.open(self._full(path), "rb") as file:
            size = file.stat().st_size
            file.prefetch(size, AT_ONCE)
            data: bytes = file.read()
        if len(data) != size:
            raise EOFError
        return data

    def replace(self, path: str, data: bytes) -> None:
        """Written beside it and renamed, under a name that a second attempt finds and writes over."""
        ftp, target = self.ftp, self.ftp.normalize(self._full(path))
        new = beside(target)
        mode = ftp.stat(target).st_mode
        try:
            with ftp.open(new, "wb") as file:
                file.chmod(stat.S_IMODE(mode or 0o600))
                file.set_pipelined(True)
                file.write(data)
            ftp.posix_rename(new, target)
        except self.errors:
            with suppress(*self.errors):
                ftp.remove(new)
            raise

    def delete(self, path: str) -> None:
        ftp, full = self.ftp, self._full(path)
        with suppress(FileNotFoundError):
            target = ftp.normalize(full)
            for name in (beside(target), target, full):  # Where it is a link: what it shows, then the link.
                with suppress(FileNotFoundError):
                    ftp.remove(name)

    def _full(self, path: str) -> str:
        return f"{self.root}/{path}" if path else self.root or "/"

    def problem(self, error: BaseException) -> Problem:
        if isinstance(error, (UnknownHost, paramiko.BadHostKeyException)):
            return Problem.HOST_KEY
        if isinstance(error, paramiko.AuthenticationException):
            return Problem.DENIED
        if isinstance(error, paramiko.SSHException) and "authentication methods" in str(error):
            return Problem.NO_CREDENTIALS
        return super().problem(error)

    def forget(self) -> None:
        KnownHosts.clear_instance_cache()


def _info(path: str, about: Any) -> ObjectInfo:
    return ObjectInfo(path, about.st_size or 0, stamp(about.st_size, about.st_mtime))
