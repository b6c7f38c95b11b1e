"""The local mailbox: where mails land when none leave the machine, and the page that shows them."""

from collections.abc import Sequence
from email.utils import make_msgid
from typing import Final

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp, csp_update
from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from portal.models import LocalMail

FRAMED: Final = {
    "default-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "frame-ancestors": [SELF],
    "sandbox": ["allow-top-navigation-by-user-activation", "allow-popups"],
}
"""Content-Security-Policy of a mail: it brings its own style, as mails must, and can run and load nothing."""


class LocalMailboxBackend(BaseEmailBackend):
    """Keeps mails as rows. A Message-ID that is there already is not delivered again."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        delivered = 0
        for message in email_messages:
            html = ""
            if isinstance(message, EmailMultiAlternatives) and message.alternatives:
                html = str(message.alternatives[0][0])
            _mail, created = LocalMail.objects.get_or_create(
                message_id=message.extra_headers.get("Message-ID") or make_msgid(),
                defaults={
                    "to": ", ".join(message.to),
                    "subject": str(message.subject),
                    "text": str(message.body),
                    "html": html,
                },
            )
            delivered += created
        return delivered

    def arrived(self, message_id: str) -> bool:
        """Whether the mailbox has this message."""
        return LocalMail.objects.filter(message_id=message_id).exists()


def _only_local() -> None:
    if not settings.LOCAL_MAILBOX:
        raise Http404


@require_safe
def inbox(http: HttpRequest) -> HttpResponse:
    """Every mail, the newest first."""
    _only_local()
    return render(http, "mailbox/list.html", {"mails": LocalMail.objects.all()[:200]})


@require_safe
@csp_update({"frame-src": [SELF]})  # type: ignore[arg-type]  # Its types know only views without arguments.
def mail(http: HttpRequest, mail_id: int) -> HttpResponse:
    """One mail, as HTML in a frame and as text."""
    _only_local()
    return render(http, "mailbox/mail.html", {"mail": get_object_or_404(LocalMail, pk=mail_id)})


@require_safe
@xframe_options_sameorigin
@csp(FRAMED)  # type: ignore[arg-type]  # Likewise.
def framed(http: HttpRequest, mail_id: int) -> HttpResponse:
    """The HTML of one mail. Links in it leave the frame."""
    _only_local()
    return HttpResponse(get_object_or_404(LocalMail, pk=mail_id).html + '<base target="_top">')


app_name = "mailbox"
urlpatterns = [
    path("", inbox, name="list"),
    path("<int:mail_id>/", mail, name="mail"),
    path("<int:mail_id>/html/", framed, name="framed"),
]
