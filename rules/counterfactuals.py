"""What would change a verdict: the smallest single changes that clear it, each tried by judging again.

A change is to one field of one fact, just over the threshold of a condition that the verdict rests on, or a
new fact where the rule asks for none. What time alone does is told in days. Fields are changed one by one:
others that depend on the same record stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from models.described import Described
from rules.evidence import asked_of, telling, written
from rules.kinds import REGISTRY
from rules.reference import (
    Bound,
    Fact,
    Facts,
    Match,
    Step,
    canonical,
    evaluate,
    matches,
    tested,
    unhurried,
    value_of,
    with_conclusions,
)
from rules.registry import FactField, FieldType, Op
from rules.tree import Book, Condition, Exists, FieldValue, Quantifier, Rule, Scalar, Term, Test, Where


class Actor(Described):
    """Who can bring a change about."""

    US = "US", "We can bring it about ourselves."
    CUSTOMER = "CUSTOMER", "It is up to the customer."
    TIME = "TIME", "It comes about by itself when days pass."


@dataclass(frozen=True)
class Counterfactual:
    """One change that clears a verdict; ``days`` is how many pass until time does it.

    ``field`` is None where a fact is missing that would clear it: ``needed`` says what it must meet. Values
    are as authors write them: money in whole units. ``size`` orders them: relative to what is there.
    """

    actor: Actor
    fact_kind: str
    fact_id: str | None
    field: str | None
    seen: object
    needed: object
    days: int | None
    size: float
    text: str


#: Fields that nobody can change after the fact: they only say how much time has passed.
_PAST = frozenset({"age_days", "days_since_start", "days_since_left", "months_ago"})
#: Fields that grow, or fall, by a day with each day, if nobody does anything.
_GROW = (
    *_PAST,
    "days_since_contact",
    "days_since_executive_contact",
    "days_in_stage",
    "next_step_overdue_days",
    "overdue_days",
    "close_overdue_days",
    "days_in_stage_over_usual",
    "days_in_stage_over_long",
    "days_since_amount_cut",
    "days_since_category_raised",
    "days_since_round",
    "days_since_observed",
    "course_overdue_days",
    "days_since_submitted",
    "days_since_revision",
    "days_since_progress",
    "days_since_lost",
)
_FALL = (
    "days_to_end",
    "days_to_close",
    "days_to_due",
    "days_left",
    "days_to_contract_end",
    "competitor_end_days",
)
#: Fields that follow from what was, from other deals or from the calendar: they do not change otherwise.
_GIVEN = frozenset(
    {
        "first_amount", "peak_amount", "days_since_amount_cut", "days_since_category_raised",
        "usual_days_in_stage", "long_days_in_stage", "days_left", "pushes", "measure",
        "penetration", "share_of_potential", "peers", "peers_owning", "peer_group",
    }
)  # fmt: skip
#: Fields that say what somebody or something is, or how we keep it: nobody changes them to clear a verdict.
_FIXED: Mapping[str, frozenset[str]] = {
    "account": frozenset({"is_placeholder", "segment", "industry", "country", "region"}),
    "contact": frozenset({"seniority"}),
    "deal_contact": frozenset({"seniority"}),
    "stakeholder": frozenset({"seniority"}),
    "signal": frozenset({"kind"}),
    "trend": frozenset({"kind"}),
}
#: What we bring about ourselves; the rest of the fields is up to the customer.
_OURS: Mapping[str, frozenset[str] | None] = {
    "deal": None,
    "deal_line": None,
    "deal_contact": frozenset({"days_since_contact", "role", "colleagues_in_contact", "strength"}),
    "bid": None,
    "ticket": None,
    "plan": None,
    "service": None,
    "quota": None,
    "whitespace": frozenset({"state", "open_monthly", "is_typed"}),
    "contract": frozenset({"days_to_end", "auto_renews", "is_active"}),
    "contact": frozenset({"days_since_contact"}),
    "stakeholder": frozenset({"days_since_contact", "colleagues_in_contact", "strength"}),
    "trend": frozenset({"has_course", "course", "course_overdue_days", "state"}),
    "account": frozenset(
        {
            "open_deals", "open_expansion_deals", "open_pipeline", "contacts", "executive_contacts",
            "stakeholders", "champions", "coverage", "days_since_contact",
            "days_since_executive_contact", "tickets_open", "tickets_open_severe",
        }
    ),
}  # fmt: skip
#: Kinds of facts that we can add ourselves.
_WE_ADD = frozenset({"deal", "deal_line", "deal_contact", "bid", "contact", "plan", "stakeholder"})
#: Fields that name a record rather than say something of it.
_NAMES = frozenset({"id", "name", "currency", "source"})


def counterfactuals(book: Book, match: Match, facts: Facts, step: Step = unhurried) -> list[Counterfactual]:
    """The single changes of an account's (canonical) facts after which the verdict of a match is gone.

    The smallest first; of several for one field only that.
    """
    rule = book.rule(match.rule)
    rules = book.upto(rule.key)
    subjects = _subjects(rule, match)
    found: dict[tuple[str, str | None, str | None], Counterfactual] = {}
    for candidate, changed in _candidates(book, match, facts):
        step()
        key = (candidate.fact_kind, candidate.fact_id, candidate.field)
        better = key not in found or candidate.size < found[key].size
        if better and not any(
            each.rule == rule.key and _subjects(rule, each) == subjects
            for each in evaluate(rules, changed, step)
        ):
            found[key] = candidate
    return sorted(found.values(), key=lambda each: (each.size, each.text))


def _subjects(rule: Rule, match: Match) -> tuple[str, ...]:
    bound = dict(match.facts)
    return tuple(bound[alias] for alias in rule.subjects)


_Candidate = tuple[Counterfactual, Facts]


def _candidates(book: Book, match: Match, facts: Facts) -> Iterator[_Candidate]:
    """Every change worth trying, with the facts as they would be: of the rule, and of those it rests on."""
    rules = book.upto(match.rule)
    whole = facts
    for rule in rules:
        for each in [match] if rule.key == match.rule else matches(rule, whole):
            known = {(kind, str(fact["id"])): fact for kind, of in whole.items() for fact in of}
            if all((rule.kind_of(alias), fact) in known for alias, fact in each.facts):
                bound = {alias: known[rule.kind_of(alias), fact] for alias, fact in each.facts}
                yield from _of_rule(rule, bound, whole, facts)
        whole = with_conclusions([rule], whole, list(matches(rule, whole)))


def _of_rule(rule: Rule, bound: Bound, whole: Facts, facts: Facts) -> Iterator[_Candidate]:
    for pattern in rule.patterns:
        yield from _of_fact(pattern.kind, pattern.where, bound[pattern.alias], bound, facts)
    for test in rule.tests:
        yield from _of_test(test, True, bound, whole, facts)


def _of_test(
    part: Test | Exists, expected: bool, bound: Bound, whole: Facts, facts: Facts
) -> Iterator[_Candidate]:
    if isinstance(part, Test):
        wanted = expected if part.quantifier is not Quantifier.NONE else not expected
        for each in part.parts:
            if tested(each, whole, bound) is wanted:
                yield from _of_test(each, wanted, bound, whole, facts)
    elif expected:
        for fact in whole.get(part.kind, ()):
            if tested(part, {part.kind: [fact]}, bound):
                yield from _of_fact(part.kind, part.where, fact, bound, facts)
    elif part.kind in REGISTRY.kinds and not _names_one(part):
        yield from _new_fact(part, bound, facts)


def _names_one(part: Exists) -> bool:
    """Whether it asks for one fact by its id: no other one takes its place."""
    return any(
        isinstance(each, Condition) and each.op == Op.EQ and each.term.text == "id" for each in part.where
    )


def _new_fact(part: Exists, bound: Bound, facts: Facts) -> Iterator[_Candidate]:
    """A fact that meets what must not be there."""
    fact: Fact = {"id": "new"}
    for condition in (each for each in part.where if isinstance(each, Condition)):
        if isinstance(condition.term.formula, FieldValue):
            for value in _meeting(condition, bound):
                fact[condition.term.formula.name] = value
    needed = asked_of(part.where, bound)
    said = ", ".join(f"{name} {value}" for name, value in needed.items())
    text = f"clears when there is a {part.kind}" + (f" with {said}" if said else "")
    actor = Actor.US if part.kind in _WE_ADD else Actor.CUSTOMER
    changed = {**facts, part.kind: [*facts.get(part.kind, ()), fact]}
    yield Counterfactual(actor, part.kind, None, None, None, needed, None, 1.0, text), changed


def _meeting(condition: Condition, bound: Bound) -> Iterator[Scalar]:
    """A value that meets a condition."""
    value = _constant(condition, bound)
    first = value[0] if isinstance(value, tuple) else value
    if condition.op is Op.IS_NULL or first is None:
        return
    found = next(iter(_outside(_field(condition.term), _OPPOSITE[condition.op], value)), first)
    yield first if found is None else found


def _of_fact(kind: str, where: Where, fact: Fact, bound: Bound, facts: Facts) -> Iterator[_Candidate]:
    """Changes of a fact for which one of the conditions that it meets no longer holds."""
    if kind not in REGISTRY.kinds:
        return
    for condition, expected in telling(where, fact, bound):
        formula = condition.term.formula
        if not isinstance(formula, FieldValue) or formula.name in _NAMES:
            continue
        op = condition.op if expected else _OPPOSITE[condition.op]
        field = REGISTRY.field(kind, formula.name)
        for value in _outside(field, op, _constant(condition, bound)):
            if candidate := _candidate(kind, field, fact, value):
                yield candidate, _changed(facts, kind, str(fact["id"]), field.name, value)


def _candidate(kind: str, field: FactField, fact: Fact, value: Scalar | None) -> Counterfactual | None:
    seen = fact.get(field.name)
    days = _days(field.name, seen, value)
    if days is None and (field.name in _PAST | _GIVEN or field.ranks):
        return None
    if field.type is FieldType.ID or field.name in _FIXED.get(kind, ()):
        return None
    ours = _OURS.get(kind, frozenset())
    actor = (
        Actor.TIME if days is not None else Actor.US if ours is None or field.name in ours else Actor.CUSTOMER
    )
    term = Term(field.name, FieldValue(field.name), field.type, field.unit)
    shown, now = written(term, value), written(term, seen)
    return Counterfactual(
        actor,
        kind,
        str(fact["id"]),
        field.name,
        now,
        shown,
        days,
        _size(seen, value),
        _said(field.name, now, shown, days),
    )


def _said(field: str, now: object, needed: object, days: int | None) -> str:
    if days is not None:
        return f"clears by itself in {days} days, when {field} is {needed}"
    if needed is None:
        return f"clears if {field} is not known, now {now}"
    if isinstance(needed, int | float) and isinstance(now, int | float) and not isinstance(needed, bool):
        return f"clears if {field} {'rises' if needed > now else 'falls'} to {needed}, now {now}"
    return f"clears if {field} is {needed}, now {'missing' if now is None else now}"


def _days(name: str, seen: Scalar | None, value: Scalar | None) -> int | None:
    """How many days bring the change about; None when time does not."""
    if not isinstance(seen, int) or not isinstance(value, int):
        return None
    if name in _GROW and value > seen:
        return value - seen
    return seen - value if name in _FALL and value < seen else None


def _size(seen: Scalar | None, value: Scalar | None) -> float:
    """How large a change is: of numbers relative to what is there, of anything else a whole one."""
    if seen is None or value is None or isinstance(seen, bool | str) or isinstance(value, bool | str):
        return 1.0
    return abs(float(value) - float(seen)) / max(abs(float(seen)), abs(float(value)), 1.0)


_OPPOSITE: Mapping[Op, Op] = {
    Op.EQ: Op.NE, Op.NE: Op.EQ, Op.LT: Op.GTE, Op.GTE: Op.LT, Op.GT: Op.LTE, Op.LTE: Op.GT,
    Op.IN: Op.NOT_IN, Op.NOT_IN: Op.IN, Op.BETWEEN: Op.NOT_IN, Op.IS_NULL: Op.IS_NULL,
    Op.CONTAINS: Op.NE, Op.STARTS_WITH: Op.NE,
}  # fmt: skip


def _constant(condition: Condition, bound: Bound) -> Scalar | tuple[Scalar, ...] | None:
    other = condition.other
    if other:
        return value_of(other, bound[other.alias or ""])
    return condition.value if not isinstance(condition.value, Term) else None


def _field(term: Term) -> FactField:
    name = term.formula.name if isinstance(term.formula, FieldValue) else term.text
    return FactField(name, term.type, term.unit, "", "")


def _outside(field: FactField, op: Op, value: Scalar | tuple[Scalar, ...] | None) -> Iterator[Scalar | None]:
    """The nearest values for which ``op`` with ``value`` does not hold."""
    values = value if isinstance(value, tuple) else (value,)
    first = values[0]
    if op is Op.IS_NULL:
        yield None if value is False else _something(field)
    elif field.type is FieldType.BOOLEAN:
        yield not first if op is Op.EQ else first
    elif op in (Op.NE, Op.NOT_IN):
        yield from values
    elif field.type.is_numeric and first is not None and not isinstance(first, str):
        yield from _numbers(field, op, [Decimal(str(each)) for each in values])
    else:
        yield from (each for each in field.values or (f"not {first}",) if each not in values)


def _something(field: FactField) -> Scalar:
    if field.type is FieldType.BOOLEAN:
        return True
    return 1 if field.type.is_numeric else (field.values or ("something",))[0]


def _numbers(field: FactField, op: Op, values: list[Decimal]) -> Iterator[Scalar | None]:
    step = Decimal("0.000001") if field.unit == "ratio" else Decimal(1)
    low, high = min(values), max(values)
    wanted = {
        Op.LT: [high],
        Op.LTE: [high + step],
        Op.GT: [low],
        Op.GTE: [low - step],
    }.get(op, [low - step, high + step])
    for number in wanted:
        inside = field.minimum is None or number >= Decimal(str(field.minimum))
        if inside and (field.maximum is None or number <= Decimal(str(field.maximum))):
            yield canonical(int(number) if number == number.to_integral_value() else float(number))


def _changed(facts: Facts, kind: str, fact_id: str, name: str, value: Scalar | None) -> Facts:
    def other(fact: Fact) -> Fact:
        kept = {each: held for each, held in fact.items() if each != name}
        return kept if value is None else {**kept, name: value}

    return {**facts, kind: [other(fact) if fact["id"] == fact_id else fact for fact in facts.get(kind, ())]}
