"""What the journal tells, in words. Its entries name deeds by codes, which never change; these sentences may."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import User
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.attempts import Attempt
from portal.desk.bulk import name_of
from portal.words import ASKED_FOR, LOOKS, STATE_NAMES
from rights import journal
from rights.law.lifecycle import RequestState
from rights.law.regime import Stop
from rights.models import JournalEntry, Right

DEEDS: Final[Mapping[str, Promise]] = {
    "account_added": _("account added"),
    "account_changed": _("account changed"),
    "address_changed": _("e-mail address changed"),
    "address_destroyed": _("e-mail address destroyed"),
    "address_proposed": _("another e-mail address given"),
    "answer_delivered": _("answer fetched"),
    "answer_offered": _("answer offered"),
    "answer_picture_shown": _("picture of the answer looked at"),
    "answer_renewed": _("answer made available again"),
    "assigned": _("assigned"),
    "check_digits": _("check digits of the document noted"),
    "concerned:agreed": _("the person concerned agreed"),
    "concerned:disowned": _("the person concerned did not ask for this"),
    "contact_corrected": _("contact details corrected"),
    "continued": _("further request made from this one"),
    "copy_waived": _("erasure wanted without the copy"),
    "decided": _("decided"),
    "decision_void": _("decision void"),
    "destroyed_on_date": _("destroyed on its date"),
    "document_asked": _("identity document asked for"),
    "document_compared": _("identity document compared"),
    "document_destroyed_unused": _("identity document destroyed unused"),
    "document_not_asked": _("identity document not asked for"),
    "document_received": _("identity document received"),
    "doubt_recorded": _("doubt about identity recorded"),
    "doubt_withdrawn": _("doubt withdrawn"),
    "due_moved": _("due date moved"),
    "erasure_chosen": _("pictures to erase chosen"),
    "erasure_not_proven": _("erasure not proven"),
    "erasure_replayed": _("erasure carried out again after a restore"),
    "erasure_verified": _("erasure verified"),
    "erasures_replayed": _("erasures carried out again after a restore"),
    "escalated": _("data protection officer told"),
    "evidence_destroyed": _("evidence destroyed"),
    "evidence_exported": _("evidence exported"),
    "evidence_kept": _("evidence kept longer"),
    "extended": _("time extended"),
    "faces_marked": _("faces marked by hand"),
    "factor_added": _("second factor added"),
    "factor_removed": _("second factor removed"),
    "factor_reset": _("second factor reset"),
    "frames_destroyed": _("frames of the live check destroyed"),
    "further_probe": _("searched with a picture found"),
    "held_decided": _("held photos decided on"),
    "held_erased": _("held photos erased"),
    "held_judged": _("held photo judged"),
    "identity_card_checked": _("identity document checked and destroyed"),
    "kept_from_child": _("kept from the child"),
    "known:agent": _("noted how we know who acts"),
    "known:person": _("noted how we know the person concerned"),
    "known:mandate": _("noted how we know that they may act"),
    "link_made": _("link to set a password made"),
    "live_checked": _("live check looked at by the program"),
    "live_drawn": _("poses drawn for the live check"),
    "live_instead": _("another way than the live check chosen"),
    "live_received": _("frames of the live check received"),
    "lock_lifted": _("lock lifted"),
    "mandate_received": _("mandate received"),
    "message_received": _("message received"),
    "message_written": _("message written"),
    "no_face_there": _("noted that there is no face"),
    "not_me": _("the person says: this is not me"),
    "not_me_settled": _("“this is not me” looked at again"),
    "notice_again": _("notice sent again"),
    "notice_came_back": _("notice came back"),
    "password_changed": _("password changed"),
    "password_set": _("password set"),
    "posted": _("letter posted"),
    "probe_received": _("photograph received"),
    "probe_unusable": _("photograph not usable"),
    "proposal_dropped": _("proposal dropped"),
    "proposed": _("decision proposed"),
    "received": _("request received"),
    "received_again": _("received another time"),
    "recovery_codes_made": _("recovery codes made"),
    "reminded": _("staff reminded"),
    "reviewed_hit": _("hit reviewed"),
    "role_missing": _("page refused: a role was missing"),
    "search_incomplete": _("search incomplete"),
    "second_person_needed": _("a second person must sign"),
    "sessions_ended": _("sessions ended"),
    "sign_in_locked": _("sign-in locked"),
    "signed_in": _("signed in"),
    "template_consent": _("consent to keep a template"),
    "template_destroyed": _("template destroyed"),
    "template_kept": _("template kept with consent"),
    "unassigned": _("assigned to nobody"),
    "unconfirmed_photo_destroyed": _("unconfirmed photograph destroyed"),
    "verdict_withdrawn": _("verdict taken back"),
    f"refused:{Attempt.PAGE}": _("refused: the page without being signed in"),
    f"refused:{Attempt.DOWNLOAD}": _("refused: the answer without a fresh code"),
    f"refused:{Attempt.CONTACT}": _("refused: another address without a fresh code"),
    f"refused:{Attempt.CODE_WRONG}": _("refused: a wrong code"),
    f"refused:{Attempt.CODE_EXPIRED}": _("refused: a code whose time is over"),
    f"refused:{Attempt.CODE_LOCKED}": _("refused: a code while none is taken"),
    f"refused:{Attempt.LINK}": _("refused: a link that was not made here"),
    f"refused:{Attempt.TOKEN}": _("refused: a token of the API"),
    f"refused:{Attempt.CROSS_SITE}": _("refused: a form that another site sent"),
}
STAFF: Final = re.compile("staff:([0-9]{1,9})")
MODELS: Final[Mapping[str, Promise]] = {
    "controllerprofile": _("controller profile"),
    "recipient": _("recipient"),
    "source": _("source"),
}


def words_of(event: str) -> str:
    """What a deed is called in the reader's language; the code itself of one that no release makes any more."""
    if event in DEEDS:
        return str(DEEDS[event])
    kind, _colon, what = event.partition(":")
    right = Right(kind).label if kind in Right else None
    model, _bar, how = event.rpartition("_")
    if event.startswith("viewed_") and event.removeprefix("viewed_") in LOOKS:
        return gettext("looked at: %(what)s") % {"what": LOOKS[event.removeprefix("viewed_")]}
    if kind == "state" and what in STATE_NAMES:
        return gettext("state: %(what)s") % {"what": STATE_NAMES[RequestState(what)]}
    if kind == "asked" and what in ASKED_FOR:
        return gettext("asked: %(what)s") % {"what": ASKED_FOR[Stop(what)]}
    if kind == "answered" and what in ASKED_FOR:
        return gettext("answered: %(what)s") % {"what": ASKED_FOR[Stop(what)]}
    if right and what == "carried_out":
        return gettext("carried out: %(what)s") % {"what": right}
    if model in MODELS and how in ("added", "changed"):
        said = gettext("added: %(what)s") if how == "added" else gettext("changed: %(what)s")
        return said % {"what": MODELS[model]}
    return event


def actor_names(actors: Iterable[str]) -> dict[str, str]:
    """Names for who did something: of members of staff as lists show them to one another. Of no other actor."""
    found = {journal.CITIZEN: gettext("the person"), journal.SYSTEM: "Regard", journal.UNKNOWN: gettext("somebody")}
    keys = [int(named[1]) for named in map(STAFF.fullmatch, actors) if named]
    return found | {journal.staff(user.pk): name_of(user) for user in User.objects.filter(pk__in=keys)}


class Told(NamedTuple):
    """An entry of the journal as it is shown."""

    at: datetime
    what: str
    who: str


def told(entries: Iterable[JournalEntry]) -> list[Told]:
    """Entries with their deeds in words and names for who did them, which are looked up once."""
    shown = list(entries)
    names = actor_names({entry.actor for entry in shown})
    return [Told(entry.at, _in_words(entry), names.get(entry.actor, entry.actor)) for entry in shown]


def _in_words(entry: JournalEntry) -> str:
    words, at_page = words_of(entry.event), entry.detail.get("page")
    return f"{words} ({at_page})" if entry.event == "role_missing" and at_page else words


class EventFilter(admin.AllValuesFieldListFilter):
    """The deeds that there are, in words."""

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        for choice in super().choices(changelist):
            yield {**choice, "display": words_of(str(choice["display"]))}


class ActorFilter(admin.AllValuesFieldListFilter):
    """Who did something, by name."""

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        choices = list(super().choices(changelist))
        names = actor_names(str(choice["display"]) for choice in choices)
        for choice in choices:
            yield {**choice, "display": names.get(str(choice["display"]), choice["display"])}
