"""A real IMAP server on loopback, and a person who answers our mails from her mail program."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path

import pytest
from imapclient import IMAPClient
from pytest_django.fixtures import Settings

from portal import flow
from portal.models import Event, Notice
from portal.notices.compose import compose
from rights.models import RightsRequest
from tests.portal.deeds import Ask

USER, PASSWORD = "regard@example.org", "a%b/c:d@e"


@pytest.fixture(scope="session")
def server() -> Iterator[int]:
    """Where the server listens; it takes longer to start than most tests to run."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
    program = Path(sys.executable).with_name("pymap")
    process = subprocess.Popen(
        [program, "--host", "127.0.0.1", "--port", str(number), "--no-tls", "dict",
         "--demo-user", USER, "--demo-password", PASSWORD],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    for _try in range(200):
        try:
            socket.create_connection(("127.0.0.1", number), timeout=1).close()
            break
        except OSError:
            time.sleep(0.05)
    yield number
    process.kill()
    process.wait()


@pytest.fixture
def port(server: int) -> Iterator[int]:
    """Where the server listens, with nothing in its mailbox."""
    yield server
    with IMAPClient("127.0.0.1", server, ssl=False, timeout=10) as client:
        client.login(USER, PASSWORD)
        for _flags, _delimiter, name in client.list_folders():
            if name != "INBOX":
                client.delete_folder(name)
        client.select_folder("INBOX")
        if found := client.search("ALL"):
            client.delete_messages(found)
            client.expunge()


@pytest.fixture
def imap(port: int, settings: Settings) -> Iterator[IMAPClient]:
    """The mailbox as people see it, with the inbox open; `fetch_mail` is told of it."""
    settings.IMAP_URL = f"imap://regard%40example.org:a%25b%2Fc%3Ad%40e@127.0.0.1:{port}/INBOX"
    settings.REPLY_TO = USER
    with IMAPClient("127.0.0.1", port, ssl=False, timeout=10) as client:
        client.login(USER, PASSWORD)
        client.select_folder("INBOX")
        yield client


@pytest.fixture
def case(ask: Ask) -> RightsRequest:
    """A confirmed request of ada@example.org."""
    request = ask()
    flow.confirm(request_id=request.pk)
    request.refresh_from_db()
    return request


def reply(case: RightsRequest, words: str = "My answer.", **headers: str) -> EmailMessage:
    """A reply to our first mail, as a mail program writes it. A header given as "" is left out."""
    ours = compose(Notice.objects.get(request=case, event=Event.ACKNOWLEDGED))
    usual = {
        "From": "Ada <ada@example.org>", "To": USER, "Subject": f"Re: {ours.subject}",
        "Message-ID": make_msgid(domain="home.example.org"), "In-Reply-To": ours.extra_headers["Message-ID"],
        "References": ours.extra_headers["Message-ID"],
    }  # fmt: skip
    mail = EmailMessage()
    for name, value in (usual | {name.replace("_", "-"): value for name, value in headers.items()}).items():
        if value:
            mail[name] = value
    mail.set_content(words)
    return mail


def folder(imap: IMAPClient, name: str) -> list[bytes]:
    """Which flags each mail of a folder has."""
    imap.select_folder(name, readonly=True)
    found = imap.fetch(imap.search("ALL"), ["FLAGS"]) if imap.search("ALL") else {}
    imap.select_folder("INBOX")
    return [b" ".join(sorted(set(mail[b"FLAGS"]) - {b"\\Recent"})) for mail in found.values()]
