"""How fast a large tree of accounts is rolled up, beside Python over the rows; both databases.

``python -m benchmarks.hierarchy`` prints a line for each view, and one JSON object last. Half of a tenant's
accounts are in a tree 8 deep, the others below one account. The baseline reads the rows, walks the tree and
adds up; it must come to the same.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from benchmarks.databases import SERVERS
from benchmarks.live import Result
from benchmarks.portfolio import DAY, SEED, Row, Rows, generate, write
from benchmarks.views import View, measure, run
from commands.access import system_actor
from commands.actors import actor_of
from metrics.account_tree import walked
from metrics.hierarchy import Figures, hierarchies
from metrics.sales import AsOf, DayRange
from models import database
from models.access import Actor, Tenant, User
from models.accounts import Account
from models.database import as_date, as_int, fetch

#: Milliseconds that a view may take.
TARGETS = {"postgres": 100, "sqlite": 500}
#: Accounts in each of the two trees, and how many are below each in the deep one.
SIZE, FAN = 5_000, 3
BEFORE = DAY - timedelta(days=90)
QUARTER = DayRange(date(2026, 1, 1), DAY)
#: So many accounts of each tree were elsewhere before; of smaller ones all.
MOVED = 250
_NOW = datetime(2026, 3, 31, tzinfo=UTC)
_SHARED = ("id", "version", "created_at", "updated_at", "tenant_id")
_VERDICT = (
    "rule_key", "rulebook_version", "subject_key", "confidential", "title", "held_since", "last_seen_on",
    "reopened_count", "opened_run_id", "changed_run_id", "state", "currency",
)  # fmt: skip
COLUMNS: dict[str, tuple[str, ...]] = {
    "service": (*_SHARED, "account_id", "name", "state", "mrc_minor", "currency"),
    "risk": (*_SHARED, "account_id", *_VERDICT, "kind", "severity", "exposure_minor", "probability"),
    "risk_line": (
        *_SHARED, "risk_id", "line_kind", "line_id", "part_of", "amount_minor", "currency", "from_on",
    ),
    "recommendation": (
        *_SHARED, "account_id", *_VERDICT, "action", "because", "due_on", "likelihood", "urgency",
        "value_minor", "lever", "priority",
    ),
    "audit_record": (*_SHARED, "command", "source", "changes_count"),
    "change": (
        *_SHARED, "audit_id", "entity", "entity_id", "field", "old", "new", "effective_on", "known_on", "seq",
    ),
}  # fmt: skip


def main() -> None:
    """Measure and print."""
    run(__doc__, _on, "accounts", SIZE, 7)


def _on(name: str, accounts: int, repeats: int) -> Result:
    with SERVERS[name]() as fresh, fresh() as url:
        asyncio.run(generate(url, 2 * accounts, DAY, deals=2))
        asyncio.run(_add(url, accounts))
        measured = asyncio.run(_measure(name, url, repeats))
    return measured | {"load_average": round(os.getloadavg()[0], 1)}


async def _add(url: str, accounts: int) -> None:
    """The trees, what the portfolio lacks, and what was elsewhere before."""
    await database.connect(url)
    try:
        tenant = await Tenant.get()
        ids = [str(each) for each in await Account.all().order_by("id").values_list("id", flat=True)]
        parents = {ids[n]: ids[(n - 1) // FAN] for n in range(1, accounts)}
        parents |= dict.fromkeys(ids[accounts + 1 :], ids[accounts])
        for parent in {*parents.values()}:
            below = [each for each, above in parents.items() if above == parent]
            for start in range(0, len(below), 500):
                await Account.filter(id__in=below[start : start + 500]).update(parent_id=parent)
        await write(url, [_rows(tenant.id, ids)], COLUMNS)
        await database.refresh_statistics()
    finally:
        await database.disconnect()


def _rows(tenant_id: str, ids: list[str]) -> Rows:
    rng = random.Random(SEED)
    rows: Rows = {table: [] for table in COLUMNS}
    rows["audit_record"].append(("aud_1", 1, _NOW, _NOW, tenant_id, "accounts.update", "api", 0))
    for number, account_id in enumerate(ids):
        for table, row in _of_account(rng, number, account_id, tenant_id, ids):
            rows[table].append(row)
    return rows


def _of_account(
    rng: random.Random, number: int, account_id: str, tenant_id: str, ids: list[str]
) -> Iterator[tuple[str, Row]]:
    """Services, a recommendation and a risk with two lines of many; some were below another account."""

    def shared(prefix: str, index: int = 0) -> Row:
        return (f"{prefix}_{number:09d}{index:02d}", 1, _NOW, _NOW, tenant_id)

    verdict = (
        "rule", "book/1", account_id, False, "Title", BEFORE, DAY, 0, "run_1", "run_1", "OPEN", "EUR",
    )  # fmt: skip
    for index in range(2):
        state = rng.choice(("ACTIVE", "ACTIVE", "TERMINATED"))
        yield "service", (*shared("svc", index), account_id, "Access", state, rng.randrange(10_000), "EUR")
    if rng.random() < 0.5:
        yield "recommendation", (
            *shared("rec"), account_id, *verdict, "CALL", "it waits", DAY, 0.5, 1.0, 100, 1.0, 0.5,
        )  # fmt: skip
        risk = shared("risk")
        chance = rng.choice((0.1, 0.4, 0.9))
        yield "risk", (*risk, account_id, *verdict, "CHURN", "HIGH", 0, chance)
        for index in range(2):
            line = f"con_{number:09d}0{index}"
            amount = rng.randrange(1_000_000)
            yield "risk_line", (
                *shared("rl", index), risk[0], "CONTRACT", line, line, amount, "EUR", BEFORE,
            )  # fmt: skip
    if number and number % max(1, len(ids) // (2 * MOVED)) == 0:
        yield "change", (
            *shared("chg"), "aud_1", "account", account_id, "parent_id", ids[0], "acc", DAY, DAY, 0,
        )  # fmt: skip


async def _measure(name: str, url: str, repeats: int) -> Result:
    await database.connect(url)
    try:
        admin = system_actor(await Tenant.get())
        owner = await User.get()
        director = await actor_of(owner.id, owner.tenant_id)
        ids = [str(each) for each in await Account.all().order_by("id").values_list("id", flat=True)]
        views = _views(admin, director, ids[0], ids[len(ids) // 2])
        return await measure(name, views, repeats, TARGETS)
    finally:
        await database.disconnect()


def _views(admin: Actor, director: Actor, deep: str, wide: str) -> dict[str, View]:
    def rolled(actor: Actor, root: str, day: date = DAY) -> View:
        in_python = (lambda: _in_python(actor, root)) if day == DAY else None
        return View(lambda: _rolled(actor, root, day), _compared, in_python)

    return {
        "a tree 8 deep, by an administrator": rolled(admin, deep),
        "a tree 8 deep, by a director": rolled(director, deep),
        "all below one account, by an administrator": rolled(admin, wide),
        "a tree 8 deep as of a quarter ago": rolled(admin, deep, BEFORE),
        "the tree as a list": View(lambda: walked(admin, [deep], DAY)),
    }


async def _rolled(actor: Actor, root: str, day: date) -> Figures:
    (found,) = await hierarchies(actor, [root], AsOf(day), QUARTER)
    return found.whole


def _compared(found: object) -> object:
    assert isinstance(found, Figures)
    return (
        found.accounts, found.contracts, found.recurring_minor, found.services, found.open_deals,
        found.pipeline_minor, found.open_risks, found.at_risk_minor, found.recommendations, found.tickets,
        found.contacts,
    )  # fmt: skip


async def _in_python(actor: Actor, root: str) -> object:
    """The same from all rows of the tenant."""

    async def rows(table: str, columns: str) -> list[dict[str, object]]:
        return await fetch(
            f"select {columns} from {table} where tenant_id = :tenant", {"tenant": actor.tenant_id}
        )

    below: dict[str, list[str]] = defaultdict(list)
    for row in await rows("account", "id, parent_id"):
        below[str(row["parent_id"])].append(str(row["id"]))
    among, waiting = set[str](), [root]
    while waiting:
        among.add(at := waiting.pop())
        waiting += below[at]

    def of(found: list[dict[str, object]]) -> list[dict[str, object]]:
        return [row for row in found if row["account_id"] in among]

    def later(value: object) -> bool:
        day = as_date(value)
        return day is None or day > DAY

    contracts = [
        row
        for row in of(await rows("contract", "account_id, ends_on, starts_on, terminated_on, mrc_minor"))
        if later(row["terminated_on"]) and ((end := as_date(row["ends_on"])) is None or end >= DAY)
    ]
    deals = [
        row
        for row in of(await rows("deal", "account_id, stage, amount_minor"))
        if row["stage"] not in ("WON", "LOST")
    ]
    risks = {str(row["id"]) for row in of(await rows("risk", "id, account_id"))}
    lines = {
        str(row["line_id"]): as_int(row["amount_minor"])
        for row in await rows("risk_line", "risk_id, line_id, amount_minor")
        if row["risk_id"] in risks
    }
    services = [row for row in of(await rows("service", "account_id, state")) if row["state"] == "ACTIVE"]
    return (
        len(among), len(contracts), sum(as_int(row["mrc_minor"]) for row in contracts), len(services),
        len(deals), sum(as_int(row["amount_minor"]) for row in deals), len(risks), sum(lines.values()),
        len(of(await rows("recommendation", "account_id"))), len(of(await rows("ticket", "account_id"))),
        len([row for row in of(await rows("contact", "account_id, left_on")) if later(row["left_on"])]),
    )  # fmt: skip


if __name__ == "__main__":
    main()
