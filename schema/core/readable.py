"""What the fields of stored objects mean in SQL, said where they are declared and read by plans.

A field that shows a column says nothing: what it means is derived from the type and its model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

import strawberry

from models.access import Scope

if TYPE_CHECKING:
    from schema.core.connections import Listed
    from schema.core.stored import Stored

F = TypeVar("F", bound=Callable[..., object])
#: Finds an object type, which may not be imported yet where a field speaks of it.
Shown = Callable[[], "type[Stored[Any]]"]
_KEY = "readable"
_NEEDS = "needs"
#: What a text or value needs that tells of any fact that a rule may look at.
ANY_FACT = (Scope.READ_MONEY, Scope.READ_PERSONAL)


class Readable:
    """What a field means."""


@dataclass(frozen=True)
class Related(Readable):
    """One other object, by the id in the column ``key`` of the row."""

    shown: Shown
    key: str


@dataclass(frozen=True)
class Children(Readable):
    """All objects whose column ``key`` is the row's id, ordered by columns, missing values last.

    With ``standing`` those alone that lack a value in that column.
    """

    shown: Shown
    key: str
    order: tuple[str, ...]
    standing: str | None = None


@dataclass(frozen=True)
class Connected(Readable):
    """A page of objects: of all, or of those whose column ``parent`` is the row's id."""

    of: Listed
    parent: str | None


@dataclass(frozen=True)
class Computed(Readable):
    """A value that SQL over the row ``t`` gives: an amount in minor units, or what the type says."""

    sql: str


@dataclass(frozen=True)
class ById(Readable):
    """The object of a type whose id the argument ``id`` is."""

    shown: Shown


#: The object types that are found by an id, by how their ids begin.
Kinds = Mapping[str, "type[Stored[Any]]"]


@dataclass(frozen=True)
class AnyById(Readable):
    """The object of any of these types whose id the argument ``id`` is."""

    kinds: Kinds


@dataclass(frozen=True)
class Viewer(Readable):
    """The user who asks, or another one that a parameter of who asks names."""

    shown: Shown
    parameter: str = "v_user"


@dataclass(frozen=True)
class AnyByIds(Readable):
    """The objects of any type whose ids the argument ``ids`` has, null in the place of each not found.

    There are at most so many.
    """

    kinds: Kinds
    most: int


def readable(meaning: Readable, *needs: Scope) -> Mapping[object, object]:
    """The metadata of a field that means this in SQL, and that needs these scopes."""
    return {_KEY: meaning, **needing(*needs)}


def means(meaning: Readable, *needs: Scope) -> Callable[[F], F]:
    """Makes a field of its resolver, and says what it means in SQL."""
    return cast("Callable[[F], F]", strawberry.field(metadata=readable(meaning, *needs)))


def in_sql(sql: str, *needs: Scope) -> Callable[[F], F]:
    """Makes a field of its resolver, whose value SQL over the row ``t`` gives too."""
    return means(Computed(sql), *needs)


def needs(*scopes: Scope) -> Callable[[F], F]:
    """Makes a field of its resolver, which a key or token must have these scopes for."""
    return cast("Callable[[F], F]", strawberry.field(metadata=needing(*scopes)))


def needing(*needs: Scope) -> Mapping[object, object]:
    """The metadata of a field that a key or token must have these scopes for."""
    return {_NEEDS: needs} if needs else {}


def needs_of(metadata: Mapping[object, object]) -> tuple[Scope, ...]:
    """The scopes that a field with this metadata needs by what it says itself."""
    found = metadata.get(_NEEDS, ())
    assert isinstance(found, tuple)
    return found


def meaning_of(metadata: Mapping[object, object]) -> Readable | None:
    """What a field with this metadata means in SQL, if it says so."""
    found = metadata.get(_KEY)
    assert found is None or isinstance(found, Readable)
    return found
