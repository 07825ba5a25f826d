"""What people write of people at customers: who of us reads it, and what is left when somebody is erased."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from commands import evaluations
from models.access import Role, User
from models.accounts import Account
from models.base import today
from models.deals import Deal
from models.forecast import DealSplit
from models.history import AuditRecord, Change
from models.people import ERASED, Contact
from models.recommendations import Recommendation, Risk
from models.stakeholders import Assessment, Rapport
from rules.engine.pool import EnginePool
from tests import factories
from tests.commands.person import told_in
from tests.door import Door, Given, door

NAME, FORMER_TITLE, TITLE = "Ada Lovelace", "Countess of Works", "Chief Analyst"
#: Whatever tells of the person: the names, and what was heard and said without them.
TELLING = (
    *("Lovelace", FORMER_TITLE, TITLE, "ada@customer.example"),
    *("bitter", "doubts the dates", "asked for the rival", "quits in spring"),
)
#: What is said of the person, where, and by whom of the team and beyond it is read.
TEAM, SEES_ACCOUNT = {"manager", "owner", "sharer"}, {"manager", "owner", "sharer", "seller"}
READ_BY: Mapping[str, set[str]] = {
    "Ada Lovelace is bitter": TEAM,
    "ENEMY": TEAM,
    "TRUSTED_ADVISOR": TEAM,
    "Ada Lovelace doubts the dates": SEES_ACCOUNT,  # which was judged in the seller's deal
    "Lunch with Ada Lovelace": SEES_ACCOUNT,
    "asked for the rival": SEES_ACCOUNT,
    "quits in spring": SEES_ACCOUNT,
    "Ada Lovelace gets the budget": SEES_ACCOUNT,
    "Visit Ada Lovelace": SEES_ACCOUNT,
    FORMER_TITLE: SEES_ACCOUNT,
    TITLE: SEES_ACCOUNT,
    "Ada Lovelace is to trust us": {"manager", "owner"},
    "Ada Lovelace decides alone": {"manager", "owner"},
    "Win Ada Lovelace over": {"manager", "owner"},
    "Dine with Ada Lovelace": {"manager", "owner"},
    "Ada Lovelace leaves": {"manager", "owner"},
    "Ada Lovelace is not the buyer": {"manager", "owner"},
    "Ada Lovelace prefers them": {*SEES_ACCOUNT, "nobody"},  # of a competitor, and of no account
}
READ = """
query ($account: ID!) {
  account(id: $account) {
    contacts(first: 5) {
      nodes {
        title career { title } interactions(first: 5) { nodes { subject outcome } }
        assessments { note support } rapports { level wanted }
      }
    }
    signals(first: 5) { nodes { summary } }
    trends(first: 5) { nodes { title details course outcomeNote } }
  }
  accountPlans(first: 5) {
    nodes {
      vision returnedBecause entries { text } objectives { title measures { title } } actions { title }
      acceptedRisks { what because } revisions { document decidedBecause }
    }
  }
  competitors(first: 5) { nodes { battleNotes { text } } }
}
"""
BOOK = """
rules:
  - key: blocker
    title: Somebody is against us
    when:
      - stakeholder: {as: s, where: {support: {eq: ENEMY}, title: {is_null: false}}}
      - deal: {as: d, where: {is_open: {eq: true}, name: {eq: Fibre}}}
    then:
      - flag: {risk: RELATIONSHIP, severity: HIGH, exposure: $d.amount, probability: 0.5}
      - recommend: {action: MEET, due_in_days: 7, because: '{s.name}, {s.title}, is an {s.support}'}
  - key: doubts
    title: Somebody in the deal is no friend
    when: [deal_contact: {as: p, where: {support: {eq: NON_SUPPORTER}, name: {ne: x}}}]
    then: [recommend: {action: CALL, due_in_days: 7, because: 'meet {p.name}'}]
  - key: heard
    title: Something was heard
    when: [signal: {as: s, where: {name: {ne: x}}}]
    then: [recommend: {action: ASK, due_in_days: 7, because: 'ask why: {s.name}'}]
  - key: trend
    title: Something changes
    when: [trend: {as: t, where: {name: {ne: x}, has_course: {eq: false}}}]
    then: [recommend: {action: PLAN, due_in_days: 7, because: '{t.name}'}]
"""
#: What the verdict on a deal saw of it.
OPEN: Given = {"is_open": True, "name": "Fibre"}
#: Where something of the person stands before it is erased.
WRITTEN = {
    "accepted_risk.because", "accepted_risk.what", "account_plan.returned_because", "account_plan.vision",
    "assessment.note", "battle_note.text", "change.new", "change.old", "contact.email", "contact.name",
    "contact.title", "evidence.seen", "interaction.outcome", "interaction.subject", "objective.title",
    "objective_measure.conditions", "objective_measure.title", "plan_action.title", "plan_entry.text",
    "plan_revision.decided_because", "plan_revision.document", "recommendation.because", "signal.summary",
    "trend.course", "trend.title",
}  # fmt: skip
VERDICTS = (
    "{ recommendations(orderBy: [{field: DUE_ON}]) { nodes { ruleKey because evidence { field seen } } }"
    " risks(orderBy: [{field: HELD_SINCE}])"
    " { nodes { severity exposure { amount } evidence { field seen } } } }"
)


@pytest.fixture
async def engine() -> AsyncIterator[EnginePool]:
    async with EnginePool(1, 20.0) as pool:
        yield pool


@dataclass
class Desk:
    """Who is who, and about whom."""

    users: Mapping[str, User]
    account: Account
    deal: Deal
    contact: Contact


async def _desk() -> Desk:
    tenant = await factories.tenant()
    north = await factories.team(tenant)
    users = {
        "admin": await factories.user(tenant, Role.ADMIN),
        "manager": await factories.user(tenant, Role.MANAGER, team_id=north.id),
        "owner": await factories.user(tenant, team_id=north.id),
        **{name: await factories.user(tenant) for name in ("sharer", "seller", "nobody")},
    }
    account = await factories.account(users["owner"])
    deal = await factories.deal(account, name="Fibre", amount_minor=1_200_00)
    await DealSplit.create(
        id=DealSplit.make_id(), tenant_id=tenant.id, deal_id=deal.id, user_id=users["sharer"].id, percent=20,
        valid_from=today(),
    )  # fmt: skip
    contact = await factories.contact(account, name=NAME, title=FORMER_TITLE, email="ada@customer.example")
    return Desk(users, account, deal, contact)


async def _do(client: Door, mutation: str, selection: str = "", **given: object) -> Any:
    payload = await client.do(mutation, selection, given)
    assert payload["errors"] == [], (mutation, payload)
    return payload


async def _write_of_people(on: Desk) -> None:
    """The account's team writes of the person wherever there is a place for it, and the seller in a deal."""
    account, contact = {"accountId": on.account.id}, {"contactId": on.contact.id}
    async with door(on.users["owner"]) as client:
        await _do(client, "updateContact", id=on.contact.id, version=1, title=TITLE)
        await _do(client, "setStakeholder", **contact, role="BLOCKER")
        await _do(
            client, "assessContact", **contact, support="ENEMY", influence="HIGH",
            note="Ada Lovelace is bitter",
        )  # fmt: skip
        await _do(
            client, "setRelationshipLevel", **contact, userId=on.users["owner"].id,
            level="VENDOR", wanted="TRUSTED_ADVISOR",
        )  # fmt: skip
        await _do(
            client, "recordInteraction", **account, **contact, kind="EVENT",
            happenedOn=str(today()), subject="Lunch with Ada Lovelace", outcome="asked for the rival",
        )  # fmt: skip
        heard = {**account, **contact, "kind": "OTHER", "observedOn": str(today())}
        signals = await _do(
            client, "recordSignals", "signals { id }", signals=[{**heard, "summary": "quits in spring"}]
        )
        await _do(client, "trendFromSignal", signalId=signals["signals"][0]["id"])
        await _do(client, "recordTrends", trends=[
            {
                **account, "kind": "OTHER", "title": "Ada Lovelace gets the budget",
                "observedOn": str(today()), "course": "Visit Ada Lovelace", "courseDueOn": str(today()),
                "courseOwnerId": on.users["owner"].id,
            }
        ])  # fmt: skip
        rival = await _do(client, "nameCompetitor", "competitor { id }", name="Rival")
        note = {"competitorId": rival["competitor"]["id"], "text": "Ada Lovelace prefers them"}
        await _do(client, "writeBattleNote", **note)
        plan = await _plan(client, on)
    async with door(on.users["manager"]) as client:
        await _do(client, "returnAccountPlan", id=plan, because="Ada Lovelace is not the buyer")
    async with door(on.users["seller"]) as client:
        deal = await factories.deal(on.account, name="Cloud", owner_id=on.users["seller"].id)
        await _do(client, "setDealContact", dealId=deal.id, **contact, role="USER")
        await _do(
            client, "assessContact", **contact, dealId=deal.id, support="NON_SUPPORTER",
            note="Ada Lovelace doubts the dates",
        )  # fmt: skip


async def _plan(client: Door, on: Desk) -> str:
    made = await _do(
        client, "createAccountPlan", "plan { id }", accountId=on.account.id, name="Next year",
        firstOn=str(today()), lastOn=str(today() + timedelta(days=365)),
        vision="Ada Lovelace is to trust us",
    )  # fmt: skip
    plan = str(made["plan"]["id"])
    of = {"planId": plan}
    await _do(client, "putPlanEntry", **of, kind="THREAT", text="Ada Lovelace decides alone")
    objective = await _do(
        client,
        "putObjective",
        "objective { id }",
        **of,
        title="Win Ada Lovelace over",
        dueOn=str(today() + timedelta(days=30)),
    )
    await _do(
        client, "putObjectiveMeasure", objectiveId=objective["objective"]["id"],
        title="Ada Lovelace is in favour", factKind="contact", aggregate="COUNT",
        conditions={"name": {"eq": NAME}}, baseline="0", target="1",
    )  # fmt: skip
    await _do(
        client, "putPlanAction", **of, title="Dine with Ada Lovelace", dueOn=str(today() + timedelta(days=30))
    )
    await _do(
        client, "putAcceptedRisk", **of, what="Ada Lovelace leaves", because="Ada Lovelace is young",
        untilOn=str(today() + timedelta(days=90)),
    )  # fmt: skip
    parts = 5  # each of them counts as a change of the plan
    await _do(client, "submitAccountPlan", id=plan, version=1 + parts)
    return plan


async def _verdicts() -> list[tuple[object, ...]]:
    """What stands, and since when, but for its words."""
    risks = [
        (each.rule_key, each.state, each.severity, each.exposure_minor, each.held_since)
        for each in await Risk.all().order_by("rule_key", "id")
    ]
    advice = [
        (each.rule_key, each.state, each.action, each.value_minor, each.priority, each.held_since)
        for each in await Recommendation.all().order_by("rule_key", "id")
    ]
    return [*risks, *advice]


async def test_what_is_written_of_a_person_is_the_teams_and_goes_with_the_person_while_verdicts_stay(
    db: str, engine: EnginePool
) -> None:
    """Capability 36: personal data of stakeholders is visible to the account's team only, and erasable.

    Erase a person: verdicts stay, evidence shows a tombstone, the trail is kept, and nothing is found in
    any column of any table.
    """
    on = await _desk()
    await _write_of_people(on)

    read = dict[str, set[str]]()
    for name, user in on.users.items():
        async with door(user) as client:
            told = str(await client.ask(READ, {"account": on.account.id}))
        for each in READ_BY:
            if each in told:
                read.setdefault(each, set()).add(name)
    assert {each: who - {"admin"} for each, who in read.items()} == READ_BY
    assert all("admin" in who for who in read.values())

    async with door(on.users["admin"], engine=engine) as client:
        book = await _do(client, "importRulebook", "rulebook { id }", name="people", yaml=BOOK)
        await _do(client, "activateRulebook", id=book["rulebook"]["id"])
    admin = await factories.actor(on.users["admin"])
    await evaluations.evaluate(admin, engine, today())
    before, changes = await _verdicts(), await Change.all().count()
    assert [each[0] for each in before] == ["blocker", "blocker", "doubts", "heard", "trend"]
    assert await _told(on) == {
        "blocker": ("Ada Lovelace, Chief Analyst, is an ENEMY", {**OPEN, "support": "ENEMY", "title": TITLE}),
        "doubts": ("meet Ada Lovelace", {"support": "NON_SUPPORTER", "name": NAME}),
        "heard": ("ask why: quits in spring", {"name": "quits in spring"}),
        "trend": ("quits in spring", {"name": "quits in spring", "has_course": False}),
    }
    assert await told_in(TELLING) >= WRITTEN

    async with door(on.users["manager"], engine=engine) as client:
        version = (await Contact.get(id=on.contact.id)).version
        await _do(client, "eraseContact", id=on.contact.id, version=version)

    assert await told_in(TELLING) == set()
    assert await told_in(("ENEMY", "NON_SUPPORTER", "ADVISOR")) == {"rule.document", "rulebook.text"}
    assert await _verdicts() == before
    assert await _told(on) == {
        "blocker": ("(erased), (erased), is an (erased)", {**OPEN, "support": ERASED, "title": ERASED}),
        "doubts": ("meet (erased)", {"support": ERASED, "name": ERASED}),
        "heard": ("ask why: (erased)", {"name": ERASED}),
        "trend": (ERASED, {"name": ERASED, "has_course": False}),
    }
    assert await Change.all().count() > changes
    judged = [*await Assessment.all().order_by("id"), *await Rapport.all()]
    assert [getattr(each, "made_by_id", None) for each in judged] == [
        on.users["owner"].id, on.users["seller"].id, None,
    ]  # fmt: skip
    erased = await AuditRecord.get(command="people.erase")
    assert (erased.actor_id, erased.object_id) == (on.users["manager"].id, on.contact.id)
    await evaluations.evaluate(admin, engine, today())
    assert await told_in(TELLING) == set()


async def _told(on: Desk) -> Mapping[str, tuple[object, Given]]:
    """The sentence of each recommendation, and what was seen, as the account's owner reads it."""
    async with door(on.users["owner"]) as client:
        found: Any = await client.ask(VERDICTS)
    (risk,) = found["risks"]["nodes"]
    assert (risk["severity"], risk["exposure"]["amount"]) == ("HIGH", "1200.00")
    advice = {each["ruleKey"]: each for each in found["recommendations"]["nodes"]}
    assert risk["evidence"] == advice["blocker"]["evidence"]
    return {
        key: (each["because"], {seen["field"]: seen["seen"] for seen in each["evidence"]})
        for key, each in advice.items()
    }
