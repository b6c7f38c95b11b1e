"""Notices to the person concerned, beside those to whoever acts for them."""

from typing import Final

from portal.models import Audience, Event, Notice, NoticeState, Representation
from rights.models import RightsRequest

TOLD_TO_BOTH: Final = (
    Event.ANSWER_READY,
    Event.ERASED,
    Event.REFUSED,
    Event.WITHDRAWN,
    Event.EXTENDED,
    Event.ASKED,
    Event.CLOCK_RUNS,
    Event.DOCUMENT_ASKED,
    Event.DOCUMENT_DONE,
    Event.DOCUMENT_MOOT,
)
"""What happens to a request. Codes, and how to send a better photograph, go to who acts alone."""


def copy_of(notice: Notice) -> Notice | None:
    """The row of the same event for the person concerned; None where nobody acts for another, or they are not told.

    Nobody is told before they are known: the address was typed by somebody else. Who said yes from it gets mails; who
    staff reached otherwise gets letters.
    """
    if notice.audience != Audience.REQUESTER or notice.event not in TOLD_TO_BOTH:
        return None
    found = Representation.objects.filter(request=notice.request_id).exclude(answer="no").first()
    if found is None or found.endangers or not (found.answer == "yes" or found.person_basis):
        return None
    copy, created = Notice.objects.get_or_create(
        request_id=notice.request_id,
        event=notice.event,
        key=f"{notice.key[:54]}:concerned",
        defaults={
            "audience": Audience.CONCERNED,
            "language": notice.language,
            "state": NoticeState.WAITING if found.answer == "yes" else NoticeState.BY_POST,
            "not_before": notice.not_before,
        },
    )
    return copy if created and copy.state == NoticeState.WAITING else None


def keep_from(request: RightsRequest) -> None:
    """Drop what was still to be sent to the person concerned; what waits as a mail is dropped as it is delivered."""
    request.notices.filter(audience=Audience.CONCERNED, state=NoticeState.BY_POST).delete()


def is_kept_from(notice: Notice) -> bool:
    """Whether a notice to the person concerned must not go any more."""
    if notice.audience != Audience.CONCERNED:
        return False
    return not Representation.objects.filter(request=notice.request_id, endangers=False).exclude(answer="no").exists()
