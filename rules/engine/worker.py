"""A worker process: judges batches of accounts; the only module that loads the engine's extension.

It reads frames from standard input and answers on standard output, each four bytes of length and a body:
pickled requests in (from our own process), JSON answers out (never unpickled: memory here may be broken).
It ends when its input does, and by an alarm when a batch takes too long and nobody is left to kill it.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

import durable_rules_engine
import orjson

from rules.durable import Batch, Definition, Program
from rules.engine.requests import HEADER, Request, Task
from rules.reference import Match, canonical_facts, evaluate
from rules.tree import Book, Rule

MAX_ACTIVATIONS = 5_000
PROGRAMS = 8


class Engine:
    """A program loaded into the extension, a handle for each shard."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.program = Program(rules)
        self.handles = [_create(shard) for shard in self.program.shards]

    def close(self) -> None:
        """Give the extension's memory back."""
        for handle in self.handles:
            durable_rules_engine.delete_ruleset(handle)

    def matches(self, batch: Batch) -> Iterator[Match]:
        """Every match of one batch, on fresh state."""
        for handle in self.handles:
            for activation in _activations(handle, batch.json):
                match = self.program.match(activation, batch)
                if match is not None:
                    yield match


def _create(shard: Definition) -> int:
    handle: int = durable_rules_engine.create_ruleset("bellwether", orjson.dumps(shard).decode())
    return handle


def _activations(handle: int, facts: str) -> Iterator[str]:
    """What fires for these facts; the state is gone afterwards, also after an error."""
    _, offset = durable_rules_engine.assert_facts(handle, facts)
    try:
        started = durable_rules_engine.start_action_for_state(handle, offset)
        activation = started and started[1]
        fired = 0
        while activation is not None:
            fired += 1
            if fired > MAX_ACTIVATIONS:
                durable_rules_engine.abandon_action(handle, offset)
                raise OverflowError(f"the rules match more than {MAX_ACTIVATIONS:,} times")
            yield activation
            activation = durable_rules_engine.complete_and_start_action(handle, offset)
    finally:
        durable_rules_engine.delete_state(handle, "s")


class Judge:
    """Judges accounts by books; keeps the last few programs loaded."""

    def __init__(self) -> None:
        self._engines: dict[tuple[bytes, frozenset[str]], tuple[Book, Engine]] = {}

    def answer(self, request: Request) -> list[dict[str, object]]:
        """The verdict of each task, in order: matches and differences, or an error."""
        book, engine = self._engine(request)
        return [self._account(book, engine, request.quarantine, task) for task in request.tasks]

    def _engine(self, request: Request) -> tuple[Book, Engine]:
        key = (request.book, request.quarantine)
        if key not in self._engines:
            if len(self._engines) >= PROGRAMS:
                _, oldest = self._engines.pop(next(iter(self._engines)))
                oldest.close()
            book: Book = pickle.loads(request.book)
            trusted = tuple(rule for rule in book.rules if rule.key not in request.quarantine)
            self._engines[key] = book, Engine(trusted)
        return self._engines[key]

    def _account(
        self, book: Book, engine: Engine, quarantine: frozenset[str], task: Task
    ) -> dict[str, object]:
        try:
            matches, differing = judged(book, engine, quarantine, task)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this account's and not the batch's
            return {"error": f"{type(error).__name__}: {error}"}
        return {"matches": [[match.rule, match.facts] for match in matches], "differing": differing}


def judged(
    book: Book, engine: Engine, quarantine: frozenset[str], task: Task
) -> tuple[list[Match], list[str]]:
    """The matches of an account, and the rules (if checked) on which the engine was wrong."""
    facts = canonical_facts(task.facts)
    program = engine.program
    batches = program.batches(facts)
    divided = program.divided(facts)
    doubtful = {
        rule.key
        for rule in book.rules
        if rule.key in quarantine or batches is None or _pairs_within(rule, divided)
    }
    found = {match for batch in batches or () for match in engine.matches(batch)}
    found = {match for match in found if match.rule not in doubtful}
    found |= evaluate([rule for rule in book.rules if rule.key in doubtful], facts)
    if not task.check:
        return sorted(found), []
    expected = evaluate(book.rules, facts)
    return sorted(expected), sorted({match.rule for match in found ^ expected})


def _pairs_within(rule: Rule, divided: frozenset[str]) -> bool:
    counted = Counter(pattern.kind for pattern in rule.patterns)
    return any(counted[kind] > 1 for kind in divided)


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame's body; None at the end of the stream."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    (length,) = HEADER.unpack(header)
    return stream.read(length)


def serve(judge: Judge, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    while (frame := read_frame(requests)) is not None:
        request: Request = pickle.loads(frame)
        signal.setitimer(signal.ITIMER_REAL, request.seconds)
        body = orjson.dumps(judge.answer(request))
        signal.setitimer(signal.ITIMER_REAL, 0)
        answers.write(HEADER.pack(len(body)) + body)
        answers.flush()


def main() -> None:
    """Serve on this process's pipes; anything else that prints goes to standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(Judge(), sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
