"""One mail per event, at most once, in the person's language, with nothing in it that should not be."""

import os
import re
import smtplib
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone
from pytest_django.fixtures import Settings

from portal import flow, leases
from portal.identity import email_code
from portal.mailbox import LocalMailboxBackend
from portal.models import EmailCode, Event, LocalMail, Notice, NoticeState, Recipient
from portal.notices import outbox
from portal.notices.compose import compose, message_id
from rights.models import Channel, RightsRequest
from tests.portal.deeds import Ask

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mailbox(settings: Settings) -> None:
    """The real backend of `make run`; pytest-django puts another in its place."""
    settings.EMAIL_BACKEND = "portal.mailbox.LocalMailboxBackend"


def notice_of(request: RightsRequest, event: Event = Event.ACKNOWLEDGED) -> Notice:
    return Notice.objects.get(request=request, event=event)


def dead_owner() -> str:
    """A process of this host that is gone."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return leases.owner().replace(f":{os.getpid()}:", f":{process.pid}:")


def interrupt(notice: Notice) -> None:
    """As a worker leaves it that is killed while it sends."""
    Notice.objects.filter(pk=notice.pk).update(
        state=NoticeState.SENDING, owner=dead_owner(), lease_until=timezone.now() + timedelta(minutes=5)
    )


def test_a_notice_is_posted_once_per_event_and_key(ask: Ask) -> None:
    request = ask()
    for _twice in range(2):
        outbox.post(request=request, event=Event.BETTER_PHOTO, key="a", context={"problem": "no_face"})
    outbox.post(request=request, event=Event.BETTER_PHOTO, key="b", context={"problem": "no_face"})
    assert Notice.objects.filter(request=request, event=Event.BETTER_PHOTO).count() == 2


def test_a_mail_goes_once_however_often_it_is_delivered(ask: Ask, mailbox: None) -> None:
    notice = notice_of(ask())
    assert outbox.deliver(notice_id=notice.pk) is True
    assert outbox.deliver(notice_id=notice.pk) is False
    assert LocalMail.objects.count() == 1
    notice.refresh_from_db()
    assert (notice.state, notice.attempts) == (NoticeState.SENT, 1)


def test_a_worker_that_died_before_the_mail_went_means_it_goes_later(ask: Ask, mailbox: None) -> None:
    notice = notice_of(ask())
    interrupt(notice)
    assert outbox.settle_the_interrupted() == 1
    assert notice.pk in outbox.due()
    outbox.deliver(notice_id=notice.pk)
    assert LocalMail.objects.count() == 1


def test_a_worker_that_died_after_the_mail_went_means_it_does_not_go_again(ask: Ask, mailbox: None) -> None:
    notice = notice_of(ask())
    compose(notice).send()
    interrupt(notice)
    outbox.settle_the_interrupted()
    notice.refresh_from_db()
    assert notice.state == NoticeState.SENT
    assert not outbox.deliver(notice_id=notice.pk)
    assert LocalMail.objects.count() == 1


def test_where_the_server_cannot_say_a_person_decides(ask: Ask) -> None:
    notice = notice_of(ask())
    interrupt(notice)
    outbox.settle_the_interrupted()
    notice.refresh_from_db()
    assert notice.state == NoticeState.UNCERTAIN
    assert not outbox.deliver(notice_id=notice.pk)
    assert mail.outbox == []
    assert outbox.retry(notice_id=notice.pk)
    assert outbox.deliver(notice_id=notice.pk)
    assert len(mail.outbox) == 1


def test_a_notice_that_is_being_sent_by_a_living_process_is_left_alone(ask: Ask) -> None:
    notice = notice_of(ask())
    Notice.objects.filter(pk=notice.pk).update(
        state=NoticeState.SENDING, owner=leases.owner(), lease_until=timezone.now() + timedelta(minutes=5)
    )
    assert outbox.settle_the_interrupted() == 0


FAILURES: list[tuple[Exception, NoticeState]] = [
    (ConnectionRefusedError(), NoticeState.WAITING),
    (TimeoutError(), NoticeState.WAITING),
    (smtplib.SMTPAuthenticationError(535, b"no"), NoticeState.WAITING),
    (smtplib.SMTPRecipientsRefused({"x": (450, b"later")}), NoticeState.WAITING),
    (smtplib.SMTPRecipientsRefused({"x": (550, b"unknown")}), NoticeState.FAILED),
    (smtplib.SMTPDataError(552, b"too large"), NoticeState.FAILED),
    (smtplib.SMTPServerDisconnected(), NoticeState.UNCERTAIN),
]


@pytest.mark.parametrize(("error", "state"), FAILURES, ids=[f"{type(e).__name__}-{s}" for e, s in FAILURES])
def test_what_the_mail_server_says_decides_what_happens_next(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, error: Exception, state: NoticeState
) -> None:
    notice = notice_of(ask())

    def failing(self: EmailMultiAlternatives, fail_silently: bool = False) -> int:
        raise error

    monkeypatch.setattr(EmailMultiAlternatives, "send", failing)
    assert not outbox.deliver(notice_id=notice.pk)
    notice.refresh_from_db()
    assert notice.state == state
    if state == NoticeState.WAITING:
        assert notice.not_before > timezone.now()
        assert notice.pk not in outbox.due()


def test_a_code_that_has_expired_is_not_sent_any_more(ask: Ask) -> None:
    request = ask()
    EmailCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert not outbox.deliver(notice_id=notice_of(request, Event.CODE).pk)
    assert mail.outbox == []


def test_who_has_no_address_is_written_to_by_post(controller: object) -> None:
    request = flow.receive(
        rights=["access"], contact=flow.Contact(postal_address="12 Street"), channel=Channel.POST, probe=None
    )
    assert notice_of(request).state == NoticeState.BY_POST
    assert outbox.due() == []


CONTEXTS: dict[Event, dict[str, object]] = {
    Event.ACKNOWLEDGED: {},
    Event.CODE: {},
    Event.BETTER_PHOTO: {"problem": "several_faces"},
    Event.ERASED: {
        "deleted": 1, "redacted": 2, "swept_at": "2026-11-23T10:11:12+00:00", "faces_scanned": 9, "photos_held": 7,
        "found": 0, "recipients": ["Agency"],
    },
    Event.WITHDRAWN: {},
    Event.RECIPIENT_TOLD: {"pictures": [{"sha256": "ab" * 32, "url": "https://example.org/p", "action": "delete"}]},
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "fr", "de"])
@pytest.mark.parametrize("event", list(CONTEXTS))
def test_each_event_has_a_mail_in_text_and_html_that_gives_nobody_away(ask: Ask, event: Event, language: str) -> None:
    request = ask(name="ada", email="ada@example.org")
    RightsRequest.objects.filter(pk=request.pk).update(language=language)
    request.refresh_from_db()
    recipient = (
        Recipient.objects.create(name="Agency", email="agency@example.org", country="BE")
        if event == Event.RECIPIENT_TOLD
        else None
    )
    code = email_code.issue(request=request) if event == Event.CODE else None
    Notice.objects.filter(request=request, event=event).delete()
    notice = outbox.post(
        request=request, event=event, key="k", code=code, recipient=recipient, context=dict(CONTEXTS[event])
    )
    message = compose(notice)
    html = str(message.alternatives[0][0])
    assert "ada" not in message.subject.lower()
    assert message.to == ["agency@example.org" if recipient else "ada@example.org"]
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"
    assert message.extra_headers["Message-ID"] == message_id(notice)
    assert "{" not in message.body.replace("{{", "")
    assert f'lang="{notice.language}"' in html
    for address in re.findall(r"https?://\S+/open/\S+", message.body):
        assert address in html.replace("&amp;", "&")
    if event == Event.RECIPIENT_TOLD:
        assert request.reference not in message.body + html
        assert "ab" * 32 + ", https://example.org/p" in message.body
    if code is not None:
        assert email_code.digits(code) in message.body
        assert email_code.digits(code) not in message.subject


def test_what_a_person_wrote_is_escaped_in_the_html(ask: Ask, controller: object) -> None:
    from portal.models import ControllerProfile

    ControllerProfile.objects.update(name="<script>alert(1)</script> & Co")
    html = str(compose(notice_of(ask())).alternatives[0][0])
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Co" in html


def test_later_mails_hang_on_the_acknowledgement(ask: Ask) -> None:
    request = ask()
    first = message_id(notice_of(request))
    assert compose(notice_of(request, Event.CODE)).extra_headers["References"] == first


def test_the_local_mailbox_takes_a_message_once(ask: Ask, mailbox: None) -> None:
    message = compose(notice_of(ask()))
    connection = LocalMailboxBackend()
    assert connection.send_messages([message, message]) == 1
    assert connection.arrived(message.extra_headers["Message-ID"])
    assert not connection.arrived("<other@example.org>")


def test_the_mailbox_pages_exist_only_where_no_mail_leaves(
    ask: Ask, mailbox: None, client: object, settings: Settings, run_jobs: Callable[[], None]
) -> None:
    ask()
    run_jobs()
    newest = LocalMail.objects.first()
    assert client.get("/mailbox/").status_code == 200  # type: ignore[attr-defined]
    assert newest.subject in client.get(f"/mailbox/{newest.pk}/").content.decode()  # type: ignore[attr-defined]
    settings.LOCAL_MAILBOX = False
    assert client.get("/mailbox/").status_code == 404  # type: ignore[attr-defined]
    assert client.get(f"/mailbox/{newest.pk}/").status_code == 404  # type: ignore[attr-defined]
