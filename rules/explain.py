"""From a match to what is told: the verdict with its texts, its money and the evidence for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from models.base import Severity
from models.deals import DealKind
from models.recommendations import LineKind
from rules.build import PLACEHOLDER
from rules.facts import OWN, SOURCE
from rules.kinds import REGISTRY
from rules.reference import Fact, Facts, Match
from rules.registry import FactField, FieldType, Op
from rules.tree import Advice, Book, Condition, Pattern, Ref, Rule, Scalar

_RATIO = "ratio"

#: Kinds of facts that the owner of a deal sees on an account that is somebody else's.
TOLD_TO_DEAL_OWNERS = frozenset({"deal", "contact", "signal"})
LINE_KINDS = {"contract": LineKind.CONTRACT, "deal": LineKind.DEAL, "service": LineKind.SERVICE}


@dataclass(frozen=True)
class Line:
    """A revenue line that a risk names, in minor units; ``part_of`` is where the revenue is counted."""

    kind: LineKind
    id: str
    part_of: str
    amount_minor: int


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


@dataclass(frozen=True)
class Verdict:
    """What one rule says about one subject of an account; identity is ``(rule.key, subject_key)``."""

    rule: Rule
    rulebook_version: str
    account_id: str
    subject_key: str
    deal_id: str | None
    confidential: bool
    title: str
    lines: tuple[Line, ...]
    value_minor: int
    because: str | None
    evidence: tuple[Seen, ...]

    @property
    def severity(self) -> Severity | None:
        """The severity of the risk that the rule raises, if it does."""
        return self.rule.flag.severity if self.rule.flag else None

    @property
    def priority(self) -> float:
        """Likelihood times value (whole units) times urgency."""
        return round(self.rule.likelihood * self.value_minor / 100 * self.rule.urgency, 2)


def verdicts(
    book: Book, account_id: str, facts: Facts, matches: Iterable[Match], currency: str
) -> list[Verdict]:
    """The verdicts on an account, one for each rule and subject; the first of several matches speaks."""
    found: dict[tuple[str, str], Verdict] = {}
    known = {(kind, str(fact["id"])): fact for kind, of in facts.items() for fact in of}
    for match in sorted(matches):
        rule = book.rule(match.rule)
        bound = {alias: known[rule.kind_of(alias), fact_id] for alias, fact_id in match.facts}
        verdict = _verdict(book, rule, account_id, facts, bound, currency)
        found.setdefault((match.rule, verdict.subject_key), verdict)
    return list(found.values())


def _verdict(
    book: Book, rule: Rule, account_id: str, facts: Facts, bound: Mapping[str, Fact], currency: str
) -> Verdict:
    subjects = [str(bound[alias]["id"]) for alias in rule.subjects]
    lines = tuple(_lines(rule.flag.exposure, rule, bound, facts)) if rule.flag else ()
    return Verdict(
        rule=rule,
        rulebook_version=book.version_of(rule.key),
        account_id=account_id,
        subject_key="|".join(subjects) or account_id,
        deal_id=_deal(rule, bound),
        confidential=_confidential(rule),
        title=rule.title,
        lines=lines,
        value_minor=_value(rule, bound, facts, lines),
        because=_because(rule.advice, rule, bound, currency) if rule.advice else None,
        evidence=tuple(_evidence(rule, bound)),
    )


def _deal(rule: Rule, bound: Mapping[str, Fact]) -> str | None:
    """The deal that the verdict is about: the first among its subjects."""
    deals = [alias for alias in rule.subjects if rule.kind_of(alias) == "deal"]
    return str(bound[deals[0]]["id"]) if deals else None


def _confidential(rule: Rule) -> bool:
    """Whether the rule tells of what the owner of its deal may not see: the account's, or other deals."""
    read = [*(pattern.kind for pattern in rule.patterns), *(absence.kind for absence in rule.absences)]
    return read.count("deal") > 1 or not rule.kinds <= TOLD_TO_DEAL_OWNERS


def _value(rule: Rule, bound: Mapping[str, Fact], facts: Facts, lines: tuple[Line, ...]) -> int:
    if rule.advice and rule.advice.value:
        lines = tuple(_lines(rule.advice.value, rule, bound, facts))
    return sum(line.amount_minor for line in lines)


def _lines(ref: Ref, rule: Rule, bound: Mapping[str, Fact], facts: Facts) -> Iterator[Line]:
    """The revenue lines that a money field stands for; an account stands for its active contracts."""
    kind, fact = rule.kind_of(ref.alias), bound[ref.alias]
    if kind == "account":
        for contract in facts.get("contract", ()):
            if contract.get("is_active"):
                yield _line(LineKind.CONTRACT, contract, "annual_value")
    elif kind in LINE_KINDS:
        yield _line(LINE_KINDS[kind], fact, ref.field)


def _line(kind: LineKind, fact: Fact, field: str) -> Line:
    """A fact's revenue; a service is part of its contract, a renewal deal of what it renews."""
    own, contract = str(fact["id"]), fact.get("contract_id")
    within = kind is LineKind.SERVICE or (kind is LineKind.DEAL and fact.get("kind") == DealKind.RENEWAL)
    part_of = str(contract) if within and contract is not None else own
    return Line(kind, own, part_of, int(fact.get(field, 0)))


def _evidence(rule: Rule, bound: Mapping[str, Fact]) -> Iterator[Seen]:
    for pattern in rule.patterns:
        fact = bound[pattern.alias]
        if not pattern.conditions:
            yield Seen(
                _name(pattern),
                pattern.kind,
                str(fact["id"]),
                "id",
                "is_null",
                False,
                fact["id"],
                None,
                _source(fact),
            )
        for condition in pattern.conditions:
            yield _condition(pattern, condition, fact, bound)
    for absence in rule.absences:
        wanted = {f"{c.field} {c.op}": _threshold(absence.kind, c, bound) for c in absence.conditions}
        yield Seen(
            "none",
            absence.kind,
            "",
            "count",
            Op.EQ.value,
            {"count": 0, "where": wanted},
            0,
            absence.about,
            OWN,
        )


def _condition(pattern: Pattern, condition: Condition, fact: Fact, bound: Mapping[str, Fact]) -> Seen:
    field = REGISTRY.field(pattern.kind, condition.field)
    return Seen(
        alias=_name(pattern),
        fact_kind=pattern.kind,
        fact_id=str(fact["id"]),
        field=condition.field,
        op=condition.op.value,
        threshold=_threshold(pattern.kind, condition, bound),
        seen=_written(field, fact.get(condition.field)),
        reference=str(condition.value) if isinstance(condition.value, Ref) else None,
        source=_source(fact),
    )


def _source(fact: Fact) -> str:
    return str(fact.get(SOURCE, OWN))


def _name(pattern: Pattern) -> str:
    return "" if pattern.alias.startswith("_") else pattern.alias


def _threshold(kind: str, condition: Condition, bound: Mapping[str, Fact]) -> object:
    field = REGISTRY.field(kind, condition.field)
    value = condition.value
    if isinstance(value, Ref):
        return _written(field, bound[value.alias].get(value.field))
    if isinstance(value, tuple):
        return [_written(field, item) for item in value]
    return _written(field, value)


def _written(field: FactField, value: Scalar | None) -> object:
    """A value as the author of a rule writes it: money in whole units, as text so that it stays exact."""
    if field.type is FieldType.MONEY and value is not None and not isinstance(value, bool):
        return f"{Decimal(str(value)) / 100:.2f}"
    return value


def _because(advice: Advice, rule: Rule, bound: Mapping[str, Fact], currency: str) -> str:
    def shown(alias: str, name: str) -> str:
        return spoken(REGISTRY.field(rule.kind_of(alias), name), bound[alias].get(name), currency)

    return PLACEHOLDER.sub(lambda found: shown(*found.group(1).split(".")), advice.because)[:1000]


def spoken(field: FactField, value: Scalar | None, currency: str) -> str:
    """A value with its unit, as people read it."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if field.type is FieldType.MONEY:
        return f"{currency} {Decimal(str(value)) / 100:,.2f}"
    if field.unit == _RATIO:
        return f"{value:+.0%}"
    unit = field.unit[:-1] if value == 1 and field.unit.endswith("s") else field.unit
    return f"{value:,} {unit}".rstrip()
