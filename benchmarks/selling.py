"""A generated tenant that sells: a tree of teams, and deals with the changes behind them.

The same day gives the same tenant.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from tortoise.connection import get_connection

from benchmarks.portfolio import BATCH, SEED, TENANT, Rows, write
from commands.access import ensure_tenant
from models import database
from models.access import Role, Team, User
from models.deals import DEFAULT_CATEGORY, DEFAULT_PROBABILITY, Stage

#: How long ago the first deals were identified.
HISTORY_DAYS = 730
#: Regions below the root, teams in each, sellers in each team.
REGIONS, TEAMS, SELLERS = 4, 5, 5
#: Accounts have so many deals.
DEALS_EACH = 10
FAMILIES = ("Connectivity", "Voice", "Cloud", "Security")

_SHARED = ("id", "version", "created_at", "updated_at", "tenant_id")
COLUMNS: dict[str, tuple[str, ...]] = {
    "account": (
        *_SHARED, "name", "owner_id", "segment", "tier", "currency", "overdue_minor", "placeholder",
        "valid_from",
    ),
    "product": (*_SHARED, "name", "family", "charge", "list_price_minor", "currency", "active"),
    "deal": (
        *_SHARED, "account_id", "owner_id", "name", "kind", "stage", "stage_since", "forecast_category",
        "probability", "amount_minor", "currency", "close_on", "closed_on", "competitor", "valid_from",
        "known_on", "loss_reason",
    ),
    "deal_line": (
        *_SHARED, "deal_id", "product_id", "quantity", "mrc_minor", "nrc_minor", "term_months", "currency",
    ),
    "audit_record": (*_SHARED, "command", "source", "changes_count"),
    "change": (
        *_SHARED, "audit_id", "entity", "entity_id", "field", "old", "new", "effective_on", "known_on", "seq",
    ),
}  # fmt: skip


@dataclass
class _Deal:
    """A deal on its way: what it is now, and the changes that led there."""

    id: str
    owner_id: str
    began: date
    stage: Stage
    amount: int
    close_on: date
    since: date
    closed_on: date | None = None
    changes: list[tuple[date, str, object, object]] = field(default_factory=list)

    def change(self, day: date, name: str, old: object, new: object) -> None:
        self.changes.append((day, name, old, new))


async def generate(url: str, deals: int, day: date) -> None:
    """Migrate the empty database at ``url`` and fill it with a tenant of so many deals."""
    await database.connect(url)
    try:
        await database.migrate()
        tenant = await ensure_tenant(TENANT, "Benchmark", "EUR")
        sellers = await _sellers(tenant.id)
        await write(url, _batches(deals, tenant.id, sellers, day), COLUMNS)
        if not database.is_sqlite():  # what autovacuum does to a table that has grown
            await get_connection("default").execute_script("vacuum analyze")
    finally:
        await database.disconnect()


async def _sellers(tenant_id: str) -> list[str]:
    """A tree of three levels, and who sells in its leaves."""
    root = await Team.create(id=Team.make_id(), tenant_id=tenant_id, name="Root")
    sellers = []
    for region in range(REGIONS):
        above = await Team.create(
            id=Team.make_id(), tenant_id=tenant_id, name=f"R{region}", parent_id=root.id
        )
        for number in range(TEAMS):
            name = f"R{region}T{number}"
            team = await Team.create(id=Team.make_id(), tenant_id=tenant_id, name=name, parent_id=above.id)
            for seller in range(SELLERS):
                made = await User.create(
                    id=User.make_id(), tenant_id=tenant_id, name=f"{name} {seller}", team_id=team.id,
                    email=f"{name}.{seller}@example.com", role=Role.DIRECTOR,
                )  # fmt: skip
                sellers.append(made.id)
    await User.create(
        id=User.make_id(), tenant_id=tenant_id, name="Admin", email="admin@example.com", role=Role.ADMIN
    )
    return sellers


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def _batches(deals: int, tenant_id: str, sellers: list[str], day: date) -> Iterator[Rows]:
    first = _moment(day - timedelta(days=HISTORY_DAYS))
    shared: tuple[Any, ...] = (1, first, first, tenant_id)
    yield {
        "product": [
            (f"prod_{family}", *shared, family, family, "RECURRING", 100_00, "EUR", True)
            for family in FAMILIES
        ]
    }
    for start in range(0, deals, BATCH):
        rng = random.Random(SEED + start)
        rows: Rows = {table: [] for table in COLUMNS}
        for number in range(start, min(start + BATCH, deals)):
            account = f"acc_{number // DEALS_EACH:09d}"
            if number % DEALS_EACH == 0:
                segment = rng.choice(("banks", "retail", "public", "industry"))
                rows["account"].append(
                    (account, *shared, account, rng.choice(sellers), segment, "NAMED", "EUR", 0, False, None)
                )
            _add(rows, rng, _deal(rng, number, sellers, day), account, tenant_id)
        yield rows


def _deal(rng: random.Random, number: int, sellers: list[str], day: date) -> _Deal:
    """Identified some day of the history, moved along every few weeks until it ended or until the day."""
    began = day - timedelta(days=rng.randrange(1, HISTORY_DAYS))
    deal = _Deal(
        f"deal_{number:09d}", rng.choice(sellers), began, Stage.IDENTIFIED,
        rng.randrange(1_000_00, 500_000_00),
        began + timedelta(days=rng.randrange(30, 300)), began,
    )  # fmt: skip
    now = began
    while (now := now + timedelta(days=rng.randrange(20, 150))) <= day and deal.stage.is_open:
        _step(rng, deal, now, sellers)
    return deal


def _step(rng: random.Random, deal: _Deal, now: date, sellers: list[str]) -> None:
    chance = rng.random()
    if chance < 0.15:
        later = deal.close_on + timedelta(days=rng.choice((-20, 30, 30, 60)))
        deal.change(now, "close_on", deal.close_on, later)
        deal.close_on = later
    elif chance < 0.3:
        amount = deal.amount * rng.randrange(60, 150) // 100
        deal.change(now, "amount_minor", deal.amount, amount)
        deal.amount = amount
    elif chance < 0.35:
        owner = rng.choice(sellers)
        if owner != deal.owner_id:
            deal.change(now, "owner_id", deal.owner_id, owner)
        deal.owner_id = owner
    else:
        _move(rng, deal, now)


def _move(rng: random.Random, deal: _Deal, now: date) -> None:
    ends = deal.stage is Stage.NEGOTIATING or rng.random() < 0.15
    stages = list(Stage)
    to = stages[stages.index(deal.stage) + 1]
    if ends:
        to = Stage.WON if rng.random() < 0.35 else Stage.LOST
        deal.change(now, "closed_on", None, now)
        deal.closed_on = now
    deal.change(now, "stage", deal.stage.value, to.value)
    deal.change(now, "stage_since", deal.since, now)
    deal.change(now, "probability", DEFAULT_PROBABILITY[deal.stage], DEFAULT_PROBABILITY[to])
    before, after = DEFAULT_CATEGORY[deal.stage], DEFAULT_CATEGORY[to]
    if before != after:
        deal.change(now, "forecast_category", before.value, after.value)
    deal.stage, deal.since = to, now


def _add(rows: Rows, rng: random.Random, deal: _Deal, account: str, tenant_id: str) -> None:
    began = _moment(deal.began)
    kind = rng.choice(("NEW", "EXPANSION", "RENEWAL", "WIN_BACK"))
    competitor = rng.choice((None, "Globex", "Initech"))
    rows["deal"].append(
        (
            deal.id, 1, began, began, tenant_id, account, deal.owner_id, deal.id, kind, deal.stage.value,
            deal.since, DEFAULT_CATEGORY[deal.stage].value, DEFAULT_PROBABILITY[deal.stage], deal.amount,
            "EUR",
            deal.close_on, deal.closed_on, competitor, deal.began, deal.began,
            "price" if deal.stage is Stage.LOST else None,
        )
    )  # fmt: skip
    rows["deal_line"].append(
        (
            f"line{deal.id}",
            1,
            began,
            began,
            tenant_id,
            deal.id,
            f"prod_{rng.choice(FAMILIES)}",
            1,
            0,
            0,
            0,
            "EUR",
        )
    )
    changes: list[tuple[date, str, object, object]] = [(deal.began, "created", None, deal.id), *deal.changes]
    for number, (day, name, old, new) in enumerate(changes):
        moment = _moment(day)
        audit = f"aud{deal.id}{day:%y%m%d}"
        if number == 0 or changes[number - 1][0] != day:
            rows["audit_record"].append((audit, 1, moment, moment, tenant_id, "deals.update", "bench", 1))
        rows["change"].append(
            (
                f"chg{deal.id}{number:03d}", 1, moment, moment, tenant_id, audit, "deal", deal.id, name,
                _text(old), _text(new), day, day, number,
            )
        )  # fmt: skip


def _text(value: object) -> str | None:
    return value.isoformat() if isinstance(value, date) else None if value is None else str(value)
