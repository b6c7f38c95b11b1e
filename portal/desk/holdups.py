"""What the sources hold up: searches that could not see everything, erasures that wait, and for whom."""

from typing import NamedTuple

from django.utils.translation import gettext

from matching import reviews, sources
from matching.models import Erasure, Source
from portal.desk.labels import Colour
from portal.models import Job, JobKind, JobState
from portal.wording import refusal
from rights.law import guards
from rights.law.lifecycle import Facts, RequestState, TransitionRefused
from rights.models import RightsRequest


class SourceState(NamedTuple):
    """A source that staff must know of: it does not answer, or somebody must delete pictures in it.

    Attributes:
        erasures: requests whose erasure waits for it.
        pictures: pictures that are to be erased from it.
    """

    source: Source
    read_only: bool
    erasures: int
    pictures: int


class Holdups(NamedTuple):
    """What one request waits for.

    Attributes:
        refused: why no answer can be sent yet, with the rule; empty if nothing stands in the way.
        suppressed: erased pictures that lie in a source again.
        away: sources that do not answer.
        to_delete: what others must delete, where the source can only be read.
    """

    refused: str
    suppressed: int
    away: list[Source]
    to_delete: list[Erasure]

    def __bool__(self) -> bool:
        return bool(self.refused or self.away or self.to_delete)


def states() -> list[SourceState]:
    """The sources that do not answer or are not imported, and those in which pictures wait to be deleted by others."""
    every = [state_of(source) for source in Source.objects.order_by("name", "pk")]
    return [state for state in every if said(state)[0] != Colour.GOOD]


def state_of(source: Source) -> SourceState:
    waiting = Erasure.objects.filter(source=source, rows_done_at=None)
    requests = waiting.order_by("subject").values("subject").distinct().count()
    return SourceState(source, sources.is_read_only(source.url), requests, waiting.count())


def waiting_searches() -> int:
    """Requests whose search could not see everything held."""
    return Job.objects.filter(kind=JobKind.SEARCH, state=JobState.WAITING, problem="SearchIncomplete").count()


def of_request(request: RightsRequest) -> Holdups:
    """What holds up this request now."""
    latest = reviews.latest_search(request.pk)
    refused, suppressed = "", 0
    if latest is not None and request.state == RequestState.CONFIRMED:
        refused = _refusal(complete=bool(latest.certificate["complete"]))
        suppressed = latest.certificate["photos_suppressed"] if refused else 0
    erasures = list(
        Erasure.objects.filter(subject=request.pk, rows_done_at=None).select_related("source").order_by("pk")
    )
    away = Source.objects.filter(reachable=False).order_by("name", "pk")
    if not refused:
        away = away.filter(pk__in=[erasure.source_id for erasure in erasures])
    to_delete = [erasure for erasure in erasures if sources.is_read_only(erasure.source.url)]
    return Holdups(refused, suppressed, list(away), to_delete)


def _refusal(*, complete: bool) -> str:
    try:
        guards.everything_was_searched(Facts(search_complete=complete))
    except TransitionRefused as refused:
        return refusal(refused)
    return ""


def said(state: SourceState) -> tuple[Colour, str]:
    """A colour and the state in words, for the list of sources."""
    if not state.source.reachable:
        return Colour.BAD, gettext("does not answer")
    if not state.source.is_imported:
        return Colour.BAD, gettext("its import has not ended")
    if state.read_only and state.pictures:
        return Colour.WARN, gettext("pictures to be deleted there")
    return Colour.GOOD, gettext("answers")
