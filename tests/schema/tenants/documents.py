"""Documents that ask for one thing of the schema, whatever that is."""

from __future__ import annotations

from collections.abc import Mapping

from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from tests.schema.asking import SCHEMA
from tests.schema.reads.arguments import is_list

LIVE = SCHEMA._schema
assert LIVE.query_type and LIVE.mutation_type and LIVE.subscription_type
QUERY, MUTATION, SUBSCRIPTION = LIVE.query_type, LIVE.mutation_type, LIVE.subscription_type


def mutation_of(name: str) -> str:
    """A mutation with its input in a variable."""
    kind = MUTATION.fields[name].args["input"].type
    written = object_of(name)
    payload = get_named_type(MUTATION.fields[name].type)
    assert isinstance(payload, GraphQLObjectType)
    inside = "" if is_leaf_type(get_named_type(payload.fields[written].type)) else "{ __typename }"
    selected = f"{written} {inside} errors {{ code message path }}"
    return f"mutation ($input: {kind}) {{ {name}(input: $input) {{ {selected} }} }}"


def object_of(mutation: str) -> str:
    """The field of a payload in which the object is that was written."""
    payload = get_named_type(MUTATION.fields[mutation].type)
    assert isinstance(payload, GraphQLObjectType)
    return next(str(name) for name in payload.fields if name not in ("errors", "secret"))


def query_of(name: str, given: Mapping[str, object]) -> str:
    """A query with its arguments in variables; of objects, nothing but what they are."""
    field = QUERY.fields[name]
    declared = ", ".join(f"${each}: {field.args[each].type}" for each in given)
    passed = ", ".join(f"{each}: ${each}" for each in given)
    heading, arguments = (f"({declared})", f"({passed})") if given else ("", "")
    selected = "" if is_leaf_type(get_named_type(field.type)) else "{ __typename }"
    return f"query {heading} {{ {name}{arguments} {selected} }}"


def subscription_of(name: str, given: Mapping[str, object]) -> str:
    """A subscription with its arguments in variables, and the ids of what it tells of."""
    of = get_named_type(SUBSCRIPTION.fields[name].type)
    assert isinstance(of, GraphQLObjectType)
    declared = "".join(f"(${each}: ID)" for each in given)
    passed = "".join(f"({each}: ${each})" for each in given)
    return f"subscription {declared} {{ {name}{passed} {{ {ids_in(of)} }} }}"


def ids_in(of: GraphQLObjectType) -> str:
    """The ids of an object and of those that it knows, lists with pages apart."""
    parts = ["id"] if "id" in of.fields else []
    for name, each in of.fields.items():
        kind = get_named_type(each.type)
        asks = is_list(each) or any(map(is_required_argument, each.args.values()))
        if isinstance(kind, GraphQLObjectType) and "id" in kind.fields and not asks:
            parts.append(f"{name} {{ id }}")
    return " ".join(parts)


def object_type(name: str) -> GraphQLObjectType:
    """An object type of the schema."""
    found = LIVE.type_map[name]
    assert isinstance(found, GraphQLObjectType)
    return found


def node_types() -> list[str]:
    """The names of what ``node`` finds."""
    node = LIVE.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    return [each.name for each in LIVE.get_possible_types(node)]


def id_filters(of: str) -> list[str]:
    """The fields of a type's filter that are conditions on an id."""
    given = LIVE.type_map[f"{of}Filter"]
    assert isinstance(given, GraphQLInputObjectType)
    return [name for name, each in given.fields.items() if get_named_type(each.type).name == "IDFilter"]


def id_places(of: GraphQLInputType) -> set[str]:
    """The fields of an input, and of those in it, that take ids."""
    named = get_named_type(of)
    if not isinstance(named, GraphQLInputObjectType):
        return set()
    fields = named.fields.items()
    own = {name for name, each in fields if get_named_type(each.type).name == "ID"}
    return own.union(*(id_places(each.type) for _, each in fields))
