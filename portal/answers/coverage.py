"""What a certificate tells of how faces were looked for, as the letter prints it."""

from typing import Any

from django.utils.translation import gettext as _

from matching.engine import Detector
from portal.words import grouped


def other_files(certificate: dict[str, Any]) -> list[list[str]]:
    """A row on the files that were not looked into, if there were any; older certificates do not say."""
    count = certificate.get("files_not_read")
    return [[_("Other files, which are no pictures by their names"), grouped(count)]] if count else []


def looked_for(c: dict[str, Any]) -> list[list[str]]:
    """By whom faces were looked for. Older certificates do not say."""
    if "photos_looked_at" not in c:
        return []
    names = {Detector.DEFAULT: _("usual"), Detector.THOROUGH: _("thorough")}
    detectors = [
        f"{source['name']}: "
        + (
            ", ".join(f"{names[Detector(key)]} ({grouped(photos)})" for key, photos in source["detectors"].items())
            or "–"
        )
        for source in c["sources"]
    ]
    return [
        [_("Of these, looked at by our staff, who saw none either"), grouped(c["photos_looked_at"])],
        [_("Faces that our staff marked by hand"), grouped(c["faces_by_hand"])],
        [_("Detector, by collection (photos)"), "; ".join(detectors)],
    ]
