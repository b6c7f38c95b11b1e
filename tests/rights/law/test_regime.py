"""The laws' files: read strictly, and kept apart."""

import copy
import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from rights.law import particulars, regime, retention
from rights.law.regime import FOLDER, RegimeError, Stop, Unit
from rights.law.tables import Read

Spoil = Callable[[dict[str, Any]], object]


def content(code: str = "gdpr") -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{code}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("code", regime.CODES)
def test_every_regime_is_read_and_is_frozen(code: str) -> None:
    law = regime.load(code)
    assert law.code == code
    with pytest.raises(AttributeError):
        law.answer = law.answer  # type: ignore[misc]
    with pytest.raises(TypeError):
        law.absent["roll"] = "nothing"  # type: ignore[index]


def test_every_file_is_a_regime() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(regime.CODES)


SPOILED: dict[str, tuple[Spoil, str]] = {
    "an unknown key at the top": (
        lambda raw: raw.update(quota={"number": 2}),
        r"gdpr.toml: the key 'quota' is unknown",
    ),
    "an unknown key of a value": (lambda raw: raw["answer"].update(days=3), r"gdpr.toml: answer: the key 'days'"),
    "a missing key": (lambda raw: raw["answer"].pop("unit"), r"gdpr.toml: answer: the key 'unit' is missing"),
    "no date": (lambda raw: raw["answer"].pop("since"), r"gdpr.toml: answer: the key 'since' is missing"),
    "an unknown unit": (lambda raw: raw["answer"].update(unit="moons"), r"gdpr.toml: answer: the unit 'moons'"),
    "an unknown rule": (lambda raw: raw["roll"].update(rule="backwards"), r"gdpr.toml: roll: the rule 'backwards'"),
    "an unknown effect": (
        lambda raw: raw["identity"].update(effect="melts"),
        r"gdpr.toml: identity: the effect 'melts'",
    ),
    "a date that is a text": (lambda raw: raw["answer"].update(since="2018-05-25"), r"gdpr.toml: answer: since is"),
    "a date with an hour": (
        lambda raw: raw["answer"].update(since=datetime(2018, 5, 25, tzinfo=UTC)),
        r"gdpr.toml: answer: since is",
    ),
    "a number that is none": (lambda raw: raw["answer"].update(number="1"), r"gdpr.toml: answer: number is '1'"),
    "a number below one": (lambda raw: raw["answer"].update(number=0), r"gdpr.toml: answer: number is 0"),
    "a truth instead of a number": (
        lambda raw: raw["answer"].update(number=True),
        r"gdpr.toml: answer: number is True",
    ),
    "an unknown instrument": (
        lambda raw: raw["answer"].update(instrument="x"),
        r"gdpr.toml: answer: the instrument 'x'",
    ),
    "verified and not read": (lambda raw: raw["answer"].update(read="none"), r"gdpr.toml: answer: verified is True"),
    "an unknown reading": (lambda raw: raw["answer"].update(read="maybe"), r"gdpr.toml: answer: the read 'maybe'"),
    "an address that is none": (lambda raw: raw["answer"].update(url="gdpr"), r"gdpr.toml: answer: url is 'gdpr'"),
    "neither there nor absent": (lambda raw: raw.pop("roll"), r"gdpr.toml: 'roll' must be either a table or a reason"),
    "there and absent": (lambda raw: raw["absent"].update(roll="none"), r"gdpr.toml: 'roll' must be either"),
    "an unknown absence": (lambda raw: raw["absent"].update(moon="none"), r"gdpr.toml: absent: the key 'moon'"),
    "another file's code": (lambda raw: raw.update(code="ccpa"), r"gdpr.toml: code is 'ccpa'"),
    "a pause without the length of a month": (lambda raw: raw["identity"].pop("month_days"), r"gdpr.toml: identity"),
    "a number without its unit": (lambda raw: raw["extension"].pop("unit"), r"gdpr.toml: extension: number and unit"),
    "a value that is no table": (lambda raw: raw.update(answer=30), r"gdpr.toml: answer: must be a table"),
    "words that are none": (lambda raw: raw["refusal"].update(items=[]), r"gdpr.toml: refusal: items must be a list"),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_what_cannot_be_understood_is_an_error_that_names_file_and_key(spoil: tuple[Spoil, str]) -> None:
    raw = content()
    spoil[0](raw)
    with pytest.raises(RegimeError, match=spoil[1]):
        regime.parse(raw, "gdpr.toml")


@pytest.mark.parametrize("code", ["", "nope", "../gdpr", "GDPR"])
def test_an_unknown_code_is_an_error(code: str) -> None:
    with pytest.raises(RegimeError):
        regime.load(code)


def test_a_law_that_changes_is_read_as_of_the_day() -> None:
    raw = content()
    later = copy.deepcopy(raw["answer"])
    later.update(number=2, since=date(2030, 1, 1))
    raw["answer"] = [raw["answer"], later]
    numbers = [regime.parse(raw, "gdpr.toml", on).answer.number for on in (date(2029, 12, 31), date(2030, 1, 1), None)]
    assert numbers == [1, 2, 2]
    assert regime.parse(raw, "gdpr.toml", date(2010, 1, 1)).answer.number == 1
    raw["answer"].reverse()
    with pytest.raises(RegimeError, match="the earliest first"):
        regime.parse(raw, "gdpr.toml")


@pytest.mark.parametrize("code", regime.CODES)
def test_every_value_says_where_it_comes_from_and_only_what_was_read_is_verified(code: str) -> None:
    law = regime.load(code)
    parts = [getattr(law, name) for name in vars(law)]
    sources = [getattr(part, "source", part) for part in parts if hasattr(part, "source") or hasattr(part, "read")]
    assert len(sources) >= 3
    for source in sources:
        assert source.citation.strip()
        assert source.instrument.strip()
        assert source.verified == (source.read in (Read.PRIMARY, Read.SECONDARY))


# --- no law leaks into another ----------------------------------------------------------------------------------------


def test_a_regime_has_no_place_for_a_cap_or_a_look_back() -> None:
    names = set(regime.Regime.__dataclass_fields__)
    assert not {
        name for name in names if any(word in name for word in ("free", "quota", "cap", "look", "limit", "max"))
    }


def test_only_those_statutes_that_know_it_have_a_particular() -> None:
    free = {code for code in regime.CODES if particulars.of(code).free_answers}
    back = {code for code in regime.CODES if particulars.of(code).look_back}
    assert (free, back) == ({"ccpa", "vcdpa", "cpa"}, {"ccpa"})


@pytest.mark.parametrize("code", sorted(set(regime.CODES) - {"ccpa"}))
@pytest.mark.parametrize("particular", ["free_answers", "look_back"])
def test_californias_particulars_cannot_be_written_into_another_file(code: str, particular: str) -> None:
    if code in particulars.BELONGS_TO[particular]:
        return
    raw = content(code)
    raw.setdefault("particular", {})[particular] = content("ccpa")["particular"][particular]
    with pytest.raises(RegimeError, match=rf"{code}.toml: particular: '{particular}' belongs to"):
        particulars.parse(raw, f"{code}.toml")


def test_the_look_back_is_a_floor_that_the_person_may_lift_and_that_this_portal_always_lifts() -> None:
    floor = particulars.of("ccpa").look_back
    assert floor is not None
    assert (floor.months, floor.person_may_lift, floor.lifted_since) == (12, True, date(2022, 1, 1))
    assert floor.portal == "unlimited"
    raw = content("ccpa")
    raw["particular"]["look_back"]["portal"] = "12 months"
    with pytest.raises(RegimeError, match="must be 'unlimited'"):
        particulars.parse(raw, "ccpa.toml")


@pytest.mark.parametrize("wrong", [{"number": 0}, {"months": 3}, {"within": ""}])
def test_a_particular_is_read_as_strictly(wrong: dict[str, Any]) -> None:
    raw = content("ccpa")
    raw["particular"]["free_answers"].update(wrong)
    with pytest.raises(RegimeError, match=r"ccpa.toml: particular: free_answers"):
        particulars.parse(raw, "ccpa.toml")


# --- what each one says, against the notes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "number", "unit", "extension", "rolls"),
    [
        ("gdpr", 1, Unit.CALENDAR_MONTHS, 2, True),
        ("uk-gdpr", 1, Unit.CALENDAR_MONTHS, 2, True),
        ("ccpa", 45, Unit.CALENDAR_DAYS, 45, False),
        ("vcdpa", 45, Unit.CALENDAR_DAYS, 45, False),
        ("cpa", 45, Unit.CALENDAR_DAYS, 45, False),
        ("lgpd", 15, Unit.CALENDAR_DAYS, None, False),
        ("fadp", 30, Unit.CALENDAR_DAYS, None, False),
        ("pipeda", 30, Unit.CALENDAR_DAYS, 30, False),
        ("quebec-25", 30, Unit.CALENDAR_DAYS, None, False),
    ],
)
def test_the_numbers_are_those_of_the_statute(
    code: str, number: int, unit: Unit, extension: int | None, rolls: bool
) -> None:
    law = regime.load(code)
    assert (law.answer.number, law.answer.unit) == (number, unit)
    assert (law.extension.number if law.extension else None) == extension
    assert (law.roll is not None) is rolls


def test_what_is_general_knowledge_only_is_not_verified() -> None:
    assert not regime.load("fadp").extension.source.verified
    assert not regime.load("ccpa").refusal.source.verified
    assert not regime.load("cpa").refusal.source.verified
    assert not regime.load("lgpd").cost.source.verified


def test_where_no_rule_was_seen_no_question_stops_the_clock() -> None:
    silent = {code for code in regime.CODES if all(regime.load(code).stop_rule(stop) is None for stop in Stop)}
    assert silent == {"vcdpa", "cpa", "lgpd", "fadp", "pipeda", "quebec-25"}


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (("FR", ""), "gdpr"), (("FR", "57"), "gdpr"), (("NO", ""), "gdpr"), (("GB", "ENG"), "uk-gdpr"),
        (("US", "CA"), "ccpa"), (("US", "VA"), "vcdpa"), (("US", "CO"), "cpa"),
        (("US", "NY"), None), (("US", ""), None),
        (("BR", ""), "lgpd"), (("CH", "ZH"), "fadp"), (("CA", "ON"), "pipeda"), (("CA", "QC"), "quebec-25"),
        (("JP", ""), None),
    ],
)  # fmt: skip
def test_a_place_has_the_regime_of_its_nearest_legislator(place: tuple[str, str], code: str | None) -> None:
    assert regime.for_place(*place) == code


# --- a duty to destroy ------------------------------------------------------------------------------------------------


def test_illinois_gives_no_right_of_access_and_has_no_regime() -> None:
    assert "bipa" not in regime.CODES
    assert regime.for_place("US", "IL") is None


@pytest.mark.parametrize(
    ("last", "met", "by"),
    [
        (date(2023, 3, 1), None, date(2026, 3, 1)),
        (date(2024, 2, 29), None, date(2027, 2, 28)),
        (date(2023, 3, 1), date(2024, 1, 1), date(2024, 1, 1)),
        (date(2023, 3, 1), date(2027, 1, 1), date(2026, 3, 1)),
    ],
)
def test_three_years_after_the_last_interaction_or_when_the_purpose_is_met(
    last: date, met: date | None, by: date
) -> None:
    assert retention.load("bipa").destroy_by(last_interaction=last, purpose_met=met) == by


def test_a_retention_rule_is_read_as_strictly() -> None:
    raw = tomllib.loads((retention.FOLDER / "bipa.toml").read_text(encoding="utf-8"))
    raw["destroy"]["unit"] = "business_days"
    with pytest.raises(RegimeError, match=r"bipa.toml: destroy"):
        retention.parse(raw, "bipa.toml")
    with pytest.raises(RegimeError, match="no retention rule"):
        retention.load("gdpr")
