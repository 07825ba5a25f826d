"""What people of one tenant of the world say of whitespace."""

from __future__ import annotations

from itertools import pairwise

from models.catalog import Compatibility, CompatibilityRule, Product
from models.whitespace import AccountPotential
from tests.schema.reads.odd_values import MONEY
from tests.schema.reads.records import Records


def furnish_whitespace(records: Records) -> None:
    """A potential of every second account, and how families go together."""
    world, tenant = records.world, records.tenant
    own = [each for each in world.of(Product) if each.tenant_id == tenant.id]
    families = sorted({each.family for each in own if each.family})
    people = sorted({*records.owners})
    for account in records.accounts[::2]:
        world.make(
            AccountPotential,
            tenant_id=tenant.id,
            account_id=account.id,
            product_family=world.pick(families),
            mrc_minor=world.pick(MONEY),
            currency=tenant.currency,
            because=world.text(1000),
            set_by_id=world.maybe(world.pick(people)),
            set_on=world.day(),
            removed_on=world.maybe(world.day(), 0.2),
            valid_from=world.day(),
        )
    for one, other in pairwise(families):
        world.make(
            CompatibilityRule,
            tenant_id=tenant.id,
            family=one,
            other_family=other,
            kind=world.pick(list(Compatibility)),
            because=world.maybe(world.text(500)),
            removed_on=world.maybe(world.day(), 0.2),
            valid_from=world.day(),
        )
