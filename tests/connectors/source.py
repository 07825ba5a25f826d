"""A small source of two semicolon files with its mapping, for tests that vary one thing at a time."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from commands.journal import as_text
from connectors import ImportReport, Mapping, import_folder
from connectors.loading import parse_mapping
from models.access import Team, Tenant, User
from models.accounts import Account
from models.base import Record
from models.catalog import Product
from models.database import fetch
from models.deals import Deal, DealLine, StageChange
from models.history import Change
from models.people import Contact, Interaction
from models.pipelines import Pipeline, PipelineStage
from models.revenue import Contract

AS_OF = date(2026, 3, 31)
DATA = Path(__file__).parents[2].parent / "shared" / "data"
SHARED = DATA / "crm-sales-opportunities"

MAPPING = """
name: ledger
tenant: {slug: ledger, name: Ledger}
currency: EUR
tables:
  customers: {file: customers.csv, delimiter: ";", decimal: ",", dates: "%d.%m.%Y"}
  offers:
    file: offers.csv
    delimiter: ";"
    decimal: ","
    dates: "%d.%m.%Y"
    repair:
      product: {Fibre1G: Fibre 1G}
  catalogue:
    rows: [{product: Fibre 1G, price: "1200"}, {product: SD-WAN, price: "300,50"}]
steps:
  products:
    into: product
    from: catalogue
    key: product
    fields:
      name: {column: product}
      list_price_minor: 0
  customers:
    into: account
    from: customers
    key: number
    fields:
      name: {column: name, required: true}
      parent: {column: group, lookup: customers}
      employees: {column: staff}
      overdue_minor: {column: overdue, default: 0}
  offers:
    into: deal
    from: offers
    key: id
    began: {column: opened}
    fields:
      name: {template: "{product} offer {id}"}
      account: {column: customer, lookup: customers}
      stage: {column: state, required: true, values: {open: PROPOSED, "yes": WON, "no": LOST}}
      amount_minor: {column: amount}
      closed_on: {column: ended}
    history:
      - date: {column: ended}
        before: {stage: PROPOSED, closed_on: null}
  lines:
    into: deal_line
    from: offers
    key: id
    fields:
      deal: {column: id, lookup: offers}
      product: {column: product, lookup: products}
"""

CUSTOMERS = """number;name;group;staff;overdue
C1;North Rail;C2;500;
C2;Rail Holding;;12000;1000,50
C3;Bakery Ude;;8;0
"""
OFFERS = """id;customer;product;state;opened;ended;amount
O1;C1;Fibre1G;open;05.01.2026;;1200,00
O2;C2;SD-WAN;yes;02.12.2025;15.02.2026;300,50
O3;C3;Fibre 1G;no;03.12.2025;10.01.2026;1200
"""


def mapping(document: str = MAPPING) -> Mapping:
    """The small source's mapping, or another document."""
    return parse_mapping(document.encode(), "ledger.yaml")


def written(folder: Path, customers: str | bytes = CUSTOMERS, offers: str | bytes = OFFERS) -> Path:
    """The folder with the two files in it."""
    for name, content in (("customers.csv", customers), ("offers.csv", offers)):
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


async def imported(folder: Path, rejects: Path | None = None) -> ImportReport:
    """Import the small source as of `AS_OF`."""
    return await import_folder(mapping(), folder, AS_OF, rejects=rejects)


async def count_changes() -> int:
    """How many changes are logged, of everything that is stored."""
    return int(str((await fetch("select count(*) as n from change"))[0]["n"]))


#: What an import stores that has a key in its source.
_SOURCED: tuple[type[Record], ...] = (User, Account, Contact, Product, Deal, DealLine, Contract, Interaction)


async def state(tenant: Tenant | None = None) -> dict[str, list[str]]:
    """All that an import stores, without ids and times: records by their keys, changes with their dates.

    With a tenant, what is stored of that one.
    """
    names = await _names()
    stored: dict[str, list[str]] = {}
    models: list[type[Record]] = [Tenant, Team, Pipeline, PipelineStage, *_SOURCED, StageChange, Change]
    for model in models:
        found = model.all() if tenant is None else model.filter(**_of(model, tenant))
        rows = await found.values()
        unknown = {"id", "created_at", "updated_at", "tenant_id", "audit_id", "seq"}
        stored[model.__name__] = sorted(
            str({k: names.get(str(v), as_text(v)) for k, v in row.items() if k not in unknown})
            for row in rows
        )
    return stored


def _of(model: type[Record], tenant: Tenant) -> dict[str, str]:
    return {"id" if model is Tenant else "tenant_id": tenant.id}


async def _names() -> dict[str, str]:
    names: dict[str, str] = {}
    for model in _SOURCED:
        rows = await model.all().values_list("id", "external_id")
        names |= {str(row[0]): f"{model.__name__} {row[1]}" for row in rows}
    for row in await Team.all().values_list("id", "name"):
        names[str(row[0])] = f"Team {row[1]}"
    for row in await Pipeline.all().values_list("id", "name"):
        names[str(row[0])] = f"Pipeline {row[1]}"
    for row in await PipelineStage.all().values_list("id", "name"):
        names[str(row[0])] = f"Stage {row[1]}"
    return names | {tenant.id: "tenant" for tenant in await Tenant.all()}
