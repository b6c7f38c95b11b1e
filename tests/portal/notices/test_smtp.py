"""The outbox against a mail server that answers, refuses and hangs up, over a real socket."""

import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes

import pytest
from pytest_django.fixtures import Settings

from portal.models import Event, Notice, NoticeState
from portal.notices import outbox
from portal.notices.compose import message_id
from tests.portal.deeds import Ask

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]

HANG_UP = ""
"""Instead of a reply: the line breaks."""


@dataclass
class Server:
    """What the server says at each step, and the mails it took."""

    replies: dict[str, str] = field(default_factory=dict)
    taken: list[bytes] = field(default_factory=list)


USUAL = {
    "connect": "220 hello", "EHLO": "250 hello", "HELO": "250 hello", "MAIL": "250 ok", "RCPT": "250 ok",
    "DATA": "354 go on", "end": "250 taken", "RSET": "250 ok", "QUIT": "221 bye",
}  # fmt: skip


class Conversation(socketserver.StreamRequestHandler):
    plan: Server

    def handle(self) -> None:
        if not self.say("connect"):
            return
        while line := self.rfile.readline():
            verb = line[:4].decode().upper()
            if not self.say(verb) or (verb == "DATA" and not self.take()):
                return

    def say(self, step: str) -> bool:
        reply = self.plan.replies.get(step, USUAL[step])
        if reply == HANG_UP:
            return False
        self.wfile.write(reply.encode() + b"\r\n")
        return step != "QUIT"

    def take(self) -> bool:
        if not self.plan.replies.get("DATA", USUAL["DATA"]).startswith("354"):
            return True
        body = b""
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            body += line
        self.plan.taken.append(body)
        return self.say("end")


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    plan = Server()
    handler = type("Planned", (Conversation,), {"plan": plan})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = listening.server_address[:2]
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_TIMEOUT = 5
        yield plan
        listening.shutdown()


def sent(ask: Ask) -> Notice:
    notice = Notice.objects.get(request=ask(), event=Event.ACKNOWLEDGED)
    outbox.deliver(notice_id=notice.pk)
    notice.refresh_from_db()
    return notice


def test_a_mail_arrives_with_its_headers_text_and_html(ask: Ask, server: Server) -> None:
    notice = sent(ask)
    assert notice.state == NoticeState.SENT
    (raw,) = server.taken
    mail = message_from_bytes(raw)
    assert mail["Message-ID"] == message_id(notice)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]


REPLIES = [
    ({"connect": HANG_UP}, NoticeState.WAITING),
    ({"connect": "554 no service"}, NoticeState.WAITING),
    ({"EHLO": "421 busy", "HELO": "421 busy"}, NoticeState.WAITING),
    ({"MAIL": "451 later"}, NoticeState.WAITING),
    ({"MAIL": "550 not from you"}, NoticeState.FAILED),
    ({"RCPT": "450 greylisted"}, NoticeState.WAITING),
    ({"RCPT": "421 too many"}, NoticeState.WAITING),
    ({"RCPT": "550 unknown"}, NoticeState.FAILED),
    ({"DATA": "451 later"}, NoticeState.WAITING),
    ({"DATA": "554 no"}, NoticeState.FAILED),
    ({"end": "452 full"}, NoticeState.WAITING),
    ({"end": "554 spam"}, NoticeState.FAILED),
    ({"end": HANG_UP}, NoticeState.UNCERTAIN),
    ({"QUIT": "500 what"}, NoticeState.SENT),
    ({"QUIT": HANG_UP}, NoticeState.SENT),
]


@pytest.mark.parametrize(
    ("replies", "state"),
    REPLIES,
    ids=[f"{'-'.join(replies)}-{'-'.join(replies.values())[:3] or 'hang up'}-{state}" for replies, state in REPLIES],
)
def test_what_the_server_says_at_each_step_decides_what_becomes_of_the_mail(
    ask: Ask, server: Server, replies: dict[str, str], state: NoticeState
) -> None:
    server.replies |= replies
    notice = sent(ask)
    assert notice.state == state
    assert (notice.pk in outbox.due()) is False


def test_a_mail_whose_end_was_not_confirmed_is_never_sent_again_by_itself(ask: Ask, server: Server) -> None:
    server.replies["end"] = HANG_UP
    notice = sent(ask)
    server.replies.clear()
    for _beat in range(3):
        outbox.settle_the_interrupted()
        outbox.deliver(notice_id=notice.pk)
    assert len(server.taken) == 1
    assert Notice.objects.get(pk=notice.pk).state == NoticeState.UNCERTAIN
