"""The composition root: settings, database, engine and schema put together as the ASGI application."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import orjson
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, WebSocketRoute

from commands import keys
from commands.evaluations import mark_interrupted
from jobs.backtesting import keep_backtesting
from jobs.judging import keep_judged
from jobs.projections import keep_projecting
from jobs.snapshots import keep_snapshots
from models import outages
from models.database import database, fetch, is_unreachable
from models.errors import BellwetherError, Invalid, Unavailable, UnknownSchema
from models.tracing import exported
from rules.engine.pool import EnginePool
from schema import graphiql
from schema.annex import Annex
from schema.core import media
from schema.core.answering import Answering
from schema.core.budget import Budget
from schema.core.credentials import ON_BEHALF_OF
from schema.core.edge import Edge
from schema.core.endpoint import Endpoint
from schema.core.entrance import Entrance
from schema.core.jwks import Keyring
from schema.core.logs import configure_logging
from schema.core.middleware import BodyLimit, Compression, Observed
from schema.core.oidc import Expected, Provider
from schema.core.persisted import Persisted, trusted_documents
from schema.core.refusals import BAD_REQUEST, refusal
from schema.core.schema import Schema
from schema.core.scraping import Scraping
from schema.core.tokens import signing_secret
from schema.core.websockets.connection import Bounds
from schema.core.websockets.endpoint import WebSockets
from schema.root import build
from settings import VERSION, Settings, settings

Handler = Callable[[Request], Awaitable[Response]]
Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]
log = structlog.get_logger("bellwether.server")
WATCH_SECONDS = 60
#: What is asked every few seconds by whoever watches the server.
PROBED = ("/healthz", "/readyz", "/metrics")
#: What the HTTP statuses are called; any other is a bad request.
CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "TOO_LARGE"}


def app() -> Starlette:
    """The application as the environment configures it: ``uvicorn --factory server:app``."""
    configure_logging(settings().log_level)
    return create_app()


def create_app(
    engine: EnginePool | None = None,
    config: Settings | None = None,
    provider: Provider | None = None,
    schema: Schema | None = None,
) -> Starlette:
    """The application; nothing is connected or started before its lifespan begins.

    ``engine`` is started and stopped with the application, like the one made when there is none.
    ``config`` is the environment's unless given, ``provider`` the one that it names, ``schema`` the one with
    its limits.
    """
    config = config or settings()
    engine = engine or EnginePool(config.workers, config.judge_timeout)
    schema = schema or build(config)
    enter = _entrance(engine, config, provider or _provider(config)).enter
    annex = Annex(config)
    answering = _answering(schema, config, annex)
    endpoint = Endpoint(answering, enter, config.max_batch)
    scraping = Scraping(schema, engine, config.metrics_token, VERSION)
    return Starlette(
        routes=[
            Route("/graphql", _read_by_url(endpoint, config), methods=["GET"]),
            Route("/graphql", endpoint.answer, methods=["POST"]),
            WebSocketRoute("/graphql", WebSockets(answering, enter, _bounds(config), config.origins)),
            *([Mount("/graphql/static", graphiql.static_files())] if config.shows_graphiql else []),
            Route("/healthz", _alive),
            Route("/readyz", _readiness_of(engine, config.workers)),
            *([Route("/metrics", scraping.answer)] if config.shows_metrics else []),
        ],
        lifespan=_lifespan(config, engine, annex),
        middleware=_middleware(config, endpoint),
        exception_handlers={HTTPException: _refused},
    )


def _answering(schema: Schema, config: Settings, annex: Annex) -> Answering:
    trusted = trusted_documents(config.trusted_documents) if config.trusted_documents else None
    return Answering(
        schema,
        Budget(config.points_per_minute),
        Persisted(trusted),
        annex,
        max_seconds=config.max_seconds,
        read_plans=config.read_plans,
    )


def _middleware(config: Settings, endpoint: Endpoint) -> list[Middleware]:
    """Around every request, outermost first; tokens come in a header, so no cookies are let through."""
    return [
        Middleware(Observed, routes=["/graphql", "/graphql/static/", *PROBED], quiet=PROBED),
        Middleware(Edge, endpoint=endpoint, path="/graphql", max_bytes=config.max_body_bytes),
        Middleware(
            CORSMiddleware,
            allow_origins=config.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-Request-ID", ON_BEHALF_OF],
            expose_headers=["X-Request-ID", "RateLimit", "RateLimit-Policy", "Retry-After"],
        ),
        Middleware(Compression),
        Middleware(BodyLimit, max_bytes=config.max_body_bytes),
    ]


def _bounds(config: Settings) -> Bounds:
    return Bounds(
        subscriptions=config.max_subscriptions,
        connections=config.max_connections,
        waiting=config.max_waiting_events,
        patience=config.socket_patience,
    )


def _entrance(engine: EnginePool, config: Settings, provider: Provider | None) -> Entrance:
    """Where an identity provider is named, tokens of our own need a secret that is set on purpose."""
    takes_ours = provider is None or bool(config.secret)
    return Entrance(engine, signing_secret(config.secret, config.home) if takes_ours else None, provider)


def _provider(config: Settings) -> Provider | None:
    """The identity provider of the settings."""
    if not config.oidc_issuer:
        return None
    expected = Expected(
        config.oidc_audience,
        tuple(config.algorithms),
        config.oidc_user_claim,
        config.oidc_tenant_claim,
        config.oidc_tenant,
    )
    return Provider(Keyring(config.oidc_issuer), expected)


def _lifespan(config: Settings, engine: EnginePool, annex: Annex) -> Lifespan:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        try:
            async with exported(config.otlp_endpoint, VERSION), database(config.database), engine:
                _settle_memory()
                log.info("started", workers=config.workers)
                background = [asyncio.create_task(each) for each in _background(config, engine, annex)]
                try:
                    yield
                finally:
                    for task in background:
                        task.cancel()
                    await asyncio.gather(*background, return_exceptions=True)
                    await annex.close()
                await keys.settled()
        except (Invalid, Unavailable, UnknownSchema) as error:
            log.critical("refused to start", reason=error.message)
            raise
        log.info("stopped")

    return lifespan


def _settle_memory() -> None:
    """Leave what was made for good out of garbage collections: a full one takes a tenth of a second."""
    gc.collect()
    gc.freeze()


def _background(config: Settings, engine: EnginePool, annex: Annex) -> Iterator[Coroutine[None, None, None]]:
    """What goes on beside answering requests."""
    yield annex.open()
    yield _watch_runs()
    yield keep_backtesting(engine)
    if config.weekly_snapshots:
        yield keep_snapshots()
    if config.weekly_projections:
        yield keep_projecting(config.database)
    if config.judge_changes:
        yield keep_judged(engine)


async def _watch_runs() -> None:
    """Mark evaluation runs whose process is gone, now and every minute."""
    while True:
        try:
            if interrupted := await mark_interrupted():
                log.warning("runs were interrupted", runs=interrupted)
        except Exception as error:
            if is_unreachable(error):
                outages.noted(error)
            elif isinstance(error, BellwetherError):
                log.warning("runs could not be looked after", reason=outages.reason(error))
            else:
                raise
        await asyncio.sleep(WATCH_SECONDS)


def _read_by_url(endpoint: Endpoint, config: Settings) -> Handler:
    async def read_by_url(request: Request) -> Response:
        """GraphiQL for browsers that ask nothing; an answer to whoever asks."""
        asks = bool(request.query_params)
        if not asks and config.shows_graphiql and "text/html" in request.headers.get("accept", ""):
            return graphiql.page()
        return await endpoint.answer(request)

    return read_by_url


async def _alive(_request: Request) -> Response:
    """Whether the process answers at all: whoever watches it restarts it when it does not."""
    return Response(b'{"status":"ok"}', media_type=media.JSON)


def _readiness_of(engine: EnginePool, expected: int) -> Handler:
    async def ready(_request: Request) -> Response:
        """Down without a database; a worker that is missing starts again with the next evaluation."""
        well = await _database_answers()
        state = {
            "status": "ok" if well else "down",
            "database": "ok" if well else "down",
            "workers": {"alive": len(engine.worker_pids()), "expected": expected},
            "quarantinedRules": len(engine.quarantined),
        }
        return Response(orjson.dumps(state), 200 if well else 503, media_type=media.JSON)

    return ready


async def _database_answers() -> bool:
    try:
        return bool(await fetch("select 1 as alive"))
    except Exception as error:
        if not is_unreachable(error):
            raise
        outages.noted(error)
        return False


async def _refused(_request: Request, error: Exception) -> Response:
    """Any HTTP error as JSON."""
    assert isinstance(error, HTTPException)
    code = CODES.get(error.status_code, BAD_REQUEST)
    return refusal(error.status_code, code, error.detail, error.headers)
