"""The story of a request in plain words: the timeline, and what happens next."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.models import Representation
from rights import queries
from rights.law.lifecycle import ClaimOutcome, RequestState
from rights.models import RightsRequest

S = RequestState
REFUSING = (ClaimOutcome.REFUSED, ClaimOutcome.PARTIAL)

TITLES: Final[dict[RequestState, Promise]] = {
    S.RECEIVED: _("Received"),
    S.CONFIRMED: _("Confirmed"),
    S.SEARCHED: _("Searched"),
    S.REVIEWED: _("Reviewed"),
    S.DECIDED: _("Decided"),
    S.CARRIED_OUT: _("Carried out"),
}
EXPLAINED: Final[dict[RequestState, Promise]] = {
    S.RECEIVED: _("Your request is on record and the legal time runs."),
    S.CONFIRMED: _("You confirm with a code that the e-mail address is yours."),
    S.SEARCHED: _("Every face we hold is compared with your photograph."),
    S.REVIEWED: _("A person looks at every picture the search found."),
    S.DECIDED: _("Each thing you asked for is decided, with reasons."),
    S.CARRIED_OUT: _("You have your answer, and what was to be erased is erased."),
}
NEXT: Final[dict[RequestState, Promise]] = {
    S.RECEIVED: _("As soon as you have typed the code from our mail, the search begins."),
    S.CONFIRMED: _("Your photograph is being compared with every face we hold. You need not keep this page open."),
    S.SEARCHED: _("The search is done. People look at what it found, if anything, and decide; no machine does."),
    S.DECIDED: _("It is decided, and is being carried out. We write to you when it is done."),
    S.CARRIED_OUT: _("Your request is answered and carried out. There is nothing more you need to do."),
    S.CLOSED: _("This request is closed. Your photograph and your answer were destroyed; only this record remains."),
    S.WITHDRAWN: _("You withdrew this request. Your photograph was destroyed; only this record remains."),
}
DISOWNED: Final = _("This request was closed. The photograph was destroyed; only this record remains.")
"""Where the person concerned said no: a parent is not told who did."""
WANTS_PHOTO: Final = _("The search begins as soon as we have a photograph we can search with. See above.")
WAITS_FOR_COPY: Final = _(
    "Your answer is ready. The erasure begins once you have downloaded it, so that you do not lose your copy. "
    "If you do not fetch it, the erasure begins on the legal date at the latest."
)

HELD_UP: Final = _(
    "A part of what we hold could not be searched at the moment. The search waits for it, because it leaves nothing "
    "out, and goes on by itself."
)
REFUSED: Final = _("Your request is answered. What we refused is below, with the reasons and with what you can do.")
WAITS_FOR_REPLY: Final = _("We have asked you something, and go on as soon as we have your answer. See above.")
WAITS_FOR_A_LOOK: Final = _(
    "You said that a picture in your answer does not show you. Nothing is erased until somebody has looked at it again."
)


@dataclass(frozen=True)
class Step:
    """One step of the timeline. `mark` is done, now or later."""

    title: Promise
    words: Promise
    at: datetime | None
    mark: str


def shown_state(case: RightsRequest) -> RequestState:
    """The state that outsiders see.

    A review of nothing is over at once: who saw it end would know whether the face that they sent was found, before
    anybody has asked who they are.
    """
    return S.SEARCHED if case.state == S.REVIEWED else S(case.state)


def timeline(case: RightsRequest) -> list[Step]:
    """The six steps, those reached with their moment; of an ended request only those it reached."""
    reached = {milestone.state: milestone.at for milestone in queries.milestones(case)}
    reached.pop(S.REVIEWED, None)
    if S.DECIDED in reached:
        reached[S.REVIEWED] = reached[S.DECIDED]
    steps = []
    current_given = case.state in (S.CLOSED, S.WITHDRAWN)
    for state, title in TITLES.items():
        at = reached.get(state)
        if at is None and case.state == S.WITHDRAWN:
            continue
        mark = "done" if at else "later"
        if at is None and not current_given:
            mark, current_given = "now", True
        steps.append(Step(title=title, words=EXPLAINED[state], at=at, mark=mark))
    if case.state == S.WITHDRAWN:
        title, words = _("Withdrawn"), _("You took the request back.")
        if was_disowned(case):
            title, words = _("Closed"), DISOWNED
        steps.append(Step(title=title, words=words, at=case.ended_at, mark="done"))
    return steps


def was_disowned(case: RightsRequest) -> bool:
    """Whether the person concerned ended what somebody asked for them."""
    return Representation.objects.filter(request=case, answer="no").exists()


def next_words(
    case: RightsRequest,
    *,
    wants_photo: bool,
    waits_for_copy: bool,
    waits_for_look: bool,
    waits_for_reply: bool,
    held_up: bool,
) -> Promise:
    """What happens next, in one or two sentences."""
    if case.state == S.DECIDED and waits_for_look:
        return WAITS_FOR_A_LOOK
    if waits_for_copy:
        return WAITS_FOR_COPY
    if wants_photo and case.state == S.CONFIRMED:
        return WANTS_PHOTO
    if held_up and case.state == S.CONFIRMED:
        return HELD_UP
    if case.state == S.CARRIED_OUT and case.claims.filter(outcome__in=REFUSING).exists():
        return REFUSED
    if waits_for_reply and case.state in (S.SEARCHED, S.REVIEWED):
        return WAITS_FOR_REPLY
    if case.state == S.WITHDRAWN and was_disowned(case):
        return DISOWNED
    return NEXT[shown_state(case)]
