"""A name is found in whatever text it stands, and what only looks like it is left alone."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands.spellings import Spellings
from models.people import ERASED


def is_name(text: str) -> bool:
    """Whether somebody may be called so; what the mark itself says tells of nobody."""
    return bool(text.strip()) and not Spellings(frozenset({text.strip()})).tells(ERASED)


NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1).filter(is_name)


@settings(max_examples=40, derandomize=True)
@given(st.lists(NAMES, min_size=1))
def test_whatever_somebody_is_called_is_found_by_a_piece_and_taken_out(values: list[str]) -> None:
    spellings = Spellings(frozenset(value.strip() for value in values))
    for value in spellings.values:
        text = f"to ({value}), soon"
        for stored, told in ((text, text), (orjson.dumps([{"a": text}]).decode(), [{"a": text}])):
            small = "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in stored)
            assert any(piece in small for piece in spellings.pieces)
            assert spellings.tells(told)
            assert not spellings.tells(spellings.without(told))


SPELLED = Spellings(frozenset({"Li Na", "Weber", "li.na@customer.example", "+49 30 5550199"}))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Call LI  NA, or li Na.", "Call (erased), or (erased)."),
        ("Li Nation and Feli Na", "Li Nation and Feli Na"),
        ("Weber, the weber of Weberei", "(erased), the weber of Weberei"),
        ("to LI.NA@customer.example", "to (erased)"),
        ("at +49 30 5550199-0, not +49 30 55501990", "at (erased)-0, not +49 30 55501990"),
    ],
)
def test_whole_words_are_taken_out_and_single_ones_only_as_they_are_written(text: str, told: str) -> None:
    assert SPELLED.without({"a": [text, 7, None]}) == {"a": [told, 7, None]}


def test_a_text_that_was_cut_in_the_middle_of_a_name_loses_that_too() -> None:
    assert SPELLED.without("from li.na@cust", cut=15) == "from (erased)"
    assert SPELLED.without("from li.na@cust", cut=16) == "from li.na@cust"
