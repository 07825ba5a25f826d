"""Servers in processes of their own: the product's, and any that announces its address as it does."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

#: Nobody is refused for asking too often.
UNBOUNDED = {"points_per_minute": "0"}
SECRET = "a secret for benchmarks alone, of forty characters"


@dataclass(frozen=True)
class Serving:
    """A server that is up: ``http://host:port``, and its process."""

    address: str
    pid: int


@contextmanager
def product(url: str, **more: str) -> Iterator[Serving]:
    """The product's server on a database; ``more`` are settings by their names in lower case."""
    with tempfile.TemporaryDirectory() as home:
        given = {
            "database_url": url,
            "home": home,
            "secret": SECRET,
            "log_level": "WARNING",
            **UNBOUNDED,
            **more,
        }
        environment = {f"BELLWETHER_{name.upper()}": value for name, value in given.items()}
        with serving(["cli", "serve", "--port", "0"], environment) as server:
            yield server


@contextmanager
def serving(
    module: Sequence[str],
    environment: Mapping[str, str] | None = None,
    given: str = "",
    log: IO[str] | None = None,
) -> Iterator[Serving]:
    """A module run with its arguments; the first line that it prints ends with its address.

    ``given`` is what it reads from standard input; what it logs goes to the file ``log``, or is shown.

    Raises:
        RuntimeError: it ended without a word.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", *module],
        env={**os.environ, **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    try:
        assert process.stdin and process.stdout
        process.stdin.write(given)
        process.stdin.close()
        if not (announced := process.stdout.readline()):
            raise RuntimeError(f"{module[0]} does not serve")
        yield Serving(announced.split()[-1].removesuffix("/graphql"), process.pid)
    finally:
        process.terminate()
        process.wait(20)
