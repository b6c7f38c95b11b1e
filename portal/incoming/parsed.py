"""What a mail says, from its bytes. They are hostile: everything is counted before it is decoded."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import html_text

from matching.images import ImageProblem, clean_upload
from rights import reference

MOST_BYTES: Final = 40 * 1024 * 1024
MOST_PARTS: Final = 100
MOST_PICTURES: Final = 5
MOST_CHARACTERS: Final = 20_000
PARSER_ERRORS: Final = (
    MessageError, ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError,
)  # fmt: skip
"""What the standard library's parser raises on headers that no mail program writes."""

_OURS = re.compile(r"<([0-9a-f]{32})@[^<>\s]{1,255}>")
_REFERENCE = re.compile(r"\bREG-\w{4}-\w{4}\b", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that show nothing, and those that turn the order of others around."""


class Unreadable(Exception):  # noqa: N818 - what the mail is
    """A mail that only a person can make sense of: too large, of too many parts, or broken."""


class Sort(StrEnum):
    """What kind of mail it is."""

    MESSAGE = "message"  # somebody wrote it
    AUTOMATIC = "automatic"  # a program did: an absence note, a newsletter, one of our own
    BOUNCE = "bounce"  # a mail of ours was not delivered


@dataclass(frozen=True)
class Mail:
    """From whom a mail says it is, and what it is about. Nothing in it was decoded yet.

    Attributes:
        sender: the one address in From; empty if there are none or several. Nothing proves it.
        notices: numbers of notices of ours that it answers; of a bounce, the one that came back.
        references: of requests, as the subject names them.
    """

    sort: Sort
    source: EmailMessage
    sender: str = ""
    notices: list[UUID] = field(default_factory=list)
    references: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Content:
    """What stands in a mail.

    Attributes:
        digest: SHA-256 (hexadecimal) of the Message-ID and the words.
        pictures: cleaned JPEGs.
        left_out: attachments that were not taken.
    """

    digest: str
    words: str
    pictures: list[bytes]
    left_out: int


def read(raw: bytes) -> Mail:
    """Understand a mail. Raises: Unreadable."""
    if len(raw) > MOST_BYTES:
        raise Unreadable
    try:
        mail = message_from_bytes(raw, policy=policy.default)
        if mail.get_content_type() == "multipart/report":
            failed = _is_failure(mail)
            return Mail(Sort.BOUNCE, mail, notices=_came_back(mail)) if failed else Mail(Sort.AUTOMATIC, mail)
        return Mail(Sort.AUTOMATIC, mail) if _is_automatic(mail) else _message(mail)
    except PARSER_ERRORS as error:
        raise Unreadable from error


def content_of(mail: Mail) -> Content:
    """Decode what stands in a mail: only of one that belongs to a request. Raises: Unreadable."""
    try:
        words, pictures, left_out = _content(mail.source)
        identity = _header(mail.source, "Message-ID").strip() + "\n" + words
    except PARSER_ERRORS as error:
        raise Unreadable from error
    digest = hashlib.sha256(identity.encode(errors="surrogateescape")).hexdigest()
    return Content(digest, words, pictures, left_out)


def _header(mail: EmailMessage, name: str) -> str:
    return " ".join(str(value) for value in mail.get_all(name, []))


def _is_automatic(mail: EmailMessage) -> bool:
    """RFC 3834, and what programs wrote before it."""
    submitted = _header(mail, "Auto-Submitted").strip().lower()
    return (
        (bool(submitted) and not submitted.startswith("no"))
        or _header(mail, "Return-Path").strip() == "<>"
        or _header(mail, "Precedence").strip().lower() in ("bulk", "junk", "list", "auto_reply")
        or any(name in mail for name in ("List-Id", "X-Autoreply", "X-Autorespond"))
    )


def _is_failure(report: EmailMessage) -> bool:
    """Whether a report says that a mail was given up. One of a delay says nothing yet."""
    if str(report.get_param("report-type", "")).lower() != "delivery-status":
        return False
    for part in _leaves(report):
        if part.get_content_type() == "message/delivery-status":
            blocks: Any = part.get_payload()
            actions = [str(block.get("Action", "")) for block in blocks] if isinstance(blocks, list) else []
            return any(action.strip().lower() == "failed" for action in actions)
    return False


def _came_back(report: EmailMessage) -> list[UUID]:
    """The mails of ours that a report of failure quotes."""
    found: list[UUID] = []
    for part in _leaves(report):
        if part.get_content_type() == "text/rfc822-headers":
            quoted: Any = message_from_bytes(part.get_payload(decode=True) or b"")  # type: ignore[arg-type]
        elif part.get_content_type() == "message/rfc822":
            quoted = part.get_payload(0)
        else:
            continue
        found += _ours(str(quoted.get("Message-ID", "")))
    return found


def _ours(text: str) -> list[UUID]:
    """Numbers of notices among message identifiers."""
    return [UUID(found) for found in _OURS.findall(text[:10_000])]


def _message(mail: EmailMessage) -> Mail:
    subject = _header(mail, "Subject")[:1000]
    named = {reference.parse(found) for found in _REFERENCE.findall(subject)}
    return Mail(
        Sort.MESSAGE,
        mail,
        sender=_sender(mail),
        notices=_ours(_header(mail, "In-Reply-To") + " " + _header(mail, "References")),
        references={found for found in named if found},
    )


def _sender(mail: EmailMessage) -> str:
    senders = mail.get_all("From", [])
    addresses = [address for header in senders for address in header.addresses]
    return addresses[0].addr_spec if len(senders) == len(addresses) == 1 else ""


def _leaves(mail: EmailMessage) -> Iterator[EmailMessage]:
    """Every part that has no parts of its own; a mail inside the mail is one part. Raises: Unreadable."""
    waiting, count = [mail], 0
    while waiting:
        part = waiting.pop(0)
        count += 1
        if count > MOST_PARTS:
            raise Unreadable
        if part.get_content_maintype() == "multipart":
            children = part.get_payload()
            waiting = [*(children if isinstance(children, list) else []), *waiting]
        else:
            yield part


def _content(mail: EmailMessage) -> tuple[str, list[bytes], int]:
    """The words, the pictures and how many attachments were not taken. Raises: Unreadable."""
    plain: list[str] = []
    html: list[str] = []
    pictures: list[bytes] = []
    left_out = 0
    for part in _leaves(mail):
        kind, attached = part.get_content_type(), part.get_content_disposition() == "attachment"
        if kind == "text/plain" and not attached:
            plain.append(_text(part))
        elif kind == "text/html" and not attached:
            html.append(_text(part))
        elif part.get_content_maintype() == "image" and len(pictures) < MOST_PICTURES:
            try:
                pictures.append(clean_upload(_bytes(part)))
            except ImageProblem:
                left_out += 1
        else:
            left_out += 1
    words = "\n".join(plain).strip() or "\n".join(html_text.extract_text(page) for page in html)
    words = _CONTROL.sub("", words.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(words) > MOST_CHARACTERS or not (words or pictures):
        raise Unreadable
    return words, pictures, left_out


def _bytes(part: EmailMessage) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _text(part: EmailMessage) -> str:
    """The text, with marks in the place of what its character set does not know. Raises: Unreadable."""
    data = _bytes(part)
    if len(data) > 50 * MOST_CHARACTERS:
        raise Unreadable
    try:
        return data.decode(part.get_content_charset("utf-8"), errors="replace")
    except LookupError:
        return data.decode(errors="replace")
