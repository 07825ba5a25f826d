"""Checks the real server, in a process of its own, with clients that others wrote; needs node.

``python -m tests.clients --cases 2000 --seed 1000``: so many random requests, the same ones for each seed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.serving import Serving, serving
from tests.clients import cases, garbage, node
from tests.clients.report import Failed
from tests.clients.world import World, made

#: Nobody is short of points; who connects too often or takes nothing is found out soon.
SETTINGS = {
    "POINTS_PER_MINUTE": "0", "WORKERS": "1",
    "MAX_CONNECTIONS": "4", "MAX_WAITING_EVENTS": "10", "SOCKET_PATIENCE": "6",
}  # fmt: skip


@contextmanager
def served(home: Path) -> Iterator[tuple[Serving, World]]:
    """The server on a new embedded database, and what is in it.

    Raises:
        Failed: it did not start, or logged what it logs of bugs.
    """
    secret, url = secrets.token_urlsafe(32), f"sqlite://{home / 'bellwether.sqlite3'}"
    world = asyncio.run(made(url, secret))
    own = {"HOME": str(home), "DATABASE_URL": url, "SECRET": secret}
    environment = {f"BELLWETHER_{name}": value for name, value in (SETTINGS | own).items()}
    log = home / "log"
    try:
        with log.open("w") as file, serving(["cli", "serve", "--port", "0"], environment, log=file) as server:
            yield server, world
    except RuntimeError as error:
        raise Failed(f"{error}\n{log.read_text('utf-8')}") from error
    if bugs := [line for line in log.read_text("utf-8").splitlines() if _tells_of_bug(line)]:
        raise Failed("\n".join(["the server's log", *bugs]))


def _tells_of_bug(line: str) -> bool:
    """Whether a line of the log is an error, other than what the engine's alarms say of rules."""
    content = json.loads(line) if line.startswith("{") else {"level": "error", "event": line}
    return content["level"] in ("error", "critical") and content["event"] != "engine alarm"


def main(random_cases: int, seed: int) -> None:
    """Run every check, the destructive ones last, and say how many there were."""
    with tempfile.TemporaryDirectory() as home, served(Path(home)) as (server, world):
        done = node.check(server, world)
        done += garbage.check(server, world, random_cases // 4, seed)
        done += cases.check(server, world, random_cases, seed)
    print(", ".join(done))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.clients")
    parser.add_argument("--cases", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1_000)
    given = parser.parse_args()
    try:
        main(given.cases, given.seed)
    except Failed as failed:
        sys.exit(f"FAILED {failed}")
