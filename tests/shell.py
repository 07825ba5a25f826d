"""The ``bellwether`` command as an operator runs it: another process, its exit code and what it printed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]


def bellwether(url: str, home: Path, *arguments: str, exit_code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command in ``home`` with the database, and check how it exits."""
    with started(url, home, *arguments) as process:
        out, err = process.communicate(timeout=120)
    assert "Traceback" not in out + err
    assert process.returncode == exit_code, out + err
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


@contextmanager
def started(url: str, home: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command while it runs in ``home`` with the database; it is killed if it still does at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", *arguments],
        cwd=home,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "BELLWETHER_DATABASE_URL": url,
            "BELLWETHER_HOME": str(home),
            "BELLWETHER_WORKERS": "1",
            "BELLWETHER_ANNEX": "0",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()
