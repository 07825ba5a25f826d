"""A worker whose engine leaves out what the rule ``misjudged`` matches."""

from __future__ import annotations

from collections.abc import Iterator

from rules.durable import Batch
from rules.engine import worker
from rules.reference import Match

_matches = worker.Engine.matches


def _wrong(self: worker.Engine, batch: Batch) -> Iterator[Match]:
    yield from (match for match in _matches(self, batch) if match.rule != "misjudged")


worker.Engine.matches = _wrong  # type: ignore[method-assign]
worker.main()
