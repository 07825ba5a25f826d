"""How much of an account the engine is sent at once, and which rules cannot be judged in such pieces."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil, prod

from rules.reference import Fact, Facts, Step, meets, unhurried
from rules.tree import Pattern, Rule, Where

MAX_FACTS = 500
MAX_PIECES = 200
#: Ways in which the facts of one piece may combine for one rule; the engine keeps each that begins to match.
MAX_COMBINATIONS = 100_000
_RESERVED = 2  # the aggregate and the catch-all fact of every batch


@dataclass(frozen=True)
class Cut:
    """The facts to send, by kind, of which each piece holds at most ``size`` of a kind."""

    facts: Facts
    size: int

    @property
    def divided(self) -> frozenset[str]:
        """The kinds of which no piece holds every fact."""
        return frozenset(kind for kind, of in self.facts.items() if len(of) > self.size)

    def pieces(self) -> Iterator[Facts]:
        """Every combination of pieces of each kind; one without facts when there are none."""
        of_kinds = [list(_slices(of, self.size)) for of in self.facts.values()]
        for combined in product(*of_kinds):
            yield dict(zip(self.facts, combined, strict=True))


class Cutter:
    """Cuts accounts for some rules."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._wanted: dict[str, list[Where]] = defaultdict(list)
        for pattern in (pattern for rule in rules for pattern in rule.patterns):
            self._wanted[pattern.kind].append(pattern.single)
        self._joining = [rule for rule in rules if len(rule.patterns) > 1]

    def cut(self, facts: Facts, step: Step = unhurried) -> Cut | None:
        """The (canonical) facts of an account that the engine is sent.

        Few facts are one piece. Of many, those that no pattern can match are left out, and numerous
        kinds are cut. None when even that would be too much.
        """
        kept = self._kept(facts, step)
        size = _size(kept)
        if kept and size == 0:
            return None
        count = prod(ceil(len(of) / size) for of in kept.values())
        return Cut(kept, size) if count <= MAX_PIECES else None

    def beyond(self, cut: Cut, step: Step = unhurried) -> set[str]:
        """Keys of the rules that cannot be judged in these pieces.

        They have two patterns of a kind that was cut, and may miss pairs across pieces; or their facts
        combine in more ways than the engine is used with.
        """
        divided = cut.divided
        return {
            rule.key for rule in self._joining if _pairs_within(rule, divided) or _explodes(rule, cut, step)
        }

    def _kept(self, facts: Facts, step: Step) -> Facts:
        kept = {kind: facts[kind] for kind in self._wanted if facts.get(kind)}
        if sum(map(len, kept.values())) + _RESERVED <= MAX_FACTS:
            return kept
        matching = {
            kind: [fact for fact in of if _is_wanted(fact, self._wanted[kind], step)]
            for kind, of in kept.items()
        }
        return {kind: of for kind, of in matching.items() if of}


def _is_wanted(fact: Fact, wanted: Sequence[Where], step: Step) -> bool:
    step()
    return any(meets(where, fact, {}) for where in wanted)


def _size(facts: Facts) -> int:
    """The largest size at which one piece of each kind fits a batch."""
    counts = [len(of) for of in facts.values()]
    size, room = max(counts, default=0), MAX_FACTS - _RESERVED
    while size and sum(min(size, count) for count in counts) > room:
        size -= 1
    return size


def _slices(facts: list[Fact], size: int) -> Iterator[list[Fact]]:
    for start in range(0, len(facts), size):
        yield facts[start : start + size]


def _pairs_within(rule: Rule, divided: frozenset[str]) -> bool:
    counted = Counter(pattern.kind for pattern in rule.patterns)
    return any(counted[kind] > 1 for kind in divided)


def _explodes(rule: Rule, cut: Cut, step: Step) -> bool:
    """Whether facts of one piece that meet each pattern alone combine in too many ways."""
    rough = prod(min(cut.size, len(cut.facts.get(pattern.kind, ()))) for pattern in rule.patterns)
    if rough <= MAX_COMBINATIONS:
        return False
    return prod(min(cut.size, _count(pattern, cut, step)) for pattern in rule.patterns) > MAX_COMBINATIONS


def _count(pattern: Pattern, cut: Cut, step: Step) -> int:
    """How many of the facts meet a pattern's conditions on the fact alone."""
    return sum(_is_wanted(fact, [pattern.single], step) for fact in cut.facts.get(pattern.kind, ()))
