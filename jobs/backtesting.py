"""Carrying out backtests that were asked for, one after the other, beside everything else."""

from __future__ import annotations

import asyncio

import structlog

from commands import backtests
from models import outages
from models.database import is_unreachable
from models.errors import BellwetherError
from rules.engine.pool import EnginePool

log = structlog.get_logger(__name__)

#: How often it is looked whether any wait.
POLL_SECONDS = 2.0


async def keep_backtesting(engine: EnginePool) -> None:
    """Carry out what waits, from now on; what cannot be done now is tried again."""
    while True:
        try:
            await backtests.carry_out_waiting(engine)
        except Exception as error:
            if is_unreachable(error):
                outages.noted(error)
            else:
                known = isinstance(error, BellwetherError)
                log.warning(
                    "backtests could not be carried out", reason=outages.reason(error), exc_info=not known
                )
        await asyncio.sleep(POLL_SECONDS)
