"""Judging one account within limits: the engine what it can judge, the reference evaluator the rest."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence

from rules.engine.extension import Engine
from rules.engine.requests import Task
from rules.reference import Facts, Match, Step, canonical_facts, matches, with_conclusions
from rules.tree import Book, Rule

#: Matches of one account; more of them are nothing that people could act on.
MAX_MATCHES = 50_000


class Unjudgeable(Exception):
    """An account asks for more than a server gives; the message names the rule."""


class _TooLong(Exception):
    pass


def judged(
    book: Book, engines: Sequence[Engine], quarantine: Collection[str], task: Task, seconds: float
) -> tuple[list[Match], list[str]]:
    """The matches of an account, and the rules (if checked) on which the engine was wrong.

    Each of the book's strata has its engine. The engines, the reference evaluator, and comparing them may
    each take ``seconds``. What would take longer to compare is not compared.

    Raises:
        Unjudgeable: there are too many matches, or even the reference evaluator takes too long.
    """
    facts = canonical_facts(task.facts)
    every: set[Match] = set()
    wrong: set[str] = set()
    for rules, engine in zip(book.strata, engines, strict=True):
        found, differing = _stratum(rules, engine, quarantine, facts, task.check, seconds / len(engines))
        _add(found, every)
        wrong |= differing
        facts = with_conclusions(rules, facts, found)
    return sorted(every), sorted(wrong)


def _stratum(
    rules: Sequence[Rule],
    engine: Engine,
    quarantine: Collection[str],
    facts: Facts,
    check: bool,
    seconds: float,
) -> tuple[set[Match], set[str]]:
    """What the rules of one stratum match, and the keys of those on which the engine was wrong."""
    found, left = _by_engine(engine, facts, seconds)
    left.update(quarantine)
    _by_reference([rule for rule in rules if rule.key in left], facts, found, seconds)
    if not check:
        return found, set()
    expected = _differing([rule for rule in rules if rule.key not in left], facts, found, seconds)
    right = {match for match in found if match.rule not in expected}.union(*expected.values())
    return right, set(expected)


def _by_engine(engine: Engine, facts: Facts, seconds: float) -> tuple[set[Match], set[str]]:
    """What the engine finds, and the keys of the rules that it cannot judge on this account."""
    found: set[Match] = set()
    try:
        left = _run(engine, facts, found, _deadline(seconds))
    except _TooLong:
        left = {rule.key for rule in engine.program.rules}
    return {match for match in found if match.rule not in left} if left else found, left


def _run(engine: Engine, facts: Facts, found: set[Match], step: Step) -> set[str]:
    cut = engine.cutter.cut(facts, step)
    if cut is None:
        return {rule.key for rule in engine.program.rules}
    left = engine.cutter.beyond(cut, step)
    for piece in cut.pieces():
        _add(engine.matches(engine.program.batch(piece, facts, step), left, step), found)
    return left


def _by_reference(rules: Sequence[Rule], facts: Facts, found: set[Match], seconds: float) -> None:
    """Add what the rules match to ``found``."""
    step = _deadline(seconds)
    taken: dict[str, float] = {}
    for rule in rules:
        started = time.monotonic()
        try:
            _add(matches(rule, facts, step), found)
        except _TooLong:
            taken[rule.key] = time.monotonic() - started
            slowest = max(taken, key=taken.__getitem__)
            raise Unjudgeable(
                f"judging this account by the rule {slowest!r} takes the reference evaluator"
                f" longer than {seconds:g} seconds"
            ) from None
        taken[rule.key] = time.monotonic() - started


def _add(more: Iterable[Match], found: set[Match]) -> None:
    for match in more:
        found.add(match)
        if len(found) > MAX_MATCHES:
            most, _ = Counter(each.rule for each in found).most_common(1)[0]
            raise Unjudgeable(
                f"the rules match more than {MAX_MATCHES:,} times on this account, {most!r} most often"
            )


def _differing(
    rules: Iterable[Rule], facts: Facts, found: Iterable[Match], seconds: float
) -> dict[str, set[Match]]:
    """What the rules match of which something else was found, by their keys."""
    step = _deadline(seconds)
    by_rule: dict[str, set[Match]] = defaultdict(set)
    for match in found:
        by_rule[match.rule].add(match)
    differing: dict[str, set[Match]] = {}
    try:
        for rule in rules:
            expected = set(matches(rule, facts, step))
            if expected != by_rule[rule.key]:
                differing[rule.key] = expected
    except _TooLong:
        pass
    return differing


def _deadline(seconds: float) -> Step:
    """A step that raises once so many seconds have passed."""
    at = time.monotonic() + seconds

    def step() -> None:
        if time.monotonic() > at:
            raise _TooLong

    return step
