"""``/metrics``: what was counted, and how things stand at this moment, in the form that Prometheus reads."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from contextlib import suppress

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.requests import Request
from starlette.responses import Response
from tortoise.connection import get_connection

from commands import pending
from models import outages
from models.database import is_unreachable
from models.errors import Unauthenticated
from rules.engine.pool import EnginePool
from schema.core.metrics import EVERYWHERE
from schema.core.refusals import NOT_KEPT, refusal
from schema.core.schema import Schema

#: Seconds that the database has for what is asked of it.
PATIENCE = 2
# Otherwise there is one more line for each line, of when it was first counted.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Scraping:
    """Answers who collects metrics; with a ``token``, only who sends it as a bearer token."""

    def __init__(self, schema: Schema, engine: EnginePool, token: str, version: str) -> None:
        self.token = token
        self.registry = CollectorRegistry()
        for each in EVERYWHERE:
            self.registry.register(each)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        Info("bellwether_build", "The release that runs.", registry=self.registry).info({"version": version})
        self._now("bellwether_documents_kept", "GraphQL documents kept read.", lambda: len(schema.documents))
        self._now("bellwether_read_plans_kept", "Read plans kept compiled.", lambda: len(schema.reads))
        self._now("bellwether_engine_workers", "Rule workers alive.", lambda: len(engine.worker_pids()))
        self._now(
            "bellwether_quarantined_rules",
            "Rules that the reference evaluator judges in the engine's place.",
            lambda: len(engine.quarantined),
        )
        self._now(
            "bellwether_database_reachable",
            "1 unless the database could not be reached when it was asked last.",
            lambda: not outages.is_gone(),
        )
        self._pending = self._now("bellwether_accounts_pending", "Accounts that wait to be judged.")
        self._connections = Gauge(
            "bellwether_database_connections",
            "Connections to PostgreSQL by state: used, idle, and how many there may be.",
            ["state"],
            registry=self.registry,
        )

    def _now(self, name: str, meaning: str, value: Callable[[], float] | None = None) -> Gauge:
        gauge = Gauge(name, meaning, registry=self.registry)
        if value:
            gauge.set_function(value)
        return gauge

    async def answer(self, request: Request) -> Response:
        """Everything that is measured."""
        if self.token and not self._is_let_in(request.headers.get("authorization", "")):
            return refusal(
                401, Unauthenticated.code, "metrics want their own token", {"WWW-Authenticate": "Bearer"}
            )
        await self._look()
        return Response(
            generate_latest(self.registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4, **NOT_KEPT}
        )

    def _is_let_in(self, authorization: str) -> bool:
        return hmac.compare_digest(authorization.encode(), f"Bearer {self.token}".encode())

    async def _look(self) -> None:
        """Look at what is not counted as it happens; without a database it stays as it was."""
        self._count_connections()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    self._pending.set(await pending.number())
        except Exception as error:
            if not is_unreachable(error):
                raise
            outages.noted(error)

    def _count_connections(self) -> None:
        pool = getattr(get_connection("default"), "_pool", None)
        if pool is not None:
            idle = pool.get_idle_size()
            self._connections.labels("idle").set(idle)
            self._connections.labels("used").set(pool.get_size() - idle)
            self._connections.labels("most").set(pool.get_max_size())
