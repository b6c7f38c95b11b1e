"""What the status page offers and says of a template that may be kept with the person's consent."""

from dataclasses import dataclass
from datetime import date

from matching import suppression
from matching.models import TemplateSuppression
from portal import consent
from portal.flow.searched import probes_of
from portal.flow.suppressed import ends_on, may_be_asked
from rights.models import RightsRequest


@dataclass(frozen=True)
class Keeping:
    """A template that is kept, or what would be consented to; `offered`: a photograph to compute it from is held."""

    kept: TemplateSuppression | None
    until: date
    offered: bool

    @property
    def words(self) -> list[tuple[str, str]]:
        return consent.words(self.until)


def keeping(case: RightsRequest) -> Keeping | None:
    """Of one request; None where nothing is kept and nobody is to be asked."""
    kept = suppression.of(case.pk)
    if kept is not None:
        return Keeping(kept=kept, until=kept.ends_on, offered=False)
    if not may_be_asked(case):
        return None
    return Keeping(kept=None, until=ends_on(), offered=bool(probes_of(case)))
