"""Why a rule holds: the value seen for each condition, in which fact, and the threshold that it meets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import orjson

from models import recommendations as stored
from rules.facts import OWN
from rules.reference import SOURCE, Bound, Fact, Facts, Match, conclusion_id, holds, meets, tested, value_of
from rules.registry import FieldType, Op
from rules.tree import Book, Condition, Exists, Group, Quantifier, Rule, Scalar, Term, Test, Where


@dataclass(frozen=True)
class Seen:
    """One condition that holds: the value seen in a fact and the threshold that it meets.

    Money is in whole units, as the rule's author writes it. ``fact_id`` is empty for a ``none``, whose
    ``seen`` is the number of facts (0). ``reference`` is the field that the threshold was read from,
    ``source`` the system that the fact came from.
    """

    alias: str
    fact_kind: str
    fact_id: str
    field: str
    op: str
    threshold: object
    seen: object
    reference: str | None
    source: str


def recorded(record: stored.Evidence) -> Seen:
    """A condition as it was kept."""
    names = [name for name in Seen.__dataclass_fields__ if name not in ("threshold", "seen")]
    return Seen(
        **{name: getattr(record, name) for name in names},
        threshold=_read(record.threshold),
        seen=_read(record.seen),
    )


def _read(text: str | None) -> object:
    return None if text is None else orjson.loads(text)


class Account:
    """The facts of an account, conclusions included, and the matches that explain them."""

    def __init__(self, book: Book, facts: Facts, matches: Iterable[Match]) -> None:
        self.book = book
        self.facts = facts
        self._known = {(kind, str(fact["id"])): fact for kind, of in facts.items() for fact in of}
        #: The rule and the facts behind each concluded fact.
        self._origins: dict[str, tuple[Rule, Bound]] = {}
        for match in matches:
            rule = book.rule(match.rule)
            if rule.conclusion:
                bound = self.bound(match)
                self._origins.setdefault(conclusion_id(rule, bound), (rule, bound))

    def bound(self, match: Match) -> Mapping[str, Fact]:
        """The facts of a match by alias."""
        rule = self.book.rule(match.rule)
        return {alias: self._known[rule.kind_of(alias), fact_id] for alias, fact_id in match.facts}

    def evidence(self, rule: Rule, bound: Bound) -> Iterator[Seen]:
        """Each condition of the rule, and each of the rules that concluded what it matched."""
        concluded: list[str] = []
        for pattern in rule.patterns:
            alias = "" if pattern.alias.startswith("_") else pattern.alias
            fact = bound[pattern.alias]
            yield from _of_fact(alias, pattern.kind, pattern.where, fact, bound)
            concluded.append(str(fact["id"]))
        for test in rule.tests:
            for seen in self._of_test(test, True, test.quantifier, bound):
                yield seen
                concluded.append(seen.fact_id)
        for fact_id in dict.fromkeys(concluded):
            if origin := self._origins.get(fact_id):
                for seen in self.evidence(*origin):
                    alias = seen.alias if "." in seen.alias else f"{origin[0].key}.{seen.alias}".rstrip(".")
                    yield replace(seen, alias=alias)

    def _of_test(
        self, part: Test | Exists, expected: bool, quantifier: Quantifier, bound: Bound
    ) -> Iterator[Seen]:
        """Why a test, or a part of one, holds or does not."""
        if isinstance(part, Test):
            wanted = expected if part.quantifier is not Quantifier.NONE else not expected
            for each in part.parts:
                if tested(each, self.facts, bound) is wanted:
                    yield from self._of_test(each, wanted, quantifier, bound)
        elif expected:
            fact = next(fact for fact in self.facts[part.kind] if meets(part.where, fact, bound))
            yield from _of_fact(quantifier.value, part.kind, part.where, fact, bound)
        else:
            yield _none(part, bound)


def _of_fact(alias: str, kind: str, where: Where, fact: Fact, bound: Bound) -> Iterator[Seen]:
    source = str(fact.get(SOURCE, OWN))
    decisive = list(telling(where, fact, bound))
    if not decisive:
        yield Seen(alias, kind, str(fact["id"]), "id", Op.IS_NULL.value, False, fact["id"], None, source)
    for condition, expected in decisive:
        yield Seen(
            alias=alias,
            fact_kind=kind,
            fact_id=str(fact["id"]),
            field=condition.term.text,
            op=condition.op.value if expected else f"not {condition.op.value}",
            threshold=threshold_of(condition, bound),
            seen=written(condition.term, value_of(condition.term, fact)),
            reference=condition.other.text if condition.other else None,
            source=source,
        )


def telling(
    parts: Sequence[Condition | Group], fact: Fact, bound: Bound, expected: bool = True
) -> Iterator[tuple[Condition, bool]]:
    """The conditions that decide whether all parts are as expected, each with whether it holds itself."""
    for part in parts:
        if isinstance(part, Condition):
            yield part, expected
        else:
            wanted = expected if part.quantifier is not Quantifier.NONE else not expected
            decisive = [each for each in part.parts if holds(each, fact, bound) is wanted]
            yield from telling(decisive, fact, bound, wanted)


def _none(part: Exists, bound: Bound) -> Seen:
    """That no fact meets what is asked for."""
    about = Test(Quantifier.NONE, (part,)).about
    threshold = {"count": 0, "where": asked_of(part.where, bound)}
    return Seen("none", part.kind, "", "count", Op.EQ.value, threshold, 0, about, OWN)


def asked_of(where: Iterable[Condition | Group], bound: Bound) -> dict[str, object]:
    """What facts are asked for, by field and operator, as the author of a rule writes it."""
    asked: dict[str, object] = {}
    for part in where:
        if isinstance(part, Condition):
            asked[f"{part.term.text} {part.op}"] = threshold_of(part, bound)
        else:
            asked[part.quantifier.value] = [asked_of([each], bound) for each in part.parts]
    return asked


def threshold_of(condition: Condition, bound: Bound) -> object:
    """What a condition compares with, as the author of a rule writes it."""
    value = condition.value
    if isinstance(value, Term):
        return written(value, value_of(value, bound[value.alias or ""]))
    if isinstance(value, tuple):
        return [written(condition.term, item) for item in value]
    return written(condition.term, value)


def written(term: Term, value: Scalar | None) -> object:
    """A value as the author of a rule writes it: money in whole units, as text so that it stays exact."""
    if term.type is FieldType.MONEY and value is not None and not isinstance(value, bool):
        whole = Decimal(str(value)) / 100
        return f"{whole:.2f}" if whole == round(whole, 2) else f"{whole:f}"
    return value
