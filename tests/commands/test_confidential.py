"""What rules say of an account's revenue reaches whoever answers for the account, and nobody else."""

from __future__ import annotations

import pytest

from commands import evaluations, rulebooks
from commands.access import system_actor
from metrics.portfolio import portfolio
from models.deals import Stage
from models.errors import Forbidden
from models.recommendations import Evidence, Recommendation, Risk
from models.visibility import sees
from rules.engine.pool import EnginePool
from tests import factories


def _rule(key: str, *further: dict[str, object]) -> dict[str, object]:
    """A rule about a deal, and what else must be there."""
    return {
        "key": key,
        "title": key,
        "when": [{"deal": {"as": "d", "where": {"is_open": {"eq": True}}}}, *further],
        "then": [
            {"flag": {"risk": "IDLE", "severity": "LOW", "exposure": "$d.amount"}},
            {"recommend": {"action": "CALL", "because": "{d.name} waits", "due_in_days": 7}},
        ],
        "subject": ["d"],
    }


#: What a deal is made of, and who takes part in it: its owner sees that.
PARTS: tuple[dict[str, object], ...] = (
    {"deal_line": {"as": "l", "where": {"deal_id": {"eq": "$d.id"}}}},
    {"deal_contact": {"as": "p", "where": {"deal_id": {"eq": "$d.id"}, "role": {"eq": "INFLUENCER"}}}},
    {"none": {"deal_contact": {"where": {"id": {"eq": "$p.id"}, "days_since_contact": {"lte": 60}}}}},
    {"none": {"deal_contact": {"where": {"deal_id": {"eq": "$d.id"}, "role": {"eq": "CHAMPION"}}}}},
)


@pytest.mark.parametrize(
    "secret",
    [
        {"contract": {"as": "c"}},
        {"account": {"as": "a"}},
        {"deal_line": {"as": "l"}},
        {"none": {"deal_contact": {"where": {"role": {"eq": "BLOCKER"}}}}},
        {"none": {"ticket": {}}},
        {"deal": {"as": "other", "where": {"is_open": {"eq": False}}}},
        {"none": {"deal": {"where": {"kind": {"eq": "RENEWAL"}}}}},
    ],
)
async def test_the_owner_of_a_deal_is_told_of_the_deal_and_not_of_the_account(
    db: str, secret: dict[str, object]
) -> None:
    tenant = await factories.tenant()
    owner, colleague = await factories.user(tenant), await factories.user(tenant)
    account = await factories.account(owner)
    own = await factories.deal(account, owner_id=colleague.id)
    await factories.deal_line(own, await factories.product(tenant))
    await factories.deal_contact(own, await factories.contact(account))
    await factories.deal(account, stage=Stage.WON)
    await factories.contract(account)
    operator = system_actor(tenant)
    async with EnginePool(1, 20.0) as engine:
        rules = [_rule("of-the-deal", *PARTS), _rule("of-the-account", secret)]
        book = await rulebooks.save(operator, "mine", rules)
        await rulebooks.activate(operator, engine, book.id)
        await evaluations.evaluate(operator, engine, factories.TODAY)
        whole, part = await factories.actor(owner), await factories.actor(colleague)
        assert (await evaluations.evaluate(whole, engine, factories.TODAY)).accounts == 1
        assert (await evaluations.evaluate(part, engine, factories.TODAY)).accounts == 0
        with pytest.raises(Forbidden):
            await evaluations.evaluate(part, engine, factories.TODAY, [account.id])
    for model in (Recommendation, Risk):
        told = [row async for row in model.all()]
        assert {row.rule_key for row in told} == {"of-the-deal", "of-the-account"}
        assert all([await sees(model, whole, row.id) for row in told])
        assert {row.rule_key for row in told if await sees(model, part, row.id)} == {"of-the-deal"}
    shown = [row async for row in Evidence.all() if await sees(Evidence, part, row.id)]
    assert (
        len(shown) == 2 * 6
    )  # conditions: one on the deal, one on a line, two on a person, two that nothing met
    assert (await portfolio(whole, factories.TODAY)).total.open_risks == 2
    assert (await portfolio(part, factories.TODAY)).total.open_risks == 1
