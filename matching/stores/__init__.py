"""The kinds of storage that a source may lie in, each behind the same few methods (`matching.stores.base.Store`)."""

from urllib.parse import SplitResult, urlsplit

from django.utils.module_loading import import_string

from matching.stores.base import SUFFIXES, ObjectInfo, SourceReadOnly, SourceUnreachable, Store
from matching.stores.folder import FolderStore

__all__ = [
    "SUFFIXES",
    "AddressRefused",
    "ObjectInfo",
    "SourceReadOnly",
    "SourceUnreachable",
    "Store",
    "is_read_only",
    "store_of",
]

KINDS = {
    "file": "matching.stores.folder.FolderStore",
    "s3": "matching.stores.s3.S3Store",
    "sftp": "matching.stores.sftp.SftpStore",
    "http": "matching.stores.web.WebStore",
    "https": "matching.stores.web.WebStore",
}
"""Loaded when first used: the libraries behind them cost every process a second and memory."""


class AddressRefused(ValueError):  # noqa: N818 - what it says
    """An address that is none, or carries what does not belong into one. It is not quoted: it may hold a secret."""


def store_of(path_or_url: str) -> Store:
    """The storage at a path or URL.

    Raises:
        AddressRefused: no such kind is known, or the URL carries a password, a key or a query.
    """
    if "://" not in path_or_url:
        return FolderStore(path_or_url)
    parts = _parts(path_or_url)
    if parts.scheme not in KINDS:
        raise AddressRefused(
            "The address cannot be reached: only folders, s3://, sftp://, http:// and https:// are known."
        )
    if parts.scheme == "file":
        return FolderStore(path_or_url)
    if parts.password is not None or (parts.username and parts.scheme != "sftp"):
        raise AddressRefused("The address carries credentials. They belong into the environment; see docs/sources.md.")
    if parts.query or parts.fragment:
        raise AddressRefused("The address has a query or a fragment. It must be that of a folder; see docs/sources.md.")
    store: Store = import_string(KINDS[parts.scheme])(path_or_url)
    return store


def _parts(url: str) -> SplitResult:
    """Raises: AddressRefused, also for a port that is none."""
    try:
        parts = urlsplit(url)
        _port = parts.port  # Raises where it is none.
    except ValueError:
        raise AddressRefused("The address cannot be read.") from None
    if not parts.hostname and parts.scheme != "file":
        raise AddressRefused("The address names no host or bucket.")
    return parts


def is_read_only(url: str) -> bool:
    """Whether what lies there can be read only, and must be deleted by others."""
    return url.startswith(("http://", "https://"))
