"""Keeping tenants judged: what was written to is judged again at once, and each day what it changes."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

import structlog

from commands import evaluations, pending
from commands.access import system_actor
from models import outages
from models.access import Tenant
from models.base import today
from models.database import is_unreachable
from models.errors import BellwetherError
from rules.engine.pool import EnginePool

log = structlog.get_logger(__name__)

#: How often writes of other processes, and a new day, are looked for.
POLL_SECONDS = 5.0
#: A tenant whose accounts were all judged no longer ago than this is kept judged.
CURRENT = timedelta(days=7)


async def keep_judged(engine: EnginePool) -> None:
    """Judge what changes, from now on; what cannot be judged now is tried again."""
    bell = pending.bell()
    while True:
        bell.clear()
        try:
            await judge_changes(engine)
        except Exception as error:
            if is_unreachable(error):
                outages.noted(error)
            else:
                reason, known = outages.reason(error), isinstance(error, BellwetherError)
                log.warning("changes could not be judged", reason=reason, exc_info=not known)
            await asyncio.sleep(POLL_SECONDS)
        with suppress(TimeoutError):
            await asyncio.wait_for(bell.wait(), POLL_SECONDS)


async def judge_changes(engine: EnginePool) -> int:
    """Judge all that waits, of every tenant that is kept judged; how many runs that took."""
    runs = 0
    for tenant in await Tenant.filter(judged_as_of__gte=today() - CURRENT).order_by("id"):
        while await evaluations.evaluate_changes(system_actor(tenant), engine, today()):
            runs += 1
    return runs
