"""The portfolio: pipeline, recurring revenue and revenue at risk, grouped as a manager reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum

from metrics.risks import risks_held
from models.access import Actor
from models.asof import as_of_rows
from models.base import Severity
from models.database import Param, as_int, fetch
from models.deals import Deal
from models.recommendations import Risk
from models.revenue import Contract
from models.visibility import visible


class Grouping(StrEnum):
    """What the groups of a portfolio are."""

    OWNER = "OWNER"
    MANAGER = "MANAGER"
    TEAM = "TEAM"
    SEGMENT = "SEGMENT"
    RISK_KIND = "RISK_KIND"


@dataclass
class Figures:
    """The figures of a portfolio or one of its groups; money in minor units of the tenant's currency.

    ``at_risk_minor`` counts each revenue line (contract, service or deal) once, at its highest severity;
    ``at_risk_weighted_minor`` weights it by that risk's probability. Pipeline and recurring revenue are
    None in groups by risk kind, where they have no meaning. A line that risks of two groups name is in
    both, so groups may come to more than the whole.
    """

    open_deals: int | None = 0
    open_pipeline_minor: int | None = 0
    weighted_pipeline_minor: int | None = 0
    active_contracts: int | None = 0
    recurring_minor: int | None = 0
    at_risk_minor: int = 0
    at_risk_weighted_minor: int = 0
    lines_at_risk: int = 0
    open_risks: int = 0


@dataclass
class Group:
    """One group: the id of its owner, manager or team (or the segment or risk kind), and its name."""

    key: str | None
    label: str
    figures: Figures = field(default_factory=Figures)


@dataclass(frozen=True)
class Portfolio:
    """A portfolio as of a date: the whole, and its groups from the largest revenue at risk down."""

    as_of: date
    currency: str
    total: Figures
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class _Key:
    """How a grouping is said in SQL: its key and label over deal owner ``o``, team and account ``a``."""

    key: str
    label: str


_NO_ONE = "nobody"
_KEYS = {
    Grouping.OWNER: _Key("o.id", "o.name"),
    Grouping.MANAGER: _Key("m.id", "m.name"),
    Grouping.TEAM: _Key("g.id", "g.name"),
    Grouping.SEGMENT: _Key("a.segment", "a.segment"),
}
_PEOPLE = (
    ' left join "user" o on o.id = {owner} left join "user" m on m.id = coalesce(o.manager_id,'
    " case when o.role = 'MANAGER' then o.id end) left join team g on g.id = o.team_id"
)
_DEAL_COLUMNS = ["account_id", "owner_id", "stage", "amount_minor", "probability"]
_CONTRACT_COLUMNS = ["account_id", "starts_on", "ends_on", "terminated_on", "mrc_minor"]


async def portfolio(actor: Actor, as_of: date, grouping: Grouping | None = None) -> Portfolio:
    """What the actor may see, as of a date.

    Open pipeline = sum of the amounts of open deals; weighted = sum(amount x probability). Recurring
    revenue = monthly recurring charge of active contracts. Revenue at risk = the distinct revenue lines
    that risks open on the date name. Who sees it is decided as of today, what it was as of the date.
    """
    total = await _groups(actor, as_of, None)
    groups = await _groups(actor, as_of, grouping) if grouping else {}
    if grouping is Grouping.RISK_KIND:
        for group in groups.values():
            _without_pipeline(group.figures)
    ranked = sorted(groups.values(), key=lambda g: (-g.figures.at_risk_minor, g.label, g.key or ""))
    whole = total.get(None, Group(None, "")).figures
    return Portfolio(as_of, actor.currency, whole, tuple(ranked))


def _without_pipeline(figures: Figures) -> None:
    figures.open_deals = figures.open_pipeline_minor = figures.weighted_pipeline_minor = None
    figures.active_contracts = figures.recurring_minor = None


async def _groups(actor: Actor, as_of: date, grouping: Grouping | None) -> dict[str | None, Group]:
    groups: dict[str | None, Group] = {}
    if grouping is not Grouping.RISK_KIND:
        for row in await _pipeline(actor, as_of, grouping):
            figures = _group(groups, row).figures
            figures.open_deals = as_int(row["deals"])
            figures.open_pipeline_minor = as_int(row["pipeline"])
            figures.weighted_pipeline_minor = _percent(as_int(row["hundreds"]) * 100 + as_int(row["rest"]))
        for row in await _recurring(actor, as_of, grouping):
            figures = _group(groups, row).figures
            figures.active_contracts = as_int(row["contracts"])
            figures.recurring_minor = as_int(row["mrc"])
    for row in await _at_risk(actor, as_of, grouping):
        figures = _group(groups, row).figures
        figures.at_risk_minor = as_int(row["amount"])
        figures.at_risk_weighted_minor = _percent(row["weighted"])
        figures.lines_at_risk = as_int(row["lines"])
    for row in await _open_risks(actor, as_of, grouping):
        _group(groups, row).figures.open_risks = as_int(row["risks"])
    return groups


def _group(groups: dict[str | None, Group], row: Mapping[str, object]) -> Group:
    key = None if row["key"] is None else str(row["key"])
    return groups.setdefault(key, Group(key, str(row["label"] or _NO_ONE)))


def _key(grouping: Grouping | None) -> _Key:
    return _KEYS[grouping] if grouping else _Key("null", "null")


async def _pipeline(actor: Actor, as_of: date, grouping: Grouping | None) -> list[dict[str, object]]:
    key, seen = _key(grouping), visible(Deal, actor, "n")
    return await fetch(
        f"select {key.key} as key, {key.label} as label, count(*) as deals, sum(t.amount_minor) as pipeline,"
        " sum(t.amount_minor / 100 * t.probability) as hundreds,"  # in two parts: the product may be large
        " sum(t.amount_minor % 100 * t.probability) as rest"
        f" from {as_of_rows(Deal, _DEAL_COLUMNS)} t join deal n on n.id = t.id"
        f" join account a on a.id = t.account_id{_PEOPLE.format(owner='t.owner_id')}"
        f" where t.stage not in ('WON', 'LOST') and {seen.sql}{_group_by(grouping)}",
        _params(actor, as_of) | seen.params,
    )


async def _recurring(actor: Actor, as_of: date, grouping: Grouping | None) -> list[dict[str, object]]:
    key, seen = _key(grouping), visible(Contract, actor, "t")
    return await fetch(
        f"select {key.key} as key, {key.label} as label, count(*) as contracts, sum(t.mrc_minor) as mrc"
        f" from {as_of_rows(Contract, _CONTRACT_COLUMNS)} t join account a on a.id = t.account_id"
        f"{_PEOPLE.format(owner='a.owner_id')}"
        " where t.starts_on <= :as_of and (t.ends_on is null or t.ends_on >= :as_of)"
        f" and (t.terminated_on is null or t.terminated_on > :as_of) and {seen.sql}{_group_by(grouping)}",
        _params(actor, as_of) | seen.params,
    )


_SEVERITY = " ".join(f"when '{severity.value}' then {severity.rank}" for severity in Severity)


async def _at_risk(actor: Actor, as_of: date, grouping: Grouping | None) -> list[dict[str, object]]:
    """Revenue at risk, each euro of it once within a group.

    A line that several risks name counts by the severest of them. Lines that are part of one contract or
    deal (its services, the deal that renews it) do not add up with the whole: the larger counts.
    """
    key, seen = _risk_key(grouping), visible(Risk, actor, "t")
    lines = (
        f"select {key.key} as key, {key.label} as label, l.part_of, l.line_kind, l.amount_minor,"
        f" t.probability, row_number() over (partition by {key.key}, l.line_id order by"
        f" case t.severity {_SEVERITY} end desc, l.amount_minor desc, t.probability desc, t.id) as place"
        f" from {risks_held()} t join risk_line l on l.tenant_id = t.tenant_id and l.risk_id = t.id"
        f" and l.from_on <= :as_of and (l.until_on is null or l.until_on > :as_of) {_RISK_OWNERS}"
        f" where {seen.sql}"
    )
    parts = (
        "select key, max(label) as label, sum(amount_minor) as amount, count(*) as lines,"
        " sum(amount_minor * probability) as weighted,"
        " row_number() over (partition by key, part_of order by sum(amount_minor) desc, line_kind) as place"
        f" from ({lines}) x where place = 1 group by key, part_of, line_kind"
    )
    return await fetch(
        "select key, max(label) as label, sum(amount) as amount, sum(lines) as lines,"
        f" sum(weighted) * 100 as weighted from ({parts}) y where place = 1 group by key",
        _params(actor, as_of) | seen.params,
    )


async def _open_risks(actor: Actor, as_of: date, grouping: Grouping | None) -> list[dict[str, object]]:
    key, seen = _risk_key(grouping), visible(Risk, actor, "t")
    return await fetch(
        f"select {key.key} as key, {key.label} as label, count(*) as risks"
        f" from {risks_held()} t {_RISK_OWNERS} where {seen.sql}{_group_by(grouping, key)}",
        _params(actor, as_of) | seen.params,
    )


_RISK_OWNERS = "join account a on a.id = t.account_id left join deal d on d.id = t.deal_id" + _PEOPLE.format(
    owner="coalesce(d.owner_id, a.owner_id)"
)


def _risk_key(grouping: Grouping | None) -> _Key:
    return _Key("t.kind", "t.kind") if grouping is Grouping.RISK_KIND else _key(grouping)


def _group_by(grouping: Grouping | None, key: _Key | None = None) -> str:
    key = key or _key(grouping)
    return f" group by {key.key}, {key.label}" if grouping else ""


def _params(actor: Actor, as_of: date) -> dict[str, Param]:
    return {"tenant": actor.tenant_id, "as_of": as_of}


def _percent(value: object) -> int:
    """A sum of minor units times percent, in whole minor units, halves to even."""
    if value is None:
        return 0
    return int((Decimal(str(value)) / 100).quantize(Decimal(1), ROUND_HALF_EVEN))
