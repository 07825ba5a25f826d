"""``bellwether serve`` and ``bellwether demo``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated

import orjson
import typer
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from cli.shell import app, command, connected, engine_pool, out, progress, token_of
from commands import evaluations
from commands.access import system_actor
from jobs import demo as demo_job
from models import database
from models.access import Tenant, User
from models.base import today
from settings import Settings, settings

ADDRESS = "ADDRESS"
#: A closed WebSocket has so many seconds to send what it still holds.
CLOSING_SECONDS = 5
BANNER = f"Bellwether serves {ADDRESS}/graphql"


@app.command()
@command
async def serve(
    demo: Annotated[bool, typer.Option("--demo", help="Load demo data first, once, and judge it.")] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Serve GraphQL. With --demo the database is made, migrated and filled when it is new."""
    if demo:
        await _load_demo()
    async with connected():
        pass  # refuse an unknown schema before anything listens
    config = configured(
        "server:app", host or settings().host, settings().port if port is None else port, settings()
    )
    server = _Announcing(config, await _demo_banner() if demo else BANNER)
    try:
        await server.serve()
        await asyncio.sleep(0)  # an interruption that the server has obeyed arrives here: an ordinary end
    except asyncio.CancelledError:
        if not server.should_exit:
            raise


def configured(app: str | Callable[[], ASGIApp], host: str, port: int, config: Settings) -> uvicorn.Config:
    """How the application that ``app`` makes, or names, is served."""
    return uvicorn.Config(
        app,
        factory=True,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=10,
        ws=_Connection,
        ws_max_size=config.max_body_bytes,
        ws_per_message_deflate=False,  # events are small
    )


class _Connection(WebSocketsSansIOProtocol):
    """A WebSocket that is gone soon after it was closed, though its client takes nothing.

    Otherwise it would stay until that client reads, and clients that answer no ping never do.
    """

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        self.loop.call_later(CLOSING_SECONDS, self.transport.abort)


class _Announcing(uvicorn.Server):
    """A server that says where it is once it answers; ``banner`` has ``ADDRESS`` for that."""

    def __init__(self, config: uvicorn.Config, banner: str) -> None:
        super().__init__(config)
        self.banner = banner

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            port = self.servers[0].sockets[0].getsockname()[1]
            banner = self.banner.replace(ADDRESS, f"http://{self.config.host}:{port}")
            out.print(banner, soft_wrap=True, markup=False)


async def _load_demo() -> None:
    """Bring the database to this release, and fill and judge it unless that was done before."""
    async with connected(check=False):
        await database.migrate()
        if await evaluations.judged_before(demo_job.SLUG):
            return
        with progress() as advance:
            tenant = await demo_job.load_world(demo_job.build_world(today()), advance)
            await demo_job.sell(tenant)
            await demo_job.strategise(tenant)
            async with engine_pool() as engine:
                actor = system_actor(tenant)
                await demo_job.put_rules_live(actor, engine)
                await evaluations.evaluate(
                    actor,
                    engine,
                    today(),
                    progress=lambda done, of: advance("judging accounts", done, of),
                )


async def _demo_banner() -> str:
    async with connected():
        tenant = await Tenant.get(slug=demo_job.SLUG)
        director, manager = [
            token_of(await User.get(tenant_id=tenant.id, email=email))
            for email in (demo_job.DIRECTOR_EMAIL, demo_job.MANAGER_EMAIL)
        ]
    query = "{ recommendations(first: 5) { nodes { title because priority account { name } } } }"
    return (
        f"\nBellwether serves {ADDRESS}/graphql (open it in a browser for GraphiQL)\n\n"
        f"Token of a director ({demo_job.DIRECTOR_EMAIL}):\n{director}\n\n"
        f"Token of a manager ({demo_job.MANAGER_EMAIL}):\n{manager}\n\n"
        "Recommendations for the manager:\n"
        f"curl -s {ADDRESS}/graphql -H 'content-type: application/json'"
        f" -H 'authorization: Bearer {manager}'"
        f" -d '{orjson.dumps({'query': query}).decode()}'\n"
    )


@app.command("demo")
@command
async def demo_command() -> None:
    """Load the demo data and judge it, without serving; does nothing when it is there."""
    await _load_demo()
    out.print(f"The demo tenant {demo_job.SLUG!r} is loaded and judged.")
