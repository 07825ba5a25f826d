"""What a process that serves the API never loads."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = "import sys, server, cli, metrics.forecasting.period; print(*sys.modules)"
#: The engine, whose memory only workers may break; what learns, which takes seconds.
NEVER = {"durable", "durable_rules_engine", "sklearn", "scipy"}


def test_it_loads_neither_the_engine_nor_what_learns() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert {"server", "cli", "metrics", "rules"} <= loaded
    assert not loaded & NEVER
    assert not {name for name in loaded if name.startswith("durable")}
