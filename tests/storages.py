"""The kinds of storage that a source may lie in, each a real server on loopback that tests may stop and start.

`Place` is what all have in common. Files of the folder, SFTP and web places lie in a folder of the test's own; those of
S3 in moto.
"""

import functools
import os
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3
import paramiko
import pytest
from botocore.config import Config
from fsspec.implementations.http import HTTPFileSystem
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem

from matching.stores.sftp import KnownHosts

BUCKET = "holdings"
USER, SECRET = "keeper", "a password of the test"


class Place(ABC):
    """Somewhere that pictures are kept, seen from those who keep them."""

    url: str

    @abstractmethod
    def put(self, path: str, data: bytes) -> None: ...

    @abstractmethod
    def get(self, path: str) -> bytes | None: ...

    @abstractmethod
    def remove(self, path: str) -> None: ...

    @abstractmethod
    def stop(self) -> None: ...

    @abstractmethod
    def start(self) -> None: ...


class FolderPlace(Place):
    """A folder that can be moved away."""

    def __init__(self, root: Path) -> None:
        self.root = root / "holdings"
        self.root.mkdir(parents=True)
        self.url = f"file://{self.root}"
        self.changes = 0

    def put(self, path: str, data: bytes) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        self.changes += 1
        os.utime(
            target, (1_000_000 + self.changes, 1_000_000 + self.changes)
        )  # Not all of them tell less than seconds.

    def get(self, path: str) -> bytes | None:
        target = self.root / path
        return target.read_bytes() if target.exists() else None

    def remove(self, path: str) -> None:
        (self.root / path).unlink()

    def stop(self) -> None:
        self.root.rename(self.root.with_name("away"))

    def start(self) -> None:
        self.root.with_name("away").rename(self.root)


# --- web --------------------------------------------------------------------------------------------------------------


class _Handler(SimpleHTTPRequestHandler):
    """A plain listing; `answers` gives paths something else to say: (status, headers, body)."""

    answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
    asked: list[str] = []

    def do_GET(self) -> None:
        self._answer(super().do_GET)

    def do_HEAD(self) -> None:
        self._answer(super().do_HEAD)

    def _answer(self, otherwise: Callable[[], None]) -> None:
        self.asked.append(self.path)
        if self.path not in self.answers:
            otherwise()
            return
        status, headers, body = self.answers[self.path]
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class WebPlace(FolderPlace):
    """A listing of `http.server`."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.handler: Any = type("Handler", (_Handler,), {"answers": {}, "asked": []})
        self.port = 0
        self.start()
        self.url = f"http://127.0.0.1:{self.port}/holdings/"

    @property
    def answers(self) -> dict[str, tuple[int, dict[str, str], bytes]]:
        found: dict[str, tuple[int, dict[str, str], bytes]] = self.handler.answers
        return found

    def start(self) -> None:
        handler = functools.partial(self.handler, directory=str(self.root.parent))
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


# --- SFTP -------------------------------------------------------------------------------------------------------------


class _Login(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        right = (username, password) == (USER, SECRET)
        return paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def get_allowed_auths(self, username: str) -> str:
        return "password"


class _Files(paramiko.SFTPServerInterface):
    """The files of one folder, whose path is the server's root; what `denied` names cannot be listed."""

    def __init__(self, server: paramiko.ServerInterface, *args: Any, place: "SftpPlace", **kwargs: Any) -> None:
        super().__init__(server, *args, **kwargs)
        self.place = place

    def _real(self, path: str) -> Path:
        return self.place.root.parent / path.lstrip("/")

    def canonicalize(self, path: str) -> str:
        return "/" + os.path.relpath(os.path.realpath(self._real(path)), os.path.realpath(self.place.root.parent))

    def list_folder(self, path: str) -> Any:
        if path in self.place.denied:
            return paramiko.SFTP_PERMISSION_DENIED
        try:
            found = []
            for entry in os.scandir(self._real(path)):
                attributes = paramiko.SFTPAttributes.from_stat(os.lstat(entry.path))
                attributes.filename = entry.name
                found.append(attributes)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        return found

    def _about(self, path: str, look: Callable[[Path], os.stat_result]) -> Any:
        try:
            return paramiko.SFTPAttributes.from_stat(look(self._real(path)))
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    def stat(self, path: str) -> Any:
        return self._about(path, os.stat)

    def lstat(self, path: str) -> Any:
        return self._about(path, os.lstat)

    def open(self, path: str, flags: int, attr: Any) -> Any:
        if flags & os.O_WRONLY and self.place.full:
            return paramiko.SFTP_FAILURE
        try:
            file = os.fdopen(os.open(self._real(path), flags, 0o600), "wb" if flags & os.O_WRONLY else "rb")
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        handle = _Handle(flags)
        handle.filename, handle.readfile, handle.writefile = str(self._real(path)), file, file
        return handle

    def chattr(self, path: str, attr: Any) -> int:
        paramiko.SFTPServer.set_file_attr(str(self._real(path)), attr)
        return paramiko.SFTP_OK

    def remove(self, path: str) -> int:
        return self._done(os.remove, self._real(path))

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        return self._done(os.replace, self._real(oldpath), self._real(newpath))

    @staticmethod
    def _done(act: Callable[..., None], *paths: Path) -> int:
        try:
            act(*paths)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        return paramiko.SFTP_OK


class _Handle(paramiko.SFTPHandle):
    filename: str
    readfile: Any
    writefile: Any

    def stat(self) -> Any:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))

    def chattr(self, attr: Any) -> int:
        paramiko.SFTPServer.set_file_attr(self.filename, attr)
        return paramiko.SFTP_OK


HOST_KEY = paramiko.ECDSAKey.generate()


class SftpPlace(FolderPlace):
    """An SSH server of paramiko that serves the folder and no shell."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.denied: set[str] = set()
        self.full = False
        self.port = 0
        self.transports: list[paramiko.Transport] = []
        self.start()
        self.url = f"sftp://{USER}@127.0.0.1:{self.port}/holdings"
        self.known_hosts = root / "known_hosts"
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {HOST_KEY.get_name()} {HOST_KEY.get_base64()}\n")

    def start(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, args=(self.listener,), daemon=True).start()

    def _serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                transport = paramiko.Transport(listener.accept()[0])
                transport.add_server_key(HOST_KEY)
                transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files, place=self)
                self.transports.append(transport)
                with suppress(
                    OSError, EOFError, paramiko.SSHException
                ):  # One who hangs up, as a client without a key does.
                    transport.start_server(server=_Login())

    def stop(self) -> None:
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # Wakes the thread that waits in `accept`.
        self.listener.close()
        for transport in self.transports:
            transport.close()
        self.transports.clear()


# --- S3 ---------------------------------------------------------------------------------------------------------------


class S3Place(Place):
    """A bucket of moto's server."""

    def __init__(self, *, versions: bool = False) -> None:
        self.port = 0
        self.start()
        self.client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id="moto",
            aws_secret_access_key="moto",
            region_name="us-east-1",
            config=Config(retries={"max_attempts": 1}),
        )
        self.client.create_bucket(Bucket=BUCKET)
        if versions:
            self.client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        self.url = f"s3://{BUCKET}/archive"

    def start(self) -> None:
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=self.port, verbose=False)
        self.server.start()
        self.port = self.server.get_host_and_port()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.server.stop()

    def empty(self) -> None:
        """Forget every bucket: moto keeps them as long as the process lives."""
        from moto.backends import get_backend

        for account in get_backend("s3").values():
            for backend in account.values():
                backend.reset()

    def ask_for_credentials(self, *, after: float) -> None:
        """Look at credentials from so many calls on; before, moto takes any."""
        kind = {"Content-Type": "text/plain"}
        urlopen(Request(f"{self.endpoint}/moto-api/reset-auth", str(after).encode(), kind), timeout=5).close()

    def put(self, path: str, data: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=f"archive/{path}", Body=data, ContentType="image/jpeg")

    def get(self, path: str) -> bytes | None:
        try:
            data: bytes = self.client.get_object(Bucket=BUCKET, Key=f"archive/{path}")["Body"].read()
        except self.client.exceptions.NoSuchKey:
            return None
        return data

    def remove(self, path: str) -> None:
        self.client.delete_object(Bucket=BUCKET, Key=f"archive/{path}")

    def versions(self, path: str) -> list[bytes]:
        """The bytes of every version that is kept of a key, markers left out."""
        found = self.client.list_object_versions(Bucket=BUCKET, Prefix=f"archive/{path}").get("Versions", [])
        get = self.client.get_object
        return [
            get(Bucket=BUCKET, Key=item["Key"], VersionId=item["VersionId"])["Body"].read()
            for item in found
            if item["Key"] == f"archive/{path}"
        ]


# --- fixtures ---------------------------------------------------------------------------------------------------------


@contextmanager
def place_of(kind: str, folder: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A place of a kind (folder, web, sftp, s3, s3-versions), with the environment that reaches it."""
    settings.SOURCE_TIMEOUT = 5.0
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ExitStack() as after:
        for filesystem in (S3FileSystem, HTTPFileSystem, KnownHosts):
            after.callback(filesystem.clear_instance_cache)
        place: Place
        if kind == "folder":
            place = FolderPlace(folder)
        elif kind == "web":
            place = WebPlace(folder)
            after.callback(place.stop)
        elif kind == "sftp":
            place = SftpPlace(folder)
            settings.SFTP_PASSWORD, settings.SFTP_KNOWN_HOSTS = SECRET, str(place.known_hosts)
            after.callback(place.stop)
        else:
            place = S3Place(versions=kind == "s3-versions")
            for name, value in {
                "AWS_ENDPOINT_URL": place.endpoint,
                "AWS_ACCESS_KEY_ID": "moto",
                "AWS_SECRET_ACCESS_KEY": "moto",
                "AWS_REGION": "us-east-1",
            }.items():
                monkeypatch.setenv(name, value)
            after.callback(place.empty)
            after.callback(place.stop)
        yield place
