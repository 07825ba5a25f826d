"""What the checks find in rules, beside the live ones and in the tenant's records; nothing is written."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from commands import rulebooks
from commands.permissions import TRY_RULES, require
from models.access import Actor
from models.base import check_day
from models.database import as_int, fetch
from models.rulebooks import Rulebook
from models.visibility import find
from rules.build import build_book
from rules.checks import findings, places_of
from rules.files import Document
from rules.findings import Finding, FindingCode
from rules.kinds import REGISTRY
from rules.needs import spoken_in, spoken_of
from rules.places import Places, conditions
from rules.population import figures
from rules.rows import parameters, rows_of
from rules.scope import Path
from rules.tree import Rule

#: A kind of fact and a field of it; the field is empty where the kind itself is meant.
_Spoken = tuple[str, str]


async def check(actor: Actor, name: str, documents: Sequence[Document], as_of: date) -> list[Finding]:
    """What is found in the rules of these documents, were they live under this name; they need not be saved.

    Raises:
        InvalidRulebook: with every problem of the documents.
    """
    require(actor, TRY_RULES, "check rules")
    check_day(as_of, "asOf")
    rulebooks.check_size(documents)
    others = await rulebooks.documents_besides(actor, name)
    book = build_book(name, [*documents, *others])
    found = await asyncio.to_thread(findings, book, documents)
    found += await _unfilled(actor, list(zip(book.rules, places_of(documents), strict=False)), as_of)
    return sorted(found, key=lambda each: int(each.path[1]))


async def check_version(actor: Actor, rulebook_id: str, as_of: date) -> list[Finding]:
    """What is found in a saved version, beside the live rulebooks of other names."""
    require(actor, TRY_RULES, "check rules")
    rulebook = await find(Rulebook, actor, rulebook_id, "id")
    return await check(actor, rulebook.name, await rulebooks.documents_of(rulebook), as_of)


async def _unfilled(actor: Actor, rules: Sequence[tuple[Rule, Places]], as_of: date) -> list[Finding]:
    """The kinds of which the tenant has no facts, and fields that none of its facts has; told once a rule."""
    spoken = [(rule, _spoken(rule, places)) for rule, places in rules]
    empty = await _empty(actor.tenant_id, {each for _, of in spoken for each in of}, as_of)
    return [
        Finding(FindingCode.UNFILLED, rule.key, path, f"{_without(*each)} as of {as_of}")
        for rule, of in spoken
        for each, path in of.items()
        if each in empty
    ]


def _without(kind: str, field: str) -> str:
    return f"no {kind} of the tenant has {field}" if field else f"the tenant has no {kind}"


def _spoken(rule: Rule, places: Places) -> dict[_Spoken, Path]:
    """What is stored of which a rule speaks, each with the first place where it does."""
    found: dict[_Spoken, Path] = {}
    for kind, path in _asked(rule, places):
        found.setdefault((kind, ""), path)
    for (kind, condition), path in zip(conditions(rule), places.conditions, strict=True):
        for each in spoken_in(rule, kind, [condition]):
            found.setdefault(each, path)
    for each in spoken_of(rule):
        found.setdefault(each, places.then)
    return {each: path for whole, path in found.items() for each in _stored(*whole)}


def _asked(rule: Rule, places: Places) -> Iterator[tuple[str, Path]]:
    """The kinds of facts that a rule asks for, each with its place."""
    for pattern, path in zip(rule.patterns, places.patterns, strict=True):
        yield pattern.kind, path[:-1]
    gates = [test for _, _, test in rule.advice.gates] if rule.advice else []
    tests = zip([*rule.tests, *gates], [*places.tests, *places.gates], strict=True)
    yield from ((part.kind, path) for test, path in tests for part in test.existences)


def _stored(kind: str, name: str) -> Iterator[_Spoken]:
    """What a kind and a field are read from: a relative field from those that it ranks, and within which."""
    if kind not in REGISTRY.kinds or name == "id":
        return
    field = REGISTRY.field(kind, name) if name else None
    yield kind, field.ranks or name if field else name
    if field and field.within_segment:
        yield "account", "segment"


async def _empty(tenant_id: str, spoken: Iterable[_Spoken], as_of: date) -> set[_Spoken]:
    """Those that no fact has; of a kind without facts the kind alone."""
    names: dict[str, set[str]] = defaultdict(set)
    for kind, name in spoken:
        names[kind] |= {name} - {""}
    empty: set[_Spoken] = set()
    for kind, of in sorted(names.items()):
        counts = await _counts(tenant_id, kind, sorted(of), as_of)
        empty |= {(kind, name) for name, count in counts.items() if not count} if counts[""] else {(kind, "")}
    return empty


async def _counts(tenant_id: str, kind: str, names: Sequence[str], as_of: date) -> Mapping[str, int]:
    """How many facts of a kind have each of these fields; how many there are, under an empty name."""
    fields = [REGISTRY.kinds[kind].fields[name] for name in names]
    counted = "".join(f", count({field.sql}) as f_{field.name}" for field in fields)
    source = rows_of(REGISTRY.kinds[kind], [field.sql for field in fields])
    found = await figures(tenant_id, as_of, {kind: frozenset(names)})
    (row,) = await fetch(
        f"select count(*) as facts{counted} from {source}", {**parameters(tenant_id, as_of), **found}
    )
    return {"": as_int(row["facts"]), **{name: as_int(row[f"f_{name}"]) for name in names}}
