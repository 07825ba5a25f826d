"""What is kept about a person at a customer is exported whole, and erased to the last byte."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from commands import deal_people, evaluations
from commands.access import system_actor
from models.access import Tenant, User
from models.accounts import Account
from models.base import today
from models.deals import Deal, DealContact
from models.history import AuditRecord, Change
from models.people import ERASED, Contact, Interaction
from models.recommendations import Recommendation
from models.rulebooks import Rulebook
from models.signals import Signal
from rules.engine.pool import EnginePool
from rules.facts import gather
from tests import factories
from tests.commands.person import (
    EMAIL,
    FORMER,
    NAME,
    PHONE,
    TELLING,
    TITLE,
    codes,
    in_the_file,
    part,
    staff,
    told_in,
)  # fmt: skip
from tests.door import Door, Given, door

BOOK = """
rules:
  - key: speak
    title: Speak with somebody
    when:
      - contact: {as: p, where: {name: {is_null: false}, seniority: {eq: EXECUTIVE}}}
      - deal: {as: d, where: {is_open: {eq: true}}}
    then:
      - flag: {risk: RELATIONSHIP, severity: LOW, exposure: $d.amount, probability: 0.1}
      - recommend: {action: CALL, due_in_days: 7, because: '{p.name}, {p.title}, knows of {d.name}'}
  - key: known
    title: Known
    when: [contact: {as: p, where: {seniority: {eq: EXECUTIVE}}}]
    then: [conclude: {fact: known, with: {called: $p.name, does: $p.title}}]
  - key: called
    title: Whoever is known
    when:
      - known: {as: k, where: {called: {ne: Nobody}, does: {is_null: false}}}
      - deal_contact: {as: r, where: {name: {ne: x}}}
    then: [recommend: {action: WRITE, due_in_days: 7, because: '{k.called}: {k.does}'}]
    subject: [r]
"""
NAMED = f"""
description: 'As {NAME} asked'
rules:
  - key: without
    title: Nobody else
    when:
      - account: {{as: a}}
      - none: {{contact: {{where: {{name: {{eq: '{NAME.upper()}'}}}}}}}}
    then: [recommend: {{action: LOOK, due_in_days: 7, because: '{{a.name}} without'}}]
cases:
  - name: 'as {NAME} would'
    rule: without
    facts: {{account: [{{name: x}}], contact: [{{name: 'not {NAME}'}}]}}
    expect: [{{a: account-1}}]
"""


@pytest.fixture
async def engine() -> AsyncIterator[EnginePool]:
    async with EnginePool(1, 20.0) as pool:
        yield pool


@dataclass
class World:
    """A person in every place that there is, and who may and may not do something about it."""

    tenant: Tenant
    users: dict[str, User]
    account: Account
    elsewhere: Account
    deal: Deal
    contact: dict[str, Any]
    made: dict[str, Any]
    roles: list[DealContact]


async def _world(engine: EnginePool) -> World:
    tenant = await factories.tenant()
    users = await staff(tenant)
    account = await factories.account(users["director"], name="Customer")
    elsewhere = await factories.account(users["colleague"], name="Another")
    made = {
        "accountId": account.id, "name": FORMER, "email": "former@customer.example", "phone": PHONE,
        "title": TITLE, "seniority": "EXECUTIVE", "idempotencyKey": "once",
    }  # fmt: skip
    async with door(users["director"]) as client:
        contact = await _contact(client, "createContact", made)
        changed = {"id": contact["id"], "version": 1, "name": NAME, "email": EMAIL}
        contact = await _contact(client, "updateContact", changed)
        deal = await factories.deal(account, name=f"Fibre for {NAME}", next_step="nothing yet")
        step = {"id": deal.id, "version": 1, "nextStep": f"call {NAME.lower()} on {PHONE}"}
        await client.do("updateDeal", "deal { id }", step)
        await client.do("updateDeal", "deal { id }", {"id": deal.id, "version": 2, "nextStep": "wait"})
        await client.do("recordSignals", "signals { id }", {"signals": [
            _heard(account, "they will soon retire", contactId=contact["id"]),
            _heard(account, f"Met {FORMER} and {NAME}", dealId=deal.id),
        ]})  # fmt: skip
        for subject, about in {"their salary": {"contactId": contact["id"]}, f"About {NAME}": {}}.items():
            await client.do("recordInteraction", "interaction { id }", {
                "accountId": account.id, "kind": "MAIL", "direction": "OUTBOUND", "happenedOn": str(today()),
                "subject": subject, "outcome": f"{NAME} answers", **about,
            })  # fmt: skip
    other = await factories.contact(account, title=f"Assistant of {NAME}")
    parts = [part(deal, each) for each in (contact["id"], other.id)]
    await deal_people.set_contacts(system_actor(tenant), parts)
    await factories.ticket(elsewhere, title=f"Asked by {EMAIL.upper()}")
    await factories.signal(elsewhere, summary=f"Their own {FORMER} is ill")
    await factories.contact(elsewhere, name=FORMER, email="winterfeld@another.example")
    async with door(users["manager"], engine=engine) as client:
        for name, yaml in {"people": BOOK, "named": NAMED}.items():
            kept: Any = await client.do("importRulebook", "rulebook { id }", {"name": name, "yaml": yaml})
            live = {"id": kept["rulebook"]["id"], "reason": f"{EMAIL} agrees"}
            assert not (await client.do("activateRulebook", "rulebook { id }", live))["errors"]
        tried = {"name": "named", "fromOn": "2026-01-31", "untilOn": "2026-02-28", "number": 1}
        assert not (await client.do("startBacktest", "backtest { id }", tried))["errors"]
    await evaluations.evaluate(await factories.actor(users["admin"]), engine, today())
    first = await Recommendation.filter(rule_key="speak").first()
    async with door(users["director"]) as client:
        no = {"id": first.id if first else "", "reason": f"{NAME} said no"}
        await client.do("dismissRecommendation", "recommendation { id }", no)
    return World(tenant, users, account, elsewhere, deal, contact, made, parts)


def _heard(account: Account, summary: str, **about: str) -> dict[str, object]:
    return {"accountId": account.id, "kind": "OTHER", "summary": summary, "observedOn": str(today()), **about}


SHOWN = "contact { id version name email phone title seniority erasedAt }"


async def _contact(client: Door, mutation: str, given: Given) -> dict[str, Any]:
    payload: dict[str, Any] = await client.do(mutation, SHOWN, given)
    assert not payload["errors"], payload["errors"]
    found: dict[str, Any] = payload["contact"]
    return found


EVERYWHERE = {
    "contact.name", "contact.email", "contact.phone", "contact.title", "change.old", "change.new",
    "deal.name", "signal.summary", "interaction.subject", "interaction.outcome", "ticket.title",
    "rulebook.cases", "rulebook.description", "rulebook.reason", "rulebook.text", "rule.document",
    "backtest.documents", "recommendation.because", "recommendation.dismissed_reason", "evidence.seen",
    "evidence.threshold",
}  # fmt: skip


async def test_whoever_is_erased_is_nowhere_any_more_and_what_happened_stays(
    db: str, engine: EnginePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await _world(engine)
    admin = await factories.actor(world.users["admin"])
    contact_id, since = world.contact["id"], world.contact["version"]
    assert await told_in(TELLING) >= EVERYWHERE
    logged = await Change.filter(entity="contact", entity_id=contact_id).count()
    told_elsewhere = frozenset({row.id for row in await Signal.filter(account_id=world.elsewhere.id)})
    namesakes = frozenset({row.id for row in await Contact.filter(account_id=world.elsewhere.id)})

    async with door(world.users["manager"], engine=engine) as client:
        exported = await client.do("exportContact", "document", {"id": contact_id})
        _check_exported(exported["document"], world)
        attempts = list[Any]()

        async def gathered(*given: Any) -> Any:
            """Erase after an evaluation has read of the person, and before it writes."""
            facts = await gather(*given)
            attempts.append(await client.do("eraseContact", SHOWN, {"id": contact_id, "version": since}))
            return facts

        monkeypatch.setattr("commands.judging.gather", gathered)
        await evaluations.evaluate(admin, engine, today())
        assert codes(attempts[0]) == ["CONFLICT"]  # a live rule has the name
        book = await Rulebook.get(name="named")
        await client.do("retireRulebook", "rulebook { id }", {"id": book.id, "reason": "Over"})
        await evaluations.evaluate(admin, engine, today() + timedelta(days=1))
        erased = attempts[1]["contact"]
        assert erased
        assert await told_in(TELLING) == set()
        assert await told_in((FORMER,), but=told_elsewhere | namesakes) == set()
        assert await told_in((FORMER,)) == {"contact.name", "signal.summary"}
        assert in_the_file(db) == []
        while await evaluations.evaluate_changes(admin, engine, today() + timedelta(days=1)):
            pass
        assert await told_in(TELLING) == set()

        nobody = {"name": ERASED, "email": None, "phone": None, "title": None, "seniority": "EXECUTIVE"}
        assert erased | nobody == erased
        assert erased["erasedAt"].startswith(str(today()))
        written = await Change.all().count()
        assert await _contact(client, "eraseContact", {"id": contact_id, "version": since}) == erased
        refused: Any = await client.do("updateContact", SHOWN, {"id": contact_id, "version": 9, "name": NAME})
        assert codes(refused) == ["INVALID_TRANSITION"]
        heard = {"signals": [_heard(world.account, f"{NAME} is back", contactId=contact_id)]}
        refused = await client.do("recordSignals", "signals { id }", heard)
        assert [error["path"] for error in refused["errors"]] == [["input", "signals", "0", "contactId"]]
        met = {"accountId": world.account.id, "kind": "CALL", "happenedOn": str(today())}
        refused = await client.do("recordInteraction", "interaction { id }", met | {"contactId": contact_id})
        assert [error["path"] for error in refused["errors"]] == [["input", "contactId"]]
        assert await Change.all().count() == written
        assert {(each.subject, each.outcome) for each in await Interaction.all()} == {
            (ERASED, ERASED), (f"About {ERASED}", f"{ERASED} answers"),
        }  # fmt: skip
    async with door(world.users["director"]) as client:
        assert await _contact(client, "createContact", world.made) == erased
    assert await told_in(TELLING) == set()
    await _check_kept(world, logged)


def _check_exported(document: Any, world: World) -> None:
    """The copy has everything that is about the person, and says how much of it another team has."""
    told = {"name": NAME, "email": EMAIL, "phone": PHONE, "title": TITLE, "externalId": None}
    assert document["contact"] | told == document["contact"]
    assert document["account"] == {"id": world.account.id, "name": "Customer"}
    assert [(role["deal"], role["role"]) for role in document["roles"]] == [(f"Fibre for {NAME}", "CHAMPION")]
    renamed = next(change for change in document["changes"] if change["field"] == "name")
    assert (renamed["old"], renamed["new"], renamed["by"]) == (FORMER, NAME, world.users["director"].id)
    assert [each["command"] for each in document["commands"]] == ["people.create"]
    assert [signal["summary"] for signal in document["signals"]] == ["they will soon retire"]
    assert [(each["subject"], each["outcome"]) for each in document["interactions"]] == [
        ("their salary", f"{NAME} answers")
    ]
    assert {verdict["kind"] for verdict in document["verdicts"]} == {"recommendation", "risk"}
    assert any(NAME in str(verdict["because"]) for verdict in document["verdicts"] if "because" in verdict)
    assert any(each["seen"] == NAME for verdict in document["verdicts"] for each in verdict["evidence"])
    assert {(each["kind"], each["field"]) for each in document["mentions"]} >= {
        ("deal", "name"), ("deal", "nextStep"), ("signal", "summary"), ("contact", "title"),
        ("interaction", "subject"), ("interaction", "outcome"),
        ("rulebook", "cases"), ("rulebook", "text"), ("rulebook", "description"), ("rulebook", "reason"),
        ("rule", "document"), ("backtest", "documents"), ("recommendation", "dismissedReason"),
    }  # fmt: skip
    assert document["withheld"] == 2  # the ticket of another team, and what a rule asked for there


async def _check_kept(world: World, logged: int) -> None:
    """The trail says who erased whom, when, and how much; what was counted is counted still."""
    contact_id, manager = world.contact["id"], world.users["manager"].id
    trail = await AuditRecord.filter(object_id=contact_id).order_by("created_at")
    assert [(each.command, each.actor_id) for each in trail[-2:]] == [
        ("people.export", manager),
        ("people.erase", manager),
    ]
    assert {each.request for each in trail} == {None}
    changes = await Change.filter(entity="contact", entity_id=contact_id).order_by("created_at", "seq")
    gone: dict[str, tuple[str | None, str | None]] = {
        change.field: (change.old, change.new) for change in changes[logged:]
    }
    assert int(str(gone.pop("erased_values")[1])) > len(EVERYWHERE)
    assert gone.pop("erased_at")[0] is None
    assert gone == dict.fromkeys(("email", "phone", "title"), (ERASED, None))
    assert {each.id for each in await DealContact.all()} == {each.id for each in world.roles}
    assert {each.rule_key for each in await Recommendation.all()} == {"speak", "called", "without"}
