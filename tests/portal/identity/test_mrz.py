"""Check digits, by the specimens of ICAO Doc 9303, parts 3 to 6."""

import pytest

from portal.identity import mrz
from portal.models import CheckDigits

TD1 = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"
TD2 = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6"
TD3 = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"


@pytest.mark.parametrize(("text", "digit"), [("520727", 3), ("AB2134<<<", 5), ("L898902C3", 6)])
def test_the_digit_of_the_examples(text: str, digit: int) -> None:
    assert mrz.digit_of(text) == digit


@pytest.mark.parametrize("zone", [TD1, TD2, TD3, TD3.lower(), TD1.replace("\n", "\r\n\r\n")])
def test_the_specimens_are_right(zone: str) -> None:
    together, found = mrz.check(zone)
    assert together is CheckDigits.RIGHT
    assert set(found.values()) == {CheckDigits.RIGHT}


@pytest.mark.parametrize("zone", [TD1, TD2, TD3])
def test_one_wrong_digit_shows_in_its_field_and_in_the_whole(zone: str) -> None:
    together, found = mrz.check(zone.replace("740812", "740813"))
    assert together is CheckDigits.WRONG
    assert found["birth"] is CheckDigits.WRONG
    assert found["all"] is CheckDigits.WRONG
    assert found["number"] is CheckDigits.RIGHT


def test_what_is_covered_is_not_held_against_anybody() -> None:
    together, found = mrz.check(TD3.replace("L898902C36", "**********").replace("7408122", "*******"))
    assert together is CheckDigits.RIGHT
    assert found["expiry"] is CheckDigits.RIGHT
    assert {found[name] for name in ("number", "birth", "all")} == {CheckDigits.COVERED}
    assert mrz.check("\n".join(["*" * 44] * 2))[0] is CheckDigits.COVERED


@pytest.mark.parametrize(
    "text", ["", "HELLO", TD3[:-1], TD3.replace("\n", ""), TD3.replace("<", "!"), TD1 + "\n" + TD2]
)
def test_other_lines_are_no_zone(text: str) -> None:
    with pytest.raises(mrz.NoZone):
        mrz.check(text)
