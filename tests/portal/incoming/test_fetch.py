"""Replies by mail, from a real IMAP server into the thread: what is certain is taken once, the rest left to people."""

import io
import os
import signal
from collections.abc import Callable
from email.message import EmailMessage

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from imapclient import IMAPClient
from pytest_django.fixtures import Settings

from portal import flow, thread
from portal.flow import written
from portal.incoming import mailbox
from portal.incoming.taken import Fate, take
from portal.models import Event, Message, Notice, NoticeState
from portal.notices.compose import compose, message_id
from rights.models import RightsRequest
from tests.fakes import paint
from tests.portal.deeds import Ask
from tests.portal.incoming.conftest import folder, reply

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]

ASIDE = "For people"


def fetch() -> str:
    said = io.StringIO()
    call_command("fetch_mail", stdout=said)
    return said.getvalue()


def put(imap: IMAPClient, *mails: EmailMessage | bytes) -> None:
    for mail in mails:
        imap.append("INBOX", mail if isinstance(mail, bytes) else mail.as_bytes())


def test_a_reply_lands_in_the_thread_and_leaves_the_mailbox(imap: IMAPClient, case: RightsRequest) -> None:
    due = case.due
    put(
        imap, reply(case, "Thank you.\n\nOn Mon, 23 Nov 2026 at 10:11, Org <o@example.org> wrote:\n> Request\n> of old")
    )
    assert fetch() == "1 taken, 0 taken in part, 0 left to people, 0 left for later.\n"
    (entry,) = thread.of_request(case)
    assert (entry.words, entry.quoted.splitlines()[-1]) == ("Thank you.", "> of old")
    assert entry.message.by_mail
    assert folder(imap, "INBOX") == folder(imap, ASIDE) == []
    assert Notice.objects.filter(request=case, event=Event.MESSAGE_IN).count() == 1
    case.refresh_from_db()
    assert case.due == due
    assert b"Thank you" not in bytes(entry.message.evidence.get().sealed)


def test_our_mails_tell_programs_where_to_reply(imap: IMAPClient, case: RightsRequest) -> None:
    message = compose(Notice.objects.get(request=case, event=Event.ACKNOWLEDGED)).message()
    assert message["Reply-To"] == "regard@example.org"
    assert message["Auto-Submitted"] == "auto-generated"


def _by_stranger(case: RightsRequest) -> EmailMessage:
    return reply(case, From="eve@example.org")


def _by_name_of_ada(case: RightsRequest) -> EmailMessage:
    return reply(case, From='"ada@example.org" <eve@example.org>')


def _by_two(case: RightsRequest) -> EmailMessage:
    return reply(case, From="ada@example.org, eve@example.org")


def _about_nothing(case: RightsRequest) -> EmailMessage:
    return reply(case, Subject="Hello", In_Reply_To="", References="")


def _automatic(case: RightsRequest) -> EmailMessage:
    return reply(case, Auto_Submitted="auto-replied")


def _null_sender(case: RightsRequest) -> EmailMessage:
    return reply(case, Return_Path="<>")


def _list(case: RightsRequest) -> EmailMessage:
    return reply(case, Precedence="bulk")


def _too_long(case: RightsRequest) -> EmailMessage:
    return reply(case, "word " * 5000)


def _empty(case: RightsRequest) -> EmailMessage:
    return reply(case, "\n")


LEFT: list[Callable[[RightsRequest], EmailMessage]] = [
    _by_stranger, _by_name_of_ada, _by_two, _about_nothing, _automatic, _null_sender, _list, _too_long, _empty,
]  # fmt: skip


@pytest.mark.parametrize("write", LEFT, ids=lambda write: write.__name__)
def test_what_is_not_certain_is_left_to_people_unread(
    imap: IMAPClient, case: RightsRequest, write: Callable[[RightsRequest], EmailMessage]
) -> None:
    put(imap, write(case))
    assert "1 left to people" in fetch()
    assert not Message.objects.exists()
    assert folder(imap, "INBOX") == []
    assert folder(imap, ASIDE) == [b""]


BROKEN = [
    b"", b"\x00\xff\xfe", b"From: ada@example.org\r\nContent-Type: multipart/mixed; boundary=\r\n\r\n",
    b"From: =?utf-8?b?/////?= <ada@example.org\r\nMessage-ID: <>>>\r\n\r\nx", b"Subject: " + b"x" * 100_000,
    b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a\r\n\r\nx\r\n" * 500,
    b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000)),
]  # fmt: skip


def test_broken_mails_stop_nothing(imap: IMAPClient, case: RightsRequest) -> None:
    put(imap, *BROKEN[1:4], reply(case, "Good."))
    assert fetch().startswith("1 taken, ")
    assert [entry.words for entry in thread.of_request(case)] == ["Good."]
    assert len(folder(imap, ASIDE)) == 3


@pytest.mark.parametrize("raw", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_mail_is_left_to_people(raw: bytes) -> None:
    assert take(raw) == Fate.ASIDE


def test_the_reference_in_the_subject_is_enough(imap: IMAPClient, case: RightsRequest) -> None:
    put(
        imap,
        reply(case, Subject=f"about {case.reference.lower()}", In_Reply_To="", References="", From="ADA@Example.org"),
    )
    assert fetch().startswith("1 taken, ")


def test_a_mail_that_names_two_requests_is_left_to_people(imap: IMAPClient, case: RightsRequest, ask: Ask) -> None:
    put(imap, reply(case, Subject=f"{ask().reference}"))
    assert "1 left to people" in fetch()


def test_before_the_address_is_confirmed_nothing_is_taken(imap: IMAPClient, ask: Ask) -> None:
    put(imap, reply(ask()))
    assert "1 left to people" in fetch()


def test_after_the_end_nothing_is_taken(imap: IMAPClient, case: RightsRequest) -> None:
    mail = reply(case)
    flow.withdraw(request_id=case.pk)
    put(imap, mail)
    assert "1 left to people" in fetch()


def test_html_alone_becomes_text(imap: IMAPClient, case: RightsRequest) -> None:
    mail = reply(case)
    mail.set_content("<p>Hello &amp; <b>thanks</b><script>alert(1)</script></p><style>p{}</style>", subtype="html")
    put(imap, mail)
    fetch()
    assert [entry.words for entry in thread.of_request(case)] == ["Hello & thanks"]


def test_pictures_are_made_anew_and_other_attachments_left_to_people(imap: IMAPClient, case: RightsRequest) -> None:
    mail = reply(case, "See here.")
    mail.add_attachment(paint(["ada"]), "image", "png", filename="x.png")
    mail.add_attachment(b"MZ", "application", "octet-stream", filename="x.exe")
    mail.add_attachment(b"no picture", "image", "jpeg", filename="x.jpg")
    put(imap, mail)
    assert "1 taken in part" in fetch()
    (entry,) = thread.of_request(case)
    assert entry.message.left_out == 2
    (kept,) = entry.pictures
    assert thread.picture(case, kept.pk).startswith(b"\xff\xd8")
    assert folder(imap, ASIDE) == [b""]


def test_the_same_mail_twice_is_one_message(imap: IMAPClient, case: RightsRequest) -> None:
    mail = reply(case)
    put(imap, mail, mail)
    assert fetch().startswith("2 taken, ")
    assert Message.objects.count() == 1


def test_an_identifier_used_again_for_other_words_loses_none(imap: IMAPClient, case: RightsRequest) -> None:
    put(imap, reply(case, "One.", Message_ID="<a@b>"), reply(case, "Two.", Message_ID="<a@b>"))
    fetch()
    assert {entry.words for entry in thread.of_request(case)} == {"One.", "Two."}


@pytest.mark.parametrize("moment", ["delete", "raw"])
def test_a_process_killed_between_row_and_mailbox_takes_a_mail_once(
    imap: IMAPClient, case: RightsRequest, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    put(imap, reply(case))
    connections.close_all()
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(mailbox.Mailbox, moment, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        fetch()
        os._exit(1)
    _pid, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert Message.objects.count() == (moment == "delete")
    assert fetch().startswith("1 taken, ")
    assert Message.objects.count() == 1
    assert folder(imap, "INBOX") == []


def test_many_mails_wait_in_the_mailbox_instead_of_being_lost(
    imap: IMAPClient, case: RightsRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(written, "MOST_IN_AN_HOUR", 2)
    put(imap, *(reply(case, f"Number {number}.") for number in range(3)))
    assert fetch() == "2 taken, 0 taken in part, 0 left to people, 1 left for later.\n"
    assert folder(imap, "INBOX") == [b""]
    assert Notice.objects.filter(request=case, event=Event.MESSAGE_IN).count() == 1, "told once until it is read"


def bounce(case: RightsRequest, action: str) -> tuple[Notice, bytes]:
    notice = Notice.objects.get(request=case, event=Event.ACKNOWLEDGED)
    Notice.objects.filter(pk=notice.pk).update(state=NoticeState.SENT)
    text = (
        "From: MAILER-DAEMON@example.org\nSubject: Undelivered\nReturn-Path: <>\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\n\nSorry.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n"
        f"Final-Recipient: rfc822; ada@example.org\nAction: {action}\nStatus: 5.1.1\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {message_id(notice)}\nSubject: x\n\n--b--\n"
    )
    return notice, text.encode().replace(b"\n", b"\r\n")


@pytest.mark.parametrize(("action", "state"), [("failed", "failed"), ("delayed", "sent")])
def test_a_notice_that_comes_back_has_failed(imap: IMAPClient, case: RightsRequest, action: str, state: str) -> None:
    notice, mail = bounce(case, action)
    put(imap, mail)
    assert "1 left to people" in fetch()
    notice.refresh_from_db()
    assert notice.state == state
    assert case.journal_entries.filter(event="notice_came_back").count() == (state == "failed")
    assert not Message.objects.exists()


def test_without_a_mailbox_the_command_says_so(settings: Settings, imap: IMAPClient, port: int) -> None:
    settings.IMAP_URL = f"imap://regard:wrong@127.0.0.1:{port}/INBOX"
    with pytest.raises(CommandError, match=r"cannot be used \(LoginError\)"):
        fetch()
    settings.IMAP_URL = ""
    with pytest.raises(CommandError, match="REGARD_IMAP_URL"):
        fetch()


def test_nothing_said_or_logged_names_anybody(
    imap: IMAPClient, case: RightsRequest, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    put(imap, reply(case, "My secret."), reply(case, "My secret.", From="eve@example.org"))
    said = fetch() + caplog.text + "".join(capfd.readouterr())
    assert not any(word in said for word in ("secret", "ada@", "eve@", case.reference))
