"""What tests of the rules may use: a worker in which the engine is alone."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import pytest_asyncio

from rules.engine.pool import EnginePool


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> AsyncIterator[EnginePool]:
    """A worker that never asks the reference evaluator."""
    async with EnginePool(1, 20.0, (sys.executable, "-m", "tests.rules.alone_worker")) as pool:
        yield pool
