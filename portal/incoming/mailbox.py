"""The mailbox on an IMAP server.

A mail leaves it only after the row that it became is on disk: whoever dies in between finds it again, and it is
taken once. Mails are read without being marked as read.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import unquote, urlsplit

from django.conf import settings
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from portal.incoming.parsed import MOST_BYTES

PATIENCE: Final = 30
"""Seconds for each answer of the server."""
MAILBOX_ERRORS: Final = (IMAPClientError, OSError)
PORTS: Final = {"imap": 143, "imap+tls": 143, "imaps": 993}


class Mailbox:
    """An open mailbox."""

    def __init__(self, client: IMAPClient, folder: str) -> None:
        self.client = client
        if not client.folder_exists(settings.IMAP_ASIDE):
            client.create_folder(settings.IMAP_ASIDE)
        client.select_folder(folder)

    def waiting(self) -> list[int]:
        """The mails there, the oldest first."""
        return sorted(self.client.search("UNDELETED"))

    def size(self, uid: int) -> int | None:
        """Bytes of a mail; None if somebody took it away."""
        return self.client.fetch([uid], ["RFC822.SIZE"]).get(uid, {}).get(b"RFC822.SIZE")

    def raw(self, uid: int) -> bytes | None:
        """A mail; None if it is too large, or somebody took it away."""
        if (self.size(uid) or MOST_BYTES) >= MOST_BYTES:
            return None
        return self.client.fetch([uid], ["BODY.PEEK[]"]).get(uid, {}).get(b"BODY[]")

    def put_aside(self, uid: int) -> None:
        """Move a mail, unread, to the folder for people."""
        if self.client.has_capability("MOVE"):
            self.client.move([uid], settings.IMAP_ASIDE)
        else:
            self.client.copy([uid], settings.IMAP_ASIDE)
            self.delete(uid)

    def delete(self, uid: int) -> None:
        """Delete a mail for good."""
        self.client.delete_messages([uid], silent=True)
        self.client.expunge([uid] if self.client.has_capability("UIDPLUS") else None)


@contextmanager
def opened() -> Iterator[Mailbox]:
    """The mailbox of `REGARD_IMAP_URL`. Raises: any of MAILBOX_ERRORS."""
    parts = urlsplit(settings.IMAP_URL)
    port = parts.port or PORTS[parts.scheme]
    context = ssl.create_default_context()
    client = IMAPClient(
        parts.hostname, port, ssl=parts.scheme == "imaps", ssl_context=context, timeout=PATIENCE, use_uid=True
    )
    with client:  # It logs out, or hangs up.
        if parts.scheme == "imap+tls":
            client.starttls(context)
        client.login(unquote(parts.username or ""), unquote(parts.password or ""))
        yield Mailbox(client, unquote(parts.path.strip("/")) or "INBOX")
