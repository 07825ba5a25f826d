"""What accounts have, record by record, as of a date: contracts, deals, tickets, usage, people.

Which accounts is said by their ids. Each list has what the reader sees of them, which is decided as of today;
names are as they are now, everything else as of the date.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from metrics.sales import OPEN
from models.access import Actor
from models.asof import as_of_rows, view_of
from models.base import Record
from models.database import Param, Row, as_date, as_int, fetch, listed, one_of, text_order
from models.deals import ContactRole, Deal, DealContact, DealLine, Stage
from models.forecast import Period
from models.people import PRESENT, Contact, Seniority
from models.projections import DealLikelihood
from models.revenue import RUNNING, Contract
from models.services import UsageMonth
from models.severity import Severity
from models.tickets import OPEN as OPEN_TICKET
from models.tickets import Ticket
from models.visibility import visible


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
class OpenDeal:
    """A deal that can be won; amount in minor units, ``probability`` and ``likelihood`` in percent.

    ``likelihood`` is what was learned from past deals; None where nothing was.
    """

    id: str
    account: str
    name: str
    stage: Stage
    category: str
    probability: int
    likelihood: int | None
    amount_minor: int
    close_on: date | None


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
class OpenTicket:
    """A trouble ticket that is open."""

    id: str
    account: str
    title: str
    severity: Severity
    opened_on: date


@dataclass(frozen=True)
class Taking:
    """That a person takes part in an open deal."""

    deal_id: str
    role: ContactRole


@dataclass(frozen=True)
class Person:
    """Somebody who is at an account, with the last contact that is known and the parts in open deals."""

    id: str
    account: str
    name: str
    title: str | None
    seniority: Seniority
    last_contacted_on: date | None
    parts: tuple[Taking, ...] = ()


@dataclass(frozen=True)
class Records:
    """Reads the records of some accounts as a reader sees them, as of a date."""

    actor: Actor
    account_ids: Sequence[str]
    as_of: date

    async def contracts(self) -> list[RunningContract]:
        """The contracts that run, those that end first first, those without an end last."""
        rows = await self._rows(
            Contract,
            ["starts_on", "ends_on", "terminated_on", "mrc_minor", "notice_days", "auto_renews"],
            f"{RUNNING} order by coalesce(t.terminated_on, t.ends_on, :never), t.mrc_minor desc, t.id",
            shown="n.name",
            never=date.max,
        )
        return [_contract(row) for row in rows]

    async def open_deals(self) -> list[OpenDeal]:
        """The deals that can be won, the largest first."""
        rows = await self._rows(
            Deal,
            ["stage", "forecast_category", "probability", "amount_minor", "close_on"],
            f"{OPEN} order by t.amount_minor desc, t.id",
            shown="n.name",
        )
        likely = await self._likelihoods([str(row["id"]) for row in rows])
        return [
            OpenDeal(
                str(row["id"]),
                str(row["account"]),
                str(row["name"]),
                Stage(str(row["stage"])),
                str(row["forecast_category"]),
                as_int(row["probability"]),
                likely.get(str(row["id"])),
                as_int(row["amount_minor"]),
                as_date(row["close_on"]),
            )
            for row in rows
        ]

    async def _likelihoods(self, deal_ids: Sequence[str]) -> dict[str, int]:
        view = await view_of(self.actor.tenant_id, self.as_of)
        seen = visible(DealLikelihood, self.actor, "n")
        found = as_of_rows(DealLikelihood, ["deal_id", "probability"], view)
        rows = await fetch(
            f"select t.deal_id, t.probability from {found} t join deal_likelihood n on n.id = t.id where {one_of('t.deal_id', 'deals')} and {seen.sql}",
            {**self._params, **seen.params, "deals": listed(deal_ids)},
        )
        return {str(row["deal_id"]): as_int(row["probability"]) for row in rows}

    async def ended_deals(self, period: Period) -> list[EndedDeal]:
        """The deals that were won or lost in a period, the largest first."""
        rows = await self._rows(
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
                _day(row["closed_on"]),
                _text(row["loss_reason"]),
                _text(row["competitor"]),
            )
            for row in rows
        ]

    async def sold(self, period: Period) -> list[Sold]:
        """The products of the deals that were won in a period, in the order of their days."""
        view, seen = await view_of(self.actor.tenant_id, self.as_of), visible(Deal, self.actor, "n")
        columns = ["deal_id", "product_id", "quantity", "mrc_minor", "nrc_minor", "removed_on"]
        deals = as_of_rows(Deal, ["account_id", "stage", "closed_on"], view, which=self._which)
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
                _day(row["closed_on"]),
            )
            for row in rows
        ]

    async def tickets(self) -> list[OpenTicket]:
        """The tickets that are open, the severest first and of these the oldest."""
        rows = await self._rows(
            Ticket,
            ["severity", "state", "opened_on", "resolved_on"],
            f"t.opened_on <= :as_of and {OPEN_TICKET} order by t.opened_on, t.id",
            shown="n.title as name",
        )
        found = [
            OpenTicket(
                str(row["id"]),
                str(row["account"]),
                str(row["name"]),
                Severity(str(row["severity"])),
                _day(row["opened_on"]),
            )
            for row in rows
        ]
        return sorted(found, key=lambda each: -each.severity.rank)

    async def ticket_days(self, since: date) -> dict[str, dict[date, int]]:
        """How many tickets were opened, and resolved, on each day since one: ``opened`` and ``resolved``."""
        view, seen = await view_of(self.actor.tenant_id, self.as_of), visible(Ticket, self.actor, "n")
        rows_of = as_of_rows(Ticket, ["opened_on", "resolved_on"], view, which=self._which)
        found: dict[str, dict[date, int]] = {}
        for what in ("opened", "resolved"):
            column = f"t.{what}_on"
            rows = await fetch(
                f"select {column} as day, count(*) as tickets from {rows_of} t join ticket n on n.id = t.id"
                f" where {column} >= :since and {column} <= :as_of and {seen.sql} group by {column}",
                {**self._params, **seen.params, "since": since},
            )
            found[what] = {_day(row["day"]): as_int(row["tickets"]) for row in rows}
        return found

    async def usage(self, since: date) -> dict[str, dict[date, int]]:
        """What was used in each whole month since one, by its first day, of each unit by its name."""
        seen = visible(UsageMonth, self.actor, "t")
        rows = await fetch(
            f"select {text_order('t.unit')} as unit, t.month, sum(t.quantity) as quantity from usage_month t"
            f" where {seen.sql} and {self._which} and t.month >= :since and t.month < :until"
            f" group by {text_order('t.unit')}, t.month order by 1, 2",
            {**self._params, **seen.params, "since": since, "until": self.as_of.replace(day=1)},
        )
        found: dict[str, dict[date, int]] = {}
        for row in rows:
            found.setdefault(str(row["unit"]), {})[_day(row["month"])] = as_int(row["quantity"])
        return found

    async def people(self) -> list[Person]:
        """Who is there, by seniority, who was contacted last first."""
        rows = await self._rows(
            Contact,
            ["seniority", "left_on", "last_contacted_on", "erased_at"],
            f"{PRESENT} order by n.name, t.id",
            shown="n.name, n.title",
        )
        parts = await self._parts()
        found = [
            Person(
                str(row["id"]),
                str(row["account"]),
                str(row["name"]),
                _text(row["title"]),
                Seniority(str(row["seniority"])),
                as_date(row["last_contacted_on"]),
                tuple(parts.get(str(row["id"]), ())),
            )
            for row in rows
        ]
        ranks = list(Seniority)
        found.sort(key=lambda each: each.last_contacted_on or date.min, reverse=True)
        return sorted(found, key=lambda each: ranks.index(each.seniority))

    async def _parts(self) -> dict[str, list[Taking]]:
        """The parts of people in open deals, by who they are, in the order of the deals' amounts."""
        view, seen = await view_of(self.actor.tenant_id, self.as_of), visible(DealContact, self.actor, "n")
        deals = as_of_rows(Deal, ["account_id", "stage", "amount_minor"], view, which=self._which)
        rows = await fetch(
            "select c.contact_id, c.deal_id, c.role from"
            f" {as_of_rows(DealContact, ['deal_id', 'contact_id', 'role', 'removed_on'], view)} c"
            f" join deal_contact n on n.id = c.id join {deals} t on t.id = c.deal_id where {OPEN}"
            " and (c.removed_on is null or c.removed_on > :as_of)"
            f" and (n.known_on is null or n.known_on <= :as_of) and {seen.sql}"
            " order by t.amount_minor desc, c.deal_id, c.id",
            {**self._params, **seen.params},
        )
        found: dict[str, list[Taking]] = {}
        for row in rows:
            taking = Taking(str(row["deal_id"]), ContactRole(str(row["role"])))
            found.setdefault(str(row["contact_id"]), []).append(taking)
        return found

    @property
    def _which(self) -> str:
        return one_of("t.account_id", "accounts")

    @property
    def _params(self) -> dict[str, Param]:
        return {
            "tenant": self.actor.tenant_id,
            "as_of": self.as_of,
            "accounts": listed(self.account_ids),
        }

    async def _rows(
        self, model: type[Record], columns: list[str], where: str, shown: str, **params: Param
    ) -> list[Row]:
        """Rows ``t`` as of the date with the names of their accounts, ``n`` as they are now."""
        view, seen = await view_of(self.actor.tenant_id, self.as_of), visible(model, self.actor, "n")
        rows = as_of_rows(model, ["account_id", *columns], view, which=self._which)
        now = f"{model._meta.db_table} n on n.id = t.id"
        return await fetch(
            f"select t.*, a.name as account, {shown} from {rows} t join {now} join account a on a.id = t.account_id where {seen.sql} and {where}",
            {**self._params, **seen.params, **params},
        )


_CLOSED = f"not ({OPEN}) and t.closed_on >= :first and t.closed_on <= :last and t.closed_on <= :as_of"


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


def by_month(days: dict[date, int], months: Iterable[date]) -> list[int]:
    """What counts of days come to in calendar months, these by their first days."""
    found = dict.fromkeys(months, 0)
    for day, count in days.items():
        if day.replace(day=1) in found:
            found[day.replace(day=1)] += count
    return list(found.values())


def _day(value: object) -> date:
    day = as_date(value)
    assert day is not None
    return day


def _text(value: object) -> str | None:
    return str(value) if value else None
