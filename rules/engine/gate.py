"""The publish gate: before a book goes live, the engine and the reference evaluator must agree on it.

Every rule is judged in a throw-away worker on facts made from its own constants (each just below, at and
above, and missing) and on a sample of real accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from models.errors import Invalid, InvalidRulebook
from models.rulebooks import AlarmKind
from rules.engine.answers import Judged
from rules.engine.pool import EnginePool
from rules.engine.process import WORKER
from rules.reference import Fact, Facts, value_of
from rules.registry import FieldType, Op
from rules.tree import Book, Condition, Rule, Scalar, Term, Where, leaves

SAMPLE = 50


async def check(
    book: Book, sample: Mapping[str, Facts], seconds: float, command: Sequence[str] = WORKER
) -> None:
    """Judge boundary facts and the sample in a worker of its own, and compare.

    Raises:
        InvalidRulebook: the engine differs from the reference evaluator, a rule ends its worker, or an
            account cannot be judged.
        WorkersUnavailable: the worker cannot be started.
    """
    accounts = {f"sample-{name}": facts for name, facts in sample.items()}
    for rule in book.rules:
        accounts |= {f"{rule.key}-{number}": facts for number, facts in enumerate(boundary_facts(rule))}
    async with EnginePool(1, seconds, command) as pool:
        judged = await pool.judge(book, accounts, check=accounts.keys())
        lost = [rule.key for rule in book.rules if pool.quarantined.get(rule) is AlarmKind.ENDED_ENGINE]
    problems = [*_ended(book, lost), *_differing(book, judged)]
    if problems:
        raise InvalidRulebook(
            f"the engine does not judge this book as its text says: {problems[0]}", problems
        )


def _ended(book: Book, lost: Iterable[str]) -> list[Invalid]:
    return [
        Invalid(f"the rule {key!r} ends the engine's process", ["rules", str(_index(book, key))])
        for key in lost
    ]


def _differing(book: Book, judged: Mapping[str, Judged]) -> list[Invalid]:
    wrong = sorted({key for verdict in judged.values() for key in verdict.differing})
    errors = sorted({verdict.error for verdict in judged.values() if verdict.error})
    return [
        *(
            Invalid(
                f"the engine and the reference evaluator disagree on {key!r}",
                ["rules", str(_index(book, key))],
            )
            for key in wrong
        ),
        *(Invalid(error, ["rules"]) for error in errors),
    ]


def _index(book: Book, key: str) -> int:
    return [rule.key for rule in book.rules].index(key)


def boundary_facts(rule: Rule) -> Iterator[Facts]:
    """Small accounts around the rule's constants: one that fits it, and that with one field changed."""
    fitting = _fitting(rule)
    yield fitting
    for pattern in rule.patterns:
        for condition in leaves(pattern.where):
            for field, value in _around(condition, fitting):
                yield _changed(fitting, pattern.kind, pattern.alias, field, value)
    for number, part in enumerate(part for test in rule.tests for part in test.existences):
        fact = _fact(f"tested-{number}", part.where, fitting)
        yield {**fitting, part.kind: [*fitting.get(part.kind, []), fact]}
        for condition in leaves(part.where):
            for field, value in _around(condition, fitting):
                other = _with(fact, field, value)
                yield {**fitting, part.kind: [*fitting.get(part.kind, []), other]}


def _fitting(rule: Rule) -> Facts:
    facts: Facts = {}
    for pattern in rule.patterns:
        facts.setdefault(pattern.kind, []).append(_fact(pattern.alias, pattern.where, facts))
    return facts


def _fact(name: str, where: Where, facts: Facts) -> Fact:
    fact: Fact = {"id": name}
    for condition in leaves(where):
        if condition.op is Op.IS_NULL and condition.value is True:
            continue
        for field in condition.term.fields:
            fact[field] = _value(condition, facts)
    return fact


def _value(condition: Condition, facts: Facts) -> Scalar:
    """A value that meets the condition, as far as one condition on a plain field can tell."""
    value = condition.value
    if isinstance(value, Term):
        value = _other_value(value, facts)
    if isinstance(value, tuple):
        value = value[0]
    if condition.op is Op.IS_NULL:
        return _plain(condition.term)
    if condition.op in (Op.NE, Op.NOT_IN):
        return _other(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value + {Op.LT: -1, Op.GT: 1}.get(condition.op, 0)
    return value


def _other_value(term: Term, facts: Facts) -> Scalar:
    """What another fact's value comes to, whose fields are given one where they have none."""
    other = next((f for of in facts.values() for f in of if f["id"] == term.alias), {})
    for field in term.fields:
        other.setdefault(field, _plain(term))
    value = value_of(term, other)
    return _plain(term) if value is None else value


def _plain(term: Term) -> Scalar:
    if term.type is FieldType.BOOLEAN:
        return True
    return 7 if term.type.is_numeric else "text"


def _other(value: Scalar) -> Scalar:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int | float) else f"{value}-other"


def _around(condition: Condition, facts: Facts) -> Iterator[tuple[str, Scalar | None]]:
    """Each field with values below, at and above what the condition compares with, and without one."""
    value = condition.value
    bases: list[Scalar | Term] = list(value) if isinstance(value, tuple) else [value]
    for field in sorted(condition.term.fields):
        for base in bases:
            if condition.op is Op.IS_NULL or isinstance(base, Term):
                base = _value(condition, facts)
            yield from ((field, near) for near in _near(base))
        yield field, None


def _near(base: Scalar) -> Iterator[Scalar]:
    yield base
    if isinstance(base, bool):
        yield not base
    elif isinstance(base, int | float):
        yield from (base - 1, base + 1, base - 0.5, base + 0.5, float(base), 0, -base)
    else:
        yield from (f"{base}x", f"x{base}", base.swapcase(), "", base[:-1])


def _changed(facts: Facts, kind: str, name: str, field: str, value: Scalar | None) -> Facts:
    return {
        **facts,
        kind: [_with(fact, field, value) if fact["id"] == name else fact for fact in facts[kind]],
    }


def _with(fact: Fact, field: str, value: Scalar | None) -> Fact:
    if field == "id":  # every fact has its own
        return fact
    kept = {name: held for name, held in fact.items() if name != field}
    return kept if value is None else {**kept, field: value}
