"""An engine in two processes, each with half of the accounts in its memory."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Protocol

from benchmarks.engines.translated import Found
from rules.reference import Facts
from rules.tree import Book


class Engine(Protocol):
    """What finds matches."""

    def judge(self, accounts: Mapping[str, Facts]) -> Found:
        """Which rules match which accounts."""


Makes = Callable[[Book], Engine]


@contextmanager
def halves(makes: Makes, book: Book, accounts: Mapping[str, Facts]) -> Iterator[Callable[[], Found]]:
    """What judges all accounts in two processes, which are ready and have inherited the facts."""
    fork = multiprocessing.get_context("fork")
    ids = list(accounts)
    ends: list[Connection] = []
    processes = []
    for part in (ids[::2], ids[1::2]):
        ours, theirs = fork.Pipe()
        process = fork.Process(
            target=_serve, args=(theirs, makes, book, {key: accounts[key] for key in part}), daemon=True
        )
        process.start()
        theirs.close()
        ends.append(ours)
        processes.append(process)
    try:
        yield lambda: _ask(ends)
    finally:
        for end in ends:
            end.close()
        for process in processes:
            process.join(20)


def _ask(ends: list[Connection]) -> Found:
    for end in ends:
        end.send(True)
    return {found for end in ends for found in end.recv()}


def _serve(end: Connection, makes: Makes, book: Book, accounts: Mapping[str, Facts]) -> None:
    engine = makes(book)
    try:
        while end.recv():
            end.send(engine.judge(accounts))
    except EOFError:
        return
