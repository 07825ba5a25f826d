"""The portfolio: pipeline, recurring revenue and revenue at risk, grouped as a manager reads them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from metrics.risks import risks_held
from metrics.rounding import percent, rounded
from metrics.sales import OPEN
from models.access import Actor
from models.accounts import Account
from models.asof import as_of_rows, text_as_of, view_of
from models.database import Param, Row, as_int, fetch
from models.deals import Deal
from models.described import Described
from models.recommendations import Risk
from models.revenue import RUNNING, Contract
from models.severity import Severity
from models.view import View
from models.visibility import visible


class Grouping(Described):
    """What the groups of a portfolio are."""

    OWNER = "OWNER", "By who carries the account, or the deal."
    MANAGER = "MANAGER", "By whom the owner reports to; a manager's own are in their group."
    TEAM = "TEAM", "By the team of the owner."
    SEGMENT = "SEGMENT", "By the segment of the account."
    RISK_KIND = "RISK_KIND", "By the kind of risk; figures of pipeline and contracts are null."


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
    """How a grouping is said in SQL: its key and label over a row ``t`` and its owner ``o``."""

    key: str
    label: str


_NO_ONE = "nobody"
_KEYS = {
    None: _Key("null", "null"),
    Grouping.OWNER: _Key("o.id", "o.name"),
    Grouping.MANAGER: _Key("m.id", "m.name"),
    Grouping.TEAM: _Key("g.id", "g.name"),
    Grouping.SEGMENT: _Key("t.segment", "t.segment"),
    Grouping.RISK_KIND: _Key("t.kind", "t.kind"),
}
#: The sum of amount times probability over deals ``t``, which ``weighted_percents`` puts together: in two
#: parts, as the product may be large.
HUNDREDS, REST = "sum(t.amount_minor / 100 * t.probability)", "sum(t.amount_minor % 100 * t.probability)"
_DEAL_COLUMNS = ["account_id", "owner_id", "stage", "amount_minor", "probability"]
_CONTRACT_COLUMNS = ["account_id", "starts_on", "ends_on", "terminated_on", "mrc_minor"]


async def portfolio(actor: Actor, as_of: date, grouping: Grouping | None = None) -> Portfolio:
    """What the actor may see, as of a date.

    Open pipeline = sum of the amounts of open deals; weighted = sum(amount x probability). Recurring
    revenue = monthly recurring charge of active contracts. Revenue at risk = the distinct revenue lines
    that risks open on the date name. Who sees it is decided as of today; what it was, whose it was and in
    which segment, as of the date; who works for whom in which team, as of today.
    """
    view = await view_of(actor.tenant_id, as_of)
    total = await _groups(actor, as_of, view, None)
    groups = await _groups(actor, as_of, view, grouping) if grouping else {}
    if grouping is Grouping.RISK_KIND:
        for group in groups.values():
            _without_pipeline(group.figures)
    ranked = sorted(groups.values(), key=lambda g: (-g.figures.at_risk_minor, g.label, g.key or ""))
    whole = total.get(None, Group(None, "")).figures
    return Portfolio(as_of, actor.currency, whole, tuple(ranked))


def _without_pipeline(figures: Figures) -> None:
    figures.open_deals = figures.open_pipeline_minor = figures.weighted_pipeline_minor = None
    figures.active_contracts = figures.recurring_minor = None


async def _groups(
    actor: Actor, as_of: date, view: View, grouping: Grouping | None
) -> dict[str | None, Group]:
    groups: dict[str | None, Group] = {}
    if grouping is not Grouping.RISK_KIND:
        for row in await _pipeline(actor, as_of, view, grouping):
            figures = _group(groups, row).figures
            figures.open_deals = as_int(row["deals"])
            figures.open_pipeline_minor = as_int(row["pipeline"])
            figures.weighted_pipeline_minor = percent(weighted_percents(row["hundreds"], row["rest"]))
        for row in await _recurring(actor, as_of, view, grouping):
            figures = _group(groups, row).figures
            figures.active_contracts = as_int(row["contracts"])
            figures.recurring_minor = as_int(row["mrc"])
    _add_at_risk(groups, await _at_risk(actor, as_of, view, grouping))
    for row in await _open_risks(actor, as_of, view, grouping):
        _group(groups, row).figures.open_risks = as_int(row["risks"])
    return groups


def weighted_percents(hundreds: object, rest: object) -> int:
    """The sum of amount times probability in percent: hundredths of minor units."""
    return as_int(hundreds) * 100 + as_int(rest)


def _add_at_risk(groups: dict[str | None, Group], rows: Iterable[Mapping[str, object]]) -> None:
    weighted: dict[str | None, Decimal] = defaultdict(Decimal)
    for row in rows:
        group, amount = _group(groups, row), as_int(row["amount"])
        group.figures.at_risk_minor += amount
        group.figures.lines_at_risk += as_int(row["lines"])
        weighted[group.key] += amount * Decimal(str(row["probability"]))
    for key, minor in weighted.items():
        groups[key].figures.at_risk_weighted_minor = rounded(minor)


def _group(groups: dict[str | None, Group], row: Mapping[str, object]) -> Group:
    key = None if row["key"] is None else str(row["key"])
    return groups.setdefault(key, Group(key, str(row["label"] or _NO_ONE)))


async def _pipeline(actor: Actor, as_of: date, view: View, grouping: Grouping | None) -> list[Row]:
    seen, deals = visible(Deal, actor, "n"), as_of_rows(Deal, _DEAL_COLUMNS, view)
    return await fetch(
        f"select {_key(grouping)}, count(*) as deals, sum(t.amount_minor) as pipeline,"
        f" {HUNDREDS} as hundreds, {REST} as rest"
        f" from {_whose(deals, view, grouping, 't.owner_id')} join deal n on n.id = t.id"
        f" where {OPEN} and {seen.sql}{_group_by(grouping)}",
        _params(actor, as_of) | seen.params,
    )


async def _recurring(actor: Actor, as_of: date, view: View, grouping: Grouping | None) -> list[Row]:
    seen, contracts = visible(Contract, actor, "t"), as_of_rows(Contract, _CONTRACT_COLUMNS, view)
    return await fetch(
        f"select {_key(grouping)}, count(*) as contracts, sum(t.mrc_minor) as mrc"
        f" from {_whose(contracts, view, grouping, text_as_of(Account, 'owner_id', 'a', view))}"
        f" where {RUNNING} and {seen.sql}{_group_by(grouping)}",
        _params(actor, as_of) | seen.params,
    )


def _whose(rows: str, view: View, grouping: Grouping | None, owner: str) -> str:
    """Rows ``t`` with what they are grouped by: their segment, or the people that the ``owner`` leads to.

    ``owner`` is said over the row ``t``, its account ``a`` and its deal ``d``, if it has one.
    """
    if grouping in (None, Grouping.RISK_KIND):
        return f"{rows} t"
    if grouping is Grouping.SEGMENT:
        segment = text_as_of(Account, "segment", "a", view)
        return f"(select t.*, {segment} as segment from {rows} t join account a on a.id = t.account_id) t"
    return (
        f"(select t.*, {owner} as whose from {rows} t join account a on a.id = t.account_id) t"
        ' left join "user" o on o.id = t.whose left join "user" m on m.id = coalesce(o.manager_id,'
        " case when o.role = 'MANAGER' then o.id end) left join team g on g.id = o.team_id"
    )


def _risks(view: View, grouping: Grouping | None) -> str:
    """Risks ``t`` that held; each is its deal's owner's, and else the account's."""
    dealt = f"(select {text_as_of(Deal, 'owner_id', 'd', view)} from deal d where d.id = t.deal_id)"
    owner = f"coalesce({dealt}, {text_as_of(Account, 'owner_id', 'a', view)})"
    return _whose(risks_held(view), view, grouping, owner)


_SEVERITY = " ".join(f"when '{severity.value}' then {severity.rank}" for severity in Severity)


async def _at_risk(actor: Actor, as_of: date, view: View, grouping: Grouping | None) -> list[Row]:
    """Revenue at risk by key and probability, each euro of it once within a key."""
    keys, seen = _KEYS[grouping], visible(Risk, actor, "t")
    lines = lines_once({"key": keys.key}, f"{_risks(view, grouping)}", seen.sql, f", {keys.label} as label")
    return await fetch(
        "select key, max(label) as label, probability, sum(amount_minor) as amount, count(*) as lines"
        f" from {lines} z group by key, probability",
        _params(actor, as_of) | seen.params,
    )


def lines_once(keys: Mapping[str, str], risks: str, which: str, shown: str = "") -> str:
    """A subquery of the revenue lines that risks ``t`` name, each euro once within the same keys.

    ``keys`` are expressions over the risks by their names, ``which`` is a condition, ``shown`` what else is
    selected. Columns are the keys, ``amount_minor`` and the ``probability`` of the severest risk on the line.
    Lines that are part of one contract or deal do not add up with the whole: the larger counts. Parameter
    it needs: ``:as_of``.
    """
    named = ", ".join(f"{expression} as {name}" for name, expression in keys.items())
    within, names = ", ".join(keys.values()), ", ".join(keys)
    lines = (
        f"select {named}{shown}, l.part_of, l.line_kind, l.amount_minor,"
        f" t.probability, row_number() over (partition by {within}, l.line_id order by"
        f" case t.severity {_SEVERITY} end desc, l.amount_minor desc, t.probability desc, t.id) as place"
        f" from {risks} cross join risk_line l where l.tenant_id = t.tenant_id and l.risk_id = t.id"
        f" and l.from_on <= :as_of and (l.until_on is null or l.until_on > :as_of) and {which}"
    )
    summed = (
        f"select *, sum(amount_minor) over (partition by {names}, part_of, line_kind) as together"
        f" from ({lines}) x where place = 1"
    )
    larger = (
        f"select *, first_value(line_kind) over (partition by {names}, part_of"
        f" order by together desc, line_kind) as counting from ({summed}) y"
    )
    return f"(select * from ({larger}) c where line_kind = counting)"


async def _open_risks(actor: Actor, as_of: date, view: View, grouping: Grouping | None) -> list[Row]:
    seen = visible(Risk, actor, "t")
    return await fetch(
        f"select {_key(grouping)}, count(*) as risks from {_risks(view, grouping)} where {seen.sql}"
        f"{_group_by(grouping)}",
        _params(actor, as_of) | seen.params,
    )


def _key(grouping: Grouping | None) -> str:
    return f"{_KEYS[grouping].key} as key, {_KEYS[grouping].label} as label"


def _group_by(grouping: Grouping | None) -> str:
    return f" group by {_KEYS[grouping].key}, {_KEYS[grouping].label}" if grouping else ""


def _params(actor: Actor, as_of: date) -> dict[str, Param]:
    return {"tenant": actor.tenant_id, "as_of": as_of}
