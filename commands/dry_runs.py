"""What other rules would say of today's portfolio, beside what the live ones say; nothing is written."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from commands import rulebooks, scopes
from commands.evaluations import look
from commands.permissions import TRY_RULES, require
from commands.runs import Progress
from models.access import Actor
from models.described import Described
from models.rulebooks import Rulebook, RulebookState
from rules import files
from rules.build import build_book
from rules.engine.pool import EnginePool
from rules.explain import Verdict
from rules.exposure import distinct
from rules.files import Document
from rules.tree import Book

#: A rule that speaks of a larger share of the accounts is hardly news to anybody.
LARGE_SHARE = 0.2


class Movement(Described):
    """What other rules do to what is said of one subject."""

    GAINED = "GAINED", "Only the other rules say it."
    LOST = "LOST", "Only the present rules say it."
    KEPT = "KEPT", "Both say it."


@dataclass(frozen=True)
class Moved:
    """One thing that is said of a subject, by the one rules or the others; exposures in minor units."""

    movement: Movement
    rule_key: str
    title: str
    account_id: str
    subject_key: str
    exposure_before: int
    exposure_after: int


@dataclass(frozen=True)
class RuleOutcome:
    """What changes for one rule: what it says more, less, and as before, and its revenue, each line once."""

    rule_key: str
    gained: int
    lost: int
    kept: int
    accounts: int
    exposure_before: int
    exposure_after: int


@dataclass(frozen=True)
class Outcome:
    """What changes on real accounts as of a date; ``accounts`` is how many there are.

    ``flagged_before`` and ``flagged_after`` count accounts of which anything is said. ``failures`` are the
    accounts that could not be judged, with the reason: they are in none of the figures.
    """

    as_of: date
    accounts: int
    flagged_before: int
    flagged_after: int
    exposure_before: int
    exposure_after: int
    rules: tuple[RuleOutcome, ...]
    moved: tuple[Moved, ...]
    failures: Mapping[str, str]

    def share(self, accounts: int) -> float:
        """Of all accounts, as a share."""
        return accounts / self.accounts if self.accounts else 0.0

    @property
    def warnings(self) -> list[str]:
        """Rules that speak of more than a fifth of the accounts."""
        return [
            f"{rule.rule_key} speaks of {rule.accounts:,} accounts, {self.share(rule.accounts):.0%} of all"
            for rule in self.rules
            if self.share(rule.accounts) > LARGE_SHARE
        ]


@dataclass(frozen=True)
class RuleText:
    """How the text of one rule differs: ``change`` is ADDED, REMOVED or CHANGED, ``lines`` a unified diff."""

    rule_key: str
    change: str
    lines: tuple[str, ...]


async def dry_run(
    actor: Actor,
    engine: EnginePool,
    name: str,
    documents: Sequence[Document],
    as_of: date,
    progress: Progress | None = None,
) -> Outcome:
    """What would change if these rules were the live version of a rulebook; they need not be saved.

    Raises:
        InvalidRulebook: with every problem of the documents.
        Invalid: no rulebook can be called so.
    """
    require(actor, TRY_RULES, "try rules")
    others = await rulebooks.documents_besides(actor, name)
    live = await _live(actor, name)
    before = joined(others, (live.name, await rulebooks.documents_of(live)) if live else None)
    after = joined(others, (f"{name}/draft", documents))
    return await _compared(actor, engine, before, after, as_of, progress)


async def difference(
    actor: Actor,
    engine: EnginePool,
    one: Rulebook,
    other: Rulebook,
    as_of: date,
    progress: Progress | None = None,
) -> Outcome:
    """What changes when one version of a rulebook takes the place of another, beside the other live ones."""
    require(actor, TRY_RULES, "compare rules")
    others = await rulebooks.documents_besides(actor, one.name)
    books = [
        joined(others, (f"{book.name}/{book.number}", await rulebooks.documents_of(book)))
        for book in (one, other)
    ]
    return await _compared(actor, engine, books[0], books[1], as_of, progress)


async def text_difference(one: Rulebook, other: Rulebook) -> list[RuleText]:
    """How the rules of two versions differ in what they say."""
    before = {str(document["key"]): document for document in await rulebooks.documents_of(one)}
    after = {str(document["key"]): document for document in await rulebooks.documents_of(other)}
    return [
        RuleText(key, _change(key, before, after), tuple(_diff(key, before, after)))
        for key in dict.fromkeys([*before, *after])
        if before.get(key) != after.get(key)
    ]


def _change(key: str, before: Mapping[str, Document], after: Mapping[str, Document]) -> str:
    if key not in before:
        return "ADDED"
    return "CHANGED" if key in after else "REMOVED"


def _diff(key: str, before: Mapping[str, Document], after: Mapping[str, Document]) -> Iterable[str]:
    was, will = (
        files.written([book[key]]).splitlines()[1:] if key in book else [] for book in (before, after)
    )
    return list(difflib.unified_diff(was, will, n=2, lineterm=""))[2:]


async def _live(actor: Actor, name: str) -> Rulebook | None:
    return await Rulebook.get_or_none(tenant_id=actor.tenant_id, name=name, state=RulebookState.ACTIVE)


def joined(others: Sequence[Document], own: tuple[str, Sequence[Document]] | None) -> Book:
    """The book of both; problems are told at the places of its own documents."""
    name, documents = own or ("live", [])
    if not (documents or others):
        return Book(name, ())
    book = build_book(name, [*documents, *others])
    return replace(book, origins={str(document["key"]): "live" for document in others})


async def _compared(
    actor: Actor, engine: EnginePool, before: Book, after: Book, as_of: date, progress: Progress | None
) -> Outcome:
    seen_before = await look(actor, engine, as_of, before, progress)
    seen_after = await look(actor, engine, as_of, after, progress)
    failures = {each["account"]: each["reason"] for each in (*seen_before.failures, *seen_after.failures)}
    said_before = _by_identity(_judged(seen_before.verdicts, failures))
    said_after = _by_identity(_judged(seen_after.verdicts, failures))
    moved = tuple(
        _moved(said_before.get(identity), said_after.get(identity))
        for identity in sorted({*said_before, *said_after})
    )
    changed = {each.rule_key for each in moved if each.movement is not Movement.KEPT}
    own = [rule.key for book in (after, before) for rule in book.rules if rule.key not in book.origins]
    return Outcome(
        as_of=as_of,
        accounts=await scopes.count(actor, as_of),
        flagged_before=_accounts(said_before.values()),
        flagged_after=_accounts(said_after.values()),
        exposure_before=_exposure(said_before.values()),
        exposure_after=_exposure(said_after.values()),
        rules=tuple(
            _of_rule(key, moved, said_before, said_after) for key in dict.fromkeys([*own, *sorted(changed)])
        ),
        moved=moved,
        failures=failures,
    )


def _judged(said: Iterable[Verdict], failures: Mapping[str, str]) -> Iterable[Verdict]:
    """What is said of accounts that both rules could judge: of others nothing can be compared."""
    return (verdict for verdict in said if verdict.account_id not in failures)


_Identity = tuple[str, str, str]
_Said = Mapping[_Identity, Verdict]


def _by_identity(said: Iterable[Verdict]) -> dict[_Identity, Verdict]:
    return {(verdict.rule.key, verdict.account_id, verdict.subject_key): verdict for verdict in said}


def _moved(before: Verdict | None, after: Verdict | None) -> Moved:
    verdict = after or before
    assert verdict
    movement = Movement.KEPT if before and after else Movement.GAINED if after else Movement.LOST
    return Moved(
        movement,
        verdict.rule.key,
        verdict.title,
        verdict.account_id,
        verdict.subject_key,
        _exposure([before] if before else []),
        _exposure([after] if after else []),
    )


def _of_rule(key: str, moved: Iterable[Moved], before: _Said, after: _Said) -> RuleOutcome:
    counts = Counter(each.movement for each in moved if each.rule_key == key)
    was, will = ([v for v in said.values() if v.rule.key == key] for said in (before, after))
    return RuleOutcome(
        key,
        counts[Movement.GAINED],
        counts[Movement.LOST],
        counts[Movement.KEPT],
        _accounts(will),
        _exposure(was),
        _exposure(will),
    )


def _accounts(said: Iterable[Verdict]) -> int:
    return len({verdict.account_id for verdict in said})


def _exposure(said: Iterable[Verdict]) -> int:
    return distinct(line for verdict in said for line in verdict.lines)
