"""The bundled mapping on the real data set: the figures that are known of it.

What the command makes of it on both databases is shown in the journeys.
"""

from __future__ import annotations

from datetime import date

import pytest

from connectors import ImportReport, import_folder, load_mapping
from models.access import Role, Team, User
from models.accounts import Account
from models.asof import as_of_rows
from models.catalog import Charge, Product
from models.database import fetch
from models.deals import Deal, DealLine, Stage
from tests.connectors.source import SHARED, count_changes

AS_OF = date(2017, 9, 30)
PLACEHOLDER = "No account named in the source"
pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the CRM sales data is not at ../shared/data/crm-sales-opportunities"
)


@pytest.fixture
async def report(db: str) -> ImportReport:
    """The data set imported as of 30 September 2017."""
    return await import_folder(load_mapping("crm-sales"), SHARED, AS_OF)


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
async def test_the_data_set_has_the_figures_that_are_known_of_it(report: ImportReport) -> None:
    assert {step: counts.created for step, counts in report.counts.items()} == {
        "offices": 3,
        "teams": 6,
        "managers": 6,
        "agents": 35,
        "products": 7,
        "accounts": 85,
        "placeholder": 1,
        "deals": 8800,
        "lines": 8800,
    }
    assert report.rejects == []
    assert {(r.column, r.found): r.count for r in report.repairs} == {
        ("sector", "technolgy"): 12,
        ("office_location", "Philipines"): 1,
        ("product", "GTXPro"): 1480,
    }
    assert [note.split()[0] for note in report.notes] == ["1,425", "500"]
    await _stalled_deals(report)
    await _sales_force()
    await _accounts()
    await _deals()
    await _again()


async def _stalled_deals(report: ImportReport) -> None:
    """Open as of the date and older than 90 days: counted apart, from the files, by hand."""
    deals = as_of_rows(Deal, ["account_id", "stage", "amount_minor", "valid_from"])
    rows = await fetch(
        "select count(*) as deals, sum(d.amount_minor) as minor,"
        f" count(case when a.name = '{PLACEHOLDER}' then 1 end) as unnamed"
        f" from {deals} d join account a on a.id = d.account_id"
        " where d.stage not in ('WON', 'LOST') and DAYS(:as_of, d.valid_from) > 90",
        {"tenant": report.tenant.id, "as_of": AS_OF},
    )
    assert [int(str(value)) for value in rows[0].values()] == [725, 193_246_600, 489]


async def _sales_force() -> None:
    agent = await User.get(external_id="Mei-Mei Johns")
    assert (agent.role, agent.email) == (Role.DIRECTOR, "mei.mei.johns@example.com")
    manager = await User.get(id=agent.manager_id)
    assert (manager.name, manager.role, manager.team_id) == ("Melvin Marxen", Role.MANAGER, agent.team_id)
    team = await Team.get(id=agent.team_id)
    assert team.name == "Melvin Marxen's team"
    assert (await Team.get(id=team.parent_id)).name == "Central"
    assert await Team.filter(parent_id=None).count() == 3


async def _accounts() -> None:
    assert await Account.filter(parent_id__isnull=False).count() == 15
    assert await Account.filter(industry="technology").count() == 12
    assert [account.name for account in await Account.filter(owner_id=None)] == [PLACEHOLDER]
    acme = await Account.get(name="Acme Corporation")
    assert (acme.segment, acme.country, acme.currency) == ("Enterprise", "United States", "USD")
    unnamed = await Account.get(placeholder=True)
    assert await Deal.filter(account_id=unnamed.id).count() == 1425


async def _deals() -> None:
    product = await Product.get(external_id="GTX Pro")
    assert (product.list_price_minor, product.charge) == (482_100, Charge.ONE_OFF)
    won = await Deal.get(external_id="Z063OYW0")
    assert (won.name, won.stage, won.amount_minor) == ("GTX Pro for Isdom", Stage.WON, 451_400)
    assert (won.valid_from, won.stage_since, won.closed_on) == (
        date(2016, 10, 25),
        date(2017, 3, 11),
        date(2017, 3, 11),
    )
    line = await DealLine.get(deal_id=won.id)
    assert (line.product_id, line.nrc_minor, line.mrc_minor) == (product.id, 451_400, 0)
    assert await Deal.filter(valid_from=AS_OF, stage=Stage.IDENTIFIED).count() == 500
    for stage in (Stage.IDENTIFIED, Stage.QUALIFIED, Stage.WON, Stage.LOST):
        alike = Deal.filter(
            stage=stage, forecast_category=stage.default_category, probability=stage.default_probability
        )
        assert await alike.count() == await Deal.filter(stage=stage).count() > 0


async def _again() -> None:
    """A later run of the same files, even as of a later date, finds nothing to write."""
    before = await count_changes()
    again = await import_folder(load_mapping("crm-sales"), SHARED, date(2017, 12, 31))
    assert sum(counts.written for counts in again.counts.values()) == 0
    assert await count_changes() == before
