"""Which random cases are tried: the seeds that ever failed, and a range of fresh ones.

``BELLWETHER_FUZZ`` asks for so many fresh ones instead of the short form's, ``BELLWETHER_FUZZ_SEED`` says
where they begin.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

KEPT = Path(__file__).parent / "fuzz_seeds.txt"
#: So many seeds share one stored portfolio.
TOGETHER = 50


def seeds(short: int) -> Iterator[int]:
    """The seeds that ever failed, and as many fresh ones as were asked for."""
    yield from kept()
    start = int(os.environ.get("BELLWETHER_FUZZ_SEED", "0"))
    yield from range(start, start + count(short))


def count(short: int) -> int:
    """How many fresh seeds are tried."""
    return int(os.environ.get("BELLWETHER_FUZZ", "0")) or short


def kept() -> list[int]:
    """Seeds of past failures, each on a line with what was wrong."""
    lines = KEPT.read_text("utf-8").splitlines()
    return [int(line.split()[0]) for line in lines if line and not line.startswith("#")]
