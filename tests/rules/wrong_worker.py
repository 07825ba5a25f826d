"""A worker whose engine leaves out what the rule ``misjudged`` matches."""

from __future__ import annotations

from collections.abc import Iterator

from rules.durable import Batch
from rules.engine import worker
from rules.engine.extension import Engine
from rules.reference import Match, Step, unhurried

_matches = Engine.matches


def _wrong(self: Engine, batch: Batch, without: set[str], step: Step = unhurried) -> Iterator[Match]:
    yield from (match for match in _matches(self, batch, without, step) if match.rule != "misjudged")


Engine.matches = _wrong  # type: ignore[method-assign]
worker.main()
