"""The ``bellwether`` command as an operator runs it: another process, its exit code and what it printed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def bellwether(url: str, home: Path, *arguments: str, exit_code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command in ``home`` with the database, and check how it exits."""
    done = subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd=home,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "BELLWETHER_DATABASE_URL": url,
            "BELLWETHER_HOME": str(home),
            "BELLWETHER_WORKERS": "1",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr
    assert done.returncode == exit_code, done.stdout + done.stderr
    return done
