"""Checks by clients that need node: each file of them in a process of its own, by node's own test runner."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from benchmarks.serving import Serving
from tests.clients.report import Failed
from tests.clients.world import World

FOLDER = Path(__file__).parent
#: The files, and what a test of them is.
FILES = {
    "http": "audits ok",
    "typed": "checks of a typed client",
    "relay": "of the Relay compiler",
    "live": "of subscriptions",
}
SECONDS = 120


def check(server: Serving, world: World) -> list[str]:
    """Run all of them, and say how many there are of each kind.

    Raises:
        Failed: one of them failed, or was left out.
    """
    environment = {
        **os.environ,
        "CLIENTS_URL": f"{server.address}/graphql",
        "CLIENTS_WORLD": json.dumps({"secret": world.secret, "tokens": world.tokens, "ids": world.ids}),
    }
    return [f"{_passed(name, environment)} {what}" for name, what in FILES.items()]


def _passed(name: str, environment: dict[str, str]) -> int:
    """How many tests of a file there are, all of which passed."""
    command = ["node", "--test", "--test-force-exit", "--test-reporter=tap", f"{name}.test.mjs"]
    ran = subprocess.run(
        command, cwd=FOLDER, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    counts = {kind: int(number) for kind, number in re.findall(r"^# (\w+) (\d+)$", ran.stdout, re.MULTILINE)}
    if ran.returncode or not counts.get("pass") or counts["pass"] != counts["tests"]:
        raise Failed(f"{name}.test.mjs\n{ran.stdout}\n{ran.stderr}")
    return counts["pass"]
