"""References survive being read over the telephone."""

import random

from hypothesis import assume, given
from hypothesis import strategies as st

from rights import reference

SEVEN = st.text(reference.ALPHABET, min_size=7, max_size=7)


def bare(seven: str) -> str:
    return reference.written(seven).removeprefix("REG-").replace("-", "")


def test_a_new_reference_is_its_own_written_form() -> None:
    made = reference.new()
    assert reference.parse(made) == made
    assert len(made) == len("REG-7K3M-9QXD")


def test_no_vowel_and_no_look_alike_is_used() -> None:
    assert not set(reference.ALPHABET) & set("AEIOUY" + "01258BILOS")


def test_case_blanks_dashes_and_the_prefix_do_not_matter() -> None:
    made = reference.new()
    body = made.removeprefix("REG-").replace("-", "")
    for typed in (made.lower(), body, f" {body[:4]} {body[4:]} ", made.replace("-", "–"), f"reg {body}"):
        assert reference.parse(typed) == made


@given(seven=SEVEN, position=st.integers(0, 7), wrong=st.sampled_from(reference.ALPHABET))
def test_one_wrong_character_is_always_noticed(seven: str, position: int, wrong: str) -> None:
    body = list(bare(seven))
    assume(body[position] != wrong)
    body[position] = wrong
    assert reference.parse("".join(body)) is None


def test_two_neighbours_swapped_are_nearly_always_noticed() -> None:
    draw = random.Random(7)
    noticed = tried = 0
    for _try in range(4000):
        body = list(bare("".join(draw.choices(reference.ALPHABET, k=7))))
        position = draw.randrange(7)
        if body[position] != body[position + 1]:
            body[position], body[position + 1] = body[position + 1], body[position]
            tried += 1
            noticed += reference.parse("".join(body)) is None
    assert noticed / tried > 0.99


def test_what_cannot_be_a_reference_is_none() -> None:
    for typed in ("", "REG", "REG-AAAA-AAAA", "REG-7K3M-9QX", "x" * 500):
        assert reference.parse(typed) is None
