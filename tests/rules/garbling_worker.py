"""A worker that answers what its argument says, for facts named ``garble`` and rules that are ``faulty``."""

from __future__ import annotations

import pickle
import sys

from rules.engine.requests import Request
from rules.engine.worker import Judge, main


def _garbled(request: Request) -> bool:
    keys = {rule.key for rule in pickle.loads(request.book).rules} - request.quarantine
    names = {fact["id"] for task in request.tasks for of in task.facts.values() for fact in of}
    return "garble" in names and any("faulty" in key for key in keys)


judge = Judge()
main(lambda request: sys.argv[1].encode() if _garbled(request) else judge.answer(request))
