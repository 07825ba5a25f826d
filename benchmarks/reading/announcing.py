"""How the servers that are measured beside the product's are run."""

from __future__ import annotations

import uvicorn
from starlette.applications import Starlette


class _Announcing(uvicorn.Server):
    """A server that prints its address once it answers."""

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            port = self.servers[0].sockets[0].getsockname()[1]
            print(f"http://{self.config.host}:{port}", flush=True)


def serve(app: Starlette, *, fast: bool) -> None:
    """Serve on any free port, on uvloop and httptools or on what uvicorn has without them."""
    config = uvicorn.Config(
        app,
        port=0,
        loop="uvloop" if fast else "asyncio",
        http="httptools" if fast else "h11",
        log_level="warning",
        access_log=False,
    )
    _Announcing(config).run()
