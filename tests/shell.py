"""The ``bellwether`` command as an operator runs it: another process, its exit code and what it printed."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]


#: Processes begin with the program read already: to read it takes longer than most commands do.
_READY = multiprocessing.get_context("forkserver")
_READY.set_forkserver_preload(["cli"])
_SECONDS = 120


def bellwether(url: str, home: Path, *arguments: str, exit_code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command in ``home`` with the database, and check how it exits."""
    with tempfile.TemporaryDirectory() as folder:
        printed = [Path(folder, name) for name in ("out", "err")]
        process = _READY.Process(target=_run, args=(arguments, home, _environment(url, home), printed))
        process.start()
        process.join(_SECONDS)
        if process.exitcode is None:
            process.kill()
            process.join()
        out, err = (path.read_text("utf-8") if path.exists() else "" for path in printed)
    assert "Traceback" not in out + err
    assert process.exitcode == exit_code, out + err
    return subprocess.CompletedProcess(arguments, exit_code, out, err)


def _run(arguments: Sequence[str], home: Path, environment: dict[str, str], printed: Sequence[Path]) -> None:
    """What the process does: it prints to files, and exits as the command does."""
    for stream, path in enumerate(printed, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), stream)
    os.chdir(home)
    os.environ.clear()
    os.environ.update(environment)
    cli = importlib.import_module("cli")
    cli.app(list(arguments), prog_name="bellwether")


def _environment(url: str, home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "BELLWETHER_DATABASE_URL": url,
        "BELLWETHER_HOME": str(home),
        "BELLWETHER_WORKERS": "1",
        "BELLWETHER_ANNEX": "0",
    }


@contextmanager
def started(url: str, home: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command as a shell starts it, while it runs in ``home``; it is killed if it does at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", *arguments],
        cwd=home,
        env=_environment(url, home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()
