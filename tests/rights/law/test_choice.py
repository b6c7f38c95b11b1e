"""Which law governs, and what it gives, in words that the files support."""

import pytest

from rights.law import plain, regime
from rights.law.choice import Because, choose

CASES = {
    # (place named, controller's country, subdivision): law, whose holidays, because
    ("", "FR", ""): ("gdpr", "FR", "", Because.CONTROLLER),
    ("DE", "FR", ""): ("gdpr", "FR", "", Because.PERSON),
    ("GB", "FR", ""): ("uk-gdpr", "GB", "", Because.PERSON),
    ("US-CA", "FR", ""): ("ccpa", "US", "CA", Because.PERSON),
    ("US", "FR", ""): ("gdpr", "FR", "", Because.CONTROLLER),
    ("CA-QC", "CA", ""): ("quebec-25", "CA", "QC", Because.PERSON),
    ("CA-ON", "FR", ""): ("pipeda", "CA", "", Because.PERSON),
    ("GB-SCT", "FR", ""): ("uk-gdpr", "GB", "", Because.PERSON),
    ("JP", "US", "CA"): ("ccpa", "US", "CA", Because.CONTROLLER),
    ("JP", "JP", ""): ("gdpr", "JP", "", Because.FALLBACK),
    ("", "CH", ""): ("fadp", "CH", "", Because.CONTROLLER),
}


@pytest.mark.parametrize(("where", "wanted"), CASES.items(), ids=lambda value: "-".join(map(str, value)))
def test_the_place_decides(where: tuple[str, str, str], wanted: tuple[str, ...]) -> None:
    place, country, subdivision = where
    assert tuple(choose(place=place, country=country, subdivision=subdivision)) == wanted


@pytest.mark.parametrize("place", ["XX", "fr", "-CA", "Mars", "US-", "US-california", "FR;"])
def test_a_place_that_is_none_is_named(place: str) -> None:
    with pytest.raises(ValueError, match="There is no country"):
        choose(place=place, country="FR", subdivision="")


def test_every_name_in_the_files_can_be_translated_and_nothing_else_is_asked_for() -> None:
    wanted = set()
    for code in regime.CODES:
        law = regime.load(code)
        wanted |= {law.title, law.place, *(law.refusal.items if law.refusal else ())}
    assert wanted == set(plain.WORDS)


@pytest.mark.parametrize("code", regime.CODES)
def test_the_sentences_say_the_numbers_of_the_file(code: str) -> None:
    law = regime.load(code)
    said = plain.what_it_gives(law)
    assert said[0].params["number"] == law.answer.number
    assert all(line.params["citation"] for line in said)
    texts = [line.text.format(**line.params) for line in said]
    assert not any("{" in text for text in texts)
    assert any("cannot be extended" in text for text in texts) == (law.extension is None)
    assert any("appeal" in text for text in texts) == (law.appeal is not None)
