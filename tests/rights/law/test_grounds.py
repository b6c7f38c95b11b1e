"""Grounds of refusal: each of one law, and "excessive" behind two signatures and a year."""

from datetime import date

import pytest

from rights.law import answer, grounds, regime
from rights.law.lifecycle import TransitionRefused

EXCESSIVE = grounds.GROUNDS["excessive"]


@pytest.mark.parametrize("code", regime.CODES)
def test_the_grounds_of_one_law_are_never_those_of_another(code: str) -> None:
    assert {ground.regime for ground in grounds.for_regime(code, two_people=True)} <= {code}


def test_every_ground_has_a_rule_evidence_and_words_for_the_letter() -> None:
    for code, ground in grounds.GROUNDS.items():
        assert code == ground.code
        assert ground.citation
        assert ground.title
        assert ground.letter_text.endswith(".")
        assert ground.requires_evidence
        assert ground.applies_to


def test_the_exceptions_of_the_gdpr_are_all_there() -> None:
    wanted = {"GDPR 12(2), 11(2)", "GDPR 12(5)", "GDPR 15(4)", *(f"GDPR 17(3)({letter})" for letter in "abcde")}
    assert {ground.citation for ground in grounds.for_regime("gdpr", two_people=True)} == wanted


def test_the_rights_of_others_limit_the_copy_and_never_an_erasure() -> None:
    assert grounds.GROUNDS["rights-of-others"].applies_to == {"access"}
    assert grounds.GROUNDS["rights-of-others"].allows_partial


def test_one_person_is_never_offered_a_finding_that_needs_two() -> None:
    for code in regime.CODES:
        assert not any(ground.second_signature for ground in grounds.for_regime(code))
    assert {ground.code for ground in grounds.GROUNDS.values() if ground.second_signature} == {"excessive", "unfounded"}


@pytest.mark.parametrize("code", ["excessive", "unfounded"])
@pytest.mark.parametrize("second", [None, 7])
def test_a_finding_needs_a_second_person(code: str, second: int | None) -> None:
    with pytest.raises(TransitionRefused, match="second person") as refusal:
        grounds.check_signatures(grounds.GROUNDS[code], signed_by=7, second=second)
    assert refusal.value.citation == "GDPR 12(5)"
    grounds.check_signatures(grounds.GROUNDS[code], signed_by=7, second=8)


def test_other_grounds_need_one() -> None:
    grounds.check_signatures(grounds.GROUNDS["legal-claims"], signed_by=7, second=None)


@pytest.mark.parametrize(
    "earlier",
    [None, date(2025, 11, 23), date(2025, 11, 22), date(2019, 1, 1)],
    ids=["first", "a year", "more", "years"],
)
def test_a_request_a_year_or_more_after_the_last_is_never_excessive(earlier: date | None) -> None:
    with pytest.raises(TransitionRefused, match="never excessive") as refusal:
        grounds.check_interval(EXCESSIVE, received=date(2026, 11, 23), earlier=earlier)
    assert "MED 2021-134" in refusal.value.citation


def test_one_day_less_than_a_year_may_be_found_excessive_by_two_people() -> None:
    grounds.check_interval(EXCESSIVE, received=date(2026, 11, 23), earlier=date(2025, 11, 24))


def test_the_interval_concerns_that_finding_alone() -> None:
    grounds.check_interval(grounds.GROUNDS["legal-claims"], received=date(2026, 11, 23), earlier=None)


def test_no_law_without_a_known_rule_lets_anything_be_refused() -> None:
    assert [code for code in regime.CODES if not grounds.for_regime(code)] == ["lgpd", "fadp", "quebec-25"]


def test_what_the_united_kingdom_says_was_not_read() -> None:
    assert not any(ground.verified for ground in grounds.for_regime("uk-gdpr"))


# --- what an answer must say ------------------------------------------------------------------------------------------


def test_an_answer_without_anything_lacks_every_element() -> None:
    assert answer.missing({}) == list(answer.OBLIGATORY)


@pytest.mark.parametrize("element", answer.OBLIGATORY, ids=lambda element: element.key)
@pytest.mark.parametrize("blank", [None, "", "  \n", [], False])
def test_a_blank_element_is_missing(element: answer.Element, blank: object) -> None:
    full: dict[str, object] = {each.key: "said" for each in answer.OBLIGATORY}
    assert answer.missing(full) == []
    assert answer.missing(full | {element.key: blank}) == [element]


def test_every_letter_of_the_article_is_asked_for() -> None:
    cited = {element.citation for element in answer.OBLIGATORY}
    assert {f"GDPR 15(1)({letter})" for letter in "abcdefgh"} | {"GDPR 15(2)", "GDPR 15(3)", "GDPR 12(4)"} <= cited
