"""A worker that is killed at any point of sending: the mail goes once, or a person is asked. It never goes twice."""

import os
import signal
from collections.abc import Callable

import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import connections
from django.utils import timezone
from pytest_django.fixtures import Settings

from portal.mailbox import LocalMailboxBackend
from portal.models import Event, LocalMail, Notice, NoticeState
from portal.notices import outbox
from tests.portal.deeds import Ask

pytestmark = pytest.mark.django_db(transaction=True)


def die(*args: object, **kwargs: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def after(call: Callable[..., object]) -> Callable[..., None]:
    def then_die(*args: object, **kwargs: object) -> None:
        call(*args, **kwargs)
        die()

    return then_die


DEATHS: dict[str, tuple[object, str, Callable[..., object]]] = {
    "once the notice was claimed": (outbox, "_ready", die),
    "before the mail was handed over": (EmailMultiAlternatives, "send", die),
    "once the mail was handed over": (
        LocalMailboxBackend,
        "send_messages",
        after(LocalMailboxBackend.send_messages),
    ),
    "before the notice was written down as sent": (outbox, "_end", die),
    "while parting from the server": (outbox, "_hang_up", die),
}


@pytest.mark.parametrize("moment", list(DEATHS))
def test_a_worker_killed_while_sending_never_makes_a_second_mail(
    ask: Ask, settings: Settings, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    settings.EMAIL_BACKEND = "portal.mailbox.LocalMailboxBackend"
    notice = Notice.objects.get(request=ask(), event=Event.ACKNOWLEDGED)
    target, name, death = DEATHS[moment]
    connections.close_all()
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(target, name, death)
        outbox.deliver(notice_id=notice.pk)
        os._exit(1)  # It was to be dead by now.
    _pid, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    for _beat in range(3):
        outbox.settle_the_interrupted()
        for notice_id in outbox.due():
            if notice_id == notice.pk:
                outbox.deliver(notice_id=notice_id)
    notice.refresh_from_db()
    assert notice.state == NoticeState.SENT
    assert LocalMail.objects.count() == 1


def test_the_claim_is_on_disk_before_the_mail_server_hears_of_it(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    notice = Notice.objects.get(request=ask(), event=Event.ACKNOWLEDGED)
    seen: list[str] = []

    def send(self: EmailMultiAlternatives, fail_silently: bool = False) -> int:
        assert not connections["default"].in_atomic_block
        seen.append(Notice.objects.get(pk=notice.pk).state)
        return 1

    monkeypatch.setattr(EmailMultiAlternatives, "send", send)
    assert outbox.deliver(notice_id=notice.pk)
    assert seen == [NoticeState.SENDING]


def test_a_process_that_was_taken_for_dead_does_not_overwrite_what_came_after(ask: Ask) -> None:
    notice = Notice.objects.get(request=ask(), event=Event.ACKNOWLEDGED)
    Notice.objects.filter(pk=notice.pk).update(state=NoticeState.SENDING, owner="elsewhere:1:1", lease_until=None)
    slow = Notice.objects.get(pk=notice.pk)
    Notice.objects.filter(pk=notice.pk).update(owner="elsewhere:2:2")
    outbox._end(slow, NoticeState.FAILED)
    outbox._try_later(slow)
    notice.refresh_from_db()
    assert (notice.state, notice.owner) == (NoticeState.SENDING, "elsewhere:2:2")


def test_a_mail_that_kills_every_process_is_tried_with_growing_pauses(ask: Ask, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "portal.mailbox.LocalMailboxBackend"
    notice = Notice.objects.get(request=ask(), event=Event.ACKNOWLEDGED)
    pauses = []
    for _death in range(4):
        Notice.objects.filter(pk=notice.pk).update(state=NoticeState.SENDING, owner="x:1:1", lease_until=None)
        outbox.settle_the_interrupted()
        notice.refresh_from_db()
        pauses.append((notice.not_before - timezone.now()).total_seconds())
    assert pauses[0] <= 0
    assert 0 < pauses[1] < pauses[2] < pauses[3]


def test_a_mail_that_cannot_be_written_waits_and_says_why(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    notice = Notice.objects.get(request=ask(), event=Event.ACKNOWLEDGED)

    def broken(notice: Notice) -> None:
        raise LookupError("a template is missing")

    monkeypatch.setattr(outbox, "compose", broken)
    with pytest.raises(LookupError):
        outbox.deliver(notice_id=notice.pk)
    notice.refresh_from_db()
    assert (notice.state, notice.attempts, notice.owner) == (NoticeState.WAITING, 1, "")
    assert notice.not_before > timezone.now()
