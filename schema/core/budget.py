"""How much each actor may ask: so many points a minute, given back steadily."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

SECONDS = 60
#: So many actors are remembered; whoever asked last longest ago begins anew.
MOST = 20_000


@dataclass(frozen=True)
class Allowance:
    """What an actor has: ``remaining`` points of ``limit`` a minute, all of them again in ``reset`` seconds.

    ``wait`` is after how many seconds there are enough for what was asked; 0 where there are.
    """

    limit: int
    remaining: int
    reset: int
    wait: int = 0

    def headers(self) -> dict[str, str]:
        """The allowance as rate-limit header fields."""
        if self is UNLIMITED:
            return {}
        found = {
            "RateLimit-Policy": f'"points";q={self.limit};w={SECONDS}',
            "RateLimit": f'"points";r={self.remaining};t={self.reset}',
        }
        return found | {"Retry-After": str(self.wait)} if self.wait else found


#: Where nothing is counted.
UNLIMITED = Allowance(0, 0, 0)


class Budget:
    """Points by actor: a bucket for each, which fills within a minute; with ``limit`` 0 nobody is held up."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._buckets: dict[str, tuple[float, float]] = {}

    def spend(self, actor: str, points: int) -> Allowance:
        """Take points from an actor's bucket, if there are enough in it; the allowance that is left."""
        if not self.limit:
            return UNLIMITED
        now, rate = time.monotonic(), self.limit / SECONDS
        left, at = self._buckets.pop(actor, (float(self.limit), now))
        left = min(self.limit, left + (now - at) * rate)
        wait = math.ceil((points - left) / rate) if points > left else 0
        left -= 0 if wait else points
        self._buckets[actor] = (left, now)
        if len(self._buckets) > MOST:
            del self._buckets[next(iter(self._buckets))]
        return Allowance(self.limit, int(left), math.ceil((self.limit - left) / rate), wait)
