"""What the pool asks a worker, and how it is framed on the pipes between them."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from rules.reference import Facts

#: Every frame begins with the length of its body. The first that a worker sends is empty: it is ready.
HEADER = struct.Struct(">I")


@dataclass(frozen=True)
class Task:
    """One account to judge; with ``check``, the reference evaluator judges it too."""

    account: str
    facts: Facts
    check: bool


@dataclass(frozen=True)
class Request:
    """Accounts to judge by a book (pickled); rules in ``quarantine`` run on the reference evaluator.

    The answers are awaited for ``seconds``. A worker answers in time what it has, at least the first
    account, and leaves the rest to another request.
    """

    book: bytes
    quarantine: frozenset[str]
    tasks: tuple[Task, ...]
    seconds: float
