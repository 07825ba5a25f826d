"""The same rules in CLIPS, for comparison: translated from their trees, as far as benchmark books go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import clips

from rules.reference import Facts
from rules.registry import Op
from rules.tree import Book, Condition, Exists, FieldValue, Rule, Where

#: Accounts in one working memory: more of them share the cost of a run, and facts are joined by account.
BATCH = 200
_SIGNS = {Op.LT: "<", Op.LTE: "<=", Op.GT: ">", Op.GTE: ">="}
Found = set[tuple[str, str]]


class Clips:
    """An environment with the rules of a book; it finds which rule matches which account."""

    def __init__(self, book: Book, fields: Mapping[str, Sequence[str]]) -> None:
        self._fields = fields
        self._found: Found = set()
        self._environment = clips.Environment()
        self._environment.define_function(self._match, "matched")
        for kind, names in fields.items():
            slots = "".join(f" (slot {name} (default missing))" for name in ("acct", "id", *names))
            self._environment.build(f"(deftemplate {kind}{slots})")
        for rule in book.rules:
            self._environment.build(_defrule(rule))
        self._templates = {kind: self._environment.find_template(kind) for kind in fields}

    def _match(self, rule: str, account: str) -> None:
        self._found.add((str(rule), str(account)))

    def judge(self, accounts: Mapping[str, Facts]) -> Found:
        """Which rules match which accounts."""
        self._found = set()
        ids = list(accounts)
        for start in range(0, len(ids), BATCH):
            self._environment.reset()
            for account in ids[start : start + BATCH]:
                self._assert(account, accounts[account])
            self._environment.run()
        return self._found

    def _assert(self, account: str, facts: Facts) -> None:
        for kind, of in facts.items():
            names = self._fields.get(kind)
            for fact in of if names is not None else ():
                values = {name: _symbol(fact[name]) for name in names or () if name in fact}
                self._templates[kind].assert_fact(acct=account, id=str(fact["id"]), **values)


def _symbol(value: object) -> Any:
    return clips.Symbol("TRUE" if value else "FALSE") if isinstance(value, bool) else value


def _defrule(rule: Rule) -> str:
    patterns = [
        f"({pattern.kind} (acct ?acct){_slots(_variable(pattern.alias), pattern.where)})"
        for pattern in rule.patterns
    ]
    nots = [f"(not {_existence(part)})" for test in rule.tests for part in test.existences]
    return f'(defrule {rule.key} {" ".join([*patterns, *nots])} => (matched "{rule.key}" ?acct))'


def _variable(alias: str) -> str:
    """A name that CLIPS takes: names that no author gave begin with an underscore."""
    return f"unnamed{alias.removeprefix('_')}" if alias.startswith("_") else alias


def _existence(part: Exists) -> str:
    return f"({part.kind} (acct ?acct){_slots('none', part.where)})"


def _slots(alias: str, where: Where) -> str:
    by_field: dict[str, list[str]] = {}
    for part in where:
        assert isinstance(part, Condition)
        assert isinstance(part.term.formula, FieldValue)
        by_field.setdefault(part.term.formula.name, []).extend(
            _tests(part, f"?{alias}-{part.term.formula.name}")
        )
    named = {"id", "annual_value"} - by_field.keys() if alias != "none" else set()
    bound = "".join(f" ({name} ?{alias}-{name})" for name in sorted(named) if name == "id" or alias == "c")
    return bound + "".join(f" ({name} ?{alias}-{name}&{'&'.join(tests)})" for name, tests in by_field.items())


def _tests(condition: Condition, variable: str) -> Iterator[str]:
    value = condition.value
    if condition.other:
        assert isinstance(condition.other.formula, FieldValue)
        other = f"?{condition.other.alias}-{condition.other.formula.name}"
        test = (
            f"(eq {variable} {other})"
            if condition.op is Op.EQ
            else f"({_SIGNS[condition.op]} {variable} {other})"
        )
        yield f":(neq {variable} missing)&:{test}"
    elif condition.op is Op.BETWEEN and isinstance(value, tuple):
        yield f":(and (numberp {variable}) (>= {variable} {value[0]}) (<= {variable} {value[1]}))"
    elif condition.op is Op.IN and isinstance(value, tuple):
        yield ":(or " + " ".join(f'(eq {variable} "{each}")' for each in value) + ")"
    elif condition.op is Op.EQ:
        written = (
            ("TRUE" if value else "FALSE")
            if isinstance(value, bool)
            else f'"{value}"'
            if isinstance(value, str)
            else value
        )
        yield f":(eq {variable} {written})"
    else:
        yield f":(and (numberp {variable}) ({_SIGNS[condition.op]} {variable} {value}))"
