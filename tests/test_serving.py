"""The first command of the README: it serves demo data, says how to ask, and ends when it is told to."""

from __future__ import annotations

import json
import shlex
import signal
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from tests.shell import started

#: What is asked of the server in an address.
QUERY = "mail=ada@example.com"


def _served(home: Path) -> tuple[object, str]:
    """What the printed ``curl`` answers, and standard error until the server has ended as it was told."""
    with started(f"sqlite://{home}/x.sqlite3", home, "serve", "--demo", "--port", "0") as process:
        assert process.stdout
        curl = next(line for line in iter(process.stdout.readline, "") if line.startswith("curl"))
        _, _, url, *options = shlex.split(curl)
        headers = dict(header.split(": ") for flag, header in pairwise(options) if flag == "-H")
        answer = httpx.post(url, headers=headers, content=options[-1]).json()
        assert httpx.get(f"{url.rsplit('/', 1)[0]}/metrics?{QUERY}").status_code == 200
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert process.returncode == 0, told
    assert "interrupted" not in told
    assert headers["authorization"] not in told
    assert QUERY not in told
    lines = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    assert {"uvicorn.error", "bellwether.server", "bellwether.http"} <= {line["logger"] for line in lines}
    return answer, told


def test_the_demo_is_loaded_by_the_first_start_and_served_by_every_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BELLWETHER_LOG_LEVEL", "DEBUG")
    first, told = _served(tmp_path)
    assert isinstance(first, dict)
    shown = first["data"]["recommendations"]["nodes"]
    assert len(shown) == 5
    assert all(node["because"] and node["account"]["name"] for node in shown)
    assert "loading demo data" in told
    again, told = _served(tmp_path)
    assert again == first
    assert "loading demo data" not in told
