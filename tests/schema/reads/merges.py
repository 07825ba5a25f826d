"""Accounts of one tenant of the world that became part of others, and one that was given back."""

from __future__ import annotations

from commands.merging import plain
from models.accounts import Account, AccountMerge
from tests.schema.reads.records import Records
from tests.schema.reads.world import World

#: How many there are.
MERGES = 4


def furnish_merges(records: Records) -> None:
    """Duplicates of a few accounts, two of them of the same one."""
    for number in range(MERGES):
        merge(records.world, records.accounts[number // 2], undone=number == 1, records=records)


def merge(world: World, into: Account, *, undone: bool, records: Records | None = None) -> AccountMerge:
    """That a duplicate became part of an account."""
    merged_id = world.id_of(Account)
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
