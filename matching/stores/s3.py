"""A bucket of S3, or of a storage that speaks its language. Credentials come from the environment (`AWS_*`).

Listing and versions are asked for page by page: fsspec's `ls` and `find` have caches, and no word for old versions.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError, CredentialRetrievalError, NoCredentialsError
from django.conf import settings
from fsspec.asyn import sync
from s3fs import S3FileSystem

from matching.models import Problem
from matching.stores.base import ObjectInfo, SourceUnreachable, Store, stamp

NO_SUCH_OBJECT = ("NoSuchKey", "NoSuchVersion", "404", "NotFound")


class Version(NamedTuple):
    """One version of one object; the bytes under `latest` are what a reader sees. A marker has none."""

    id: str
    latest: bool
    marker: bool
    made_at: datetime


class S3Store(Store):
    errors = (OSError, BotoCoreError, ClientError, aiohttp.ClientError)

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.bucket = parts.netloc
        folder = unquote(parts.path).strip("/")
        self.prefix = f"{folder}/" if folder else ""
        wait = settings.SOURCE_TIMEOUT
        self.filesystem = S3FileSystem(
            use_listings_cache=False,
            config_kwargs={
                "connect_timeout": wait,
                "read_timeout": wait,
                "retries": {"max_attempts": 2, "mode": "standard"},
            },
        )
        self.filesystem.retries = 1  # Of s3fs, on top of botocore's: the job that asks is tried again anyhow.

    def url(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def _call(self, method: str, **kwargs: Any) -> dict[str, Any]:
        """One call for this bucket. Raises: FileNotFoundError only where the object is what is missing."""
        try:
            answer: dict[str, Any] = self.filesystem.call_s3(method, Bucket=self.bucket, **kwargs)
        except FileNotFoundError as error:
            _only_an_object(error)
            raise
        return answer

    def is_empty(self) -> bool:
        try:
            return not self._call("list_objects_v2", Prefix=self.prefix, MaxKeys=1).get("KeyCount")
        except SourceUnreachable as error:
            raise FileNotFoundError(self.bucket) if error.problem == Problem.MISSING else error from error

    def files(self) -> Iterator[tuple[str, ObjectInfo | None]]:
        more: dict[str, str] = {}
        while True:
            page = self._call("list_objects_v2", Prefix=self.prefix, **more)
            for item in page.get("Contents", ()):
                path = item["Key"][len(self.prefix) :]
                yield path, ObjectInfo(path, item["Size"], stamp(item["Size"], item["ETag"]))
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def info(self, path: str) -> ObjectInfo:
        about = self._call("head_object", Key=self._key(path))
        return ObjectInfo(path, about["ContentLength"], stamp(about["ContentLength"], about["ETag"]))

    def read(self, path: str) -> bytes:
        try:
            data: bytes = sync(self.filesystem.loop, self._read, self._key(path))
        except FileNotFoundError as error:
            _only_an_object(error)
            raise
        return data

    async def _read(self, key: str) -> bytes:
        answer = await self.filesystem._call_s3("get_object", Bucket=self.bucket, Key=key)
        async with answer["Body"] as body:
            data: bytes = await body.read()
        return data

    def replace(self, path: str, data: bytes) -> None:
        key = self._key(path)
        kind = self._call("head_object", Key=key).get("ContentType") or "binary/octet-stream"
        self._call("put_object", Key=key, Body=data, ContentType=kind)  # One whole PUT: no upload is left half way.
        self.drop_older(path)

    def delete(self, path: str) -> None:
        """The version that readers see goes last: what an interrupted deletion leaves is still the planned picture."""
        key = self._key(path)
        for version in sorted(self._versions(key), key=lambda version: version.latest):
            self._call("delete_object", Key=key, VersionId=version.id)
        if any(not version.marker for version in self._versions(key)):
            raise SourceUnreachable(Problem.FAILED)

    def older(self, path: str, until: datetime | None) -> int:
        return len(
            [
                version
                for version in self._versions(self._key(path))
                if not version.latest and not version.marker and (until is None or version.made_at <= until)
            ]
        )

    def drop_older(self, path: str) -> None:
        key = self._key(path)
        for version in self._versions(key):
            if not version.latest:
                self._call("delete_object", Key=key, VersionId=version.id)

    def _versions(self, key: str) -> list[Version]:
        """Every version and deletion marker of one object; of a bucket that keeps no versions, the object itself."""
        found: list[Version] = []
        more: dict[str, str] = {}
        while True:
            page = self._call("list_object_versions", Prefix=key, **more)
            for kind in ("Versions", "DeleteMarkers"):
                found += [
                    Version(item["VersionId"], item["IsLatest"], kind == "DeleteMarkers", item["LastModified"])
                    for item in page.get(kind, ())
                    if item["Key"] == key
                ]
            if not page.get("IsTruncated") or page["NextKeyMarker"] != key:
                return found  # Keys come in order, and the one asked for is the first that begins with itself.
            more = {"KeyMarker": key, "VersionIdMarker": page["NextVersionIdMarker"]}

    def _key(self, path: str) -> str:
        return self.prefix + path

    def problem(self, error: BaseException) -> Problem:
        if isinstance(error, (NoCredentialsError, CredentialRetrievalError)):
            return Problem.NO_CREDENTIALS
        code = _code(error)
        if code in ("403", "401", "SignatureDoesNotMatch", "InvalidAccessKeyId", "AccessDenied", "ExpiredToken"):
            return Problem.DENIED
        if code:
            return super().problem(error) if isinstance(error, PermissionError) else Problem.FAILED
        return Problem.SLOW if "Timeout" in type(error).__name__ else super().problem(error)

    def forget(self) -> None:
        S3FileSystem.clear_instance_cache()


def _code(error: BaseException) -> str:
    """The code that the storage itself gave, empty if it did not come to that."""
    told = error if isinstance(error, ClientError) else error.__cause__
    return str(told.response["Error"].get("Code", "")) if isinstance(told, ClientError) else ""


def _only_an_object(error: FileNotFoundError) -> None:
    """Raises: SourceUnreachable, if something else is missing than an object: the bucket, a certificate file."""
    code = _code(error)
    if code not in NO_SUCH_OBJECT:
        raise SourceUnreachable(Problem.MISSING if code else Problem.FAILED) from error
