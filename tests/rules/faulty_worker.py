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
from rules.engine.extension import Engine
from rules.engine.requests import Request
from rules.engine.worker import Judge, main
from rules.reference import Match, Step, unhurried

_matches = Engine.matches
judge = Judge()


def _faulty(self: Engine, batch: Batch, without: set[str], step: Step = unhurried) -> Iterator[Match]:
    keys = {rule.key for rule in self.program.rules}
    if "crash" in batch.ids.values() and any("faulty" in key for key in keys):
        os.kill(os.getpid(), signal.SIGSEGV)
    if "hang" in batch.ids.values() and any("faulty" in key for key in keys):
        time.sleep(60)
    yield from _matches(self, batch, without, step)


def _fatal(request: Request) -> bytes:
    facts = [fact for task in request.tasks for of in task.facts.values() for fact in of]
    if any(fact["id"] == "always" for fact in facts):
        os.kill(os.getpid(), signal.SIGSEGV)
    return judge.answer(request)


Engine.matches = _faulty  # type: ignore[method-assign]
main(_fatal)
