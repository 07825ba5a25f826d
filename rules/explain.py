"""From a match to what is told: the verdict with its texts, its money and the evidence for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from models.deals import DealKind
from models.recommendations import LineKind
from models.severity import Severity
from rules.consequences import WORTH
from rules.evidence import Account, Seen
from rules.reference import Fact, Facts, Match, tested, value_of, with_conclusions
from rules.registry import FieldType, Op
from rules.tree import (
    Advice,
    Book,
    Condition,
    Exists,
    FieldValue,
    Gate,
    Pattern,
    Ref,
    Rule,
    Scalar,
    Term,
    Where,
)

_RATIO = "ratio"

#: Kinds of facts that the owner of a deal sees on an account that is somebody else's.
TOLD_TO_DEAL_OWNERS = frozenset({"deal", "contact", "signal"})
#: Kinds of facts that are part of a deal: its owner sees those of this deal.
PARTS_OF_DEALS = frozenset({"deal_line", "deal_contact", "bid"})
LINE_KINDS = {"contract": LineKind.CONTRACT, "deal": LineKind.DEAL, "service": LineKind.SERVICE}


@dataclass(frozen=True)
class Line:
    """A revenue line that a risk names, in minor units; ``part_of`` is where the revenue is counted."""

    kind: LineKind
    id: str
    part_of: str
    amount_minor: int


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
    #: The gate that what it recommends does not pass, with the condition; None when it passes all.
    stopped: tuple[Gate, str] | None = None

    @property
    def severity(self) -> Severity | None:
        """The severity of the risk that the rule raises, if it does."""
        return self.rule.flag.severity if self.rule.flag else None


def verdicts(
    book: Book, account_id: str, facts: Facts, matches: Iterable[Match], currency: str
) -> list[Verdict]:
    """The verdicts on an account, one for each rule and subject; the first of several matches speaks."""
    found: dict[tuple[str, str], Verdict] = {}
    ordered = sorted(matches)
    for rules in book.strata:
        facts = with_conclusions(rules, facts, ordered)
    account = Account(book, facts, ordered)
    for match in ordered:
        rule = book.rule(match.rule)
        if rule.flag or rule.advice:
            verdict = _verdict(account, rule, account_id, account.bound(match), currency)
            found.setdefault((match.rule, verdict.subject_key), verdict)
    return list(found.values())


def _verdict(
    account: Account, rule: Rule, account_id: str, bound: Mapping[str, Fact], currency: str
) -> Verdict:
    subjects = [str(bound[alias]["id"]) for alias in rule.subjects]
    lines = tuple(_lines(rule.flag.exposure, rule, bound, account.facts)) if rule.flag else ()
    return Verdict(
        rule=rule,
        rulebook_version=account.book.version_of(rule.key),
        account_id=account_id,
        subject_key="|".join(subjects) or account_id,
        deal_id=_deal(rule, bound),
        confidential=_confidential(rule),
        title=rule.title,
        lines=lines,
        value_minor=_value(rule, bound, account.facts, lines),
        because=_because(rule.advice, bound, currency) if rule.advice else None,
        evidence=tuple(account.evidence(rule, bound)),
        stopped=_stopped(rule.advice, bound, account.facts) if rule.advice else None,
    )


def _stopped(advice: Advice, bound: Mapping[str, Fact], facts: Facts) -> tuple[Gate, str] | None:
    gates = ((gate, text) for gate, text, test in advice.gates if not tested(test, facts, bound))
    return next(gates, None)


def _deal(rule: Rule, bound: Mapping[str, Fact]) -> str | None:
    """The deal that the verdict is about: the first among its subjects."""
    deals = [alias for alias in rule.subjects if rule.kind_of(alias) == "deal"]
    return str(bound[deals[0]]["id"]) if deals else None


def _confidential(rule: Rule) -> bool:
    """Whether the rule tells of what the owner of its deal may not see: the account's, or other deals.

    What was concluded may be of any of the account's deals.
    """
    existing = (part for test in rule.tests for part in test.existences)
    asked: list[Pattern | Exists] = [*rule.patterns, *existing]
    parts = [part for part in asked if part.kind in PARTS_OF_DEALS]
    return (
        rule.stratum > 0
        or rule.matched.count("deal") > 1
        or not rule.reads <= TOLD_TO_DEAL_OWNERS | PARTS_OF_DEALS
        or not all(_of_its_deal(rule, part.where) for part in parts)
    )


def _of_its_deal(rule: Rule, where: Where) -> bool:
    """Whether facts that meet this are part of the deal that the rule matches, or a part of it once more."""
    return any(
        isinstance(part, Condition)
        and part.op == Op.EQ
        and part.other is not None
        and part.other.formula == FieldValue("id")
        and _is_of_deal(rule, part.term.text, part.other.alias or "")
        for part in where
    )


def _is_of_deal(rule: Rule, field: str, alias: str) -> bool:
    """Whether what has the id of an alias in a field is part of the deal that the rule matches."""
    kind = rule.kind_of(alias)
    if field == "deal_id":
        return kind == "deal"
    matched = (each for each in rule.patterns if each.alias == alias)
    return (
        field == "id" and kind in PARTS_OF_DEALS and any(_of_its_deal(rule, each.where) for each in matched)
    )


def _value(rule: Rule, bound: Mapping[str, Fact], facts: Facts, lines: tuple[Line, ...]) -> int:
    if rule.advice and rule.advice.value:
        ref = rule.advice.value
        if rule.kind_of(ref.alias) in WORTH:
            return int(bound[ref.alias].get(ref.field, 0))
        lines = tuple(_lines(ref, rule, bound, facts))
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


def _because(advice: Advice, bound: Mapping[str, Fact], currency: str) -> str:
    told: list[str] = []
    for piece in advice.because:
        if isinstance(piece, Term):
            told.append(spoken(piece, value_of(piece, bound[piece.alias or ""]), currency))
        elif told and told[-1] == "0 days" and piece.startswith(" ago"):
            told[-1:] = ["today", piece.removeprefix(" ago")]
        else:
            told.append(piece)
    return "".join(told)[:1000]


def spoken(term: Term, value: Scalar | None, currency: str) -> str:
    """A value with its unit, as people read it."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if term.type is FieldType.MONEY:
        return f"{currency} {Decimal(str(value)) / 100:,.2f}"
    if term.unit == _RATIO:
        return f"{value:+.0%}"
    if term.unit == "percent":
        value = round(value, 1)
    unit = term.unit[:-1] if value == 1 and term.unit.endswith("s") else term.unit
    return f"{value:,} {unit}".rstrip()
