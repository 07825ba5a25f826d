"""What is found out about who is asking, remembered for a moment; nothing here decides who may what."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

#: For so long it is not found out again: what other processes write about users, teams, keys and delegations
#: counts after it, what this one writes at once.
SECONDS = 1.0
#: So much of a kind is remembered.
MOST = 10_000


class Remembered(Generic[K, V]):
    """Values by what they were asked for; a generation ends when anything is written that they rest on."""

    def __init__(self) -> None:
        self._values: dict[K, tuple[float, V]] = {}
        self._generation = 0
        _forget.append(self.forget)

    async def get(self, key: K, find: Callable[[], Awaitable[V]]) -> V:
        """What was found up to a second ago, or is found now; what ``find`` raises is not remembered."""
        known = self._values.get(key)
        if known is not None and time.monotonic() < known[0]:
            return known[1]
        generation = self._generation
        value = await find()
        if generation == self._generation:
            if len(self._values) >= MOST:
                self._values.clear()
            self._values[key] = (time.monotonic() + SECONDS, value)
        return value

    def forget(self) -> None:
        """Find out everything anew."""
        self._values.clear()
        self._generation += 1


_forget: list[Callable[[], None]] = []


def forget() -> None:
    """Find out everything anew, of every kind: users, teams, keys or delegations were written."""
    for kind in _forget:
        kind()
