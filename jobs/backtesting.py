"""Carrying out backtests that were asked for, one after the other, beside everything else."""

from __future__ import annotations

import asyncio

import structlog

from commands import backtests
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
            known = isinstance(error, BellwetherError) or is_unreachable(error)
            log.warning("backtests could not be carried out", reason=str(error), exc_info=not known)
        await asyncio.sleep(POLL_SECONDS)
