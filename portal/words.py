"""Words that lists, templates, letters and mails share."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from rights.law.lifecycle import RequestState
from rights.law.regime import Stop

SOON_DAYS = 7
"""From here on the queue shows a request as urgent. A matter of display, not of law."""

STATE_NAMES = {
    RequestState.RECEIVED: _("received"),
    RequestState.CONFIRMED: _("confirmed"),
    RequestState.SEARCHED: _("searched"),
    RequestState.REVIEWED: _("reviewed"),
    RequestState.DECIDED: _("decided"),
    RequestState.CARRIED_OUT: _("carried out"),
    RequestState.CLOSED: _("closed"),
    RequestState.WITHDRAWN: _("withdrawn"),
}

ASKED_FOR = {
    Stop.IDENTITY: _("who the person is"),
    Stop.CLARIFICATION: _("what the person means"),
    Stop.FEE: _("a fee"),
}

JOB_PROBLEMS = {
    "SearchIncomplete": _("everything held to be searched"),
    "SourceUnreachable": _("a source that does not answer"),
    "IndexUnreachable": _("the server that holds the index of faces"),
    "SourceReadOnly": _("others: a picture to be deleted where it is kept"),
}
"""What a job waits for, by the class that stopped it, where that is no failure."""


def state_name(state: str) -> str:
    """The state in the reader's language."""
    return str(STATE_NAMES[RequestState(state)])


def grouped(count: int) -> str:
    """A number with its digits grouped as the reader's language does."""
    return number_format(count, force_grouping=True)


def searched_with(certificate: Mapping[str, Any]) -> str:
    """What a search was made with, as its certificate tells: how many probes, and of what kind."""
    supplied, further = (certificate["probes"][kind] for kind in ("supplied", "further"))
    words = [ngettext("%(n)d photograph supplied", "%(n)d photographs supplied", supplied) % {"n": supplied}]
    if further:
        found = ngettext("%(n)d picture found and confirmed", "%(n)d pictures found and confirmed", further)
        words.append(found % {"n": further})
    return ", ".join(words)


LOOKS: Final[dict[str, Promise]] = {
    "request": _("the page of the request"),
    "probe": _("the photograph that the requester supplied"),
    "picture": _("a picture held"),
    "around": _("figures of the faces around a hit"),
    "reply": _("what the person wrote"),
    "messages": _("the messages of the request"),
    "enclosure": _("a picture sent with a message"),
    "letter": _("a notice to be posted"),
    "archive": _("the archive, to hand it over"),
    "frame": _("frame of a live photo check"),
    "document": _("picture of an identity document"),
    "mandate": _("picture of a mandate or of a proof of guardianship"),
}
"""What staff look at. The journal has each kind as `viewed_` and its name."""
