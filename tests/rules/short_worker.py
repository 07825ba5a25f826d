"""A worker whose extension does not take all that it is sent, where the rules are ``faulty``.

It cuts a batch short where a fact is named ``short``, and refuses it where one is named ``refused``.
"""

from __future__ import annotations

from rules.durable import Batch, Program
from rules.engine import worker
from rules.reference import Facts, Step, unhurried

_batch = Program.batch


def _broken(self: Program, piece: Facts, facts: Facts, step: Step = unhurried) -> Batch:
    batch = _batch(self, piece, facts, step)
    names = set(batch.ids.values())
    if any("faulty" in rule.key for rule in self.rules):
        if "short" in names:
            return Batch([text.rpartition(",{")[0] + "]" for text in batch.texts], batch.ids)
        if "refused" in names:
            return Batch(["\0" for _ in batch.texts], batch.ids)
    return batch


Program.batch = _broken  # type: ignore[method-assign]
worker.main()
