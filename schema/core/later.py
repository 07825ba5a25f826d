"""Values that each request brings: a plan says where they come from, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeAlias, TypeVar

from models.database import Param

T = TypeVar("T")
U = TypeVar("U")
T_co = TypeVar("T_co", covariant=True)

#: The coerced variables of an operation.
Variables = Mapping[str, object]


class Later(Generic[T_co]):
    """A value out of the variables; ``now`` is what it is in the request that the plan is made for.

    A plan may depend on ``now`` only in what the key of the plan tells apart.
    """

    __slots__ = ("get", "now")

    def __init__(self, get: Callable[[Variables], T_co], now: T_co) -> None:
        self.get = get
        self.now = now

    def through(self, make: Callable[[T_co], U]) -> Later[U]:
        """What is made of the value."""
        get = self.get
        return Later(lambda variables: make(get(variables)), make(self.now))


#: A parameter of a statement, known now or later.
Value: TypeAlias = Param | Later[Param]


def through(make: Callable[[T], U], value: T | Later[T]) -> U | Later[U]:
    """What is made of a value, whenever it comes."""
    return value.through(make) if isinstance(value, Later) else make(value)


def now(value: T | Later[T]) -> T:
    """The value in this request."""
    return value.now if isinstance(value, Later) else value
