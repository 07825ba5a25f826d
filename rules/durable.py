"""Rules as definitions for the durable-rules engine, and facts as it can take them; never the engine itself.

Only a narrow subset of the engine is right, so only that is said to it: flat conjunctions with the kind
first, typed comparisons, ``$ex`` for every field that a later pattern refers to, cross comparisons, and an
always-true cross comparison last. Everything else (membership, text, missing, groups, tests, arithmetic) is
computed here into fields of the facts. Rule text never reaches the engine: names are generated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from rules.reference import Fact, Facts, Match, Step, meets, tested, unhurried, value_of
from rules.registry import Op
from rules.tree import Condition, Group, Pattern, Rule, Scalar, Term, Test, Where

MAX_HANDLE_PATTERNS = 60
#: Of a fact, besides the four that each has; the engine takes 254.
MAX_PROPERTIES = 250
CATCH_ALL = "_z"
AGGREGATE = "_agg"
_NATIVE = {Op.NE: "$neq", Op.LT: "$lt", Op.LTE: "$lte", Op.GT: "$gt", Op.GTE: "$gte"}

Definition = dict[str, object]


@dataclass(frozen=True)
class _Computed:
    """A boolean field of a kind's facts that is computed before the engine sees them."""

    name: str
    where: Where = ()
    test: Test | None = None

    def holds(self, fact: Fact, facts: Facts) -> bool:
        if self.test is None:
            return meets(self.where, fact, {})
        bound = {self.test.about: fact} if self.test.about else {}
        return tested(self.test, facts, bound)


@dataclass(frozen=True)
class Batch:
    """Facts as the engine takes them (a JSON text for each shard), and the real ids behind generated ones."""

    texts: Sequence[str]
    ids: Mapping[str, str]


@dataclass
class Shard:
    """Rules that share a handle of the engine, and what they need of each kind's facts."""

    definition: Definition = field(default_factory=dict)
    patterns: int = 0
    _kinds: set[str] = field(default_factory=set)
    #: A term's name to the engine, by how it is written.
    _fields: dict[str, dict[str, tuple[str, Term]]] = field(default_factory=lambda: defaultdict(dict))
    _computed: dict[str, dict[str, _Computed]] = field(default_factory=lambda: defaultdict(dict))

    def has_room(self, rule: Rule) -> bool:
        """Whether the engine takes the rule beside those that are here."""
        kinds = {*self._kinds, AGGREGATE}
        widest = max(len(self._fields[kind]) + len(self._computed[kind]) for kind in kinds)
        return (
            self.patterns + len(rule.patterns) + 1 <= MAX_HANDLE_PATTERNS
            and widest + _properties(rule) <= MAX_PROPERTIES
        )

    def add(self, name: str, rule: Rule) -> None:
        """Define the rule under this name; of the shard's rules, earlier ones fire first."""
        self._kinds |= {pattern.kind for pattern in rule.patterns}
        every = [self._pattern(rule, pattern) for pattern in rule.patterns] + self._whole(rule)
        self.definition[name] = {"pri": len(self.definition), "all": every}
        self.patterns += len(every)

    def close(self) -> None:
        """Add the rule that every batch satisfies: no batch is empty, every state fires once."""
        self.definition[CATCH_ALL] = {"pri": len(self.definition), "all": [{"m": {CATCH_ALL: 1}}]}

    # rules

    def _pattern(self, rule: Rule, pattern: Pattern) -> Definition:
        items: list[Definition] = [{"_k": pattern.kind}]
        hard: list[Condition | Group] = []
        for part in pattern.single:
            native = self._native(pattern.kind, part)
            if native is None:
                hard.append(part)
            else:
                items.append(native)
        if hard:
            items.append({self._compute(pattern.kind, tuple(hard), None): True})
        items += [
            {self._compute(pattern.kind, (), test): True}
            for test in rule.tests
            if test.about == pattern.alias
        ]
        items += [{"$ex": {name: 1}} for name in self._referred(rule, pattern)]
        crossing = [part for condition in pattern.cross for part in self._crossing(rule, pattern, condition)]
        if crossing:
            items += [*crossing, {"_1": {_alias(rule, rule.patterns[0].alias): "_1"}}]
        return {_alias(rule, pattern.alias): {"$and": items}}

    def _native(self, kind: str, part: Condition | Group) -> Definition | None:
        """A typed comparison as the engine does it itself; None for what we compute."""
        if isinstance(part, Group) or isinstance(part.value, tuple | Term):
            return None
        if part.op is Op.EQ:
            return {self._use(kind, part.term): part.value}
        if part.op in _NATIVE:
            return {_NATIVE[part.op]: {self._use(kind, part.term): part.value}}
        return None

    def _crossing(self, rule: Rule, pattern: Pattern, condition: Condition) -> list[Definition]:
        term = condition.other
        assert term is not None and term.alias is not None
        mine = self._use(pattern.kind, condition.term)
        other: Definition = {_alias(rule, term.alias): self._use(rule.kind_of(term.alias), term)}
        if condition.op is not Op.EQ:
            return [{_NATIVE[condition.op]: {mine: other}}]
        if term.type.is_numeric:  # equal numbers are joined by their printed text: 1 and 1.0 never meet
            return [{"$lte": {mine: other}}, {"$gte": {mine: other}}]
        return [{mine: other}]

    def _referred(self, rule: Rule, pattern: Pattern) -> list[str]:
        """What later patterns compare with this one's fact."""
        terms = [condition.other for each in rule.patterns for condition in each.cross]
        return sorted(
            {self._use(pattern.kind, term) for term in terms if term and term.alias == pattern.alias}
        )

    def _whole(self, rule: Rule) -> list[Definition]:
        """The tests that are of the account as a whole: one pattern, for a fact matches one pattern only."""
        whole = [{self._compute(AGGREGATE, (), test): True} for test in rule.tests if test.about is None]
        return [{"y0": {"$and": [{"_k": AGGREGATE}, *whole]}}] if whole else []

    def _use(self, kind: str, term: Term) -> str:
        """The engine's name of a value, type first; the value is sent from now on."""
        named = self._fields[kind]
        return named.setdefault(repr(term.formula), (f"{term.type.tag}{len(named)}", term))[0]

    def _compute(self, kind: str, where: Where, test: Test | None) -> str:
        named = self._computed[kind]
        return named.setdefault(repr((where, test)), _Computed(f"p{len(named)}", where, test)).name

    # facts

    def text(self, piece: Facts, facts: Facts, step: Step) -> str:
        """A piece of an account's (canonical) ``facts`` as these rules need it; tests see them all."""
        rows: list[dict[str, Scalar]] = []
        for number, (kind, fact) in enumerate(_each(piece)):
            if kind not in self._kinds:
                continue
            step()
            row: dict[str, Scalar] = {"id": f"f{number}", "sid": "s", "_k": kind, "_1": 1}
            values = ((name, value_of(term, fact)) for name, term in self._fields[kind].values())
            row |= {name: value for name, value in values if value is not None}
            rows.append(row | self._booleans(kind, fact, facts))
        rows.append(
            {"id": "fa", "sid": "s", "_k": AGGREGATE, "_1": 1, **self._booleans(AGGREGATE, {}, facts)}
        )
        rows.append({"id": "fz", "sid": "s", CATCH_ALL: 1})
        return orjson.dumps(rows).decode()

    def _booleans(self, kind: str, fact: Fact, facts: Facts) -> dict[str, Scalar]:
        return {each.name: True for each in self._computed[kind].values() if each.holds(fact, facts)}


@dataclass
class Program:
    """Rules compiled for the engine: definitions in shards, and how to encode facts and read matches."""

    rules: Sequence[Rule]
    shards: list[Shard] = field(default_factory=list)

    def __post_init__(self) -> None:
        shard = Shard()
        self.shards.append(shard)
        for number, rule in enumerate(self.rules):
            if not shard.has_room(rule):
                shard = Shard()
                self.shards.append(shard)
            shard.add(f"r{number}", rule)
        for each in self.shards:
            each.close()

    def batch(self, piece: Facts, facts: Facts, step: Step = unhurried) -> Batch:
        """A piece of an account's (canonical) ``facts`` as the engine takes it; tests see them all."""
        ids = {f"f{number}": str(fact["id"]) for number, (_, fact) in enumerate(_each(piece))}
        return Batch([shard.text(piece, facts, step) for shard in self.shards], ids)

    # what comes back

    def rule(self, name: str) -> Rule:
        """The rule that a definition of this name stands for."""
        return self.rules[int(name.removeprefix("r"))]

    def match(self, activation: str, batch: Batch) -> Match | None:
        """The match that an activation of the engine (JSON text) stands for; None for the catch-all."""
        ((name, bound),) = orjson.loads(activation).items()
        if name == CATCH_ALL:
            return None
        rule = self.rule(name)
        return Match(
            rule.key,
            tuple((p.alias, batch.ids[bound[_alias(rule, p.alias)]["id"]]) for p in rule.patterns),
        )


def _alias(rule: Rule, alias: str) -> str:
    position = next(i for i, pattern in enumerate(rule.patterns) if pattern.alias == alias)
    return f"x{position}"


def _each(facts: Facts) -> Iterator[tuple[str, Fact]]:
    return ((kind, fact) for kind, of in facts.items() for fact in of)


def _properties(rule: Rule) -> int:
    """How many properties it needs of facts of one kind, at most."""
    own = sum(len(pattern.where) + 1 for pattern in rule.patterns)
    return own + sum(len(pattern.cross) for pattern in rule.patterns) + len(rule.tests)
