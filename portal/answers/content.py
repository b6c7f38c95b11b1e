"""What the letter says, section by section, as plain blocks of text in the active language."""

from collections import Counter
from collections.abc import Callable, Collection
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from matching import erase, reviews
from matching.models import ErasureAction, Face, Photo, PhotoStatus
from portal.answers import kept, searched
from portal.answers.blocks import Block, heading, labelled, paragraph
from portal.answers.facts import decisions_of, photos_of, recipients_of
from portal.answers.remedies import of_request as remedies_of
from portal.answers.scope import by_photo, withheld_photos
from portal.models import ControllerProfile, ControllerText
from portal.wording import cited
from rights import queries
from rights.law.grounds import GROUNDS
from rights.law.lifecycle import ClaimOutcome
from rights.models import Right, RightsRequest


def blocks(request: RightsRequest) -> list[Block]:
    """The whole letter, in the order of article 15."""
    profile = ControllerProfile.load()
    text = ControllerText.objects.filter(profile_id=profile.pk, language=request.language).first() or ControllerText()
    access = queries.claim(request, Right.ACCESS)
    told = access is None or access.outcome != ClaimOutcome.REFUSED
    return [
        *_opening(request),
        *(_confirmation(request) if told else []),
        *(map(paragraph, kept.paragraphs(request)) if told else []),
        *_decisions(request),
        *(_pictures(request) if told else []),
        *(searched.section(request) if told else []),
        *(_article_15(request, profile, text) if told else []),
        *_remedies(request),
        *_contacts(profile),
    ]


def _opening(request: RightsRequest) -> list[Block]:
    received = date_format(timezone.localtime(request.received_at), "DATE_FORMAT")
    opening = _("We received your request on %(received)s. This is our answer to it, free of charge.")
    law = _("The law that governs it: %(law)s.") % {"law": _(queries.law_of(request).title)}
    result = [paragraph(f"{opening % {'received': received}} {law}")]
    requester = getattr(request, "requester", None)
    if requester and requester.on_behalf and requester.person_name:
        behalf = _("You wrote on behalf of %(person)s. In this letter, “you” means %(person)s.")
        result.append(paragraph(behalf % {"person": requester.person_name}))
    return result


def _confirmation(request: RightsRequest) -> list[Block]:
    found = photos_of(request)
    photos = found.exclude(status=PhotoStatus.TEMPLATE).count()
    bare = found.filter(status=PhotoStatus.TEMPLATE).count()
    if not photos and not bare:
        return [
            paragraph(_("No: we hold no picture of you. We searched everything we hold and found you in none of it."))
        ]
    answer = ngettext(
        "Yes: we hold data about you. We found you in %(n)d picture, and hold a template of your face for each "
        "time you appear in it.",
        "Yes: we hold data about you. We found you in %(n)d pictures, and hold a template of your face for each "
        "time you appear in them.",
        photos,
    ) % {"n": photos}
    templates = ngettext(
        "We hold data about you of %(n)d picture that is not in our collections: a template of your face, and what is "
        "stored with it.",
        "We hold data about you of %(n)d pictures that are not in our collections: templates of your face, and what is "
        "stored with them.",
        bare,
    ) % {"n": bare}
    return [paragraph(text) for text, count in ((answer, photos), (templates, bare)) if count]


OUTCOMES = {
    ("access", "granted"): gettext_noop("Access: granted. The copy is in this archive."),
    ("access", "partial"): gettext_noop("Access: granted, but the copy of some pictures is withheld."),
    ("access", "refused"): gettext_noop("Access: refused."),
    ("access", "nothing_held"): gettext_noop("Access: nothing is held."),
    ("erasure", "granted"): gettext_noop(
        "Erasure: granted. It is carried out once you have this copy, and you will receive the proof of it."
    ),
    ("erasure", "partial"): gettext_noop("Erasure: granted, except for some pictures."),
    ("erasure", "refused"): gettext_noop("Erasure: refused."),
    ("erasure", "nothing_held"): gettext_noop("Erasure: there is nothing to erase."),
}


def _decisions(request: RightsRequest) -> list[Block]:
    result = [heading(_("What we decided"))]
    for decision in decisions_of(request):
        words = OUTCOMES.get((decision["right"], decision["outcome"]))
        if words is None:
            continue
        result.append(paragraph(_(words)))
        if decision["ground"]:
            ground = GROUNDS[decision["ground"]]
            result.append(paragraph(f"{_(ground.letter_text)} ({cited(ground.citation)})"))
            result.append(labelled(_("Our reasons:"), decision["reasons"]))
    return result


def _pictures(request: RightsRequest) -> list[Block]:
    photos = list(photos_of(request))
    if not photos:
        return []
    withheld = set(withheld_photos(request, Right.ACCESS))
    own = by_photo(reviews.accepted_faces(request.pk))
    fates = _fates(request)
    rows = []
    for number, photo in enumerate(photos, start=1):
        mine = own[photo.pk]
        row = [
            f"{number:03d}" + _no_copy(photo, withheld),
            date_format(timezone.localtime(photo.taken_at), "SHORT_DATE_FORMAT") if photo.taken_at else "–",
            "\n".join(filter(None, [photo.source.name, photo.source_url])),
            str(max(Counter(face.engine for face in mine).values())),
            str(_others(photo, mine)),
        ]
        rows.append(row + ([fates(photo, mine)] if fates else []))
    header = [_("No."), _("Taken"), _("Source"), _("Your face"), _("Other faces")]
    return [
        heading(_("The pictures")),
        paragraph(
            _(
                "The numbers are those of the files in the folder “pictures”. Faces of other people are obscured in "
                "the copies. The file data.json holds everything we have stored about each picture: "
                "all metadata, where your face lies in it, and the template itself, which is a list of numbers."
            )
        ),
        {"kind": "table", "header": header + ([_("Erasure")] if fates else []), "rows": rows, "wide": 2},
    ]


def _others(photo: Photo, own: Collection[Face]) -> int:
    """Other people's faces. Several engines may each have a template of one face: the one that found most counts."""
    others = Counter(photo.faces.exclude(pk__in=[face.pk for face in own]).values_list("engine", flat=True))
    return max(others.values(), default=0)


def _no_copy(photo: Photo, withheld: Collection[int]) -> str:
    """Why a picture of the table has no copy, on a line of its own."""
    if not photo.is_held:
        return "\n" + _("template only")
    return "\n" + _("no copy") if photo.pk in withheld else ""


def _fates(request: RightsRequest) -> Callable[[Photo, Collection[Face]], str] | None:
    """What the erasure does to a picture, in words; None where no erasure was granted."""
    claim = queries.claim(request, Right.ERASURE)
    if claim is None or claim.outcome not in (ClaimOutcome.GRANTED, ClaimOutcome.PARTIAL):
        return None
    kept = set(withheld_photos(request, Right.ERASURE))
    done = {
        ErasureAction.DELETE: _("deleted"),
        ErasureAction.REDACT: _("you are obscured"),
        ErasureAction.TEMPLATE: _("template deleted"),
    }
    return lambda photo, own: _("kept") if photo.pk in kept else done[erase.action_for(photo, own)]


LABELS = {
    "purposes": (gettext_noop("Purposes, 15(1)(a)"), gettext_noop("Purposes")),
    "categories": (gettext_noop("Categories of data, 15(1)(b)"), gettext_noop("Categories of data")),
    "recipients": (gettext_noop("Recipients, 15(1)(c)"), gettext_noop("Recipients")),
    "storage": (gettext_noop("How long we store it, 15(1)(d)"), gettext_noop("How long we store it")),
    "rights": (gettext_noop("Your rights, 15(1)(e)"), gettext_noop("Your rights")),
    "origin": (gettext_noop("Where it comes from, 15(1)(g)"), gettext_noop("Where it comes from")),
    "automated": (gettext_noop("Automated decisions, 15(1)(h)"), gettext_noop("Automated decisions")),
    "safeguards": (gettext_noop("Transfers outside the Union, 15(2)"), gettext_noop("Transfers to other countries")),
}
"""Headings of what article 15 asks for: with its letters where it is the law, and without them elsewhere."""


def _article_15(request: RightsRequest, profile: ControllerProfile, text: ControllerText) -> list[Block]:
    european = request.regime == "gdpr"

    def said(key: str) -> str:
        return _(LABELS[key][0 if european else 1])

    automated = (
        text.automated if profile.automated_decisions else _("No decision about you is taken by a machine alone.")
    )
    safeguards = (
        text.safeguards if profile.transfers_outside_union else _("Your data is not transferred outside the Union.")
    )
    rights = (
        _(
            "You have the right to have data about you rectified (article 16) or erased (article 17), to have its "
            "processing restricted (article 18), and to object to it (article 21). You can use each of them on our "
            "portal or in any other way, at any time and as often as you like."
        )
        if european
        else _(
            "You can ask us at any time, and as often as you like, to correct or erase what we hold of you: on our "
            "portal or in any other way."
        )
    )
    return [
        heading(_("What the law obliges us to tell you")),
        labelled(said("purposes"), text.purposes),
        labelled(said("categories"), text.categories),
        *_named(request, said("recipients")),
        labelled(said("storage"), text.storage),
        labelled(said("rights"), rights),
        labelled(said("origin"), text.origin),
        labelled(said("automated"), automated),
        labelled(said("safeguards"), safeguards),
    ]


def _named(request: RightsRequest, heading: str) -> list[Block]:
    """Those to whom pictures were disclosed, by name (C-154/21)."""
    recipients = list(recipients_of(request))
    if recipients:
        return [
            labelled(heading, _("Pictures of the collections in which you were found were disclosed to:")),
            {"kind": "list", "items": [_recipient(item) for item in recipients]},
        ]
    return [labelled(heading, _("Pictures of you were disclosed to nobody."))]


def _recipient(recipient: Any) -> str:
    since = date_format(recipient.since, "DATE_FORMAT") if recipient.since else ""
    name = f"{recipient.name} ({recipient.country}), {recipient.get_role_display()}"
    return _("%(name)s, since %(since)s") % {"name": name, "since": since} if since else name


def _remedies(request: RightsRequest) -> list[Block]:
    remedies = remedies_of(request)
    authority = [remedies.authority_name, remedies.authority_address, remedies.authority_url]
    return [
        heading(_("If you do not agree")),
        labelled(_("You can complain to the supervisory authority, free of charge:"), *authority),
        labelled(_("You can also go to court:"), remedies.court),
    ]


def _contacts(profile: ControllerProfile) -> list[Block]:
    result = [
        heading(_("Whom to turn to")),
        labelled(_("Controller"), profile.name, profile.postal_address, profile.email),
        labelled(_("Data protection officer"), profile.dpo_contact),
    ]
    if profile.representative_contact:
        result.append(labelled(_("Representative in the Union"), profile.representative_contact))
    return result
