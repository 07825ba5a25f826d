"""What was made once and may be needed again: so many, and no more than so much of it together."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Kept(Generic[K, V]):
    """Values by their keys, those used last: at most so many, that weigh at most so much together."""

    def __init__(self, most: int, heaviest: int) -> None:
        self._most = most
        self._heaviest = heaviest
        self._weight = 0
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, key: K) -> V:
        value, _ = self._values[key]
        self._values.move_to_end(key)
        return value

    def get(self, key: K) -> V | None:
        """The value of a key; None where none is kept."""
        return self[key] if key in self._values else None

    def keep(self, key: K, value: V, weight: int) -> None:
        """Keep a value, in the place of those that were not used for longest."""
        _, before = self._values.pop(key, (None, 0))
        self._values[key] = (value, weight)
        self._weight += weight - before
        while len(self._values) > self._most or self._weight > self._heaviest:
            _, (_, lost) = self._values.popitem(last=False)
            self._weight -= lost
