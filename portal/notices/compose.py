"""A notice as a mail: text and HTML from one template, in the person's language.

The text template is the one source. Its paragraphs become HTML; a line `>> Label | address` becomes a button, a
line `## digits` the large code, and `- ` lines a list. Django's escaping applies once, on the way to HTML.
"""

from datetime import date, datetime
from email.utils import formataddr, parseaddr
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext

from portal import laws, staff, vault
from portal.answers.facts import missing_remedies
from portal.answers.remedies import of_request as remedies_of
from portal.answers.scope import spared_photos, withheld_photos
from portal.identity import links
from portal.models import Audience, ControllerProfile, ControllerText, Event, EvidenceKind, Notice, Role
from portal.notices import blocks
from portal.wording import cited, sentence
from portal.words import state_name
from rights import queries
from rights.law.grounds import GROUNDS
from rights.models import Right


class Incomplete(Exception):  # noqa: N818 - what the mail is
    """The controller's profile lacks what this mail is obliged to say, or whom to tell; it waits for that."""


def message_id(notice: Notice) -> str:
    """The Message-ID: the row's own number, so that a mail tried again is the same mail. Only who got it knows it."""
    return f"<{notice.pk.hex}@{urlsplit(settings.PUBLIC_URL).hostname}>"


def compose(notice: Notice) -> EmailMultiAlternatives:
    """The mail of a notice. Its subject names the matter and nothing of the person."""
    with translation.override(notice.language):
        facts = _facts(notice)
        text = blocks.tidy(render_to_string(f"notices/{_template(notice)}.txt", facts))
        subject, _newline, body = text.partition("\n")
        html = render_to_string(
            "notices/layout.html",
            {"blocks": blocks.blocks(body), "subject": subject, "language": notice.language, **facts},
        )
    message = EmailMultiAlternatives(
        subject=subject.strip(),
        body="\n\n".join(filter(None, [blocks.plain(body).strip(), facts["controller"].name])) + "\n",
        from_email=_sender(facts["controller"]),
        to=_addresses(notice),
        headers=_headers(notice),
    )
    message.attach_alternative(html, "text/html")
    return message


def _template(notice: Notice) -> str:
    """The person concerned is told in plain words, whatever happened; whoever acts for them has the details."""
    told = notice.audience == Audience.CONCERNED and notice.event != Event.REPRESENTED
    return "concerned" if told else notice.event


def _addresses(notice: Notice) -> list[str]:
    """To whom it goes. Raises: Incomplete, where nobody is to be found: the notice waits until somebody is."""
    match notice.audience:
        case Audience.STAFF:
            found = sorted(user.email for user in staff.at_the_desk() if user.email)
            missing = "No member of staff has an e-mail address: enter one."
        case Audience.DPO:
            controller = ControllerProfile.load()
            found = [address for address in (controller.dpo_email or controller.email,) if address]
            missing = "The controller's profile names no e-mail address of a data protection officer."
        case Audience.RECIPIENT if notice.recipient:
            found, missing = [notice.recipient.email], ""
        case Audience.NEW_ADDRESS | Audience.OLD_ADDRESS:
            change = notice.request.address_changes.get(pk=notice.key)
            found, missing = [vault.unseal(notice.request, bytes(change.sealed)).decode()], ""
        case Audience.CONCERNED:
            found, missing = [notice.request.representation.person_email], ""
        case _requester:
            found, missing = [notice.request.requester.email], ""
    if not found:
        raise Incomplete(missing)
    return found


def _sender(controller: ControllerProfile) -> str:
    _name, address = parseaddr(settings.MAIL_FROM)
    return formataddr((controller.name, address)) if controller.name else settings.MAIL_FROM


def _headers(notice: Notice) -> dict[str, str]:
    headers = {
        "Message-ID": message_id(notice),
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",  # What Exchange heeds instead.
    }
    first = _first_of_thread(notice)
    if first is not None:
        headers |= {"In-Reply-To": message_id(first), "References": message_id(first)}
    if settings.REPLY_TO and notice.audience == Audience.REQUESTER:
        headers["Reply-To"] = settings.REPLY_TO
    return headers


def _first_of_thread(notice: Notice) -> Notice | None:
    """The mail that this one hangs on: the first of the request to the same readers; None if it is that one."""
    same = notice.request.notices.filter(audience=notice.audience, recipient=notice.recipient_id)
    begin = Event.ACKNOWLEDGED if notice.audience == Audience.REQUESTER else None
    first = (same.filter(event=begin) if begin else same).order_by("created_at", "pk").first()
    return first if first != notice else None


def _facts(notice: Notice) -> dict[str, Any]:
    request = notice.request
    controller = ControllerProfile.load()
    facts: dict[str, Any] = {
        "case": request,
        "controller": controller,
        "texts": ControllerText.objects.filter(profile_id=controller.pk, language=notice.language).first(),
        "status_url": links.status_url(request),
        "link_days": links.LASTS.days,
        "rights": [claim.right for claim in request.claims.order_by("right")],
        **{name: _read(value) for name, value in notice.context.items()},
    }
    if notice.audience == Audience.CONCERNED:
        return facts | {"concerned_url": links.concerned_url(request), "event": notice.event}
    if notice.code is not None:
        from portal.identity.email_code import digits  # that module posts notices

        facts["digits"] = digits(notice.code)
    more = _FACTS_OF.get(Event(notice.event))
    return facts | more(notice) if more else facts


def _read(value: object) -> object:
    """A moment written into the context as ISO 8601, as a moment in local time."""
    if isinstance(value, str) and len(value) > 18 and value[4] == "-":
        try:
            return timezone.localtime(datetime.fromisoformat(value))
        except ValueError:
            return value
    return value


def _acknowledgement(notice: Notice) -> dict[str, Any]:
    photo = notice.request.evidence.filter(kind=EvidenceKind.PROBE)
    return {"photo_missing": not photo.exists(), "law": laws.of_request(notice.request)}


def _answer(notice: Notice) -> dict[str, Any]:
    request = notice.request
    follows = request.claims.filter(right=Right.ERASURE, outcome__in=["granted", "partial"], fulfilled_at=None)
    return {
        "until": timezone.localtime(request.answer.expires_at),
        "photos": request.answer.photos,
        "erasure_follows": follows.exists(),
    }


def _erasure(notice: Notice) -> dict[str, Any]:
    spared = set(spared_photos(notice.request))
    return {
        "spared": len(spared),
        "excepted": len(set(withheld_photos(notice.request, Right.ERASURE)) - spared),
    }


def _refusal(notice: Notice) -> dict[str, Any]:
    """Ground, reasons, and what the person can do about it (GDPR 12(4)). Raises: Incomplete."""
    right = notice.context["right"]
    decision = queries.decision(notice.request.claims.get(right=right))
    if decision is None:
        raise ValueError("A refusal is told before it was decided.")
    if missing_remedies(notice.request):
        raise Incomplete("A refusal must name the supervisory authority and the court.")
    ground = GROUNDS[decision.ground]
    return {
        "remedies": remedies_of(notice.request),
        "right": right,
        "partial": decision.outcome == "partial",
        "ground_text": gettext(ground.letter_text),
        "citation": cited(ground.citation),
        "reasons": decision.reasons,
        "withheld": len(decision.withheld),
    }


def _clock_event(notice: Notice) -> dict[str, Any]:
    """What staff wrote, and the dates that follow from it."""
    event = notice.request.clock_events.get(pk=notice.key)
    deadline = queries.deadline(notice.request)
    due = date.fromisoformat(notice.context["due"])
    return {
        "event": event,
        "due": due,
        "late": due < timezone.localdate(notice.created_at),
        "derivation": [sentence(line) for line in deadline.derivation],
        "citation": cited(deadline.citation),
        "remedies": remedies_of(notice.request),
        "by_mail": bool(notice.request.requester.email),
    }


def _reminder(notice: Notice) -> dict[str, Any]:
    """Where the request stands when the mail goes, whatever day it was meant for."""
    request = notice.request
    return {
        "left": queries.days_left(request),
        "state": state_name(request.state),
        "answered": not queries.is_owed(request),
        "desk_url": settings.PUBLIC_URL + reverse("admin:rights_rightsrequest_change", args=[request.pk]),
    }


def _new_address(notice: Notice) -> dict[str, Any]:
    from portal.identity.new_address import digits  # that module posts notices

    return {"digits": digits(notice.request.address_changes.get(pk=notice.key))}


def _disowned(notice: Notice) -> dict[str, Any]:
    """A parent does not read that it was the child who said no: some child would pay for it."""
    return {
        "is_child": notice.request.representation.role == Role.PARENT,
        "was_given": queries.happened(notice.request, "answer_delivered", "erasure:carried_out"),
    }


def _message(_notice: Notice) -> dict[str, Any]:
    return {"by_reply": bool(settings.REPLY_TO)}


def _message_in(notice: Notice) -> dict[str, Any]:
    page = reverse("admin:rights_request_thread", args=[notice.request_id])
    return {"thread_url": settings.PUBLIC_URL + page}


def _document_moot(notice: Notice) -> dict[str, Any]:
    return {"due": date.fromisoformat(notice.context["due"])}


def _consent(notice: Notice) -> dict[str, Any]:
    return {"until": date.fromisoformat(notice.context["until"])}


_FACTS_OF = {
    Event.ACKNOWLEDGED: _acknowledgement,
    Event.EXTENDED: _clock_event,
    Event.ASKED: _clock_event,
    Event.CLOCK_RUNS: _clock_event,
    Event.DOCUMENT_ASKED: _clock_event,
    Event.DUE_SOON: _reminder,
    Event.DUE: _reminder,
    Event.ANSWER_READY: _answer,
    Event.ERASED: _erasure,
    Event.REFUSED: _refusal,
    Event.TEMPLATE_KEPT: _consent,
    Event.DOCUMENT_MOOT: _document_moot,
    Event.DISOWNED: _disowned,
    Event.NEW_ADDRESS: _new_address,
    Event.MESSAGE: _message,
    Event.MESSAGE_IN: _message_in,
}
"""What a mail of this event says beyond its context."""
