"""Values for the scalars of the schema as random requests have them: good ones, odd ones and wrong ones."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TypeVar

import graphql
import schemathesis
from hypothesis import strategies as st
from schemathesis.graphql import nodes

from models.base import today
from tests.clients.world import World

T = TypeVar("T")
Nodes = st.SearchStrategy[graphql.ValueNode]
_AROUND_NOW = st.dates(date(2025, 1, 1), date(2027, 12, 31))
_TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
_JSON: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXTS,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from("abc"), inside, max_size=3),
    max_leaves=6,
)
_DECIMALS = st.decimals(0, 10**7, places=2, allow_nan=False).map(str)
_ODD_DECIMALS = st.sampled_from(
    ("1e3", "1E400", "-0", "NaN", "Infinity", "1_000", "0.001", "9" * 40, "", "1,5")
)
#: What is no value of any scalar that is text.
_NO_TEXT: Nodes = st.sampled_from([nodes.Int(7), nodes.Boolean(True), nodes.Float(0.5), nodes.List([])])


def register(world: World, label: str) -> None:
    """Let schemathesis know of all of them, for an operation: ids are mostly of what it is named for."""
    ids = seldom(st.sampled_from(_ids(world, label)), _TEXTS, 40).map(nodes.String)
    integers = seldom(st.integers(0, 60), st.integers(-(2**31), 2**31 - 1), 20).map(nodes.Int)
    for name, values in {
        "ID": seldom(ids, _NO_TEXT, 400),
        "Int": integers,
        "Date": _told(_dates(), st.sampled_from(("2026-02-30", "31.3.2026", "")) | _TEXTS),
        "DateTime": _told(_moments(), st.sampled_from(("2026-03-31T25:00:00Z", "2026-03-31")) | _TEXTS),
        "Decimal": _told(_DECIMALS, _ODD_DECIMALS),
        "CurrencyCode": _told(st.just("EUR"), st.sampled_from(("GBP", "eur", "EURO", ""))),
        "JSON": _JSON.map(_literal).map(graphql.parse_value),
    }.items():
        schemathesis.graphql.scalar(name, values)


def seldom(often: st.SearchStrategy[T], other: st.SearchStrategy[T], one_in: int) -> st.SearchStrategy[T]:
    """What is mostly of the first kind: whatever is asked is refused when any of its values is wrong."""
    middle = one_in // 2  # the ends of a range come more often than the rest
    return st.integers(0, one_in).flatmap(lambda number: other if number == middle else often)


def _told(right: st.SearchStrategy[str], wrong: st.SearchStrategy[str]) -> Nodes:
    return seldom(seldom(right, wrong, 40).map(nodes.String), _NO_TEXT, 400)


def _ids(world: World, label: str) -> list[str]:
    """Ids of what an operation is named for, of what most inputs refer to, and one of each kind."""
    named = [kind for kind in world.ids_of if kind.lower() in label.lower()]
    kinds = [*named * 2, "Account", "User", "Deal", "Contact"]
    return [one for kind in kinds for one in world.ids_of[kind]] + [
        ids[0] for ids in world.ids_of.values() if ids
    ]


def _dates() -> st.SearchStrategy[str]:
    return st.one_of(_AROUND_NOW, st.just(today()), st.dates()).map(date.isoformat)


def _moments() -> st.SearchStrategy[str]:
    near = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
    return near.map(datetime.isoformat)


def _literal(value: object) -> str:
    """A JSON value as GraphQL writes it."""
    if isinstance(value, dict):
        return f"{{ {' '.join(f'{name}: {_literal(inside)}' for name, inside in value.items())} }}"
    if isinstance(value, list):
        return f"[{' '.join(_literal(inside) for inside in value)}]"
    return json.dumps(value)
