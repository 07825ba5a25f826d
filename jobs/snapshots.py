"""Freezing every tenant's pipeline each week, beside everything else."""

from __future__ import annotations

import asyncio

import structlog

from commands import snapshots
from commands.access import system_actor
from models import outages
from models.access import Tenant
from models.database import is_unreachable
from models.errors import BellwetherError

log = structlog.get_logger(__name__)

#: How often it is looked whether a week is over.
POLL_SECONDS = 900.0


async def keep_snapshots() -> None:
    """Freeze what is missing, now and whenever a week is over; what cannot be done now is tried again."""
    while True:
        try:
            await take_missing()
        except Exception as error:
            if is_unreachable(error):
                outages.noted(error)
            else:
                known = isinstance(error, BellwetherError)
                log.warning("pipelines could not be frozen", reason=outages.reason(error), exc_info=not known)
        await asyncio.sleep(POLL_SECONDS)


async def take_missing() -> int:
    """Freeze the weeks that are missing, of every tenant; how many that were."""
    taken = 0
    for tenant in await Tenant.all().order_by("id"):
        taken += len(await snapshots.take_missing(system_actor(tenant)))
    return taken
