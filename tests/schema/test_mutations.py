"""Every mutation: used well it answers with the object, used badly it says where and writes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from models.access import Role, User
from models.accounts import Account
from models.base import utcnow
from models.deals import Deal, Stage
from models.people import Contact
from models.recommendations import Recommendation, RecommendationState
from models.rulebooks import EvaluationRun, Rulebook, RulebookState, RunState
from models.signals import Signal
from rules.engine.pool import EnginePool
from tests import factories
from tests.door import Door, Payload, door, written

STALLED: Payload = {
    "key": "stands-still",
    "title": "Stalled deal",
    "when": [{"deal": {"as": "d", "where": {"is_open": {"eq": True}, "age_days": {"gt": 90}}}}],
    "then": [{"recommend": {"action": "REVIVE_DEAL", "because": "it stands still", "due_in_days": 7}}],
}


@dataclass
class World:
    """A director's desk, a colleague's beside it, and somebody of another operator."""

    ada: User
    account: Account
    contact: Contact
    deal: Deal
    recommendation: Recommendation
    colleague: User
    colleagues_deal: Deal
    elsewhere: Deal


@pytest.fixture
async def world(db: str) -> World:
    operator = await factories.tenant()
    ada, bob = await factories.user(operator), await factories.user(operator)
    eve = await factories.user(await factories.tenant())
    account = await factories.account(ada)
    deal = await factories.deal(account)
    return World(
        ada=ada,
        account=account,
        contact=await factories.contact(account),
        deal=deal,
        recommendation=await recommendation(deal),
        colleague=bob,
        colleagues_deal=await factories.deal(await factories.account(bob)),
        elsewhere=await factories.deal(await factories.account(eve)),
    )


@pytest.fixture
async def ada(world: World) -> AsyncIterator[Door]:
    async with door(world.ada) as client:
        yield client


async def recommendation(deal: Deal) -> Recommendation:
    return await Recommendation.create(
        id=Recommendation.make_id(),
        tenant_id=deal.tenant_id,
        account_id=deal.account_id,
        deal_id=deal.id,
        rule_key="stalled-deal",
        rulebook_version="starter/1",
        subject_key=deal.id,
        title="Revive the deal",
        held_since=factories.TODAY,
        last_seen_on=factories.TODAY,
        opened_run_id="run_1",
        changed_run_id="run_1",
        action="REVIVE_DEAL",
        because="it stands still",
        due_on=factories.TODAY,
        likelihood=0.5,
        urgency=1.0,
        value_minor=100,
        currency="EUR",
        priority=50.0,
    )


def where(payload: Payload) -> list[tuple[str, str]]:
    """Codes and places of a payload's errors."""
    errors = payload["errors"]
    assert isinstance(errors, list)
    assert all(error["message"] for error in errors)
    return [(error["code"], ".".join(error["path"] or ())) for error in errors]


# --- what each mutation does


async def test_an_account_is_created_for_the_caller(ada: Door, world: World) -> None:
    given = {"name": "Nordwind AG", "tier": "KEY", "overdue": {"amount": "12.30"}, "employees": 900}
    payload = await ada.do("createAccount", "account { id version name }", given)
    assert payload["errors"] == []
    account = await Account.get(name="Nordwind AG")
    assert payload["account"] == {"id": account.id, "version": 1, "name": "Nordwind AG"}
    assert (account.owner_id, account.overdue_minor, account.tier) == (world.ada.id, 1230, "KEY")


async def test_an_update_leaves_what_is_absent_and_clears_what_is_null(ada: Door, world: World) -> None:
    await Account.filter(id=world.account.id).update(segment="Retail", industry="Food")
    given = {"id": world.account.id, "version": 1, "segment": None, "country": "Norway"}
    payload = await ada.do("updateAccount", "account { version }", given)
    assert payload == {"account": {"version": 2}, "errors": []}
    account = await Account.get(id=world.account.id)
    assert (account.segment, account.industry, account.country) == (None, "Food", "Norway")


async def test_a_contact_is_created_and_changed(ada: Door, world: World) -> None:
    given = {"accountId": world.account.id, "name": "Kim", "seniority": "EXECUTIVE"}
    created = await ada.do("createContact", "contact { id version name }", given)
    contact = created["contact"]
    assert isinstance(contact, dict)
    changed = await ada.do(
        "updateContact",
        "contact { id version name }",
        {"id": contact["id"], "version": 1, "name": "Kim Lee", "joinedOn": "2026-03-01"},
    )
    assert changed == {"contact": {"id": contact["id"], "version": 2, "name": "Kim Lee"}, "errors": []}


async def test_a_deal_is_opened_moved_and_won(ada: Door, world: World) -> None:
    given = {"accountId": world.account.id, "name": "SD-WAN", "amount": {"amount": "5000", "currency": "EUR"}}
    opened = await ada.do("createDeal", "deal { id version stage }", given)
    deal = opened["deal"]
    assert isinstance(deal, dict)
    assert deal["stage"] == "IDENTIFIED"
    where_it_is = {"id": deal["id"]}
    moved = await ada.do(
        "advanceDeal", "deal { version stage }", {**where_it_is, "version": 1, "stage": "PROPOSED"}
    )
    assert moved == {"deal": {"version": 2, "stage": "PROPOSED"}, "errors": []}
    won = await ada.do(
        "closeDeal",
        "deal { stage }",
        {**where_it_is, "version": 2, "stage": "WON", "amount": {"amount": 4999.99}},
    )
    assert won == {"deal": {"stage": "WON"}, "errors": []}
    assert (await Deal.get(id=deal["id"])).amount_minor == 4999_99


async def test_a_lost_deal_says_why(ada: Door, world: World) -> None:
    lost = {"id": world.deal.id, "version": 1, "stage": "LOST"}
    assert where(await ada.do("closeDeal", "deal { id }", lost)) == [("INVALID", "input.lossReason")]
    payload = await ada.do("closeDeal", "deal { stage }", {**lost, "lossReason": "price"})
    assert payload == {"deal": {"stage": "LOST"}, "errors": []}


async def test_signals_are_recorded_together_and_once(ada: Door, world: World) -> None:
    heard = [
        {
            "accountId": world.account.id,
            "kind": "MERGER",
            "summary": f"heard {number}",
            "observedOn": "2026-03-01",
            "externalId": f"news-{number}",
        }
        for number in range(3)
    ]
    first = await ada.do("recordSignals", "signals { id }", {"signals": heard})
    again = await ada.do("recordSignals", "signals { id }", {"signals": heard})
    assert first == again
    assert await Signal.all().count() == 3


async def test_a_recommendation_is_answered(ada: Door, world: World) -> None:
    answers: list[tuple[str, Payload, RecommendationState]] = [
        ("acceptRecommendation", {}, RecommendationState.ACCEPTED),
        ("snoozeRecommendation", {"until": "2999-01-01"}, RecommendationState.SNOOZED),
        ("dismissRecommendation", {"reason": "we know"}, RecommendationState.DISMISSED),
        ("completeRecommendation", {"outcome": "WORKED"}, RecommendationState.DONE),
    ]
    for mutation, given, state in answers:
        recommended = await recommendation(await factories.deal(world.account))
        address: Payload = {"id": recommended.id, "version": 1}
        payload = await ada.do(mutation, "recommendation { id state }", {**address, **given})
        assert payload == {"recommendation": {"id": recommended.id, "state": state}, "errors": []}


async def test_a_reason_that_is_blank_is_refused_by_its_name(ada: Door, world: World) -> None:
    given = {"id": world.recommendation.id, "reason": " "}
    payload = await ada.do("dismissRecommendation", "recommendation { id }", given)
    assert payload["recommendation"] is None
    assert where(payload) == [("INVALID", "input.reason")]


async def test_a_dismissed_recommendation_takes_no_other_answer(ada: Door, world: World) -> None:
    await ada.do(
        "dismissRecommendation", "recommendation { id }", {"id": world.recommendation.id, "reason": "no"}
    )
    payload = await ada.do("acceptRecommendation", "recommendation { id }", {"id": world.recommendation.id})
    assert where(payload) == [("INVALID_TRANSITION", "input.id")]


async def test_a_rulebook_is_saved_put_live_and_judges(world: World) -> None:
    await Deal.filter(id=world.deal.id).update(valid_from=utcnow().date() - timedelta(days=200))
    await User.filter(id=world.ada.id).update(role=Role.ADMIN)
    async with EnginePool(1, 30) as engine, door(world.ada, engine=engine) as client:
        saved = await client.do(
            "saveRulebook", "rulebook { id number state }", {"name": "ours", "rules": [STALLED]}
        )
        book = saved["rulebook"]
        assert isinstance(book, dict), saved
        assert (book["number"], book["state"]) == (1, RulebookState.DRAFT)
        live = await client.do("activateRulebook", "rulebook { state }", {"id": book["id"], "version": 1})
        assert live == {"rulebook": {"state": RulebookState.ACTIVE}, "errors": []}
        run = await client.do("evaluate", "run { accounts opened }", {"accountIds": [world.account.id]})
    assert run == {"run": {"accounts": 1, "opened": 1}, "errors": []}


async def test_rule_workers_that_do_not_run_are_no_fault_of_the_input(world: World) -> None:
    await User.filter(id=world.ada.id).update(role=Role.ADMIN)
    async with door(world.ada, engine=EnginePool(1, 30)) as client:
        saved = await client.do("saveRulebook", "rulebook { id }", {"name": "ours", "rules": [STALLED]})
        assert isinstance(saved["rulebook"], dict)
        await client.do("activateRulebook", "rulebook { id }", {"id": saved["rulebook"]["id"], "version": 1})
        answer = await client.post("mutation { evaluate(input: {}) { run { id } errors { code } } }")
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert error["message"] == "the rule workers are not started"
    assert (await EvaluationRun.get()).state == RunState.INTERRUPTED


# --- what goes wrong is said at its place, and nothing is written


def money(amount: object, currency: str | None = None) -> Payload:
    return {"amount": {"amount": amount, "currency": currency}}


BAD_ACCOUNTS: list[tuple[Payload, str, str]] = [
    ({"name": " "}, "INVALID", "input.name"),
    ({"name": "x" * 201}, "INVALID", "input.name"),
    ({"name": "x" * 1_900_000}, "INVALID", "input.name"),
    ({"name": "A", "tier": None}, "INVALID", "input.tier"),
    ({"name": "A", "employees": -1}, "INVALID", "input.employees"),
    ({"name": "A", "parentId": "acc_nobody"}, "NOT_FOUND", "input.parentId"),
    ({"name": "A", "ownerId": "usr_nobody"}, "NOT_FOUND", "input.ownerId"),
    ({"name": "A", "ownerId": "x" * 1000}, "INVALID", "input.ownerId"),
    ({"name": "A", "ownerId": ""}, "INVALID", "input.ownerId"),
    ({"name": "A", "overdue": {"amount": "-0.01"}}, "INVALID", "input.overdue"),
    ({"name": "A", "idempotencyKey": "k" * 201}, "INVALID", "input.idempotencyKey"),
    ({"name": "A", "idempotencyKey": ""}, "INVALID", "input.idempotencyKey"),
]


async def test_a_bad_account_is_refused_at_its_place(ada: Door) -> None:
    before = await written()
    for given, code, path in BAD_ACCOUNTS:
        payload = await ada.do("createAccount", "account { id }", given)
        assert payload["account"] is None
        assert where(payload) == [(code, path)]
        assert len(str(payload)) < 5_000
    assert await written() == before


BAD_DEALS: list[tuple[Payload, str]] = [
    (money("-1"), "input.amount"),
    (money("0.001"), "input.amount"),
    (money("NaN"), "input.amount"),
    (money("sNaN"), "input.amount"),
    (money("Infinity"), "input.amount"),
    (money("1e30"), "input.amount"),
    (money("1E+999999"), "input.amount"),
    (money("1E+1000000"), "input.amount"),
    (money("1E-999999"), "input.amount"),
    (money("90071992547409.92"), "input.amount"),
    (money("9" * 100_000), "input.amount"),
    (money("1", "USD"), "input.amount.currency"),
    (money("1", "x" * 100_000), "input.amount.currency"),
    ({"amount": None}, "input.amount"),
    ({"closeOn": "9999-12-31"}, "input.closeOn"),
    ({"closeOn": "0001-01-01"}, "input.closeOn"),
    ({"probability": 101}, "input.probability"),
    ({"probability": -1}, "input.probability"),
    ({"kind": None}, "input.kind"),
    ({"name": ""}, "input.name"),
]


async def test_a_bad_value_of_a_deal_is_refused_at_its_place(ada: Door, world: World) -> None:
    before = await written()
    for given, path in BAD_DEALS:
        payload = await ada.do("updateDeal", "deal { id }", {"id": world.deal.id, "version": 1, **given})
        assert where(payload) == [("INVALID", path)], str(given)[:100]
        assert len(str(payload)) < 5_000
    assert await written() == before
    assert (await Deal.get(id=world.deal.id)).version == 1


async def test_money_is_kept_to_the_cent(ada: Door, world: World) -> None:
    for amount, minor in (("0.10", 10), ("1.000", 100), ("90071992547409.91", 2**53 - 1), ("0", 0)):
        deal = await Deal.get(id=world.deal.id)
        given = {"id": deal.id, "version": deal.version, "amount": {"amount": amount}}
        payload = await ada.do("updateDeal", "deal { amount { amount currency } }", given)
        shown = {"amount": f"{minor // 100}.{minor % 100:02}", "currency": "EUR"}
        assert payload == {"deal": {"amount": shown}, "errors": []}
        assert (await Deal.get(id=deal.id)).amount_minor == minor


UNFIT: list[tuple[Payload, str]] = [
    ({"name": "A", "tier": "GOLD"}, ".tier:"),
    ({"name": "A", "colour": "red"}, "colour"),
    ({"name": 5}, ".name:"),
    ({"tier": "KEY"}, "name"),
    ({"name": "A", "employees": 99999999999}, ".employees:"),
    ({"name": "A", "employees": 1.5}, ".employees:"),
    ({"name": "A", "overdueSince": "yesterday"}, ".overdueSince:"),
    ({"name": "A", "overdue": 12}, ".overdue:"),
    ({"name": "A", "overdue": {"amount": "much"}}, ".overdue.amount:"),
    ({"name": "A", "overdue": {"amount": True}}, ".overdue.amount:"),
    ({"name": "A", "overdue": {"amount": []}}, ".overdue.amount:"),
]
UNKNOWN = [
    ('{ createAccount(input: {name: "A", tier: GOLD}) { account { id } } }', "GOLD"),
    ('{ createAccount(input: {name: "A", colour: "red"}) { account { id } } }', "colour"),
    ('{ deleteAccount(id: "acc_1") { account { id } } }', "deleteAccount"),
    ('{ createAccount(input: {name: "A"}) { account { secret } } }', "secret"),
    ("{ createAccount { account { id } } }", "input"),
]


async def test_what_the_schema_does_not_allow_is_named(ada: Door) -> None:
    before = await written()
    create = "mutation ($input: CreateAccountInput!) { createAccount(input: $input) { account { id } } }"
    for given, named in UNFIT:
        (error,) = errors_of(await ada.answer(create, {"input": given}))
        assert named in error["message"]
        assert error["extensions"]["code"] == "GRAPHQL_INVALID"
    assert await written() == before


async def test_a_document_that_the_schema_does_not_know_is_refused_at_its_place(ada: Door) -> None:
    before = await written()
    for document, named in UNKNOWN:
        (error,) = errors_of(await ada.answer("mutation " + document))
        assert named in error["message"]
        assert error["locations"]
        assert error["extensions"]["code"] == "GRAPHQL_INVALID"
    assert await written() == before


def errors_of(answer: Payload) -> list[Any]:
    """The GraphQL errors of an answer without data."""
    assert answer.get("data") is None
    errors = answer["errors"]
    assert isinstance(errors, list)
    return errors


MUTATIONS_BY_ID: list[tuple[str, str, Payload]] = [
    ("updateAccount", "account", {"version": 1, "name": "Mine"}),
    ("updateContact", "contact", {"version": 1, "name": "Mine"}),
    ("updateDeal", "deal", {"version": 1, "name": "Mine"}),
    ("advanceDeal", "deal", {"version": 1, "stage": "PROPOSED"}),
    ("closeDeal", "deal", {"version": 1, "stage": "WON"}),
    ("acceptRecommendation", "recommendation", {}),
    ("snoozeRecommendation", "recommendation", {"until": "2999-01-01"}),
    ("dismissRecommendation", "recommendation", {"reason": "no"}),
    ("completeRecommendation", "recommendation", {"outcome": "FAILED"}),
]


async def test_what_the_caller_may_not_see_does_not_exist_for_them(ada: Door, world: World) -> None:
    hidden = [world.elsewhere, world.colleagues_deal]
    accounts = [await Account.get(id=deal.account_id) for deal in hidden]
    ids = {
        "account": [account.id for account in accounts],
        "contact": [(await factories.contact(account)).id for account in accounts],
        "deal": [deal.id for deal in hidden],
        "recommendation": [(await recommendation(deal)).id for deal in hidden],
    }
    before = await written()
    for mutation, name, given in MUTATIONS_BY_ID:
        for hidden_id in [*ids[name], "nothing", "", "x" * 10_000]:
            payload = await ada.do(mutation, f"{name} {{ id }}", {"id": hidden_id, **given})
            assert payload[name] is None
            assert where(payload) == [("NOT_FOUND", "input.id")], mutation
            assert len(str(payload)) < 5_000
    assert await written() == before


async def test_nothing_can_be_hung_on_what_the_caller_may_not_see(ada: Door, world: World) -> None:
    before = await written()
    for hidden in (world.elsewhere, world.colleagues_deal):
        contact = await ada.do(
            "createContact", "contact { id }", {"accountId": hidden.account_id, "name": "K"}
        )
        deal = await ada.do("createDeal", "deal { id }", {"accountId": hidden.account_id, "name": "D"})
        run = await ada.do("evaluate", "run { id }", {"accountIds": [hidden.account_id]})
        assert where(contact) == where(deal) == [("NOT_FOUND", "input.accountId")]
        assert where(run)[0][0] == "NOT_FOUND"
    assert await written() == before


async def test_one_wrong_signal_of_many_is_named_and_none_is_recorded(ada: Door, world: World) -> None:
    good = {"accountId": world.account.id, "kind": "OTHER", "summary": "x", "observedOn": "2026-03-01"}
    wrong: list[tuple[Payload, str, str]] = [
        ({"accountId": world.elsewhere.account_id}, "NOT_FOUND", "accountId"),
        ({"summary": ""}, "INVALID", "summary"),
        ({"dealId": world.elsewhere.id}, "NOT_FOUND", "dealId"),
        ({"dealId": (await factories.deal(await factories.account(world.ada))).id}, "INVALID", "dealId"),
    ]
    before = await written()
    for change, code, field in wrong:
        payload = await ada.do(
            "recordSignals", "signals { id }", {"signals": [good, good, {**good, **change}]}
        )
        assert payload["signals"] == []
        assert where(payload) == [(code, f"input.signals.2.{field}")]
    many = await ada.do("recordSignals", "signals { id }", {"signals": [good] * 1001})
    assert where(many) == [("INVALID", "input.signals")]
    assert await written() == before


BAD_RULES: list[tuple[Payload, str]] = [
    ({"when": [{"unicorn": {"as": "u", "where": {}}}]}, "input.rules.1.when"),
    ({"when": [{"deal": {"as": "d", "where": {"age_days": {"gt": "old"}}}}]}, "input.rules.1.when"),
    ({"colour": "red"}, "input.rules.1"),
    ({"key": None}, "input.rules.1.key"),
    ({"key": "stands-still"}, "input.rules.1.key"),
]


async def test_a_malformed_rule_is_refused_at_its_place(world: World) -> None:
    await User.filter(id=world.ada.id).update(role=Role.MANAGER)
    before = await written()
    async with door(world.ada) as client:
        for change, place in BAD_RULES:
            rules = [STALLED, {**STALLED, "key": "second", **change}]
            payload = await client.do("saveRulebook", "rulebook { id }", {"name": "ours", "rules": rules})
            assert payload["rulebook"] is None
            found = where(payload)
            assert found
            assert all(path.startswith(place) for _, path in found), found
    assert await written() == before
    assert not await Rulebook.exists()


async def test_a_rule_that_is_no_document_is_refused(world: World) -> None:
    await User.filter(id=world.ada.id).update(role=Role.MANAGER)
    save = "mutation ($input: SaveRulebookInput!) { saveRulebook(input: $input) { errors { code path } } }"
    async with door(world.ada) as client:
        documents: list[object] = [5, None, "rule", [], {}, {"then": {}}, [[[[]]]]]
        for rule in documents:
            answer = await client.answer(save, {"input": {"name": "ours", "rules": [rule]}})
            assert "rules" in str(answer)
            assert "INTERNAL" not in str(answer)
    assert not await Rulebook.exists()


async def test_a_director_does_not_write_rules(ada: Door, world: World) -> None:
    payload = await ada.do("saveRulebook", "rulebook { id }", {"name": "ours", "rules": [STALLED]})
    assert where(payload) == [("FORBIDDEN", "input")]


async def test_a_deal_does_not_advance_to_its_end_nor_close_into_the_open(ada: Door, world: World) -> None:
    address: Payload = {"id": world.deal.id, "version": 1}
    advanced = await ada.do("advanceDeal", "deal { id }", {**address, "stage": "WON"})
    closed = await ada.do("closeDeal", "deal { id }", {**address, "stage": "PROPOSED"})
    early = await ada.do("advanceDeal", "deal { id }", {**address, "stage": "PROPOSED", "on": "2000-01-01"})
    assert where(advanced) == where(closed) == [("INVALID_TRANSITION", "input.stage")]
    assert where(early) == [("INVALID", "input.on")]
    assert (await Deal.get(id=world.deal.id)).stage == Stage.IDENTIFIED


async def test_a_snooze_ends_in_the_future(ada: Door, world: World) -> None:
    for until in ("2020-01-01", "9999-12-31"):
        given = {"id": world.recommendation.id, "until": until}
        payload = await ada.do("snoozeRecommendation", "recommendation { id }", given)
        assert where(payload) == [("INVALID", "input.until")]


async def test_no_rule_is_judged_as_of_a_day_that_no_calendar_of_a_business_has(world: World) -> None:
    async with EnginePool(1, 30) as engine, door(world.ada, engine=engine) as client:
        for day in ("0001-01-01", "1899-12-31", "9999-12-31"):
            payload = await client.do("evaluate", "run { id }", {"asOf": day})
            assert where(payload) == [("INVALID", "input.asOf")], day


# --- writing twice, and at the same time


async def test_the_same_idempotency_key_answers_with_the_first_object(ada: Door, world: World) -> None:
    creations: list[tuple[str, str, Payload]] = [
        ("createAccount", "account", {"name": "Nordwind"}),
        ("createContact", "contact", {"name": "Kim", "accountId": world.account.id}),
        ("createDeal", "deal", {"name": "SD-WAN", "accountId": world.account.id}),
    ]
    for mutation, name, given in creations:
        keyed = {**given, "idempotencyKey": f"{name}-17"}
        first = await ada.do(mutation, f"{name} {{ id }}", keyed)
        before = await written()
        assert await ada.do(mutation, f"{name} {{ id }}", keyed) == first
        assert first["errors"] == []
        assert await written() == before
        other = await ada.do(mutation, f"{name} {{ id }}", {**given, "idempotencyKey": f"{name}-18"})
        assert other[name] != first[name]


async def test_a_key_that_made_something_else_is_refused(ada: Door, world: World) -> None:
    await ada.do("createAccount", "account { id }", {"name": "Nordwind", "idempotencyKey": "k1"})
    payload = await ada.do("createAccount", "account { id }", {"name": "Suedwind", "idempotencyKey": "k1"})
    assert payload["account"] is None
    assert where(payload)[0][1] == "input.idempotencyKey"


async def test_an_old_version_is_refused_with_the_present_state(ada: Door, world: World) -> None:
    for model, record in ((Account, world.account), (Deal, world.deal), (Contact, world.contact)):
        await model.filter(id=record.id).update(version=7)
    await Recommendation.filter(id=world.recommendation.id).update(version=7)
    before = await written()
    for mutation, name, given in MUTATIONS_BY_ID:
        record_id = getattr(world, name).id
        old = {"id": record_id, **given, "version": 1}
        payload = await ada.do(mutation, f"{name} {{ id version }}", old)
        assert payload[name] == {"id": record_id, "version": 7}
        assert where(payload) == [("CONFLICT", "input.version")], mutation
    assert await written() == before
