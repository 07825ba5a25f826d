"""The same rules in CLIPS."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import clips
from clips._clips import ffi, lib

from benchmarks.engines.translated import SIGNS, Found, absent, check, field, of, parts, spoken, variable
from rules.reference import Fact, Facts
from rules.registry import Op
from rules.tree import Book, Condition, Exists, Pattern, Rule, Scalar

#: Accounts in one working memory: more of them share the cost of a run, and facts are joined by account.
BATCH = 200


class Clips:
    """An environment with the rules of a book; facts are handed over by clipspy's public functions."""

    def __init__(self, book: Book) -> None:
        check(book)
        self.fields = {kind: list(names) for kind, names in spoken(book).items()}
        self.environment = clips.Environment()
        self._found: set[tuple[str, int]] = set()
        self.environment.define_function(self._match, "matched")
        for kind, names in self.fields.items():
            slots = "".join(f" (slot {name} (default missing))" for name in ("acct", *names))
            self.environment.build(f"(deftemplate {kind}{slots})")
        for rule in book.rules:
            self.environment.build(_defrule(rule))
        self._templates = {kind: self.environment.find_template(kind) for kind in self.fields}

    def _match(self, rule: str, number: int) -> None:
        self._found.add((str(rule), int(number)))

    def judge(self, accounts: Mapping[str, Facts]) -> Found:
        """Which rules match which accounts."""
        self._found = set()
        ids = list(accounts)
        for start in range(0, len(ids), BATCH):
            self.environment.reset()
            for number, account in enumerate(ids[start : start + BATCH], start):
                self._assert(number, accounts[account])
            self.environment.run()
        return {(rule, ids[number]) for rule, number in self._found}

    def _assert(self, number: int, facts: Facts) -> None:
        for kind, names in self.fields.items():
            for fact in facts.get(kind, ()):
                values = {name: _symbol(fact[name]) for name in names if name in fact}
                self._templates[kind].assert_fact(acct=number, **values)


class ClipsInC(Clips):
    """Facts are handed over by the C functions underneath clipspy's public ones, without their checks."""

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        self._env = self.environment._env
        self._value = ffi.new("CLIPSValue *")
        self._slots = {
            kind: (lib.CreateFactBuilder(self._env, kind.encode()), [(name, name.encode()) for name in names])
            for kind, names in self.fields.items()
        }

    def _assert(self, number: int, facts: Facts) -> None:
        for kind, (builder, names) in self._slots.items():
            for fact in facts.get(kind, ()):
                self._fact(builder, names, number, fact)

    def _fact(self, builder: Any, names: Sequence[tuple[str, bytes]], number: int, fact: Fact) -> None:
        env, value, put = self._env, self._value, lib.FBPutSlot
        value.integerValue = lib.CreateInteger(env, number)
        put(builder, b"acct", value)
        for name, slot in names:
            seen = fact.get(name)
            if seen is None:
                continue
            if type(seen) is int:
                value.integerValue = lib.CreateInteger(env, seen)
            elif type(seen) is str:
                value.lexemeValue = lib.CreateString(env, seen.encode())
            elif type(seen) is bool:
                value.lexemeValue = lib.CreateSymbol(env, b"TRUE" if seen else b"FALSE")
            else:
                value.floatValue = lib.CreateFloat(env, seen)
            put(builder, slot, value)
        lib.FBAssert(builder)


def _symbol(value: Scalar) -> Any:
    return clips.Symbol("TRUE" if value else "FALSE") if isinstance(value, bool) else value


def _defrule(rule: Rule) -> str:
    patterns = [_pattern(part, variable(part.alias), _named(rule, part.alias)) for part in rule.patterns]
    nots = [f"(not {_pattern(part, 'none', set())})" for part in absent(rule)]
    return f'(defrule {rule.key} {" ".join([*patterns, *nots])} => (matched "{rule.key}" ?acct))'


def _named(rule: Rule, alias: str) -> set[str]:
    """The fields of a pattern's fact that others compare with."""
    others = [condition.other for part in parts(rule) for condition in of(part)[1]]
    return {field(other) for other in others if other and other.alias == alias}


def _pattern(part: Pattern | Exists, alias: str, named: set[str]) -> str:
    """Equalities are written as constants and as shared variables, which CLIPS finds by hash."""
    equal: dict[str, list[str]] = {}
    tests: dict[str, list[str]] = {}
    single, cross = of(part)
    for condition in (*single, *cross):
        name = field(condition.term)
        into = equal if condition.op in (Op.EQ, Op.IN) else tests
        into.setdefault(name, []).append(_test(condition, f"?{alias}-{name}"))
    slots = ""
    for name in sorted(equal.keys() | tests.keys() | named):
        bound = [f"?{alias}-{name}"] if name in tests or name in named else []
        slots += f" ({name} {'&'.join([*bound, *equal.get(name, ()), *tests.get(name, ())])})"
    return f"({part.kind} (acct ?acct){slots})"


def _test(condition: Condition, seen: str) -> str:
    value = condition.value
    if condition.other:
        other = f"?{variable(condition.other.alias or '')}-{field(condition.other)}"
        if condition.op is Op.EQ:
            return other
        return f":(and (numberp {seen}) (numberp {other}) ({SIGNS[condition.op]} {seen} {other}))"
    if condition.op is Op.BETWEEN and isinstance(value, tuple):
        return f":(and (numberp {seen}) (<= {value[0]} {seen} {value[1]}))"
    if isinstance(value, tuple):
        return "|".join(_constant(each) for each in value)
    if condition.op is Op.EQ:
        return _constant(value)
    return f":(and (numberp {seen}) ({SIGNS[condition.op]} {seen} {value}))"


def _constant(value: object) -> str:
    return ("TRUE" if value else "FALSE") if isinstance(value, bool) else json.dumps(value)
