"""A worker that never asks the reference evaluator: what it answers, the engine found."""

from __future__ import annotations

from collections.abc import Sequence

from rules.engine import account, worker
from rules.reference import Facts, Match
from rules.tree import Rule


def _refused(rules: Sequence[Rule], facts: Facts, found: set[Match], seconds: float) -> None:
    if rules:
        raise RuntimeError(f"left to the reference evaluator: {[rule.key for rule in rules]}")


account._by_reference = _refused
worker.main()
