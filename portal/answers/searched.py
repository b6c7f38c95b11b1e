"""The section of the letter that says how it is known that the pictures are all."""

from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, localize
from django.utils.translation import gettext as _

from matching import reviews
from matching.metrics import Metric
from portal.answers.blocks import Block, heading, paragraph
from portal.answers.coverage import looked_for, other_files
from portal.words import grouped, searched_with
from rights.models import RightsRequest


def section(request: RightsRequest) -> list[Block]:
    """What was searched, with what, and what could not be."""
    search = reviews.latest_search(request.pk)
    if search is None:
        return []
    c = search.certificate
    swept = date_format(timezone.localtime(search.finished_at), "DATETIME_FORMAT")
    rows = [
        [_("Collections searched"), ", ".join(f"{item['name']} ({grouped(item['photos'])})" for item in c["sources"])],
        [_("Photos held"), grouped(c["photos_held"])],
        [_("Faces held"), grouped(c["faces_held"])],
        [_("Faces compared with yours"), grouped(c["faces_scanned"])],
        [_("Photos that could not be read"), grouped(c["photos_unreadable"])],
        [_("Photos in which no face was found"), grouped(c["photos_without_face"])],
        *other_files(c),
        *looked_for(c),
        *([[_("Searched with"), searched_with(c)]] if "probes" in c else []),  # Older certificates do not say.
        [_("Compared on"), swept],
        [_("Engine"), c["engine"]],
        [_("Index"), c["index_version"]],
        [
            _("Taken for a match / for possible up to a distance of"),
            f"{localize(c['bands']['match'])} / {localize(c['bands']['possible'])}",
        ],
        *_measured(c["bands"]),
        *_spaces(c),
    ]
    complete = _(
        "The search was complete: every face we hold was compared with your photograph, whatever its date and "
        "wherever it came from. Nothing was decided by the machine alone: members of our staff looked at every hit."
    )
    limits = _(
        "A face that the engine did not find in a picture could not be compared. The numbers below say in how many "
        "pictures that was so. If you know of a picture that is missing, send us its address or the file."
    )
    return [
        heading(_("How we know that these are all")),
        paragraph(complete),
        paragraph(limits),
        {"kind": "facts", "rows": rows},
    ]


def _measured(bands: dict[str, Any]) -> list[list[str]]:
    """How often those distances were wrong, as counted on people who exist. Older certificates do not say."""
    counts = (
        (_("Different people taken for one, for a match / for possible"), "false_match"),
        (_("Pictures of one person not recognised, for a match / for possible"), "false_non_match"),
    )
    return [
        [label, " / ".join(_of(measured[band][error]) for band in ("match", "possible"))]
        for measured in bands.get("measured", ())
        if not measured["synthetic"]
        for label, error in counts
    ]


def _spaces(certificate: dict[str, Any]) -> list[list[str]]:
    """What was compared of templates that other engines made. Older certificates know of none."""
    compared = _("%(scanned)s of %(held)s compared; %(metric)s, match from or to %(match)s, possible %(possible)s")
    rows = [
        [
            _("Templates of %(engine)s") % {"engine": space["engine"]},
            compared
            % {
                "scanned": grouped(space["faces_scanned"]),
                "held": grouped(space["faces_held"]),
                "metric": Metric(space["metric"]).label,
                "match": localize(space["bands"]["match"]),
                "possible": localize(space["bands"]["possible"]),
            },
        ]
        for space in certificate.get("spaces", ())
    ]
    bare = certificate.get("templates_without_picture")
    return rows + ([[_("Pictures of which only templates are held"), grouped(bare)]] if bare else [])


def _of(share: dict[str, Any]) -> str:
    return _("%(errors)s of %(pairs)s pairs measured") % {
        "errors": grouped(share["errors"]),
        "pairs": grouped(share["pairs"]),
    }
