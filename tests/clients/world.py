"""What is stored before clients come: a world to read from, and a sales team that rules judge."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from commands import rulebooks
from commands.access import system_actor
from models import database
from models.access import Role, User
from models.base import today
from models.database import fetch
from rules.engine.pool import EnginePool
from schema.core.tokens import issue
from tests import factories
from tests.schema.reads.judgements import furnish
from tests.schema.reads.world import MODELS, write

#: Accounts of the director, each with a deal that has been open for long.
ACCOUNTS = 40
#: Of such a length that a few events with it fill what lies between a server and a client.
NAME = "Connect all sites of the group, " * 6
#: So many ids of each model are told.
SAMPLE = 40


@dataclass
class World:
    """Tokens and ids by what they are of, and some ids of each model, by its name."""

    secret: str
    tokens: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    ids_of: dict[str, list[str]] = field(default_factory=dict)

    def let_in(self, **users: User) -> None:
        """Give these users tokens that last for as long as any check."""
        for name, user in users.items():
            self.tokens[name] = issue(user, 2, self.secret)
            self.ids[name] = user.id


async def made(url: str, secret: str) -> World:
    """Fill a new database."""
    world = World(secret)
    async with database.database(url, check=False):
        await database.migrate()
        await _to_read(world)
        await _to_follow(world)
        for model in MODELS:
            rows = await fetch(f'select id from "{model._meta.db_table}" order by id limit {SAMPLE}')
            world.ids_of[model.__name__] = [str(row["id"]) for row in rows]
    return world


async def _to_read(world: World) -> None:
    """Two tenants with every kind of record; those who may ask are in the first, and one in the second."""
    stored = furnish()
    await write(stored)
    kinds = ("admin", "integration", "head", "director")
    world.let_in(
        **{kind: stored.users[f"{kind} of a"] for kind in kinds}, stranger=stored.users["admin of b"]
    )


async def _to_follow(world: World) -> None:
    """A tenant with two teams, where the starter rules are live and nothing has been judged yet."""
    tenant = await factories.tenant(name="Nordwind", slug="nordwind")
    teams = [await factories.team(tenant) for _ in range(2)]
    manager, head = [await factories.user(tenant, Role.MANAGER, team_id=team.id) for team in teams]
    seller = await factories.user(tenant, team_id=teams[0].id)
    neighbour = await factories.user(tenant, team_id=teams[1].id)
    world.let_in(manager=manager, otherManager=head, seller=seller, neighbour=neighbour)
    long_ago = today() - timedelta(days=200)
    for number in range(ACCOUNTS):
        account = await factories.account(seller)
        await factories.deal(account, name=f"{number}: {NAME}", valid_from=long_ago, stage_since=long_ago)
        world.ids[f"account{number}"] = account.id
    await factories.deal(await factories.account(neighbour), valid_from=long_ago, stage_since=long_ago)
    async with EnginePool(1, 20.0) as engine:
        await rulebooks.ensure_starter(system_actor(tenant), engine)
