"""Why something is said, why not, and what would change it, as clients ask."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from commands import evaluations, privacy, rulebooks, standing
from commands.access import system_actor
from models.access import Scope, Tenant, User
from models.accounts import Account
from models.deals import Deal
from rules.engine.pool import EnginePool
from tests import factories
from tests.door import door
from tests.kept import kept

DAY = factories.TODAY


@dataclass
class World:
    """An account with a stalled deal, judged."""

    tenant: Tenant
    owner: User
    account: Account
    deal: Deal


@pytest.fixture
async def engine() -> AsyncIterator[EnginePool]:
    async with EnginePool(1, 20.0) as pool:
        yield pool


async def _world(engine: EnginePool) -> World:
    tenant = await factories.tenant()
    owner = await factories.user(tenant)
    account = await factories.account(owner)
    deal = await factories.deal(account, valid_from=DAY - timedelta(days=91), amount_minor=1_500_50)
    await rulebooks.ensure_starter(system_actor(tenant), engine)
    await evaluations.evaluate(system_actor(tenant), engine, DAY)
    return World(tenant, owner, account, deal)


@pytest.fixture
async def world(db: str, engine: EnginePool) -> World:
    return await kept(_world, engine)


STALLED = """{ risks(filter: { ruleKey: { eq: "stalled-deal" } }) { nodes { sentence
 french: sentence(locale: "fr-CH")
 changes { holds counterfactuals { actor factKind factId field seen needed days text
 german: text(locale: "de") } } } } }"""
WHY_NOT = """query ($account: ID!, $rule: String, $action: String, $asOf: Date) {
 whyNot(accountId: $account, ruleKey: $rule, action: $action, asOf: $asOf) {
 ruleKey holds matched failed { factKind factId field op threshold seen offBy text
 german: text(locale: "de") } } }"""


async def test_a_risk_says_why_it_stands_and_what_would_clear_it(world: World, engine: EnginePool) -> None:
    async with door(world.owner, engine=engine) as client:
        answer: Any = await client.ask(STALLED)
    (risk,) = answer["risks"]["nodes"]
    assert risk["sentence"] == "Deal: open, age 91 days (more than 90 days)."
    assert risk["french"] == "Affaire\xa0: en cours, ancienneté 91 jours (plus de 90 jours)."
    assert risk["changes"]["holds"]
    (change,) = risk["changes"]["counterfactuals"]
    assert change == {
        "actor": "US", "factKind": "deal", "factId": world.deal.id, "field": "is_open", "seen": True,
        "needed": False, "days": None, "text": "clears if is_open is False, now True",
        "german": "Verkaufschance: entfällt bei Wechsel zu „abgeschlossen“ (jetzt „offen“)",
    }  # fmt: skip


async def test_a_person_is_told_by_name_in_a_sentence_until_erased(world: World) -> None:
    contact = await factories.contact(world.account, name="Katrin Meyer")
    wise = await factories.recommendation(world.deal, rule_key="no-champion")
    where = {"contact_id eq": contact.id, "role eq": "CHAMPION", "deal_is_open eq": True}
    await factories.evidence_of_none(wise, "deal_contact", where)
    query = (
        f'{{ recommendations(filter: {{ id: {{ eq: "{wise.id}" }} }}) {{ nodes'
        ' { sentence german: sentence(locale: "de") } } }'
    )
    async with door(world.owner) as client:
        answer: Any = await client.ask(query)
        (told,) = answer["recommendations"]["nodes"]
        assert told["sentence"] == (
            "There is no deal contact (contact Katrin Meyer, role champion, deal open)."
        )
        assert "(Ansprechpartner Katrin Meyer, " in told["german"]
        await privacy.erase(system_actor(world.tenant), contact.id)
        again: Any = await client.ask(query)
    assert (
        again["recommendations"]["nodes"][0]["sentence"]
        == "There is no deal contact (contact (erased), role champion, deal open)."
    )
    owner = await factories.actor(world.owner)
    nobody = replace(owner, scopes=frozenset(Scope) - {Scope.READ_PERSONAL})
    record = ("contact", contact.id)
    assert await standing.names(owner, [record]) == {record: "(erased)"}
    assert await standing.names(nobody, [record]) == {}


async def test_what_has_changed_since_is_said_instead_of_invented(world: World, engine: EnginePool) -> None:
    await Deal.filter(id=world.deal.id).update(stage="LOST")
    async with door(world.owner, engine=engine) as client:
        answer: Any = await client.ask(STALLED)
    (risk,) = answer["risks"]["nodes"]
    assert risk["changes"] == {"holds": False, "counterfactuals": []}


async def test_why_a_rule_says_nothing_is_told_with_how_far_off(world: World, engine: EnginePool) -> None:
    async with door(world.owner, engine=engine) as client:
        asked = {"account": world.account.id, "rule": "close-date-pushed", "asOf": DAY.isoformat()}
        answer: Any = await client.ask(WHY_NOT, asked)
        (told,) = answer["whyNot"]
        assert (told["holds"], told["failed"]["field"], told["failed"]["offBy"]) == (False, "pushes", 3)
        assert told["failed"]["text"] == f"pushes of the deal {world.deal.id} is 0, not gte 3"
        assert told["failed"]["german"] == (
            f"Verkaufschance {world.deal.name}: Verschiebungen des Abschlusstermins 0"
            " (erforderlich: mindestens 3; Abstand 3)"
        )
        refused: Any = await client.answer(WHY_NOT, {**asked, "account": "acc_none"})
        assert refused["errors"][0]["extensions"]["path"] == ["accountId"]
        held: Any = await client.ask(WHY_NOT, {**asked, "rule": None, "action": "REQUALIFY_DEAL"})
        assert [(each["ruleKey"], each["holds"]) for each in held["whyNot"]] == [("stalled-deal", True)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"rule": "nothing"}, "NOT_FOUND"),
        ({"account": "acc_nothing"}, "NOT_FOUND"),
        ({"action": "CALL"}, "INVALID"),
        ({"rule": None}, "INVALID"),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    world: World, engine: EnginePool, change: dict[str, Any], code: str
) -> None:
    asked = {"account": world.account.id, "rule": "stalled-deal", **change}
    async with door(world.owner, engine=engine) as client:
        answer: Any = await client.answer(WHY_NOT, asked)
    assert answer["errors"][0]["extensions"]["code"] == code


async def test_only_who_answers_for_an_account_asks_why_not(world: World, engine: EnginePool) -> None:
    colleague = await factories.user(world.tenant)
    await factories.deal(world.account, owner_id=colleague.id)
    async with door(colleague, engine=engine) as client:
        answer: Any = await client.answer(WHY_NOT, {"account": world.account.id, "rule": "stalled-deal"})
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
