"""What the schema says of itself: enough for somebody who writes a frontend and has nothing else to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLSchema,
    IntrospectionQuery,
    Undefined,
    build_client_schema,
    build_schema,
    get_introspection_query,
    get_named_type,
    print_schema,
)
from strawberry.utils.str_converters import to_camel_case

from schema import root
from schema.core.stored import Stored

SCHEMA = root.build()
Described = GraphQLNamedType | GraphQLField | GraphQLArgument | GraphQLInputField | GraphQLEnumValue
#: Scalars of the GraphQL specification, which describes them.
SPECIFIED = frozenset({"Boolean", "Float", "ID", "Int", "String"})
SENTENCE = re.compile(r"\S+(\s\S+)+\.", re.DOTALL)
LEFT_OUT = re.compile(r"\b(null|absent|default|unless)\b", re.IGNORECASE)
UNIT = re.compile(
    r"\b(how many|how often|how much|number|days|percent|0 to 1|seconds|months|grows by one|version)\b",
    re.IGNORECASE,
)
DEPRECATED = re.compile(r"\b\d{4}-\d{2}-\d{2}\b.*`\w+`|`\w+`.*\b\d{4}-\d{2}-\d{2}\b", re.DOTALL)


@dataclass(frozen=True)
class Part:
    """Something of a schema that has a description, and where it stands."""

    place: str
    of: Described

    @property
    def text(self) -> str:
        return self.of.description or ""

    @property
    def name(self) -> str:
        return re.split(r"[.(]", self.place)[-1].rstrip(")")

    @property
    def is_sentence(self) -> bool:
        """Whether it is a few words that end like a sentence, and not the name again: ``The name.``"""
        words = [
            word.lower() for word in re.findall(r"\w+", self.text) if word.lower() not in ("the", "a", "an")
        ]
        repeated = "".join(words) == self.name.lower().replace("_", "")
        return SENTENCE.fullmatch(self.text) is not None and not repeated

    @property
    def is_deprecated_well(self) -> bool:
        """Whether a deprecation says since which day, and what to use instead."""
        reason = getattr(self.of, "deprecation_reason", None)
        return reason is None or DEPRECATED.search(reason) is not None


def parts(schema: GraphQLSchema) -> Iterator[Part]:
    """Every type, field, argument, input field and value of an enumeration."""
    for type_ in schema.type_map.values():
        if type_.name.startswith("__") or type_.name in SPECIFIED:
            continue
        yield Part(type_.name, type_)
        inside = getattr(type_, "fields", None) or getattr(type_, "values", None) or {}
        for name, part in inside.items():
            yield Part(f"{type_.name}.{name}", part)
            for argument, each in getattr(part, "args", {}).items():
                yield Part(f"{type_.name}.{name}({argument})", each)


def places(which: Iterator[Part]) -> list[str]:
    return [f"{part.place}: {part.text}" for part in which]


EVERYTHING = list(parts(SCHEMA._schema))


def _shown() -> Iterator[tuple[Part, GraphQLField]]:
    return ((part, part.of) for part in EVERYTHING if isinstance(part.of, GraphQLField))


def _given() -> Iterator[tuple[Part, GraphQLArgument | GraphQLInputField]]:
    """What clients write, but for conditions: the argument ``filter`` says what null is there."""
    for part in EVERYTHING:
        if isinstance(part.of, GraphQLArgument | GraphQLInputField) and "Filter." not in part.place:
            yield part, part.of


def test_everything_says_what_it_is_in_a_sentence() -> None:
    assert places(part for part in EVERYTHING if not part.is_sentence) == []


def test_what_may_be_null_says_what_that_means() -> None:
    silent = (
        part
        for part, field in _shown()
        if not isinstance(field.type, GraphQLNonNull) and "null" not in part.text.lower()
    )
    assert places(silent) == []


def test_what_may_be_left_out_says_what_happens_then() -> None:
    silent = (
        part
        for part, given in _given()
        if not isinstance(given.type, GraphQLNonNull)
        and given.default_value in (None, Undefined)
        and not LEFT_OUT.search(part.text)
    )
    assert places(silent) == []


def test_numbers_say_their_unit() -> None:
    numbers = [(part, field) for part, field in [*_shown(), *_given()] if _named(field) in ("Int", "Float")]
    assert places(part for part, _ in numbers if not UNIT.search(part.text)) == []


def test_money_dates_and_moments_say_their_units_where_their_types_are_described() -> None:
    types = SCHEMA._schema.type_map
    promised = {
        "Date": ["business date", "without a time zone", "today in UTC"],
        "DateTime": ["UTC", "RFC 3339"],
        "Money": ["in the tenant's currency", "none is converted"],
        "MoneyInput": ["in the tenant's currency"],
        "MoneyFilter": ["whole units of the tenant's currency"],
        "CurrencyCode": ["ISO 4217"],
    }
    for name, units in promised.items():
        assert [unit for unit in units if unit not in (types[name].description or "")] == [], name


def test_inputs_say_how_long_a_text_may_be() -> None:
    for name, type_ in SCHEMA._schema.type_map.items():
        written = re.fullmatch("(?:Create|Update)(.+)Input", name)
        if not written or not isinstance(type_, GraphQLInputObjectType):
            continue
        definition = SCHEMA.get_type_by_name(written[1])
        shown = getattr(definition, "origin", None)
        assert isinstance(shown, type) and issubclass(shown, Stored), name
        for column, field in shown.model._meta.fields_map.items():
            given = type_.fields.get(to_camel_case(column))
            if given and _named(given) == "String" and (most := getattr(field, "max_length", None)):
                assert f"up to {most:,} characters" in (given.description or ""), f"{name}.{column}"


def test_deprecations_say_since_when_and_what_to_use_instead() -> None:
    assert places(part for part in EVERYTHING if not part.is_deprecated_well) == []


@pytest.mark.parametrize(
    ("field", "fails"),
    [
        ('"Its weight in kilograms." weight: Int', False),
        ("weight: Int", True),
        ('"The weight." weight: Int', True),
        ('"Its weight in kilograms" weight: Int', True),
        ('"Its weight in kilograms." weight("Heavy." than: Int): Int', True),
        ('"Its weight in kilograms." weight: Int @deprecated(reason: "No longer used.")', True),
        (
            '"Its weight in kilograms." weight: Int @deprecated(reason: "Since 2026-03-31; use `mass`.")',
            False,
        ),
    ],
)
def test_these_tests_notice_what_is_not_described(field: str, fails: bool) -> None:
    found = parts(build_schema(f'"Everything that can be read." type Query {{ {field} }}'))
    assert any(not part.is_sentence or not part.is_deprecated_well for part in found) is fails


def _named(part: GraphQLField | GraphQLArgument | GraphQLInputField) -> str:
    return get_named_type(part.type).name


async def test_introspection_tells_the_whole_schema_with_its_defaults() -> None:
    # GraphiQL and code generators begin with it: one default that can not be told, and they have nothing.
    answer = await SCHEMA.execute(get_introspection_query(input_value_deprecation=True))
    assert answer.errors is None and answer.data is not None
    told = build_client_schema(cast("IntrospectionQuery", answer.data))
    assert print_schema(told).count(" = ") > 300
