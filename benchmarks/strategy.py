"""How fast relationships, buying centres and plans of all accounts are worked out; both databases.

``python -m benchmarks.strategy`` prints a line for each view, and one JSON object last. Each account has
three deals, 20 people who were met 30 times each within two years, and a plan with five measures. The
baseline, plain Python, reads all rows of the tenant and works the same out from them; it must come to the
same. Of plans it adds up the measures alone, each of them written out.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from tortoise.connection import get_connection

from benchmarks.databases import SERVERS
from benchmarks.live import Result
from benchmarks.portfolio import DAY, SEED, Row, Rows, generate, write
from benchmarks.views import View, measure, run
from commands.access import system_actor
from metrics.buying_centres import ENGAGED_DAYS, Summary, centres, summary
from metrics.relationships import WINDOW_DAYS, people, strength
from models import database
from models.access import Actor, Role, Tenant, User
from models.accounts import Account
from models.database import as_date, as_int, fetch
from models.deals import ContactRole, Deal, DealContact
from models.people import Contact, InteractionKind, Seniority
from models.plan_records import PlanRevision, RevisionState
from models.plans import AccountPlan
from models.stakeholders import KEY_ROLES, NEEDED, Assessment, BuyingCentre, Stakeholder, Support
from rules.facts import gather
from rules.needs import everything
from rules.plan_health import judged

#: Milliseconds that a view over all accounts may take.
TARGETS = {"postgres": 1_000, "sqlite": 1_000}
PEOPLE, MEETINGS, COLLEAGUES = 20, 30, 5
BATCH = 2_000
#: What each plan is measured by: fact kind, aggregate, field, conditions.
MEASURES = (
    ("contract", "SUM", "monthly_recurring", {"is_active": {"eq": True}}),
    ("deal", "COUNT", None, {"is_open": {"eq": True}}),
    ("deal", "SUM", "amount", {"is_open": {"eq": True}}),
    ("contact", "COUNT", None, {"seniority": {"eq": "EXECUTIVE"}}),
    ("stakeholder", "COUNT", None, {"role": {"eq": "CHAMPION"}}),
)
_NOW = datetime(2026, 3, 31, tzinfo=UTC)
_SHARED = ("id", "version", "created_at", "updated_at", "tenant_id")
COLUMNS: dict[str, tuple[str, ...]] = {
    "interaction": (*_SHARED, "account_id", "contact_id", "user_id", "kind", "happened_on"),
}


def main() -> None:
    """Measure and print."""
    run(__doc__, _on, "accounts", 500, 5)


def _on(name: str, accounts: int, repeats: int) -> Result:
    with SERVERS[name]() as fresh, fresh() as url:
        asyncio.run(generate(url, accounts, DAY, deals=3))
        return asyncio.run(_measure(name, url, repeats))


async def _measure(name: str, url: str, repeats: int) -> Result:
    await database.connect(url)
    try:
        await _fill(url)
        if not database.is_sqlite():  # what autovacuum does to a table that has grown
            await get_connection("default").execute_script("vacuum analyze")
        measured = await measure(name, await _views(), repeats, TARGETS)
        return measured | {"load_average": round(os.getloadavg()[0], 1)}
    finally:
        await database.disconnect()


async def _views() -> dict[str, View]:
    actor = system_actor(await Tenant.get())
    ids = [each.id for each in await Account.all().order_by("id")]
    plans = await AccountPlan.all().order_by("id")

    async def facts(kind: str) -> object:
        return await gather(actor.tenant_id, ids, DAY, everything([kind]))

    return {
        "strengths of relationships": View(
            lambda: people(actor, DAY),
            lambda found: {each.contact_id: each.strength.points for each in found},  # type: ignore[attr-defined]
            lambda: _strengths(actor),
        ),
        "summary of buying centres of accounts": View(
            lambda: summary(actor, DAY),
            lambda found: found,
            lambda: _summary(actor),
        ),
        "buying centres of deals": View(lambda: centres(actor, BuyingCentre.DEAL, DAY)),
        "buying centres of 50 accounts": View(lambda: centres(actor, BuyingCentre.ACCOUNT, DAY, ids[:50])),
        "facts of who takes part in deals": View(lambda: facts("deal_contact")),
        "facts of stakeholders": View(lambda: facts("stakeholder")),
        f"health of plans with {len(MEASURES)} measures each": View(
            lambda: judged(actor.tenant_id, plans, DAY),
            lambda found: {
                measured.id: measured.value
                for each in found.values()  # type: ignore[attr-defined]
                for objective in each.objectives
                for measured in objective.measures
            },
            lambda: _measures(actor, plans),
        ),
    }


async def _rows(actor: Actor, table: str, columns: str) -> list[dict[str, object]]:
    return await fetch(
        f"select {columns} from {table} where tenant_id = :tenant order by id", {"tenant": actor.tenant_id}
    )


async def _strengths(actor: Actor) -> dict[str, int]:
    """The points of each person, from all people and meetings."""
    return {key: points for key, (points, *_) in (await _known(actor)).items()}


async def _known(actor: Actor) -> dict[str, tuple[int, date | None, int, dict[str, object]]]:
    """Of each person the points, the last contact, how many of us were in contact, and the row."""
    days: dict[str, list[date]] = defaultdict(list)
    ever: dict[str, date] = {}
    of_us: dict[str, set[object]] = defaultdict(set)
    for row in await _rows(actor, "interaction", "contact_id, user_id, happened_on"):
        day = as_date(row["happened_on"])
        if day and day <= DAY:
            key = str(row["contact_id"])
            ever[key] = max(day, ever.get(key, day))
        if day and DAY - timedelta(days=WINDOW_DAYS) < day <= DAY:
            days[str(row["contact_id"])].append(day)
            of_us[str(row["contact_id"])].add(row["user_id"])
    columns = "id, account_id, seniority, last_contacted_on, left_on"
    found = {}
    for row in await _rows(actor, "contact", columns):
        key = str(row["id"])
        last, noted = max(days[key], default=None), as_date(row["last_contacted_on"])
        points = strength(last, len(days[key]), Seniority(str(row["seniority"])), DAY).points
        contacted = max((day for day in (ever.get(key), noted) if day), default=None)
        found[key] = points, contacted, len(of_us[key]), row
    return found


async def _summary(actor: Actor) -> Summary:
    """The same from all rows of the tenant."""
    known = await _known(actor)
    parts: dict[str, list[tuple[str, ContactRole]]] = defaultdict(list)
    for row in await _rows(actor, "stakeholder", "id, account_id, contact_id, role"):
        parts[str(row["account_id"])].append((str(row["contact_id"]), ContactRole(str(row["role"]))))
    executives: dict[str, list[date]] = defaultdict(list)
    for _, last, _, row in known.values():
        if row["seniority"] == Seniority.EXECUTIVE and row["left_on"] is None and last:
            executives[str(row["account_id"])].append(last)
    accounts = await _rows(actor, "account", "id")
    needed, coverage, single, left = NEEDED[BuyingCentre.ACCOUNT], [], 0, 0
    for account in (str(row["id"]) for row in accounts):
        engaged, threads = set[ContactRole](), 0
        for contact, role in parts[account]:
            _, last, colleagues, row = known[contact]
            there = row["left_on"] is None
            if there and last and (DAY - last).days <= ENGAGED_DAYS:
                engaged.add(role)
            threads += there and colleagues == 1 and role in KEY_ROLES
        if parts[account]:
            coverage.append(Fraction(len(engaged & {*needed}), len(needed)))
        single += threads > 0
        left += any(
            known[each][3]["left_on"] and role is ContactRole.CHAMPION for each, role in parts[account]
        )
    return Summary(
        accounts=len(accounts),
        mapped=len(coverage),
        coverage=sum(coverage, Fraction(0)) / len(coverage),
        with_access=sum((DAY - max(days)).days <= ENGAGED_DAYS for days in executives.values()),
        single_threaded=single,
        champion_left=left,
    )


async def _measures(actor: Actor, plans: Sequence[AccountPlan]) -> dict[str, Fraction]:
    """What each measure comes to, from all rows of the tenant."""
    found: list[Counter[str]] = [Counter() for _ in MEASURES]
    for row in await _rows(actor, "contract", "account_id, mrc_minor, starts_on, ends_on"):
        begins, ends = as_date(row["starts_on"]), as_date(row["ends_on"])
        if begins and ends and begins <= DAY <= ends:
            found[0][str(row["account_id"])] += as_int(row["mrc_minor"])
    for row in await _rows(actor, "deal", "account_id, amount_minor"):
        found[1][str(row["account_id"])] += 1
        found[2][str(row["account_id"])] += as_int(row["amount_minor"])
    for row in await _rows(actor, "contact", "account_id, seniority, left_on"):
        found[3][str(row["account_id"])] += row["seniority"] == Seniority.EXECUTIVE
    for row in await _rows(actor, "stakeholder", "account_id, role"):
        found[4][str(row["account_id"])] += row["role"] == ContactRole.CHAMPION
    return {
        f"{plan.id} {number}": Fraction(found[number][plan.account_id], 100 if number in (0, 2) else 1)
        for plan in plans
        for number in range(len(MEASURES))
    }


async def _fill(url: str) -> None:
    """People, what they are in buying centres, meetings with them, and plans."""
    chance = random.Random(SEED)
    tenant = await Tenant.get()
    own: dict[str, str] = {"tenant_id": tenant.id}
    colleagues = [
        await User.create(
            id=User.make_id(),
            name=f"Colleague {n}",
            email=f"{n}@example.com",
            role=Role.DIRECTOR,
            tenant_id=tenant.id,
        )
        for n in range(COLLEAGUES)
    ]
    await Contact.all().delete()
    accounts = await Account.all().order_by("id")
    found = [
        Contact(
            id=Contact.make_id(),
            account_id=account.id,
            name=f"Person {number}",
            seniority=chance.choice((Seniority.EXECUTIVE, Seniority.HEAD, Seniority.STAFF)),
            last_contacted_on=DAY - timedelta(days=chance.randrange(400)),
            left_on=DAY - timedelta(days=30) if chance.random() < 0.02 else None,
            **own,
        )
        for account in accounts
        for number in range(PEOPLE)
    ]
    await Contact.bulk_create(found, batch_size=BATCH)
    await Stakeholder.bulk_create(
        [
            Stakeholder(
                id=Stakeholder.make_id(),
                account_id=person.account_id,
                contact_id=person.id,
                role=chance.choice([*ContactRole]),
                **own,
            )
            for person in found[::2]
        ],
        batch_size=BATCH,
    )
    of_account: dict[str, list[Contact]] = defaultdict(list)
    for person in found:
        of_account[person.account_id].append(person)
    await DealContact.bulk_create(
        [
            DealContact(
                id=DealContact.make_id(),
                deal_id=deal.id,
                contact_id=person.id,
                role=chance.choice([*ContactRole]),
                **own,
            )
            for deal in await Deal.all().order_by("id")
            for person in chance.sample(of_account[deal.account_id], 4)
        ],
        batch_size=BATCH,
    )
    await Assessment.bulk_create(
        [
            Assessment(
                id=Assessment.make_id(),
                account_id=person.account_id,
                contact_id=person.id,
                support=chance.choice([*Support]),
                assessed_on=DAY - timedelta(days=chance.randrange(400)),
                **own,
            )
            for person in found[::2]
            for _ in range(3)
        ],
        batch_size=BATCH,
    )
    ids = [each.id for each in colleagues]
    await write(url, [_meetings(chance, person, number, ids) for number, person in enumerate(found)], COLUMNS)
    await _plan(accounts, own)
    await database.refresh_statistics()


def _meetings(chance: random.Random, person: Contact, number: int, colleagues: Sequence[str]) -> Rows:
    def rows() -> Iterator[Row]:
        for index in range(MEETINGS):
            day = DAY - timedelta(days=chance.randrange(730))
            yield (
                f"act_{number:08d}{index:02d}", 1, _NOW, _NOW, person.tenant_id, person.account_id, person.id,
                chance.choice(colleagues), InteractionKind.MEETING.value, day,
            )  # fmt: skip

    return {"interaction": [*rows()]}


async def _plan(accounts: Sequence[Account], own: dict[str, str]) -> None:
    """An approved plan for each account."""
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    plans = [
        AccountPlan(
            id=AccountPlan.make_id(),
            account_id=account.id,
            name="Plan",
            first_on=first,
            last_on=last,
            revenue_target_minor=1_000_000_00,
            currency="EUR",
            valid_from=first,
            **own,
        )
        for account in accounts
    ]
    await AccountPlan.bulk_create(plans, batch_size=BATCH)
    revisions = [
        PlanRevision(
            id=PlanRevision.make_id(),
            account_id=plan.account_id,
            account_plan_id=plan.id,
            number=1,
            state=RevisionState.APPROVED,
            submitted_on=first,
            decided_on=first,
            document=_document(plan),
            **own,
        )
        for plan in plans
    ]
    await PlanRevision.bulk_create(revisions, batch_size=BATCH)


def _document(plan: AccountPlan) -> dict[str, object]:
    due = plan.last_on.isoformat()
    measures = {
        f"{plan.id} {number}": {
            "objective_id": f"{plan.id} objective", "title": "Measure", "fact_kind": kind,
            "aggregate": aggregate, "field": named, "conditions": conditions, "baseline": "0",
            "target": "1000000", "direction": "AT_LEAST",
        }
        for number, (kind, aggregate, named, conditions) in enumerate(MEASURES)
    }  # fmt: skip
    objective = {"title": "Objective", "due_on": due, "status": "IN_PROGRESS"}
    return {
        "first_on": plan.first_on.isoformat(), "last_on": due, "revenue_target": "1000000", "currency": "EUR",
        "objectives": {f"{plan.id} objective": objective}, "measures": measures, "actions": {},
    }  # fmt: skip


if __name__ == "__main__":
    main()
