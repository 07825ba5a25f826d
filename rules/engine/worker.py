"""A worker process: judges batches of accounts by the engine, whose extension nothing else loads.

It reads frames from standard input and answers on standard output, each four bytes of length and a body:
pickled requests in (from our own process), JSON answers out (never unpickled: memory here may be broken).
It ends when its input does, and by an alarm when a batch takes too long and nobody is left to kill it.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import time
from collections.abc import Callable, Iterable
from typing import BinaryIO

from rules.engine import answers
from rules.engine.account import Unjudgeable, judged
from rules.engine.answers import Judged
from rules.engine.extension import Engine
from rules.engine.requests import HEADER, Request, Task
from rules.tree import Book, Rule

PROGRAMS = 8
#: The share of a batch's time after which no other account of it is begun.
PAUSE = 0.3
#: The share that the engine, the reference evaluator and comparing them may each take on one account.
SHARE = 0.2
#: Seconds after which a worker that should have been ended ends itself.
GRACE = 5.0


class Judge:
    """Judges accounts by books; keeps the last few programs loaded."""

    def __init__(self) -> None:
        self._engines: dict[tuple[bytes, frozenset[str]], tuple[Book, list[Engine]]] = {}

    def answer(self, request: Request) -> bytes:
        """The verdict on each account, in order, as far as there is time."""
        book, engines = self._loaded(request)
        pause = time.monotonic() + PAUSE * request.seconds
        verdicts: list[Judged | None] = []
        for task in request.tasks:
            in_time = not verdicts or time.monotonic() < pause
            verdicts.append(_verdict(book, engines, request, task) if in_time else None)
        return answers.write(verdicts)

    def _loaded(self, request: Request) -> tuple[Book, list[Engine]]:
        """The request's book, and an engine for each of its strata."""
        key = (request.book, request.quarantine)
        if key not in self._engines:
            if len(self._engines) >= PROGRAMS:
                _, oldest = self._engines.pop(next(iter(self._engines)))
                for engine in oldest:
                    engine.close()
            book: Book = pickle.loads(request.book)
            self._engines[key] = book, [Engine(_trusted(rules, request)) for rules in book.strata]
        return self._engines[key]


def _trusted(rules: Iterable[Rule], request: Request) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if rule.key not in request.quarantine)


def _verdict(book: Book, engines: list[Engine], request: Request, task: Task) -> Judged:
    try:
        matches, differing = judged(book, engines, request.quarantine, task, SHARE * request.seconds)
    except Unjudgeable as error:
        return Judged(error=str(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this account's and not the batch's
        return Judged(error=f"{type(error).__name__}: {error}")
    return Judged(tuple(matches), tuple(differing))


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame's body; None at the end of the stream."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    (length,) = HEADER.unpack(header)
    return stream.read(length)


def serve(answer: Callable[[Request], bytes], requests: BinaryIO, replies: BinaryIO) -> None:
    """Say that this worker is ready, and answer requests until there are no more."""
    _send(replies, b"")
    while (frame := read_frame(requests)) is not None:
        request: Request = pickle.loads(frame)
        signal.setitimer(signal.ITIMER_REAL, request.seconds + GRACE)
        body = answer(request)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _send(replies, body)


def _send(replies: BinaryIO, body: bytes) -> None:
    replies.write(HEADER.pack(len(body)) + body)
    replies.flush()


def main(answer: Callable[[Request], bytes] | None = None) -> None:
    """Serve on this process's pipes; anything else that prints goes to standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(answer or Judge().answer, sys.stdin.buffer, replies)


if __name__ == "__main__":
    main()
