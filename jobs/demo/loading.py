"""Storing the demo world through the commands that imports use; repeating it writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from commands import deal_people
from commands.access import ensure_team, ensure_tenant, system_actor, upsert_users
from commands.bulk import upsert
from commands.incoming import Incoming
from jobs.demo.draft import CURRENCY, Row
from jobs.demo.names import OPERATOR
from jobs.demo.people import PEOPLE, TEAMS, Person
from jobs.demo.world import World
from models.access import Actor, Tenant, User
from models.accounts import Account
from models.base import Sourced
from models.catalog import Product
from models.database import refresh_statistics
from models.deals import Deal, DealContact, DealLine
from models.people import Contact, Interaction
from models.revenue import Contract
from models.services import Service, UsageMonth
from models.signals import Signal
from models.tickets import Ticket

SLUG = "demo"
SOURCE = "demo"
BATCH = 1_000
TASK = "loading demo data"

Advance = Callable[[str, int, int], None]
Step = tuple[type[Sourced], Sequence[Row]]


async def load_world(world: World, advance: Advance | None = None) -> Tenant:
    """Store the world in the demo tenant, made when there is none; ``advance`` is told of every batch."""
    tenant = await ensure_tenant(SLUG, OPERATOR, CURRENCY)
    actor = system_actor(tenant, SOURCE)
    ids = await _people(actor)
    steps = _steps(world)
    done, total = 0, sum(len(rows) for _, rows in steps)
    for model, rows in steps:
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            incoming = [_resolved(row.incoming(), ids) for row in batch]
            ids |= (await upsert(actor, model, SOURCE, incoming, on=world.today, history=True)).ids
            done += len(batch)
            if advance:
                advance(TASK, done, total)
    await deal_people.set_contacts(actor, _deal_contacts(world, tenant, ids), history=True)
    await refresh_statistics()
    return tenant


def _steps(world: World) -> list[Step]:
    """What is stored, in an order in which everything that is referred to comes first."""
    rows = world.rows
    return [
        (Product, world.products),
        (Account, [row for row in rows.accounts if row.values["parent_id"] is None]),
        (Account, [row for row in rows.accounts if row.values["parent_id"] is not None]),
        (Contact, rows.contacts),
        (Contract, rows.contracts),
        (Service, rows.services),
        (UsageMonth, rows.usage),
        (Deal, rows.deals),
        (DealLine, rows.deal_lines),
        (Ticket, rows.tickets),
        (Signal, rows.signals),
        (Interaction, rows.interactions),
    ]


async def _people(actor: Actor) -> dict[str, str]:
    """Teams and users, as they are in ``people``; the ids of the users by external id."""
    teams: dict[str, str] = {}
    for spec in TEAMS:
        team = await ensure_team(actor, spec.name, teams[spec.parent] if spec.parent else None)
        teams[spec.name] = team.id
    ids: dict[str, str] = {}
    while len(ids) < len(PEOPLE):  # one layer of the organisation after the other, from the top
        layer = [
            person
            for person in PEOPLE
            if person.external_id not in ids and (person.manager is None or person.manager in ids)
        ]
        ids |= (await upsert_users(actor, [_user(actor, person, teams, ids) for person in layer])).ids
    return ids


def _user(actor: Actor, person: Person, teams: Mapping[str, str], ids: Mapping[str, str]) -> User:
    return User(
        id=User.make_id(),
        tenant_id=actor.tenant_id,
        name=person.name,
        email=person.email,
        role=person.role,
        team_id=teams[person.team] if person.team else None,
        manager_id=ids[person.manager] if person.manager else None,
        source=SOURCE,
        external_id=person.external_id,
    )


def _resolved(row: Incoming, ids: Mapping[str, str]) -> Incoming:
    """The row with the stored id for each external id that it refers to."""
    values = {
        name: ids[str(value)] if name.endswith("_id") and value is not None else value
        for name, value in row.values.items()
    }
    return Incoming(row.external_id, values, row.began, row.history)


def _deal_contacts(world: World, tenant: Tenant, ids: Mapping[str, str]) -> list[DealContact]:
    return [
        DealContact(
            id=DealContact.make_id(),
            tenant_id=tenant.id,
            deal_id=ids[deal],
            contact_id=ids[contact],
            role=role,
        )
        for deal, contact, role in world.rows.deal_contacts
    ]
