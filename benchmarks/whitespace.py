"""How fast whitespace is read and judged, beside Python over the rows; both databases.

``python -m benchmarks.whitespace`` prints a line for each view, and one JSON object last. All accounts are in
one tree, whose grid, sums and largest gaps are read; facts of all of them are gathered as an evaluation does.
The baseline reads all rows of the tenant and works the cells out from them; it must come to the same.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from datetime import date, timedelta

from tortoise.connection import get_connection

from benchmarks.databases import SERVERS
from benchmarks.live import Result
from benchmarks.portfolio import DAY
from benchmarks.views import View, measure, run
from benchmarks.whitespace_rows import Reading, Told, read
from commands.access import ensure_tenant, system_actor
from metrics.sales import AsOf
from metrics.whitespace.grid import UNTOUCHED, Wanted, whitespace
from metrics.whitespace.results import Cell, Column, GridRow
from models import database
from models.access import Actor, Tenant
from models.accounts import Account
from models.catalog import Compatibility, CompatibilityRule, Product
from models.deals import CompetitorStatus, Deal, DealCompetitor, DealLine, Stage
from models.history import AuditRecord, Change
from models.services import Service, ServiceState
from models.whitespace import AccountPotential
from rules import packs
from rules.build import build_book
from rules.facts import accounts_as_of, gather
from rules.needs import needs
from rules.population import survey
from rules.prefilter import candidates, shares
from rules.rows import parameters

#: Milliseconds that a view may take.
TARGETS = {"postgres": 150, "sqlite": 400}
FAMILIES = 20
SEGMENTS = ("Finance", "Health", "Public", "Retail", "Transport", None)
#: Every account of a tree has so many right below it.
BRANCHES = 8
#: Nine in ten accounts buy, each of them each family with this chance.
BUYS, OWNS = 0.9, 0.3
BATCH = 2_000
PAGE, LARGEST = 50, 20
YEAR_AGO = DAY - timedelta(days=365)


def main() -> None:
    """Measure and print."""
    run(__doc__, _on, "accounts", 5_000, 5)


def _on(name: str, accounts: int, repeats: int) -> Result:
    with SERVERS[name]() as fresh, fresh() as url:
        return asyncio.run(_measure(name, url, accounts, repeats))


async def _measure(name: str, url: str, accounts: int, repeats: int) -> Result:
    await database.connect(url)
    try:
        await database.migrate()
        top = await _generate(accounts)
        if not database.is_sqlite():  # what autovacuum does to a table that has grown
            await get_connection("default").execute_script("vacuum analyze")
        measured = await measure(name, await _views(top), repeats, TARGETS)
        return measured | {"load_average": round(os.getloadavg()[0], 1)}
    finally:
        await database.disconnect()


async def _views(top: Account) -> dict[str, View]:
    actor, tree = await _actor(top), Wanted(account_id=top.id)
    book = build_book("growth", packs.load("growth").rules)
    needed = {kind: fields for kind, fields in needs(book).items() if kind in ("account", "whitespace")}

    async def page(day: date) -> list[GridRow]:
        return await (await whitespace(actor, AsOf(day), tree)).rows(PAGE)

    async def columns() -> list[Column]:
        return await (await whitespace(actor, AsOf(DAY), tree)).columns()

    async def gaps() -> list[Cell]:
        return await (await whitespace(actor, AsOf(DAY), tree)).gaps(LARGEST)

    async def gathered() -> object:
        return await gather(actor.tenant_id, await accounts_as_of(actor.tenant_id, DAY), DAY, needed)

    async def chosen() -> object:
        population = await survey(actor.tenant_id, DAY, needed)
        known = await shares(book, population, actor.tenant_id, DAY)
        found = candidates(book, population, known)
        assert found
        return await database.fetch(found.sql, {**parameters(actor.tenant_id, DAY), **found.params})

    async def rows() -> Reading:
        return await read(actor.tenant_id, DAY, top.id)

    async def page_of_rows() -> object:
        return (await rows()).page(PAGE)

    async def sums_of_rows() -> object:
        return _summed((await rows()).cells())

    async def gaps_of_rows() -> object:
        return (await rows()).gaps(LARGEST, UNTOUCHED)

    return {
        f"a page of {PAGE} accounts of the grid": View(
            lambda: page(DAY),
            lambda found: [_cell(each) for row in found for each in row.cells],  # type: ignore[attr-defined]
            page_of_rows,
        ),
        "the same as of a year ago": View(lambda: page(YEAR_AGO)),
        "sums of the columns": View(columns, _of_columns, sums_of_rows),
        f"the {LARGEST} largest gaps": View(
            gaps,
            lambda found: [_cell(each) for each in found],  # type: ignore[attr-defined]
            gaps_of_rows,
        ),
        "accounts that rules of growth may speak of": View(chosen),
        "facts of all accounts and cells": View(gathered),
    }


def _of_columns(found: object) -> object:
    """What the baseline tells of each family."""
    assert isinstance(found, list)
    return [
        (
            each.part.key,
            {state: accounts for state, accounts in each.states.items() if accounts},
            each.mrc_minor,
            each.gap_minor,
            each.expected_minor,
        )
        for each in found
    ]


def _cell(of: Cell) -> Told:
    return Told(of.account_id, of.part.key, of.state, of.mrc_minor, of.gap_minor, of.expected_minor)


def _summed(cells: list[Told]) -> object:
    """What each family comes to."""
    found: dict[str, list[Told]] = {}
    for each in cells:
        found.setdefault(each.family, []).append(each)
    return [
        (
            family,
            dict(Counter(each.state for each in of)),
            sum(each.mrc for each in of),
            sum(each.gap or 0 for each in of),
            sum(each.expected or 0 for each in of),
        )
        for family, of in sorted(found.items())
    ]


async def _actor(top: Account) -> Actor:
    return system_actor(await Tenant.get(id=top.tenant_id))


async def _generate(accounts: int) -> Account:
    """A tenant with a tree of so many accounts, and what they buy; the account at the top."""
    chance = random.Random(7)
    tenant = await ensure_tenant("benchmark", "Benchmark", "EUR")
    own: dict[str, object] = {"tenant_id": tenant.id, "currency": "EUR"}
    products = [
        Product(id=Product.make_id(), name=f"P{n}", family=f"Family {n}", list_price_minor=100_00, **own)
        for n in range(FAMILIES)
    ]
    await Product.bulk_create(products)
    ids = [Account.make_id() for _ in range(accounts)]
    tree = [
        Account(
            id=each,
            name=f"Account {number:06}",
            parent_id=ids[(number - 1) // BRANCHES] if number else None,
            segment=chance.choice(SEGMENTS),
            sites=chance.choice((None, 1, 4, 6, 20, 30, 80, 300)),
            employees=chance.choice((None, *(int(10 ** chance.uniform(0.5, 4.5)) for _ in range(19)))),
            **own,
        )
        for number, each in enumerate(ids)
    ]
    await Account.bulk_create(tree, batch_size=BATCH)
    services = [
        Service(
            id=Service.make_id(),
            account_id=account.id,
            product_id=product.id,
            name=product.name,
            state=ServiceState.TERMINATED if chance.random() < 0.1 else ServiceState.ACTIVE,
            mrc_minor=int((account.employees or 100) * chance.uniform(100, 900)),
            started_on=date(2024, 1, 1),
            ended_on=None,
            **own,
        )
        for account in tree
        if chance.random() < BUYS
        for product in products
        if chance.random() < OWNS
    ]
    await Service.bulk_create(services, batch_size=BATCH)
    await _sell(chance, tree, products, own)
    await _say(chance, tree, own)
    await _change(chance, tenant.id, services)
    return tree[0]


async def _sell(
    chance: random.Random, tree: list[Account], products: list[Product], own: dict[str, object]
) -> None:
    """A deal for every second account, of two lines each: open, won or lost."""
    deals = [
        Deal(
            id=Deal.make_id(),
            account_id=account.id,
            name="Deal",
            stage=(stage := chance.choice((Stage.PROPOSED, Stage.WON, Stage.LOST))),
            closed_on=None if stage.is_open else DAY - timedelta(days=chance.randrange(600)),
            valid_from=date(2024, 1, 1),
            **own,
        )
        for account in tree
        if chance.random() < 0.5
    ]
    await Deal.bulk_create(deals, batch_size=BATCH)
    lines = [
        DealLine(
            id=DealLine.make_id(),
            deal_id=deal.id,
            product_id=product.id,
            mrc_minor=500_00,
            term_months=36,
            **own,
        )
        for deal in deals
        for product in chance.sample(products, 2)
    ]
    await DealLine.bulk_create(lines, batch_size=BATCH)
    incumbents = [
        DealCompetitor(
            id=DealCompetitor.make_id(),
            deal_id=deal.id,
            name="Rival",
            status=CompetitorStatus.INCUMBENT,
            **own,
        )
        for deal in deals[::3]
    ]
    await DealCompetitor.bulk_create(incumbents, batch_size=BATCH)


async def _say(chance: random.Random, tree: list[Account], own: dict[str, object]) -> None:
    """A potential of every twentieth account, and how some families go together."""
    potentials = [
        AccountPotential(
            id=AccountPotential.make_id(),
            account_id=account.id,
            product_family=f"Family {chance.randrange(FAMILIES)}",
            mrc_minor=chance.randrange(5_000_00),
            because="They said so.",
            set_on=date(2025, 1, 1),
            valid_from=date(2025, 1, 1),
            **own,
        )
        for account in tree[::20]
    ]
    await AccountPotential.bulk_create(potentials, batch_size=BATCH)
    kinds = (Compatibility.REQUIRES, Compatibility.EXCLUDES, Compatibility.REQUIRES)
    rules = [
        CompatibilityRule(
            id=CompatibilityRule.make_id(),
            tenant_id=own["tenant_id"],
            family=f"Family {number}",
            other_family=f"Family {number + 1}",
            kind=kind,
            valid_from=date(2025, 1, 1),
        )
        for number, kind in enumerate(kinds)
    ]
    await CompatibilityRule.bulk_create(rules)


async def _change(chance: random.Random, tenant_id: str, services: list[Service]) -> None:
    """A new charge for every third service within the last year."""
    audit = await AuditRecord.create(
        id=AuditRecord.make_id(), tenant_id=tenant_id, command="bulk", source="benchmark"
    )
    changes = [
        Change(
            id=Change.make_id(),
            tenant_id=tenant_id,
            audit_id=audit.id,
            entity="service",
            entity_id=service.id,
            field="mrc_minor",
            old=str(service.mrc_minor // 2),
            new=str(service.mrc_minor),
            effective_on=(day := DAY - timedelta(days=chance.randrange(360))),
            known_on=day,
        )
        for service in services[::3]
    ]
    await Change.bulk_create(changes, batch_size=BATCH)


if __name__ == "__main__":
    main()
