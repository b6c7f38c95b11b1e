"""The law of one request as people read it: which, why, and what it gives."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from portal import places
from portal.models import ControllerProfile
from portal.wording import cited, sentence
from rights import queries
from rights.law import plain, regime
from rights.law.choice import Because, choose
from rights.law.regime import Regime
from rights.models import RightsRequest


@dataclass(frozen=True)
class LawView:
    """One law in words; `named` is what a refusal under it must name."""

    code: str
    title: str
    place: str
    why: str
    gives: list[tuple[str, str]]
    named: list[str]


def of_request(request: RightsRequest) -> LawView:
    """The law that governs a request, and why, as it was chosen at its receipt."""
    received = request.journal_entries.filter(event="received").order_by("position").first()
    because = Because(received.detail.get("because", Because.CONTROLLER)) if received else Because.CONTROLLER
    return _view(queries.law_of(request), because, request.place, _place(request.country, request.subdivision))


def for_place(place: str) -> LawView:
    """The law that a request of somebody who lives there would have now. Raises: ValueError."""
    profile = ControllerProfile.load()
    chosen = choose(place=place, country=profile.country, subdivision=profile.subdivision)
    home = _place(profile.country, profile.subdivision)
    return _view(regime.load(chosen.code), chosen.because, place, home)


def _place(country: str, subdivision: str) -> str:
    return f"{country}-{subdivision}" if subdivision else country


def _view(law: Regime, because: Because, place: str, home: str) -> LawView:
    return LawView(
        code=law.code,
        title=_(law.title),
        place=_(law.place),
        why=_why(because, place, home),
        gives=[(sentence(line), cited(str(line.params["citation"]))) for line in plain.what_it_gives(law)],
        named=[_(item) for item in law.refusal.items] if law.refusal else [],
    )


def _why(because: Because, place: str, home: str) -> str:
    if because is Because.PERSON:
        return _("It applies because you told us that you live there: %(place)s.") % {"place": places.name(place)}
    if because is Because.CONTROLLER:
        return _("It applies because this is where we are: %(place)s.") % {"place": places.name(home)}
    return _("We know of no law on this for where you live or where we are, and answer by this one.")
