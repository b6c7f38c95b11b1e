"""Every case reckoned by hand, against the code; and the set of cases against what it must hold."""

from collections import Counter

import pytest

from rights.law import regime
from rights.law.lifecycle import TransitionRefused
from tests.rights.law.cases import FOLDER, Case, all_cases

CASES = all_cases()
LEAST_OWN = 15


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_code_comes_to_the_date_that_was_reckoned_by_hand(case: Case) -> None:
    if "refused" in case.raw:
        with pytest.raises((TransitionRefused, LookupError), match=case.raw["refused"]) as refusal:
            case.compute()
        if isinstance(refusal.value, TransitionRefused):
            assert refusal.value.citation
        return
    found = case.compute()
    assert (found.nominal_due, found.due) == (case.raw["nominal"], case.raw["due"]), case.raw["why"]
    assert found.due != case.raw.get("not_due")
    assert found.standing_since == case.raw.get("standing_since")
    if "extension_limit" in case.raw or "no_extension" in case.raw:
        assert found.extension_limit == case.raw.get("extension_limit")


@pytest.mark.parametrize("case", [case for case in CASES if "refused" not in case.raw], ids=lambda case: case.id)
def test_the_derivation_begins_with_the_receipt_names_the_date_and_cites_a_rule(case: Case) -> None:
    found = case.compute()
    assert found.derivation[0].params["received"] == case.received_on()
    assert str(found.due) in " ".join(line.text.format(**line.params) for line in found.derivation)
    assert found.citation
    assert all("citation" in line.params for line in found.derivation)


@pytest.mark.parametrize("code", regime.CODES)
def test_every_regime_has_cases_enough_that_nobody_else_reckoned(code: str) -> None:
    own = Counter(case.regime for case in CASES if case.kind == "own")
    assert own[code] >= LEAST_OWN


def test_every_file_of_cases_belongs_to_a_regime() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(regime.CODES)


def test_no_two_cases_of_a_regime_have_the_same_name() -> None:
    assert [name for name, number in Counter(case.id for case in CASES).items() if number > 1] == []
