"""Deals of two years whose truth is known, written to the database as commands would have left them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

from models.accounts import Account
from models.deals import Deal, ForecastCategory, Stage
from models.history import AuditRecord, Change

#: The last day of which anything was recorded: a Sunday.
LAST = date(2026, 5, 17)
DAYS = 730
BEGIN = LAST - timedelta(DAYS)
#: Of the deals that came to a stage, so many are won.
WON_OF = {Stage.NEGOTIATING: 0.8, Stage.QUALIFIED: 0.2}
#: On so many days after it was identified a deal comes to that stage, and ends.
ENTERS, SHORTEST, LONGEST = 5, 20, 60
AMOUNT = 1_000_00


@dataclass(frozen=True)
class Move:
    """A column of a deal that went from one value to another, on a day, and when that was recorded."""

    field: str
    old: str | None
    new: str | None
    on: date
    known_on: date


async def plant(accounts: Sequence[Account], deals: int = 400, seed: int = 5) -> None:
    """Deals at these accounts in turn: each comes to a stage of ``WON_OF``, and ends as that says."""
    random = Random(seed)
    stored, moves = list[Deal](), dict[str, list[Move]]()
    for number in range(deals):
        deal, made = _deal(random, accounts[number % len(accounts)], number)
        stored.append(deal)
        moves[deal.id] = made
    await Deal.bulk_create(stored, batch_size=500)
    await log(accounts[0].tenant_id, moves)


async def log(tenant_id: str, moves: dict[str, list[Move]], entity: str = "deal") -> None:
    """Write the moves of records to the change log."""
    audit = await AuditRecord.create(
        id=AuditRecord.make_id(), tenant_id=tenant_id, command="planted", source="test"
    )
    changes = [
        Change(
            id=Change.make_id(),
            tenant_id=tenant_id,
            audit_id=audit.id,
            entity=entity,
            entity_id=deal_id,
            field=move.field,
            old=move.old,
            new=move.new,
            effective_on=move.on,
            known_on=move.known_on,
            seq=seq,
        )
        for deal_id, made in moves.items()
        for seq, move in enumerate(made)
    ]
    await Change.bulk_create(changes, batch_size=500)


def _deal(random: Random, account: Account, number: int) -> tuple[Deal, list[Move]]:
    began = BEGIN + timedelta(random.randrange(DAYS))
    entered, ended = began + timedelta(ENTERS), began + timedelta(random.randint(SHORTEST, LONGEST))
    stage = random.choice(list(WON_OF))
    end = Stage.WON if random.random() < WON_OF[stage] else Stage.LOST
    moves = [_moved(Stage.IDENTIFIED, stage, entered), _moved(stage, end, ended)]
    moves = [move for move in moves if move.on <= LAST]
    now = Stage(str(moves[-1].new)) if moves else Stage.IDENTIFIED
    deal = Deal(
        id=Deal.make_id(),
        tenant_id=account.tenant_id,
        account_id=account.id,
        owner_id=account.owner_id,
        name=f"Deal {number}",
        currency="EUR",
        amount_minor=AMOUNT,
        stage=now,
        forecast_category=ForecastCategory.PIPELINE,
        valid_from=began,
        known_on=began,
        created_at=datetime(began.year, began.month, began.day, tzinfo=UTC),
        stage_since=moves[-1].on if moves else began,
        closed_on=None if now.is_open else ended,
    )
    return deal, moves


def _moved(before: Stage, after: Stage, on: date) -> Move:
    return Move("stage", before.value, after.value, on, on)
