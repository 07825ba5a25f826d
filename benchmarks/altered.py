"""The same accounts in all kinds of trouble, so that every rule of the book matches some of them.

Of the portfolio as it is, which is quiet, engines are asked how fast they are; of this one, whether they
understood every rule. Some values are missing.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

from benchmarks.engines.translated import Found
from rules.reference import Fact, Facts, evaluate
from rules.tree import Book, Scalar

ACCOUNTS = 2_000
SEED = 3
_SIGNALS = ("COMPETITOR_NAMED", "MERGER", "BUDGET_CUT", "SITE_CLOSED", "TENDER_ANNOUNCED", "COMPLAINT")
#: Of a fact's values, one in so many is missing.
_MISSING = 15


def altered(accounts: Mapping[str, Facts]) -> dict[str, Facts]:
    """The first accounts, with other facts."""
    rng = random.Random(SEED)
    return {account: _account(rng, accounts[account]) for account in list(accounts)[:ACCOUNTS]}


def understood(book: Book, accounts: Mapping[str, Facts]) -> Found:
    """What the reference evaluator finds, every rule at least once.

    Raises:
        RuntimeError: a rule matches none of the accounts.
    """
    found = {(match.rule, account) for account, of in accounts.items() for match in evaluate(book.rules, of)}
    if never := {rule.key for rule in book.rules} - {rule for rule, _ in found}:
        raise RuntimeError(f"no altered account is matched by {', '.join(sorted(never))}")
    return found


def _account(rng: random.Random, facts: Facts) -> Facts:
    contracts = [str(contract["id"]) for contract in facts.get("contract", ())]
    return {kind: [_fact(rng, kind, fact, contracts) for fact in of] for kind, of in facts.items()}


def _fact(rng: random.Random, kind: str, fact: Fact, contracts: list[str]) -> Fact:
    other = {**fact, **_VALUES[kind](rng)} if kind in _VALUES else dict(fact)
    if kind == "deal" and contracts and rng.random() < 0.8:
        other["contract_id"] = rng.choice(contracts)
    return dict(_kept(rng, other.items()))


def _kept(rng: random.Random, values: Iterable[tuple[str, Scalar]]) -> Iterable[tuple[str, Scalar]]:
    return ((name, value) for name, value in values if name == "id" or rng.randrange(_MISSING))


def _contract(rng: random.Random) -> Fact:
    return {
        "is_active": rng.random() < 0.7,
        "days_to_end": rng.randrange(-20, 300),
        "monthly_recurring": rng.randrange(90_000),
        "annual_value": rng.randrange(1_000_000),
    }


def _deal(rng: random.Random) -> Fact:
    return {
        "kind": rng.choice(("RENEWAL", "RENEWAL", "NEW")),
        "is_open": rng.random() < 0.8,
        "amount": rng.randrange(2_000_000) + rng.choice((0, 0.5)),
        "age_days": rng.randrange(300),
        "days_to_close": rng.randrange(-8, 4),
    }


def _of_account(rng: random.Random) -> Fact:
    return {
        "tickets_open_severe": rng.randrange(4),
        "overdue_days": rng.randrange(20, 100),
        "overdue": rng.choice((0, 5, 2.5)),
        "is_placeholder": rng.random() < 0.3,
    }


def _contact(rng: random.Random) -> Fact:
    return {"days_since_left": rng.randrange(200)}


def _signal(rng: random.Random) -> Fact:
    return {"kind": rng.choice(_SIGNALS), "age_days": rng.randrange(120)}


_VALUES = {
    "account": _of_account,
    "contract": _contract,
    "contact": _contact,
    "deal": _deal,
    "signal": _signal,
}
