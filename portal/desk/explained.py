"""What a hit asks of reviewers, and why, in words for them."""

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from matching import reviews
from matching.bands import bands
from matching.models import FurtherProbe, Hit
from matching.reviews import Outcome, WhyTwo


class Apart(NamedTuple):
    """How far one probe lies from the hit; `beyond` every band."""

    probe: str
    distance: float
    beyond: bool


class Explained(NamedTuple):
    """One hit, for the page that shows it.

    Attributes:
        apart: the distance to each probe, where there are several.
        why: how many people it asks for, and why, as a sentence.
        two: whether it asks for two.
        through: the hit that was searched with too and led to this one, if it is still a hit.
        searched_with: whether this one is searched with too.
        usable: whether it can be searched with too.
    """

    apart: list[Apart]
    why: str
    two: bool
    through: Hit | None
    searched_with: bool
    usable: bool


def explain(hit: Hit, *, among: Sequence[Hit], outcome: Outcome) -> Explained:
    """Explain a hit of a search.

    Args:
        among: all hits of that search, in the order in which they are numbered.
    """
    numbers = {other.face_key: number for number, other in enumerate(among, start=1)}
    probes = FurtherProbe.objects.filter(subject=hit.search.subject)
    searched_with = probes.filter(face_key=hit.face_key).exists()
    own = [(_("Photograph %(n)d") % {"n": n}, float(far)) for n, far in enumerate(hit.distances, start=1)]
    found = [(_name(numbers.get(int(key))), float(far)) for key, far in sorted(hit.further.items())]
    every = [Apart(name, far, far > bands().possible) for name, far in (*own, *found)]
    reason = reviews.why_two(hit)
    return Explained(
        apart=every if len(every) > 1 else [],
        why=_why(reason),
        two=reason is not None,
        through=next((other for other in among if other.face_key == hit.through), None),
        searched_with=searched_with,
        usable=outcome is Outcome.SAME and hit.face_id is not None and not searched_with and not hit.space,
    )


def _name(number: int | None) -> str:
    return _("Hit %(n)d") % {"n": number} if number else _("A picture found before")


def _why(reason: WhyTwo | None) -> str:
    limit = {"limit": number_format(bands().one_reviewer, decimal_pos=2)}
    match reason:
        case WhyTwo.FURTHER:
            return _(
                "Two people must say so: only a picture found before led here, not the photograph supplied. "
                "Going from face to face may end at a look-alike."
            )
        case WhyTwo.DISAGREEING:
            return _(
                "Two people must say so: the photographs supplied disagree. One of them is too far from this face."
            )
        case WhyTwo.POSSIBLE:
            return _("Two people must say so: the likeness is only possible.")
        case WhyTwo.LOOK_ALIKES:
            return _("Two people must say so: beyond a distance of %(limit)s look-alikes were measured too.") % limit
        case WhyTwo.UNMEASURED:
            return _(
                "Two people must say so: this template was made by another engine, and how near look-alikes come there "
                "was not measured."
            )
    return _("One person is enough: within a distance of %(limit)s no two different people were measured.") % limit
