"""Makes way for others: so many objects are shown by resolvers before everybody else has had a turn.

Resolvers that have what they need do not wait for anything, and thousands of objects would hold up the
event loop for as long as they take.
"""

from __future__ import annotations

import asyncio
from collections import deque

#: Some two milliseconds' work.
AT_ONCE = 20


class Pace:
    """Counts what was done since the event loop last looked at what has come in."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self.at_once = at_once
        self._done = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take(self) -> bool:
        """Whether one more may be done at once; who gets False waits for a turn."""
        self._watch()
        self._done += 1
        return self._done <= self.at_once

    async def turn(self) -> None:
        """Wait until it is one's turn."""
        self._watch()
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        await waiting

    def _watch(self) -> None:
        """Have the loop come here after what it does now."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # what ran on another one is over, and so is what it was to do
            self._loop, self._done = loop, 0
            self._waiting.clear()
        if not self._done and not self._waiting:
            loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        """Let the next ones go on, and come here again after them."""
        self._done = 0
        while self._waiting and self._done < self.at_once:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(None)
                self._done += 1
        if self._done:
            asyncio.get_running_loop().call_soon(self._go_on)
