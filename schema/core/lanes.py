"""Who may run now: operations that cost much wait for one another, and cheap ones pass them.

However many ask much at once, so few of them run that a cheap operation finds a free processor. Among those
that wait, the actors take turns. After a LARGE one the place stays free for a while, so that the database and
the processors are everybody else's for a third of the time.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

#: From so many points on an operation waits its turn, and from so many it leaves room for others.
MEDIUM, LARGE = 200, 5_000
#: How long a LARGE operation's place stays free after it, of the seconds that it took; and at most.
REST, LONGEST_REST = 0.5, 0.1


@dataclass
class _Waiting:
    is_large: bool
    admitted: asyncio.Future[None]


class Lanes:
    """Lets ``most`` operations of MEDIUM cost run at once, all but one of which may be LARGE."""

    def __init__(self, most: int | None = None) -> None:
        self.most = most or max(2, os.cpu_count() or 1)
        self._running = 0
        self._large = 0
        #: Until when places of LARGE ones that have ended stay free.
        self._resting: list[float] = []
        self._waiting: OrderedDict[str, deque[_Waiting]] = OrderedDict()

    @asynccontextmanager
    async def lane(self, actor: str, points: int) -> AsyncIterator[None]:
        """Run the block when it may run; whoever is cancelled before gives up the place."""
        if points < MEDIUM:
            yield
            return
        is_large = points >= LARGE
        await self._admission(actor, is_large)
        began = time.monotonic()
        try:
            yield
        finally:
            self._running -= 1
            self._large -= is_large
            if is_large:
                ended = time.monotonic()
                self._resting.append(ended + min((ended - began) * REST, LONGEST_REST))
            self._admit()

    async def _admission(self, actor: str, is_large: bool) -> None:
        waiting = _Waiting(is_large, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(actor, deque()).append(waiting)
        self._admit()
        try:
            await waiting.admitted
        except asyncio.CancelledError:
            if waiting.admitted.done() and not waiting.admitted.cancelled():
                self._running -= 1
                self._large -= is_large
                self._admit()
            raise

    def _admit(self) -> None:
        """Admit those who may run, one of each actor in turn."""
        while self._running < self.most and (found := self._next()):
            self._running += 1
            self._large += found.is_large
            found.admitted.set_result(None)

    def _has_room(self) -> bool:
        """Whether a LARGE one may run; where only a rest is in its way, it is looked again after that."""
        now = time.monotonic()
        self._resting = [until for until in self._resting if until > now]
        if self._large + len(self._resting) < self.most - 1:
            return True
        if self._resting:
            asyncio.get_running_loop().call_later(min(self._resting) - now, self._admit)
        return False

    def _next(self) -> _Waiting | None:
        """Whose turn it is; the actor goes to the end of the row."""
        for actor, queue in list(self._waiting.items()):
            while queue and queue[0].admitted.cancelled():
                queue.popleft()
            if not queue:
                del self._waiting[actor]
            elif not queue[0].is_large or self._has_room():
                self._waiting.move_to_end(actor)
                return queue.popleft()
        return None
