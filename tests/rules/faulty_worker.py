"""A worker with planted faults.

Facts named ``crash`` or ``hang`` end it for rules whose key says ``faulty``, one named ``always`` ends it
whatever the rules.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

from rules.durable import Batch
from rules.engine import worker
from rules.engine.requests import Task
from rules.reference import Match
from rules.tree import Book

_matches = worker.Engine.matches
_judged = worker.judged


def _faulty(self: worker.Engine, batch: Batch) -> Iterator[Match]:
    keys = {rule.key for rule in self.program.rules}
    if "crash" in batch.ids.values() and any("faulty" in key for key in keys):
        os.kill(os.getpid(), signal.SIGSEGV)
    if "hang" in batch.ids.values() and any("faulty" in key for key in keys):
        time.sleep(60)
    yield from _matches(self, batch)


def _fatal(
    book: Book, engine: worker.Engine, quarantine: frozenset[str], task: Task
) -> tuple[list[Match], list[str]]:
    if any(fact["id"] == "always" for of in task.facts.values() for fact in of):
        os.kill(os.getpid(), signal.SIGSEGV)
    return _judged(book, engine, quarantine, task)


worker.judged = _fatal
worker.Engine.matches = _faulty  # type: ignore[method-assign]
worker.main()
