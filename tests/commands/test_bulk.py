"""What a source tells of a record is kept: at first sight, and each time that there is more of it."""

from __future__ import annotations

from datetime import date

from commands.access import system_actor
from commands.bulk import upsert
from commands.incoming import Incoming
from commands.journal import FieldChange
from models.access import Tenant
from models.accounts import Account
from models.deals import Deal, Stage, StageChange
from models.history import Change
from tests import factories

JANUARY, FEBRUARY, MARCH, APRIL = (date(2026, month, 1) for month in range(1, 5))
YEAR_END = date(2026, 12, 31)


async def _import(tenant: Tenant, account: Account, *history: FieldChange, **values: object) -> Deal:
    row = Incoming("D1", {"account_id": account.id, "name": "Fibre", **values}, JANUARY, history)
    await upsert(system_actor(tenant, "crm"), Deal, "crm", [row], on=APRIL)
    return await Deal.get(external_id="D1")


async def test_every_step_since_the_last_import_is_kept(db: str) -> None:
    tenant = await factories.tenant()
    account = await factories.account(await factories.user(tenant))
    known = FieldChange("stage", Stage.IDENTIFIED, Stage.QUALIFIED, JANUARY)
    await _import(tenant, account, known, stage=Stage.QUALIFIED, close_on=FEBRUARY, currency="EUR")
    deal = await _import(
        tenant,
        account,
        known,
        FieldChange("close_on", FEBRUARY, MARCH, FEBRUARY),
        FieldChange("close_on", MARCH, YEAR_END, MARCH),
        FieldChange("stage", Stage.QUALIFIED, Stage.PROPOSED, FEBRUARY),
        FieldChange("stage", Stage.PROPOSED, Stage.WON, APRIL),
        stage=Stage.WON,
        close_on=YEAR_END,
        currency="EUR",
    )
    assert (deal.stage, deal.close_on) == (Stage.WON, YEAR_END)
    pushes = await Change.filter(entity_id=deal.id, field="close_on").order_by("effective_on")
    assert [(push.effective_on, push.new) for push in pushes] == [
        (FEBRUARY, MARCH.isoformat()),
        (MARCH, YEAR_END.isoformat()),
    ]
    moves = await StageChange.filter(deal_id=deal.id).order_by("changed_on", "id")
    assert [(move.changed_on, move.to_stage) for move in moves] == [
        (JANUARY, Stage.IDENTIFIED),
        (JANUARY, Stage.QUALIFIED),
        (FEBRUARY, Stage.PROPOSED),
        (APRIL, Stage.WON),
    ]


async def test_a_value_that_the_history_does_not_lead_to_changes_on_the_day_of_the_import(db: str) -> None:
    tenant = await factories.tenant()
    account = await factories.account(await factories.user(tenant))
    await _import(tenant, account, amount_minor=1_00, currency="EUR")
    deal = await _import(tenant, account, amount_minor=2_00, currency="EUR")
    change = await Change.get(entity_id=deal.id, field="amount_minor")
    assert (change.effective_on, change.old, change.new) == (APRIL, "100", "200")
