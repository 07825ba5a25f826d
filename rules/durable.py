"""Rules as definitions for the durable-rules engine, and facts as it can take them; never the engine itself.

Only a narrow subset of the engine is right, so only that is said to it: flat conjunctions with the kind
first, typed comparisons, ``$ex`` for every field that a later pattern refers to, cross comparisons, and an
always-true cross comparison last. Everything else (membership, text, missing, groups, tests, arithmetic) is
computed here into fields of the facts. Rule text never reaches the engine: names are generated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from rules.reference import Fact, Facts, Match, Step, meets, tested, unhurried, value_of
from rules.registry import Op
from rules.tree import Condition, FieldValue, Group, Pattern, Rule, Scalar, Term, Test, Where

MAX_HANDLE_PATTERNS = 60
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
    """Facts as the engine takes them (JSON text), and the real id behind each generated one."""

    json: str
    ids: Mapping[str, str]


@dataclass
class Program:
    """Rules compiled for the engine: definitions in shards, and how to encode facts and read matches."""

    rules: Sequence[Rule]
    shards: list[Definition] = field(default_factory=list)
    #: What is sent of each kind's facts: a term's name to the engine, by how it is written.
    _fields: dict[str, dict[str, tuple[str, Term]]] = field(default_factory=lambda: defaultdict(dict))
    _computed: dict[str, list[_Computed]] = field(default_factory=lambda: defaultdict(list))
    _names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shard: Definition = {}
        used = 0
        for number, rule in enumerate(self.rules):
            definition = [self._pattern(rule, pattern) for pattern in rule.patterns]
            definition += self._whole(rule)
            if used + len(definition) > MAX_HANDLE_PATTERNS:
                self.shards.append(_closed(shard))
                shard, used = {}, 0
            shard[f"r{number}"] = {"pri": number, "all": definition}
            used += len(definition)
        self.shards.append(_closed(shard))
        _check_hashes(self._all_names())

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
        key = repr(term.formula)
        if key not in named:
            plain = term.formula if isinstance(term.formula, FieldValue) else None
            named[key] = f"{term.type.tag}_{plain.name}" if plain else f"e{len(named)}", term
        return named[key][0]

    def _compute(self, kind: str, where: Where, test: Test | None) -> str:
        key = repr((kind, where, test))
        if key not in self._names:
            self._names[key] = f"p{len(self._names)}"
            self._computed[kind].append(_Computed(self._names[key], where, test))
        return self._names[key]

    def _all_names(self) -> list[str]:
        fields = [name for named in self._fields.values() for name, _ in named.values()]
        return [*fields, *self._names.values(), "_k", "_1", CATCH_ALL, "id", "sid"]

    # facts

    def batch(self, piece: Facts, facts: Facts, step: Step = unhurried) -> Batch:
        """A piece of an account's (canonical) ``facts`` as the engine takes it; tests see them all."""
        rows: list[dict[str, Scalar]] = []
        ids: dict[str, str] = {}
        for kind, of in piece.items():
            fields = list(self._fields.get(kind, {}).values())
            computed = self._computed.get(kind, ())
            for fact in of:
                step()
                row: dict[str, Scalar] = {"id": f"f{len(rows)}", "sid": "s", "_k": kind, "_1": 1}
                values = ((name, value_of(term, fact)) for name, term in fields)
                row |= {name: value for name, value in values if value is not None}
                row |= {boolean.name: True for boolean in computed if boolean.holds(fact, facts)}
                ids[f"f{len(rows)}"] = str(fact["id"])
                rows.append(row)
        whole = {c.name: True for c in self._computed.get(AGGREGATE, ()) if c.holds({}, facts)}
        rows.append({"id": "fa", "sid": "s", "_k": AGGREGATE, "_1": 1, **whole})
        rows.append({"id": "fz", "sid": "s", CATCH_ALL: 1})
        return Batch(orjson.dumps(rows).decode(), ids)

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


def _closed(shard: Definition) -> Definition:
    """A shard with the rule that every batch satisfies: no batch is empty, every state fires once."""
    return {**shard, CATCH_ALL: {"pri": 60_000, "all": [{"m": {CATCH_ALL: 1}}]}}


def _check_hashes(names: Sequence[str]) -> None:
    """The engine knows names by a 32-bit hash only; two that share one would be one field to it."""
    by_hash: dict[int, str] = {}
    for name in names:
        other = by_hash.setdefault(_fnv1a(name), name)
        if other != name:
            raise ValueError(f"the engine cannot tell the fields {name!r} and {other!r} apart")


def _fnv1a(text: str) -> int:
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value
