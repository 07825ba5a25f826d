"""Merging duplicates and undoing it lose nothing, whatever models there are."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from commands import (
    accounts,
    bulk,
    deals,
    merging,
    people,
    plans,
    scopes,
    signals,
    standing,
    trends,
    unmerging,
    whitespace,
)
from commands.access import system_actor
from commands.incoming import Incoming
from commands.references import models, references
from commands.signals import Observation
from commands.trends import Observed
from models.access import Actor, Role, Tenant, User
from models.accounts import MERGED_INTO, Account, AccountMerge
from models.base import Record, today
from models.competition import CompetitorPosition
from models.deals import Deal
from models.errors import BellwetherError, Conflict, Forbidden, Invalid, InvalidTransition, NotFound
from models.history import AuditRecord, Change
from models.people import Contact, Interaction, InteractionKind
from models.plans import AccountPlan
from models.recommendations import Recommendation, RecommendationState
from models.revenue import Contract
from models.rulebooks import EvaluationRun, Judgement, PendingJudgement
from models.signals import SignalKind
from models.trends import TrendKind
from models.whitespace import AccountPotential
from rules.tree import Book
from tests import factories
from tests.schema.reads.judgements import furnish_tenant
from tests.schema.reads.world import World, write

#: The log, what it is about, and what is to be judged anew.
_TOLD = {"change", "audit_record", "account_merge", "pending_judgement"}
_TECHNICAL = {"version", "updated_at"}
#: When all that is there was recorded.
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
Stored = Mapping[str, Mapping[str, Mapping[str, object]]]


async def everything() -> Stored:
    """Every row of every table but of those, by table and id, without versions."""
    return {
        table: {
            str(row["id"]): {name: value for name, value in row.items() if name not in _TECHNICAL}
            for row in await model.all().values(*model._meta.db_fields)
        }
        for table, model in models().items()
        if table not in _TOLD
    }


def differing(before: Stored, after: Stored) -> list[str]:
    """What two dumps do not share."""
    return [
        f"{table} {record_id}: {before[table].get(record_id)} became {after[table].get(record_id)}"
        for table in before
        for record_id in before[table].keys() | after[table].keys()
        if before[table].get(record_id) != after[table].get(record_id)
    ]


@pytest.fixture
async def tenant(db: str) -> Tenant:
    return await factories.tenant()


@pytest.fixture
async def ada(tenant: Tenant) -> User:
    return await factories.user(tenant)


@pytest.fixture
async def seller(ada: User) -> Actor:
    return await factories.actor(ada)


async def of_account(account_id: str) -> Counter[str]:
    """How many rows of each table refer to an account by which column, and what its money comes to."""
    found = Counter(
        {
            f"{each.table}.{each.column}": await each.model.filter(**{each.column: account_id}).count()
            for each in references(Account)
        }
    )
    found["mrc"] = sum(each.mrc_minor for each in await Contract.filter(account_id=account_id))
    found["pipeline"] = sum(each.amount_minor for each in await Deal.filter(account_id=account_id))
    return found


async def _checked_merge(actor: Actor, into: str, duplicate: str) -> AccountMerge:
    """Merge, and check that the survivor has what both had."""
    both = await of_account(into) + await of_account(duplicate)
    survivor = await Account.get(id=into)
    merge = await merging.merge(actor, into, duplicate, survivor.version)
    aside = Counter(
        f"{each.table}.{each.column}"
        for given in merge.set_aside
        for each in references(Account)
        if each.table == given["table"] and given["row"][each.column] in (into, duplicate)  # type: ignore[index]
    )
    # The merge itself, and neither is the other's subsidiary any more.
    expected = both + Counter({"account_merge.account_id": 1}) - aside
    apart = ("account.parent_id", "pending_judgement.account_id")
    after = await of_account(into)
    assert {**+after, **dict.fromkeys(apart, 0)} == {**+expected, **dict.fromkeys(apart, 0)}
    assert not +await of_account(duplicate)
    assert await Account.get_or_none(id=duplicate) is None
    return merge


async def _merge_any(actor: Actor, chance: Random) -> AccountMerge:
    """Merge any two accounts of which nothing stands in the way."""
    there = [each.id for each in await Account.filter(placeholder=False).order_by("id")]
    for _ in range(50):
        into, duplicate = chance.sample(there, 2)
        try:
            return await _checked_merge(actor, into, duplicate)
        except Invalid as error:
            if "have days in common" not in error.message and "are not the same" not in error.message:
                raise
    raise AssertionError("no two can be merged")


def _stand_twice(world: World) -> None:
    """A potential of one family at every account, of which each second one was taken back."""
    potential = world.of(AccountPotential)[0]
    named = {name: getattr(potential, name) for name in ("tenant_id", "currency", "because")}
    for number, account in enumerate(world.of(Account)):
        values = {"product_family": "Of all", "mrc_minor": number, "set_on": BEGAN.date()}
        removed_on = BEGAN.date() if number % 2 else None
        days = {"valid_from": BEGAN.date(), "removed_on": removed_on}
        world.make(AccountPotential, account_id=account.id, **named, **values, **days)


async def test_merge_and_undo_lose_nothing(db: str) -> None:
    world = World(Random("merges"))
    furnish_tenant(world, "a", 8)
    _stand_twice(world)
    for row in (row for of in world.rows.values() for row in of):
        row.created_at = BEGAN  # the world has rows of years to come
    await write(world)
    actor = system_actor(world.of(Tenant)[0])
    chance, gave_way = Random("pairs"), set[str]()
    for length in (1, 1, 2, 3, 4) if db.startswith("sqlite") else (1, 3):
        before, done = await everything(), list[AccountMerge]()
        for _ in range(length):
            done.append(await _merge_any(actor, chance))
        for merge in reversed(done):
            gave_way |= {"ours" if "column" in each else "theirs" for each in merge.set_aside}
            undone = await unmerging.undo(actor, merge.id, (await AccountMerge.get(id=merge.id)).version)
            assert undone.undone_at is not None
        assert "\n".join(differing(before, await everything())) == ""
    assert gave_way == {"ours", "theirs"}


async def test_every_model_that_refers_to_an_account_has_rows_in_that_test(db: str) -> None:
    world = World(Random("merges"))
    furnish_tenant(world, "a", 8)
    assert [each.table for each in references(Account) if not world.of(each.model)] == []


#: What becomes of each reference to accounts when a duplicate is merged.
OVER, ONCE = (
    "goes over",
    "goes over; of two that are unique by the account one is set aside, which was taken back if one was",
)
VERDICT = "goes over; of two that say the same one lapses"
DECIDED = {
    "account.parent_id": OVER,
    **dict.fromkeys(
        ("duplicate_dismissal.account_id", "duplicate_dismissal.other_id"),
        "goes over: it was said of what the duplicate was; one that stands between the two is in the way",
    ),
    "account_merge.account_id": "goes over: merges into the duplicate are the survivor's",
    "account_plan.account_id": "goes over; two of the same days stand in the way",
    "snapshot_deal.account_id": "goes over; the digest is of the account that it was",
    **dict.fromkeys(
        (
            "accepted_risk.account_id", "answer.account_id", "contact.account_id", "contract.account_id",
            "deal.account_id",
            "engine_alarm.account_id", "interaction.account_id", "objective.account_id",
            "objective_measure.account_id", "plan_action.account_id", "plan_entry.account_id",
            "plan_judgement.account_id", "plan_revision.account_id", "play_run.account_id",
            "play_run_step.account_id", "service.account_id", "signal.account_id", "ticket.account_id",
            "trend.account_id", "stakeholder.account_id", "assessment.account_id", "rapport.account_id",
        ),
        OVER,
    ),
    **dict.fromkeys(
        (
            "judgement.account_id", "pending_judgement.account_id", "usage_month.account_id",
            "account_potential.account_id", "competitor_position.account_id",
        ),
        ONCE,
    ),
    **dict.fromkeys(("recommendation.account_id", "risk.account_id"), VERDICT),
}  # fmt: skip
#: Where the id of a duplicate stays: tables and columns that tell of it as it was.
_HISTORY = {"change", "audit_record", "account_merge"}
_OF_RUNS = {"evaluation_run.account_ids", "evaluation_run.failures"}


async def test_each_reference_to_accounts_is_decided_on(db: str) -> None:
    """A new model that refers to accounts goes over by itself; somebody says here that it may."""
    assert {f"{each.table}.{each.column}" for each in references(Account)} == set(DECIDED)


async def test_nothing_but_history_speaks_of_a_duplicate(db: str) -> None:
    """Not by a foreign key, nor within a text or JSON: what speaks of accounts otherwise is found here."""
    world = World(Random("merges"))
    furnish_tenant(world, "a", 8)
    await write(world)
    actor = system_actor(world.of(Tenant)[0])
    speaks: set[str] = set()
    for into, duplicate in (world.of(Account)[1:3], world.of(Account)[3:5]):
        await AccountPlan.filter(account_id=duplicate.id).update(closed_on=factories.TODAY)
        await merging.merge(actor, into.id, duplicate.id, into.version)
        speaks |= {
            f"{table}.{name}"
            for table, model in models().items()
            if table not in _HISTORY
            for row in await model.all().values(*model._meta.db_fields)
            for name, value in row.items()
            if duplicate.id in str(value)
        }
    assert speaks <= _OF_RUNS


async def test_what_refers_to_the_duplicate_refers_to_the_survivor(ada: User, seller: Actor) -> None:
    parent = await factories.account(ada, name="Holding")
    into = await factories.account(ada, name="Nordwind", segment="Public", overdue_minor=5_00)
    duplicate = await factories.account(
        ada, name="Nordwind AG", segment="Retail", industry="Energy", parent_id=parent.id, source="crm",
        external_id="17", overdue_minor=7_00, overdue_since=date(2026, 2, 1), valid_from=date(2024, 1, 1),
    )  # fmt: skip
    below = await factories.account(ada, parent_id=duplicate.id)
    deal = await factories.deal(duplicate)
    merge = await merging.merge(seller, into.id, duplicate.id, 1, 1)
    survivor = await Account.get(id=into.id)
    assert (await Deal.get(id=deal.id)).account_id == into.id
    assert (await Account.get(id=below.id)).parent_id == into.id
    assert (survivor.name, survivor.segment, survivor.industry) == ("Nordwind", "Public", "Energy")
    assert (survivor.parent_id, survivor.valid_from) == (parent.id, date(2024, 1, 1))
    assert (survivor.overdue_minor, survivor.overdue_since) == (12_00, date(2026, 2, 1))
    assert sorted(merge.filled) == [
        "industry", "overdue_minor", "overdue_since", "parent_id", "valid_from",
    ]  # fmt: skip
    assert merge.moved == {"account": 1, "deal": 1}
    assert (merge.name, merge.source, merge.external_id) == ("Nordwind AG", "crm", "17")
    told = await Change.get(entity_id=duplicate.id, field=MERGED_INTO)
    assert [told.old, told.new] == [None, into.id]
    moved = await Change.get(entity_id=deal.id, field="account_id")
    assert [moved.old, moved.new] == [duplicate.id, into.id]
    assert await AuditRecord.filter(command="accounts.merge", object_id=merge.id).exists()
    with pytest.raises(NotFound, match=f"it was merged into {into.id}"):
        await accounts.update(seller, duplicate.id, 1, {"name": "Again"})


async def test_whoever_names_a_duplicate_is_told_what_it_became_part_of(ada: User, seller: Actor) -> None:
    into, duplicate = [await factories.account(ada, name=name) for name in ("A", "B")]
    await merging.merge(seller, into.id, duplicate.id, 1)
    there = {"account_id": duplicate.id}
    met = {"kind": InteractionKind.CALL, "happened_on": today(), "subject": "A call"}
    seen = {"kind": TrendKind.MERGER, "title": "It merges", "observed_on": today()}
    heard = Observation(duplicate.id, SignalKind.MERGER, "It merges", today())
    for naming in (
        deals.create(seller, {**there, "name": "D", "amount_minor": 1, "close_on": today()}),
        people.create(seller, {**there, "name": "Ada"}),
        people.record_interaction(seller, {**there, **met}),
        trends.record(seller, [Observed(duplicate.id, seen)]),
        signals.record(seller, [heard]),
        accounts.create(seller, {"name": "Below", "parent_id": duplicate.id}),
        plans.create(seller, duplicate.id, {}),
        scopes.named(seller, today(), Book("", ()), [duplicate.id]),
        scopes.one(seller, today(), Book("", ()), duplicate.id),
    ):
        with pytest.raises(NotFound, match=f"'{duplicate.id}'.*; it was merged into {into.id}"):
            await naming
    assert (await standing.account_named(seller, duplicate.id)).id == into.id


async def test_what_changed_since_stays_changed_and_goes_back(ada: User, seller: Actor) -> None:
    into, duplicate, other = [await factories.account(ada, name=name) for name in ("A", "B", "C")]
    await Account.filter(id=duplicate.id).update(industry="Energy", segment="Public")
    kept, led_away = await factories.deal(duplicate), await factories.account(ada, parent_id=duplicate.id)
    merge = await merging.merge(seller, into.id, duplicate.id, 1)
    await deals.update(seller, kept.id, 2, {"next_step": "call"})
    await accounts.update(seller, led_away.id, 2, {"parent_id": other.id})
    await accounts.update(seller, into.id, 2, {"industry": "Water"})
    await unmerging.undo(seller, merge.id)
    deal = await Deal.get(id=kept.id)
    assert (deal.account_id, deal.next_step) == (duplicate.id, "call")
    assert (await Account.get(id=led_away.id)).parent_id == other.id
    survivor, back = await Account.get(id=into.id), await Account.get(id=duplicate.id)
    assert (survivor.industry, survivor.segment) == ("Water", None)
    assert (back.industry, back.segment) == ("Energy", "Public")
    with pytest.raises(InvalidTransition, match="undone already"):
        await unmerging.undo(seller, merge.id)


async def test_what_was_created_since_stays_unless_all_it_is_about_goes_back(
    ada: User, seller: Actor
) -> None:
    into, duplicate = [await factories.account(ada) for _ in range(2)]
    own, theirs = await factories.contact(into), await factories.deal(duplicate)
    merge = await merging.merge(seller, into.id, duplicate.id, 1)
    fresh = await people.create(seller, {"account_id": into.id, "name": "New"})
    said = {"account_id": into.id, "kind": "CALL", "happened_on": date(2026, 3, 1)}
    about_deal = await people.record_interaction(seller, said | {"deal_id": theirs.id})
    about_both = await people.record_interaction(seller, said | {"deal_id": theirs.id, "contact_id": own.id})
    about_none = await people.record_interaction(seller, said)
    await unmerging.undo(seller, merge.id)
    assert (await Contact.get(id=fresh.id)).account_id == into.id
    now = {each.id: each.account_id for each in await Interaction.all()}
    assert now == {about_deal.id: duplicate.id, about_both.id: into.id, about_none.id: into.id}


async def test_merges_are_undone_in_reverse_order(ada: User, seller: Actor) -> None:
    first, second, third = [await factories.account(ada, name=name) for name in ("A", "B", "C")]
    deal = await factories.deal(third)
    inner = await merging.merge(seller, second.id, third.id, 1)
    outer = await merging.merge(seller, first.id, second.id, 1)
    assert (await AccountMerge.get(id=inner.id)).account_id == first.id
    with pytest.raises(InvalidTransition, match=f"'B' was merged after it; allowed: undo {outer.id} first"):
        await unmerging.undo(seller, inner.id)
    await unmerging.undo(seller, outer.id)
    assert (await AccountMerge.get(id=inner.id)).account_id == second.id
    await unmerging.undo(seller, inner.id)
    assert (await Deal.get(id=deal.id)).account_id == third.id


async def test_an_undo_that_would_make_a_circle_is_refused_and_does_nothing(ada: User, seller: Actor) -> None:
    above, into = [await factories.account(ada, name=name) for name in ("Above", "Into")]
    duplicate = await factories.account(ada, parent_id=above.id)
    below = await factories.account(ada, parent_id=duplicate.id)
    merge = await merging.merge(seller, into.id, duplicate.id, 1)
    assert (await Account.get(id=into.id)).parent_id == above.id
    await accounts.update(seller, into.id, 2, {"parent_id": None})
    await accounts.update(seller, above.id, 1, {"parent_id": below.id})
    before = await everything()
    with pytest.raises(InvalidTransition, match="would be above itself"):
        await unmerging.undo(seller, merge.id)
    assert differing(before, await everything()) == []


@pytest.mark.parametrize("distance", [1, 2])
async def test_a_survivor_below_the_duplicate_takes_its_place(
    ada: User, seller: Actor, distance: int
) -> None:
    top = await factories.account(ada)
    duplicate = await factories.account(ada, parent_id=top.id)
    between = await factories.account(ada, parent_id=duplicate.id)
    into = await factories.account(ada, parent_id=(duplicate if distance == 1 else between).id)
    before = await everything()
    merge = await merging.merge(seller, into.id, duplicate.id, 1)
    parents = {each.id: each.parent_id for each in await Account.all()}
    assert parents == {top.id: None, into.id: top.id, between.id: into.id}
    await unmerging.undo(seller, merge.id)
    assert differing(before, await everything()) == []


@pytest.mark.parametrize(
    ("ours", "theirs", "stays"),
    [
        ({}, {}, "ours"),
        ({}, {"held_since": factories.TODAY - timedelta(days=9)}, "theirs"),
        ({}, {"state": RecommendationState.DISMISSED, "answered_on": factories.TODAY}, "theirs"),
        ({"state": RecommendationState.ACCEPTED, "answered_on": factories.TODAY}, {}, "ours"),
        ({"state": RecommendationState.LAPSED, "lapsed_on": factories.TODAY}, {}, "theirs"),
    ],
)
async def test_of_two_that_say_the_same_one_lapses(
    ada: User, seller: Actor, ours: dict[str, object], theirs: dict[str, object], stays: str
) -> None:
    into, duplicate = [await factories.account(ada) for _ in range(2)]
    made = {}
    for name, of, values in (("ours", into, ours), ("theirs", duplicate, theirs)):
        said = await factories.recommendation(await factories.deal(of), subject_key=of.id, **values)
        made[name] = said.id
    before = await everything()
    merge = await merging.merge(seller, into.id, duplicate.id, 1)
    kept = await Recommendation.get(id=made.pop(stays))
    gone = await Recommendation.get(id=made.popitem()[1])
    assert (kept.subject_key, gone.subject_key) == (into.id, duplicate.id)
    assert kept.lapsed_on is None
    assert gone.lapsed_on is not None
    assert gone.state == RecommendationState.LAPSED
    assert merge.lapsed == [{"kind": "recommendation", "id": gone.id, "instead": kept.id}]
    await unmerging.undo(seller, merge.id)
    assert differing(before, await everything()) == []


async def test_a_row_that_would_stand_twice_is_set_aside(tenant: Tenant, ada: User, seller: Actor) -> None:
    into, duplicate = [await factories.account(ada) for _ in range(2)]
    run = await EvaluationRun.create(id=EvaluationRun.make_id(), tenant_id=tenant.id, as_of=factories.TODAY)
    made = [
        await Judgement.create(
            id=Judgement.make_id(), tenant_id=tenant.id, account_id=each.id, run_id=run.id, as_of=run.as_of
        )
        for each in (into, duplicate)
    ]
    before = await everything()
    merge = await merging.merge(seller, into.id, duplicate.id, 1)
    assert [each.id for each in await Judgement.all()] == [made[0].id]
    assert [(each["table"], each["instead"]) for each in merge.set_aside] == [("judgement", made[0].id)]
    await unmerging.undo(seller, merge.id)
    assert differing(before, await everything()) == []
    waiting = {each.account_id for each in await PendingJudgement.all()}
    assert waiting == {into.id, duplicate.id}


@pytest.mark.parametrize(
    ("ours", "theirs", "stays"),
    [(False, False, "ours"), (True, True, "ours"), (False, True, "ours"), (True, False, "theirs")],
)
async def test_what_holds_is_not_hidden_by_what_was_taken_back(
    ada: User, seller: Actor, ours: bool, theirs: bool, stays: str
) -> None:
    """Of two positions or potentials the survivor's stays, unless that alone was taken back."""
    into, duplicate = [await factories.account(ada) for _ in range(2)]
    kept: dict[str, dict[str, str]] = {"ours": {}, "theirs": {}}
    position = await factories.competitor_position(into)
    await position.delete()
    for name, of, is_removed in (("ours", into, ours), ("theirs", duplicate, theirs)):
        removed_on = factories.TODAY if is_removed else None
        of_rival: dict[str, Any] = {"competitor_id": position.competitor_id, "removed_on": removed_on}
        same = {key: getattr(position, key) for key in ("product_family", "role", "observed_on", "currency")}
        held = await CompetitorPosition.create(
            id=CompetitorPosition.make_id(), tenant_id=of.tenant_id, account_id=of.id, **same, **of_rival
        )
        said = await factories.potential(of, "WAN", 5_00, removed_on=removed_on)
        kept[name] = {"competitor_position": held.id, "account_potential": said.id}
    before = await everything()
    merge = await merging.merge(seller, into.id, duplicate.id, 1)
    after = await everything()
    for table in ("competitor_position", "account_potential"):
        (row,) = after[table].values()
        assert (row["id"], row["account_id"]) == (kept[stays][table], into.id)
        # What was said before stays in the history of what gave way.
        (aside,) = [each for each in merge.set_aside if each["table"] == table]
        told = await Change.get(entity_id=aside["row"]["id"], field=merging.SET_ASIDE)  # type: ignore[index]
        assert told.new == kept[stays][table]
    await unmerging.undo(seller, merge.id)
    assert differing(before, await everything()) == []


async def test_what_took_the_place_of_another_goes_back_as_it_is_now(
    tenant: Tenant, ada: User, seller: Actor
) -> None:
    await factories.product(tenant, family="WAN")
    into, duplicate = [await factories.account(ada) for _ in range(2)]
    ours = await factories.potential(into, "WAN", 5_00, removed_on=factories.TODAY)
    theirs = await factories.potential(duplicate, "WAN", 7_00)
    merge = await merging.merge(seller, into.id, duplicate.id, 1)
    await whitespace.set_potential(seller, into.id, "WAN", 9_00, "they said so")
    await unmerging.undo(seller, merge.id)
    now = {each.id: (each.account_id, each.mrc_minor) for each in await AccountPotential.all()}
    assert now == {ours.id: (into.id, 5_00), theirs.id: (duplicate.id, 9_00)}


def _row(key: str, **values: object) -> Incoming:
    return Incoming(key, {"name": key, "currency": "EUR", **values})


async def test_the_next_import_finds_the_survivor(tenant: Tenant) -> None:
    admin = system_actor(tenant, "crm")
    made = await bulk.upsert(admin, Account, "crm", [_row("1"), _row("2"), _row("3")], on=factories.TODAY)
    await merging.merge(admin, made.ids["2"], made.ids["3"], 1)
    merge = await merging.merge(admin, made.ids["1"], made.ids["2"], 1)
    rows = [_row("1"), _row("2", name="Other"), _row("3")]
    again = await bulk.upsert(admin, Account, "crm", rows, on=factories.TODAY)
    assert again.ids == dict.fromkeys("123", made.ids["1"])
    assert (again.created, again.updated, again.unchanged, again.merged) == (0, 0, 3, 2)
    assert (await Account.get(id=made.ids["1"])).name == "1"
    await unmerging.undo(admin, merge.id)
    back = await bulk.upsert(admin, Account, "crm", rows, on=factories.TODAY)
    assert back.ids == {"1": made.ids["1"], "2": made.ids["2"], "3": made.ids["2"]}
    assert (back.updated, back.merged) == (1, 1)


async def test_an_import_makes_no_circle(tenant: Tenant) -> None:
    admin = system_actor(tenant, "crm")
    made = await bulk.upsert(admin, Account, "crm", [_row("1"), _row("2"), _row("3")], on=factories.TODAY)
    one, two, three = (made.ids[key] for key in "123")
    rows = [_row("1", parent_id=two), _row("2", parent_id=three), _row("3", parent_id=one, name="Third")]
    found = await bulk.upsert(admin, Account, "crm", rows, on=factories.TODAY)
    assert (found.updated, found.circular) == (2, ["3"])
    parents = {each.name: each.parent_id for each in await Account.all()}
    assert parents == {"1": two, "2": three, "3": None}
    turned = [_row("1", parent_id=None), _row("2", parent_id=one), _row("3", parent_id=two)]
    assert (await bulk.upsert(admin, Account, "crm", turned, on=factories.TODAY)).circular == []


async def test_who_may_merge(tenant: Tenant) -> None:
    team = await factories.team(tenant)
    manager = await factories.user(tenant, Role.MANAGER, team_id=team.id)
    ada, bo = [await factories.user(tenant, team_id=team.id) for _ in range(2)]
    hers, his = await factories.account(ada), await factories.account(bo)
    await factories.deal(his, owner_id=ada.id)  # by which she sees it
    actors = [await factories.actor(each) for each in (ada, bo, manager)]
    with pytest.raises(Forbidden, match="merged by its owner"):
        await merging.merge(actors[0], hers.id, his.id, 1)
    with pytest.raises(NotFound):
        await merging.merge(actors[1], hers.id, his.id, 1)
    merge = await merging.merge(actors[2], hers.id, his.id, 1)
    with pytest.raises(Forbidden, match="given back by its owner"):
        await unmerging.undo(actors[0], merge.id)
    await unmerging.undo(actors[2], merge.id)


@pytest.mark.parametrize(
    ("values", "message"),
    [({"placeholder": True}, "is a placeholder"), ({"currency": "USD"}, "is in USD, not in EUR")],
)
async def test_what_cannot_be_merged(
    ada: User, seller: Actor, values: dict[str, object], message: str
) -> None:
    into, duplicate = await factories.account(ada), await factories.account(ada, **values)
    with pytest.raises(Invalid, match=message):
        await merging.merge(seller, into.id, duplicate.id, 1)
    with pytest.raises(Invalid, match="with itself"):
        await merging.merge(seller, into.id, into.id, 1)
    with pytest.raises(Conflict):
        await merging.merge(seller, into.id, duplicate.id, 2)


async def test_two_plans_of_the_same_days_stand_in_the_way(ada: User, seller: Actor) -> None:
    into, duplicate = await factories.account(ada), await factories.account(ada)
    year, same = {"first_on": date(2026, 1, 1), "last_on": date(2026, 12, 31)}, date(2026, 12, 31)
    ours = await factories.account_plan(into, name="Ours", **year)
    theirs = await factories.account_plan(duplicate, name="Theirs", first_on=same, last_on=date(2027, 6, 30))
    before = await everything()
    message = rf"the plans 'Ours' \({ours.id}\) and 'Theirs' \({theirs.id}\) have days in common"
    with pytest.raises(Invalid, match=message):
        await merging.merge(seller, into.id, duplicate.id, 1)
    assert differing(before, await everything()) == []
    await plans.close(seller, ours.id, "theirs is followed")
    before = await everything()
    merge = await merging.merge(seller, into.id, duplicate.id, 1)
    assert {each.id for each in await AccountPlan.filter(account_id=into.id)} == {ours.id, theirs.id}
    # Those that are followed are looked at alone: another one may not be begun beside theirs.
    with pytest.raises(Invalid, match="the plan 'Theirs' goes from"):
        await plans.create(seller, into.id, {"name": "New", **year})
    await unmerging.undo(seller, merge.id)
    assert differing(before, await everything()) == []


async def test_the_same_asked_twice_is_merged_once(ada: User, seller: Actor) -> None:
    into, duplicate = [await factories.account(ada) for _ in range(2)]
    merges = await asyncio.gather(
        *(merging.merge(seller, into.id, duplicate.id, 1, idempotency_key="k") for _ in range(3))
    )
    assert {merge.id for merge in merges} == {(await AccountMerge.get()).id}


async def test_nothing_is_left_behind_by_who_writes_at_the_same_moment(ada: User, seller: Actor) -> None:
    into, duplicate = [await factories.account(ada) for _ in range(2)]
    done = await asyncio.gather(
        merging.merge(seller, into.id, duplicate.id, 1),
        *(people.create(seller, {"account_id": duplicate.id, "name": "New"}) for _ in range(4)),
        merging.merge(seller, duplicate.id, into.id, 1),
        return_exceptions=True,
    )
    failed = [each for each in done if isinstance(each, BaseException)]
    assert all(isinstance(each, BellwetherError) for each in failed)
    (merge,) = await AccountMerge.all()
    written = [each for each in done if isinstance(each, Contact)]
    there = await Contact.all()
    assert {each.id for each in there} == {each.id for each in written}
    assert {each.account_id for each in there} <= {merge.account_id}


async def test_two_moves_that_make_a_circle_together(ada: User, seller: Actor) -> None:
    """Of two moves at once exactly one is refused, however long the circle."""
    chain: list[Account] = []
    for _ in range(6):
        chain.append(await factories.account(ada, parent_id=chain[-1].id if len(chain) % 3 else None))
    (top, _, leaf), (other_top, _, other_leaf) = chain[:3], chain[3:]
    done: Sequence[Record | BaseException] = await asyncio.gather(
        accounts.update(seller, top.id, 1, {"parent_id": other_leaf.id}),
        accounts.update(seller, other_top.id, 1, {"parent_id": leaf.id}),
        return_exceptions=True,
    )
    (refused,) = [each for each in done if isinstance(each, BaseException)]
    assert isinstance(refused, Invalid)
    assert refused.path == ("parentId",)
