"""What people of one tenant of the world are to their customers and to us."""

from __future__ import annotations

from models.deals import ContactRole
from models.stakeholders import (
    Adaptability,
    Assessment,
    BuyingCentre,
    Influence,
    NeededRoles,
    PoliticalStatus,
    Rapport,
    RelationshipLevel,
    Stakeholder,
    Support,
)
from tests.schema.reads.records import Records


def furnish_people(records: Records) -> None:
    """Of every second contact a part in the buying centre, judgements, and who is above whom."""
    world, tenant = records.world, records.tenant.id
    people = sorted({*records.owners})
    for before, contact in zip(records.contacts, records.contacts[1:], strict=False):
        if before.account_id == contact.account_id:
            contact.reports_to_id = before.id
        else:
            contact.moved_from_id = world.maybe(before.id, 0.4)
        contact.joined_on = world.maybe(world.day())
    for contact in records.contacts[::2]:
        of = {"tenant_id": tenant, "account_id": contact.account_id, "contact_id": contact.id}
        world.make(
            Stakeholder,
            role=world.pick(list(ContactRole)),
            valid_from=world.maybe(world.day()),
            removed_on=world.maybe(world.day(), 0.2),
            **of,
        )
        deals = [deal.id for deal in records.deals if deal.account_id == contact.account_id]
        for deal_id in [None, *deals[:1]]:
            world.make(
                Assessment,
                deal_id=deal_id,
                made_by_id=world.maybe(world.pick(people)),
                assessed_on=world.day(),
                influence=world.maybe(world.pick(list(Influence))),
                political_status=world.maybe(world.pick(list(PoliticalStatus))),
                support=world.maybe(world.pick(list(Support))),
                adaptability=world.maybe(world.pick(list(Adaptability))),
                note=world.maybe(world.text(1000)),
                **of,
            )
        world.make(
            Rapport,
            user_id=world.pick(people),
            assessed_on=world.day(),
            level=world.maybe(world.pick(list(RelationshipLevel))),
            wanted=world.maybe(world.pick(list(RelationshipLevel))),
            **of,
        )
    world.make(NeededRoles, tenant_id=tenant, of=BuyingCentre.ACCOUNT, kind="KEY", roles=["CHAMPION"])
