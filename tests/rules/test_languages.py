"""Every language has words for all that rules can speak of; what is missing is named."""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter

import pytest

from rules.kinds import REGISTRY
from rules.languages import ENGLISH, Language, language, languages
from rules.registry import FieldType


def _missing(of: Language) -> Iterator[str]:
    """The keys that a language's file lacks, in the order in which they belong there."""
    for kind in REGISTRY.kinds.values():
        if kind.name not in of.kinds:
            yield f"kinds.{kind.name}"
        for name in REGISTRY.field_names(kind.name):
            said = of.fields.get(kind.name, {}).get(name)
            if said is None:
                yield f"fields.{kind.name}.{name}"
                continue
            field = REGISTRY.field(kind.name, name)
            yield from (
                f"fields.{kind.name}.{name}.{value}"
                for value in field.values or ()
                if value not in said.values
            )
            if field.type is FieldType.BOOLEAN and said.opposite is None:
                yield f"fields.{kind.name}.{name}: [when true, when false]"
            if field.unit not in ("", "ratio", "percent", "minor units") and field.unit not in of.units:
                yield f"units.{field.unit}"


@pytest.mark.parametrize("code", languages())
def test_a_language_has_words_for_every_kind_field_value_and_unit(code: str) -> None:
    missing = list(_missing(language(code)))
    assert not missing, f"rules/languages/{code}.yaml lacks:\n" + "\n".join(missing)


@pytest.mark.parametrize("code", languages())
def test_its_fields_stand_in_the_order_of_the_registry(code: str) -> None:
    for kind, fields in language(code).fields.items():
        if kind in REGISTRY.kinds:
            known = REGISTRY.field_names(kind)
            assert [name for name in fields if name in known] == [*known]


@pytest.mark.parametrize("code", languages())
def test_it_says_what_english_says(code: str) -> None:
    of, english = language(code), language(ENGLISH)
    assert of.patterns.keys() == english.patterns.keys()
    assert of.comparisons.keys() == english.comparisons.keys()
    assert all("other" in forms for forms in of.units.values())
    for name, pattern in of.patterns.items():
        if name != "present":  # some languages need an article there
            assert _places(pattern) == _places(english.patterns[name]), (name, pattern)
    for name, pattern in of.comparisons.items():
        assert _places(pattern) == _places(english.comparisons[name]), (name, pattern)


def _places(pattern: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(pattern) if name is not None)


@pytest.mark.parametrize("code", languages())
def test_no_word_brings_a_number_of_its_own(code: str) -> None:
    for kind, fields in language(code).fields.items():
        for name, said in fields.items():
            own = {each for each in said.name if each.isdigit()}
            assert own <= set(name), f"{code}: {kind}.{name}"


def test_what_has_no_words_is_told_in_english() -> None:
    assert language("tlh") is language(ENGLISH)
    assert language("de").field("deal", "colour_of_money").name == "colour of money"
    assert language("de").kind("sponsor_lost").none == "keine Feststellung „sponsor lost“"
