"""What each caller reads: every field answers, and nobody is shown what is not theirs."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from models.access import Role, User
from models.accounts import Account
from models.base import new_id
from models.deals import ContactRole, Deal, DealContact, DealLine, Stage, StageChange
from models.recommendations import Evidence, LineKind, Recommendation, Risk, RiskLine
from models.rulebooks import EvaluationRun, Rule, Rulebook, RunState
from models.severity import Severity
from tests import factories
from tests.schema.asking import SCHEMA, ask, refused

ROOTS = (
    "accounts", "deals", "contacts", "products", "tickets", "services", "contracts", "signals",
    "recommendations", "risks", "rulebooks", "evaluationRuns", "populationEvents",
)  # fmt: skip


async def _verdicts(account: Account, deal: Deal) -> tuple[Recommendation, Risk]:
    shared: dict[str, Any] = {
        "tenant_id": account.tenant_id,
        "account_id": account.id,
        "deal_id": deal.id,
        "rule_key": "stalled-deal",
        "rulebook_version": "starter/1",
        "subject_key": deal.id,
        "title": "Stalled",
        "held_since": factories.TODAY,
        "last_seen_on": factories.TODAY,
        "opened_run_id": new_id("run"),
        "changed_run_id": new_id("run"),
        "currency": "EUR",
    }
    recommendation = await Recommendation.create(
        id=Recommendation.make_id(), action="REQUALIFY", because="old", due_on=factories.TODAY,
        likelihood=0.5, urgency=0.5, value_minor=100_00, priority=25.0, **shared,
    )  # fmt: skip
    risk = await Risk.create(
        id=Risk.make_id(),
        kind="STALLED",
        severity=Severity.HIGH,
        exposure_minor=100_00,
        probability=0.6,
        **shared,
    )
    await RiskLine.create(
        id=RiskLine.make_id(), tenant_id=account.tenant_id, risk_id=risk.id, line_kind=LineKind.DEAL,
        line_id=deal.id, part_of=deal.id, amount_minor=100_00, currency="EUR", from_on=risk.held_since,
    )  # fmt: skip
    for key in ("recommendation", "risk"):
        await Evidence.create(
            id=Evidence.make_id(), tenant_id=account.tenant_id, position=0, alias="d", fact_kind="deal",
            fact_id=deal.id, field="age_days", op="gt", threshold="90", seen="120",
            observed_on=factories.TODAY, source="bellwether",
            recommendation_id=recommendation.id if key == "recommendation" else None,
            risk_id=risk.id if key == "risk" else None,
        )  # fmt: skip
    return recommendation, risk


@pytest.fixture
async def world(db: str) -> dict[str, Any]:
    """One account with one of everything, and its owner."""
    tenant = await factories.tenant()
    team = await factories.team(tenant, name="North")
    manager = await factories.user(tenant, Role.MANAGER, team_id=team.id, name="Mara")
    owner = await factories.user(tenant, team_id=team.id, manager_id=manager.id, name="Ole")
    parent = await factories.account(owner, name="Group")
    account = await factories.account(owner, name="Harbour", parent_id=parent.id, overdue_minor=12_34)
    product = await factories.product(tenant, name="SD-WAN")
    contract = await factories.contract(account, mrc_minor=100_01)
    service = await factories.service(account, contract_id=contract.id, product_id=product.id)
    contact = await factories.contact(account, name="Ada")
    deal = await factories.deal(account, contract_id=contract.id, amount_minor=333_33, probability=50)
    await DealLine.create(
        id=DealLine.make_id(), tenant_id=tenant.id, deal_id=deal.id, product_id=product.id, currency="EUR"
    )
    await DealContact.create(
        id=DealContact.make_id(), tenant_id=tenant.id, deal_id=deal.id, contact_id=contact.id,
        role=ContactRole.CHAMPION,
    )  # fmt: skip
    await StageChange.create(
        id=StageChange.make_id(), tenant_id=tenant.id, deal_id=deal.id, to_stage=Stage.IDENTIFIED,
        changed_on=date(2026, 1, 1),
    )  # fmt: skip
    await factories.ticket(account, service_id=service.id)
    await factories.signal(account, deal_id=deal.id, contact_id=contact.id)
    await factories.usage(account, date(2026, 2, 1), 10, service_id=service.id)
    rulebook = await Rulebook.create(id=Rulebook.make_id(), tenant_id=tenant.id, name="starter")
    await Rule.create(
        id=Rule.make_id(), tenant_id=tenant.id, rulebook_id=rulebook.id, key="k", title="t", document={"a": 1}
    )
    await EvaluationRun.create(
        id=EvaluationRun.make_id(), tenant_id=tenant.id, actor_id=owner.id, as_of=factories.TODAY,
        state=RunState.COMPLETE, failures=[{"account": account.id, "reason": "why"}],
    )  # fmt: skip
    await factories.event(tenant)
    recommendation, risk = await _verdicts(account, deal)
    return {
        "tenant": tenant, "manager": manager, "owner": owner, "account": account, "deal": deal,
        "contract": contract, "recommendation": recommendation, "risk": risk, "contact": contact,
    }  # fmt: skip


EVERYTHING = """query ($account: ID!, $deal: ID!) {
  me { id name email role active team { name parent { name } } manager { name role }
    tenant { slug currency } }
  account(id: $account) {
    version name tier segment industry country employees overdue { amount currency } overdueSince placeholder
    owner { name manager { name } } parent { name subsidiaries { nodes { name } } }
    contacts { nodes { name title seniority email phone lastContactedOn leftOn account { name } } }
    deals { nodes { name } }
    contracts { nodes { name startsOn endsOn terminatedOn noticeDays autoRenews mrc { amount }
                        annualValue { amount } services { nodes { name } } } }
    services { nodes { name state mrc { amount } startedOn endedOn contract { name } product { name }
                       tickets { totalCount } } }
    tickets { nodes { title severity state openedOn resolvedOn service { name } } }
    signals { nodes { kind summary observedOn source externalId deal { name } contact { name } } }
    recommendations { totalCount } risks { totalCount } usage(months: 60) { month quantity charge { amount } }
  }
  deal(id: $deal) {
    name kind stage stageSince forecastCategory probability amount { amount } weightedAmount { amount }
    closeOn closedOn lossReason competitor nextStep nextStepOn validFrom account { name } owner { name }
    contract { name } lines { quantity mrc { amount } nrc { amount } termMonths product { name } }
    stageHistory { fromStage toStage changedOn } contacts { role contact { name } }
    signals { totalCount } recommendations { totalCount } risks { totalCount }
  }
  products { nodes { name family charge listPrice { amount currency } active } }
  recommendations { nodes { state title action play because dueOn value { amount } likelihood urgency priority
    ruleKey rulebookVersion heldSince lastSeenOn lapsedOn reopenedCount snoozedUntil dismissedReason outcome
    account { name } deal { name }
    evidence { alias factKind factId field op threshold seen reference observedOn source } } }
  risks { nodes { state kind severity title exposure { amount } probability heldSince account { name }
    deal { name } lines { lineKind lineId amount { amount } } evidence { field seen } } }
  rulebooks { nodes { name number state activatedAt activatedBy { name } rules { key title document } } }
  evaluationRuns { nodes { asOf state accounts failures { accountId reason } disagreements seconds } }
  populationEvents { nodes { version measure direction dimension part title state startedOn comparedOn
    lastSeenOn lapsedOn reopenedCount
    figures { accounts population share usualShare exposure { amount } isWhole } } }
  portfolio(asOf: "2026-03-31", groupBy: MANAGER) { asOf currency
    total { openDeals openPipeline { amount } weightedPipeline { amount } activeContracts
            recurringRevenue { amount } revenueAtRisk { amount } revenueAtRiskWeighted { amount } linesAtRisk
            openRisks }
    groups { key label figures { revenueAtRisk { amount } } } }
}"""


async def test_every_field_answers(world: dict[str, Any]) -> None:
    actor = await factories.actor(world["owner"])
    found = await ask(actor, EVERYTHING, account=world["account"].id, deal=world["deal"].id)
    assert found["me"]["manager"] == {"name": "Mara", "role": "MANAGER"}
    assert found["account"]["overdue"] == {"amount": "12.34", "currency": "EUR"}
    assert found["account"]["parent"]["subsidiaries"]["nodes"] == [{"name": "Harbour"}]
    assert found["account"]["contracts"]["nodes"][0]["annualValue"] == {"amount": "1200.12"}
    assert found["deal"]["weightedAmount"] == {"amount": "166.66"}  # 166.665, halves to even
    assert found["deal"]["contacts"] == [{"role": "CHAMPION", "contact": {"name": "Ada"}}]
    assert found["recommendations"]["nodes"][0]["evidence"][0]["seen"] == 120
    assert found["risks"]["nodes"][0]["lines"][0]["amount"] == {"amount": "100.00"}
    assert found["evaluationRuns"]["nodes"][0]["failures"][0]["reason"] == "why"
    assert found["populationEvents"]["nodes"][0]["figures"] == {
        "accounts": 0, "population": 0, "share": 0.0, "usualShare": None, "exposure": {"amount": "0.00"},
        "isWhole": False,
    }  # fmt: skip
    assert found["portfolio"]["groups"][0]["label"] == "Mara"
    assert found["portfolio"]["total"]["revenueAtRisk"] == {"amount": "100.00"}


async def _shown(user: User) -> dict[str, int]:
    query = " ".join(f"{root} {{ totalCount nodes {{ id }} }}" for root in ROOTS)
    found = await ask(await factories.actor(user), f"{{ {query} }}")
    for root in ROOTS:
        assert found[root]["totalCount"] == len(found[root]["nodes"])
    return {root: found[root]["totalCount"] for root in ROOTS}


async def test_each_role_sees_its_own(world: dict[str, Any]) -> None:
    tenant = world["tenant"]
    stranger = await factories.user(tenant)
    elsewhere = await factories.user(tenant, Role.MANAGER, team_id=(await factories.team(tenant)).id)
    admin = await factories.user(tenant, Role.ADMIN)
    whole = await _shown(world["owner"])
    assert whole["accounts"] == 2
    assert all(whole[root] for root in ROOTS)
    assert await _shown(world["manager"]) == whole == await _shown(admin)
    shared = {"products", "rulebooks"}
    for other in (stranger, elsewhere):
        assert {root for root, count in (await _shown(other)).items() if count} == shared


async def test_another_tenant_sees_nothing_at_all(world: dict[str, Any]) -> None:
    admin = await factories.user(await factories.tenant(), Role.ADMIN)
    assert not any((await _shown(admin)).values())
    actor = await factories.actor(admin)
    ids = [
        world[name].id
        for name in ("account", "deal", "contract", "recommendation", "risk", "contact", "owner")
    ]
    found = await ask(actor, "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)
    assert found["nodes"] == [None] * len(ids)
    found = await ask(
        actor, "query ($a: ID!, $d: ID!) { account(id: $a) { id } deal(id: $d) { id } }",
        a=world["account"].id, d=world["deal"].id,
    )  # fmt: skip
    assert found == {"account": None, "deal": None}


async def test_a_deal_on_a_foreign_account_shows_the_account_and_not_its_contracts(
    world: dict[str, Any],
) -> None:
    colleague = await factories.user(world["tenant"])
    deal = await factories.deal(world["account"], owner_id=colleague.id, contract_id=world["contract"].id)
    query = """query ($id: ID!) { deal(id: $id) { contract { name }
        account { name contracts { totalCount } deals { nodes { id } } } } }"""
    found = (await ask(await factories.actor(colleague), query, id=deal.id))["deal"]
    assert found["contract"] is None
    assert found["account"] == {
        "name": "Harbour",
        "contracts": {"totalCount": 0},
        "deals": {"nodes": [{"id": deal.id}]},
    }


async def test_any_object_is_found_by_its_id(world: dict[str, Any]) -> None:
    actor = await factories.actor(world["owner"])
    names = ("account", "deal", "contract", "recommendation", "risk", "contact", "owner", "tenant")
    ids = [world[name].id for name in names]
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }"
    found = (await ask(actor, query, ids=[*ids, "acc_nonsense", "x", new_id("acc"), ids[0]]))["nodes"]
    assert [node and node["id"] for node in found] == [*ids, None, None, None, ids[0]]
    kinds = [node["__typename"] for node in found[: len(ids)]]
    assert kinds == ["Account", "Deal", "Contract", "Recommendation", "Risk", "Contact", "User", "Tenant"]
    one = await ask(actor, "query ($id: ID!) { node(id: $id) { ... on Deal { name } } }", id=ids[1])
    assert one["node"]["name"] == world["deal"].name


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "field", ["me { id }", 'node(id: "x") { id }', *(f"{r} {{ totalCount }}" for r in ROOTS)]
)
async def test_nobody_reads_without_a_token(db: str, field: str) -> None:
    assert (await refused(None, f"{{ {field} }}"))["code"] == "UNAUTHENTICATED"


def test_the_schema_file_is_the_schema() -> None:
    file = Path(__file__).parents[2] / "schema.graphql"
    assert file.read_text("utf-8") == SCHEMA.as_str() + "\n", "run: bellwether schema > schema.graphql"


async def test_colleagues_are_listed_to_choose_an_owner_from_and_nobody_elses(world: dict[str, Any]) -> None:
    other = await factories.user(await factories.tenant(), name="Zoe")
    query = """query ($role: Role!, $team: ID!) {
        users(filter: {role: {eq: $role}, active: {eq: true}, teamId: {eq: $team}}) {
            nodes { name } totalCount
        }
        all: users { nodes { name } }
        teams(filter: {name: {contains: "a"}}) { totalCount }
    }"""
    owner = world["owner"]
    found = await ask(await factories.actor(owner), query, role="DIRECTOR", team=owner.team_id)
    assert owner.name in [node["name"] for node in found["users"]["nodes"]]
    assert world["manager"].name in [node["name"] for node in found["all"]["nodes"]]
    assert other.name not in [node["name"] for node in found["all"]["nodes"]]
    found = await ask(await factories.actor(other), query, role="DIRECTOR", team=owner.team_id)
    assert found["users"] == {"nodes": [], "totalCount": 0}
    assert [node["name"] for node in found["all"]["nodes"]] == ["Zoe"]
    assert found["teams"]["totalCount"] == 0
