"""What accounts have, record by record, as of a date: contracts, services, deals.

Which accounts is said by their ids. Each list has what the reader sees of them, which is decided as of today;
names are as they are now, everything else as of the date.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from metrics.forecast import Categories, Sum
from metrics.sales import OPEN
from models.access import Actor
from models.asof import as_of_rows, view_of
from models.base import Record
from models.database import Param, Row, as_date, as_int, fetch, listed, one_of
from models.deals import Deal, DealLine, ForecastCategory, Stage
from models.forecast import Period
from models.projections import DealLikelihood
from models.revenue import RUNNING, Contract
from models.services import Service, ServiceState
from models.visibility import visible

#: A service in one of these is on its way to the customer.
ON_ITS_WAY = (
    ServiceState.FEASIBILITY_CHECKED,
    ServiceState.DESIGNED,
    ServiceState.RESERVED,
    ServiceState.INACTIVE,
)


@dataclass(frozen=True)
class RunningContract:
    """A contract that runs, ``ends_on`` its last day or that of its termination; a month in minor units.

    ``notice_by`` is the last day on which it can be given notice; None without an end.
    """

    id: str
    account: str
    name: str
    ends_on: date | None
    notice_by: date | None
    auto_renews: bool
    mrc_minor: int


@dataclass(frozen=True)
class AccountService:
    """A service that runs, is interrupted or on its way; a month in minor units."""

    id: str
    account: str
    name: str
    product: str | None
    state: ServiceState
    started_on: date | None
    mrc_minor: int


@dataclass(frozen=True)
class OpenDeal:
    """A deal that can be won; amount in minor units, ``probability`` and ``likelihood`` in percent.

    ``likelihood`` is what was learned from past deals; None where nothing was.
    """

    id: str
    account: str
    name: str
    stage: Stage
    category: ForecastCategory
    probability: int
    likelihood: int | None
    amount_minor: int
    close_on: date | None
    next_step: str | None
    next_step_on: date | None


@dataclass(frozen=True)
class EndedDeal:
    """A deal that was won or lost; amount in minor units."""

    id: str
    account: str
    name: str
    is_won: bool
    amount_minor: int
    closed_on: date
    loss_reason: str | None
    competitor: str | None


@dataclass(frozen=True)
class Sold:
    """A product of a deal that was won; charges for the whole quantity in minor units."""

    account: str
    product: str
    quantity: int
    mrc_minor: int
    nrc_minor: int
    closed_on: date


@dataclass(frozen=True)
class Records:
    """Reads the records of some accounts as a reader sees them, as of a date."""

    actor: Actor
    account_ids: Sequence[str]
    as_of: date

    async def contracts(self) -> list[RunningContract]:
        """The contracts that run, those that end first first, those without an end last."""
        rows = await self.rows(
            Contract,
            ["starts_on", "ends_on", "terminated_on", "mrc_minor", "notice_days", "auto_renews"],
            f"{RUNNING} order by coalesce(t.terminated_on, t.ends_on, :never), t.mrc_minor desc, t.id",
            shown="n.name",
            never=date.max,
        )
        return [_contract(row) for row in rows]

    async def services(self) -> list[AccountService]:
        """The services that run, are interrupted or on their way, those of one account together."""
        told = ", ".join(
            f"'{state.value}'" for state in (ServiceState.ACTIVE, ServiceState.SUSPENDED, *ON_ITS_WAY)
        )
        rows = await self.rows(
            Service,
            ["state", "started_on", "mrc_minor"],
            f"t.state in ({told}) order by a.name, a.id, n.name, t.id",
            shown="n.name, (select p.name from product p where p.id = n.product_id) as product",
        )
        return [
            AccountService(
                str(row["id"]),
                str(row["account"]),
                str(row["name"]),
                text_of(row["product"]),
                ServiceState(str(row["state"])),
                as_date(row["started_on"]),
                as_int(row["mrc_minor"]),
            )
            for row in rows
        ]

    async def open_deals(self) -> list[OpenDeal]:
        """The deals that can be won, the largest first."""
        rows = await self.rows(
            Deal,
            ["stage", "forecast_category", "probability", "amount_minor", "close_on"],
            f"{OPEN} order by t.amount_minor desc, t.id",
            shown="n.name, n.next_step, n.next_step_on",
        )
        likely = await self._likelihoods([str(row["id"]) for row in rows])
        return [_open_deal(row, likely.get(str(row["id"]))) for row in rows]

    async def _likelihoods(self, deal_ids: Sequence[str]) -> dict[str, int]:
        view = await view_of(self.actor.tenant_id, self.as_of)
        seen = visible(DealLikelihood, self.actor, "n")
        found = as_of_rows(DealLikelihood, ["deal_id", "probability"], view)
        rows = await fetch(
            f"select t.deal_id, t.probability from {found} t join deal_likelihood n on n.id = t.id"
            f" where {one_of('t.deal_id', 'deals')} and {seen.sql}",
            {**self._params, **seen.params, "deals": listed(deal_ids)},
        )
        return {str(row["deal_id"]): as_int(row["probability"]) for row in rows}

    async def ended_deals(self, period: Period) -> list[EndedDeal]:
        """The deals that were won or lost in a period, the largest first."""
        rows = await self.rows(
            Deal,
            ["stage", "amount_minor", "closed_on", "loss_reason", "competitor"],
            f"{_CLOSED} order by t.amount_minor desc, t.id",
            shown="n.name",
            **_days(period),
        )
        return [
            EndedDeal(
                str(row["id"]),
                str(row["account"]),
                str(row["name"]),
                row["stage"] == Stage.WON.value,
                as_int(row["amount_minor"]),
                day_of(row["closed_on"]),
                text_of(row["loss_reason"]),
                text_of(row["competitor"]),
            )
            for row in rows
        ]

    async def sold(self, period: Period) -> list[Sold]:
        """The products of the deals that were won in a period, in the order of their days."""
        view, seen = await view_of(self.actor.tenant_id, self.as_of), visible(Deal, self.actor, "n")
        columns = ["deal_id", "product_id", "quantity", "mrc_minor", "nrc_minor", "removed_on"]
        deals = as_of_rows(Deal, ["account_id", "stage", "closed_on"], view, which=_which())
        rows = await fetch(
            "select a.name as account, p.name as product, l.quantity, l.mrc_minor, l.nrc_minor, t.closed_on"
            f" from {deals} t join deal n on n.id = t.id join account a on a.id = t.account_id"
            f" join {as_of_rows(DealLine, columns, view)} l on l.deal_id = t.id"
            " join product p on p.id = l.product_id"
            f" where t.stage = 'WON' and {_CLOSED} and {seen.sql}"
            " and (l.removed_on is null or l.removed_on > :as_of) order by t.closed_on, l.id",
            {**self._params, **seen.params, **_days(period)},
        )
        return [
            Sold(
                str(row["account"]),
                str(row["product"]),
                as_int(row["quantity"]),
                as_int(row["mrc_minor"]),
                as_int(row["nrc_minor"]),
                day_of(row["closed_on"]),
            )
            for row in rows
        ]

    async def rows(
        self, model: type[Record], columns: list[str], where: str, shown: str, **params: Param
    ) -> list[Row]:
        """Rows ``t`` as of the date with the names of their accounts ``a``, ``n`` as they are now."""
        view, seen = await view_of(self.actor.tenant_id, self.as_of), visible(model, self.actor, "n")
        rows = as_of_rows(model, ["account_id", *columns], view, which=_which())
        return await fetch(
            f"select t.*, a.name as account, {shown} from {rows} t"
            f" join {model._meta.db_table} n on n.id = t.id join account a on a.id = t.account_id"
            f" where {seen.sql} and {where}",
            {**self._params, **seen.params, **params},
        )

    @property
    def _params(self) -> dict[str, Param]:
        return {
            "tenant": self.actor.tenant_id,
            "as_of": self.as_of,
            "accounts": listed(self.account_ids),
        }


_CLOSED = f"not ({OPEN}) and t.closed_on >= :first and t.closed_on <= :last and t.closed_on <= :as_of"


def _which() -> str:
    return one_of("t.account_id", "accounts")


def by_category(deals: Iterable[OpenDeal]) -> Categories:
    """Open deals by their forecast category; what is omitted stands there, too, and is no pipeline."""
    found: dict[ForecastCategory, Sum] = {}
    for deal in deals:
        found[deal.category] = found.get(deal.category, Sum()) + Sum(1, deal.amount_minor)
    return Categories(found)


def _days(period: Period) -> dict[str, Param]:
    return {"first": period.first, "last": period.last}


def _contract(row: Row) -> RunningContract:
    ends = [day for day in (as_date(row["ends_on"]), as_date(row["terminated_on"])) if day]
    ends_on, terminated = min(ends, default=None), as_date(row["terminated_on"])
    notice = None
    if ends_on is not None and terminated is None:
        notice = ends_on - timedelta(days=as_int(row["notice_days"]))
    return RunningContract(
        str(row["id"]),
        str(row["account"]),
        str(row["name"]),
        ends_on,
        notice,
        bool(row["auto_renews"]) and terminated is None,
        as_int(row["mrc_minor"]),
    )


def _open_deal(row: Row, likelihood: int | None) -> OpenDeal:
    return OpenDeal(
        str(row["id"]),
        str(row["account"]),
        str(row["name"]),
        Stage(str(row["stage"])),
        ForecastCategory(str(row["forecast_category"])),
        as_int(row["probability"]),
        likelihood,
        as_int(row["amount_minor"]),
        as_date(row["close_on"]),
        text_of(row["next_step"]),
        as_date(row["next_step_on"]),
    )


def day_of(value: object) -> date:
    """A day that a row has."""
    day = as_date(value)
    assert day is not None
    return day


def text_of(value: object) -> str | None:
    """A text that a row has; None of none, and of an empty one."""
    return str(value) if value else None
