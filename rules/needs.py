"""Which fields of which kinds a book speaks of: what must be gathered to judge it and to tell why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from rules.kinds import REGISTRY
from rules.registry import RELATIVE
from rules.tree import Book, Condition, Group, Rule, Term, leaves

#: The fields needed, relative ones too, by kind.
Needs = Mapping[str, frozenset[str]]

#: What telling of a verdict takes besides what its rule names: revenue lines, and what they are part of.
_TOLD: Mapping[str, frozenset[str]] = {
    "contract": frozenset({"annual_value", "is_active"}),
    "deal": frozenset({"amount", "contract_id", "kind"}),
    "service": frozenset({"annual_value", "contract_id"}),
}


@lru_cache(maxsize=64)
def needs(book: Book) -> Needs:
    """What the rules of a book need, by kind; always the account."""
    spoken = {kind: {REGISTRY.kinds[kind].label} | _TOLD.get(kind, set()) for kind in book.kinds}
    for rule in book.rules:
        for kind, name in spoken_of(rule):
            if kind in spoken and name != "id":
                spoken[kind].add(name)
    return whole({kind: frozenset(names) for kind, names in spoken.items()})


def everything(kinds: Iterable[str] = tuple(REGISTRY.kinds)) -> Needs:
    """Every field of these kinds, but for the relative ones."""
    return {kind: frozenset(REGISTRY.kinds[kind].fields) for kind in kinds}


def whole(needed: Needs) -> Needs:
    """These fields, with the fields that relative ones rank, and the segment that some are within."""
    whole: dict[str, set[str]] = defaultdict(set, {kind: set(names) for kind, names in needed.items()})
    for kind, names in needed.items():
        relative = [REGISTRY.kinds[kind].relative[name] for name in names if name.endswith(tuple(RELATIVE))]
        whole[kind] |= {field.ranks for field in relative if field.ranks}
        if any(field.within_segment for field in relative):
            whole["account"].add("segment")
    return {kind: frozenset(names) for kind, names in whole.items()}


def spoken_of(rule: Rule) -> Iterator[tuple[str, str]]:
    """Every field that the rule names, with its kind."""
    for pattern in rule.patterns:
        yield from spoken_in(rule, pattern.kind, pattern.where)
    gates = [test for _, _, test in rule.advice.gates] if rule.advice else []
    for test in (*rule.tests, *gates):
        for part in test.existences:
            yield from spoken_in(rule, part.kind, part.where)
    for ref in (rule.flag and rule.flag.exposure, rule.advice and rule.advice.value):
        if ref:
            yield rule.kind_of(ref.alias), ref.field
    told = [piece for piece in (rule.advice.because if rule.advice else ()) if isinstance(piece, Term)]
    concluded = [term for _, term in rule.conclusion.fields] if rule.conclusion else []
    for term in (*told, *concluded):
        yield from _of_term(rule, "", term)


def spoken_in(rule: Rule, kind: str, where: Iterable[Condition | Group]) -> Iterator[tuple[str, str]]:
    """Every field that conditions on a fact of this kind name, with its kind."""
    for condition in leaves(where):
        yield from _of_term(rule, kind, condition.term)
        if condition.other:
            yield from _of_term(rule, kind, condition.other)


def _of_term(rule: Rule, kind: str, term: Term) -> Iterator[tuple[str, str]]:
    of = rule.kind_of(term.alias) if term.alias else kind
    return ((of, name) for name in term.fields)
