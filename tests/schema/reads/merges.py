"""Accounts of one tenant of the world that became part of others, and pairs that are said to be none."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from commands.merging import plain
from metrics.duplicates import compared
from models.accounts import Account, AccountMerge, DuplicateDismissal
from tests.schema.reads.records import Records
from tests.schema.reads.world import World

#: How many there are.
MERGES = 4


def furnish_merges(records: Records) -> None:
    """Duplicates of a few accounts, two of them of the same one."""
    for number in range(MERGES):
        merge(records.world, records.accounts[number // 2], undone=number == 1, records=records)
    for one, other in pairwise(records.accounts[::2]):
        dismissal(records.world, one, other, because=records.world.text(1000))


def dismissal(world: World, one: Account, other: Account, **values: Any) -> DuplicateDismissal:
    """That somebody said of two accounts that they are not the same."""
    given: dict[str, Any] = {
        "because": "one is a shop",
        "dismissed_on": world.day(),
        "dismissed_by_id": world.maybe(one.owner_id),
        "removed_on": world.maybe(world.day(), 0.3),
    }
    return world.make(
        DuplicateDismissal,
        tenant_id=one.tenant_id,
        account_id=one.id,
        other_id=other.id,
        facts=[compared(one), compared(other)],
        **(given | values),
    )


def merge(world: World, into: Account, *, undone: bool, records: Records | None = None) -> AccountMerge:
    """That a duplicate became part of an account."""
    merged_id = world.gone_id(Account)
    was = Account(
        id=merged_id,
        tenant_id=into.tenant_id,
        name=f"Duplicate {merged_id[-4:]}",
        owner_id=into.owner_id,
        currency=into.currency,
        created_at=world.moment(),
        updated_at=world.moment(),
    )
    outside = world.maybe("crm", 0.5)
    return world.make(
        AccountMerge,
        tenant_id=into.tenant_id,
        account_id=into.id,
        survivor_id=into.id,
        merged_id=merged_id,
        name=world.text() if records else was.name,
        source=outside,
        external_id=f"was {merged_id}" if outside else None,
        merged_on=world.day(),
        merged_by_id=world.maybe(into.owner_id),
        undone_at=world.moment() if undone else None,
        undone_by_id=into.owner_id if undone else None,
        record={name: plain(getattr(was, name)) for name in sorted(Account._meta.db_fields)},
        filled={"segment": [None, "Public"]} if records else {},
        moved={"deal": 2, "contact": 1},
        set_aside=[],
        lapsed=[],
    )
