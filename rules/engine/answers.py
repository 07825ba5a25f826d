"""What a worker answers, written there and read in the pool, which trusts nothing of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import orjson

from rules.reference import Match
from rules.tree import Book

T = TypeVar("T")


class Garbled(Exception):
    """An answer that no sound worker gives: its memory may be broken."""


@dataclass(frozen=True)
class Judged:
    """What came of one account: its matches, or the reason why it could not be judged.

    ``differing`` names the rules on which the engine disagreed with the reference evaluator, whose
    matches are given then.
    """

    matches: tuple[Match, ...] = ()
    differing: tuple[str, ...] = ()
    error: str | None = None


def write(answers: Sequence[Judged | None]) -> bytes:
    """The body of an answer: a verdict for each account in order, None for one not begun for lack of time."""
    return orjson.dumps([answer and _written(answer) for answer in answers])


def _written(answer: Judged) -> dict[str, object]:
    if answer.error is not None:
        return {"error": answer.error}
    return {
        "matches": [[match.rule, match.facts] for match in answer.matches],
        "differing": answer.differing,
    }


def read(body: bytes, book: Book, count: int) -> list[Judged | None]:
    """The verdicts on ``count`` accounts by a book; the first is there always.

    Raises:
        Garbled: it is no answer to that.
    """
    aliases = {rule.key: tuple(pattern.alias for pattern in rule.patterns) for rule in book.rules}
    try:
        answers = [None if each is None else _judged(each, aliases) for each in orjson.loads(body)]
    except (ValueError, TypeError, KeyError) as error:
        raise Garbled(f"{type(error).__name__}: {error}") from error
    if len(answers) != count or answers[0] is None:
        raise Garbled(f"{len(answers)} verdicts on {count} accounts")
    return answers


def _judged(answer: object, aliases: Mapping[str, tuple[str, ...]]) -> Judged:
    given = _of(dict, answer)
    if given.keys() == {"error"}:
        return Judged(error=_of(str, given["error"]))
    differing = tuple(_of(list, given["differing"]))
    if not aliases.keys() >= set(differing):
        raise ValueError("differences of unknown rules")
    return Judged(tuple(_match(each, aliases) for each in _of(list, given["matches"])), differing)


def _match(written: object, aliases: Mapping[str, tuple[str, ...]]) -> Match:
    rule, bound = _of(list, written)
    facts = tuple((_of(str, alias), _of(str, fact)) for alias, fact in bound)
    if tuple(alias for alias, _ in facts) != aliases[rule]:
        raise ValueError("a match of other facts than the rule names")
    return Match(rule, facts)


def _of(kind: type[T], value: object) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"{type(value).__name__} instead of {kind.__name__}")
    return value
