"""A world in which deals come, move and go, written by commands day by day and dumped each evening."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest

from commands import access, bulk, deals, journal
from commands.access import system_actor
from commands.incoming import Incoming
from models.access import Actor, Team, Tenant, User
from models.accounts import Account
from models.base import Record
from models.catalog import Product
from models.deals import Deal, DealKind, DealLine, ForecastCategory, Stage, StageChange
from models.errors import BellwetherError
from models.history import AuditRecord, Change
from tests import factories

START = date(2026, 1, 5)
DAYS = 60
OPEN = [stage for stage in Stage if stage.is_open]
#: The tree of teams: root, two regions, two teams in each.
TREE = {
    "Root": None,
    "North": "Root",
    "South": "Root",
    "N1": "North",
    "N2": "North",
    "S1": "South",
    "S2": "South",
}
_STORED: tuple[type[Record], ...] = (
    Tenant, Team, User, Account, Product, Deal, DealLine, StageChange, AuditRecord, Change,
)  # fmt: skip
_SHOWN = ("owner_id", "stage", "forecast_category", "close_on", "amount_minor", "probability", "stage_since")


@dataclass(frozen=True)
class State:
    """A deal as it stood one evening, as its row said."""

    owner_id: str | None
    stage: str
    forecast_category: str
    close_on: date | None
    amount_minor: int
    probability: int
    stage_since: date | None

    @property
    def is_open(self) -> bool:
        return Stage(self.stage).is_open


@dataclass(frozen=True)
class Evening:
    """Everything that figures of sales are made of, as it stood one evening."""

    deals: Mapping[str, State]
    teams: Mapping[str, str | None]
    members: Mapping[str, str | None]

    def below(self, team_id: str) -> set[str]:
        """The users in a team and in those below it."""
        found = {team_id}
        while more := {team for team, parent in self.teams.items() if parent in found} - found:
            found |= more
        return {user for user, team in self.members.items() if team in found}


@dataclass
class World:
    """What was written, and every evening's dump."""

    rng: random.Random
    tenant: Tenant
    teams: dict[str, Team] = field(default_factory=dict)
    users: list[User] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    evenings: dict[date, Evening] = field(default_factory=dict)
    stored: list[tuple[type[Record], list[dict[str, Any]]]] = field(default_factory=list)
    #: Deals that came from the source, and those with an edit that was dated back.
    imported: dict[str, str] = field(default_factory=dict)
    dated_back: set[str] = field(default_factory=set)

    @property
    def actor(self) -> Actor:
        """Who sees and writes everything."""
        return system_actor(self.tenant, "crm")


@contextmanager
def on_the_day(day: date) -> Iterator[None]:
    """Commands take this day for today."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "today", lambda: day)
        yield


async def build(seed: int = 7) -> World:
    """Write the world to the connected database, which is empty."""
    world = World(random.Random(seed), await factories.tenant(slug="selling"))
    with on_the_day(START):
        for name, parent in TREE.items():
            above = world.teams[parent].id if parent else None
            world.teams[name] = await access.ensure_team(world.actor, name, above)
        for number in range(8):
            world.users.append(await factories.user(world.tenant, source="crm", external_id=str(number)))
            await _move_user(world, number)
        for number in range(4):
            segment = ("banks", "retail")[number % 2]
            world.accounts.append(await factories.account(world.users[number], segment=segment))
        for _ in range(6):
            await _create(world, START)
            await _bring_in(world, START)
    product = await factories.product(world.tenant, family="Voice")
    for day in (START + timedelta(days=number) for number in range(DAYS)):
        with on_the_day(day):
            for _ in range(7):
                await _happen(world, day)
        world.evenings[day] = await _evening()
    for deal in await Deal.filter(kind=DealKind.RENEWAL):
        await factories.deal_line(deal, product)
    for model in _STORED:
        world.stored.append((model, await model.all().values()))
    return world


async def restore(world: World) -> None:
    """Write the same rows to another database, which is empty."""
    for model, rows in world.stored:
        late = {"Team": "parent_id"}.get(model.__name__, "")
        await model.bulk_create(
            [model(**{**row, late: None} if late else row) for row in rows], batch_size=500
        )
        for row in rows if late else ():
            await model.filter(id=row["id"]).update(**{late: row[late]})


async def _evening() -> Evening:
    return Evening(
        deals={row["id"]: _state(row) for row in await Deal.all().values("id", *_SHOWN)},
        teams={row["id"]: row["parent_id"] for row in await Team.all().values("id", "parent_id")},
        members={row["id"]: row["team_id"] for row in await User.all().values("id", "team_id")},
    )


def _state(row: Mapping[str, Any]) -> State:
    values = {name: row[name] for name in _SHOWN}
    return State(**values | {name: str(values[name].value) for name in ("stage", "forecast_category")})


async def _happen(world: World, day: date) -> None:
    acts = (
        _create,
        _bring_in,
        _update,
        _update,
        _update,
        _update,
        _advance,
        _advance,
        _close,
        _correct,
        _reopen,
    )
    chance = world.rng.random()
    if chance < 0.02:
        await _move_user(world, world.rng.randrange(len(world.users)))
    elif chance < 0.03:
        leaf = world.rng.choice(["N1", "N2", "S1", "S2"])
        above = world.teams[world.rng.choice(["North", "South"])].id
        world.teams[leaf] = await access.ensure_team(world.actor, leaf, above)
    else:
        with suppress(BellwetherError):  # a move that the deal's history does not allow
            await world.rng.choice(acts)(world, day)


async def _move_user(world: World, number: int) -> None:
    user = world.users[number]
    user.team_id = world.teams[world.rng.choice(list(TREE))].id
    await access.upsert_users(world.actor, [moved(user, user.team_id)])


_USER = (
    "id",
    "tenant_id",
    "name",
    "email",
    "role",
    "team_id",
    "manager_id",
    "active",
    "source",
    "external_id",
)


def moved(user: User, team_id: str | None) -> User:
    """A user as the source has them, in a team."""
    return User(**{name: getattr(user, name) for name in _USER} | {"team_id": team_id})


def _values(world: World, day: date) -> dict[str, Any]:
    return {
        "owner_id": world.rng.choice(world.users).id,
        "amount_minor": world.rng.randrange(0, 5_000_00),
        "close_on": world.rng.choice(
            [None, *(day + timedelta(days=days) for days in (-20, -3, 5, 15, 30, 60))]
        ),
        "forecast_category": world.rng.choice(
            [ForecastCategory.OMITTED, ForecastCategory.PIPELINE, ForecastCategory.COMMIT]
        ),
    }


async def _create(world: World, day: date) -> None:
    values = _values(world, day) | {
        "account_id": world.rng.choice(world.accounts).id, "name": "deal",
        "stage": world.rng.choice(OPEN[:3]), "kind": world.rng.choice(list(DealKind)),
    }  # fmt: skip
    await deals.create(world.actor, values)


async def _bring_in(world: World, day: date) -> None:
    """A deal of the source, which began some days ago."""
    key = f"d{len(world.imported)}"
    values = _values(world, day) | {
        "account_id": world.rng.choice(world.accounts).id, "name": key, "currency": "EUR",
        "stage": world.rng.choice(OPEN), "kind": world.rng.choice(list(DealKind)), "probability": 30,
    }  # fmt: skip
    began = day - timedelta(days=world.rng.choice([0, 0, 4]))
    found = await bulk.upsert(world.actor, Deal, "crm", [Incoming(key, values, began)], on=day)
    world.imported |= found.ids
    if began < day:
        world.dated_back |= {*found.ids.values()}


async def _any(world: World) -> Deal:
    return world.rng.choice(await Deal.filter(stage__in=OPEN).order_by("created_at", "id"))


async def _update(world: World, day: date) -> None:
    deal, values = await _any(world), _values(world, day)
    chosen = dict(
        world.rng.sample(sorted(values.items(), key=lambda item: item[0]), world.rng.choice([1, 1, 2]))
    )
    await deals.update(world.actor, deal.id, deal.version, chosen)


async def _advance(world: World, day: date) -> None:
    deal, on = await _any(world), day - timedelta(days=world.rng.choice([0, 0, 0, 2]))
    await deals.advance(world.actor, deal.id, deal.version, world.rng.choice(OPEN), on)
    if on < day:
        world.dated_back.add(deal.id)


async def _close(world: World, day: date) -> None:
    deal, on = await _any(world), day - timedelta(days=world.rng.choice([0, 0, 3]))
    to = world.rng.choice([Stage.WON, Stage.LOST])
    amount = world.rng.choice([None, world.rng.randrange(0, 5_000_00)])
    reason = "price" if to is Stage.LOST else None
    await deals.close(world.actor, deal.id, deal.version, to, loss_reason=reason, amount_minor=amount, on=on)
    if on < day:
        world.dated_back.add(deal.id)


async def _correct(world: World, day: date) -> None:
    """The source sends other values of a deal, with a date some days ago."""
    key = world.rng.choice(sorted(world.imported))
    values = {"amount_minor": world.rng.randrange(0, 5_000_00), "owner_id": world.rng.choice(world.users).id}
    on = day - timedelta(days=world.rng.choice([0, 3, 9]))
    await bulk.upsert(world.actor, Deal, "crm", [Incoming(key, values)], on=on)
    if on < day:
        world.dated_back.add(world.imported[key])


async def _reopen(world: World, day: date) -> None:
    """The source sends a deal as open again that had ended."""
    ended = await Deal.filter(source="crm", stage__in=[Stage.WON, Stage.LOST]).order_by("id").first()
    if ended is not None:
        values = {
            "stage": Stage.QUALIFIED, "closed_on": None, "loss_reason": None, "stage_since": day,
            "forecast_category": ForecastCategory.COMMIT, "probability": 25,
        }  # fmt: skip
        await bulk.upsert(world.actor, Deal, "crm", [Incoming(str(ended.external_id), values)], on=day)
