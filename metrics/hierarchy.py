"""What an account comes to with all that is below it, rolled up by one statement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from metrics.account_tree import tree
from metrics.portfolio import HUNDREDS, REST, lines_once, weighted_percents
from metrics.risks import risks_held
from metrics.rounding import percent, rounded
from metrics.sales import OPEN, AsOf, DayRange
from models import services, tickets
from models.access import Actor
from models.accounts import Account
from models.asof import as_of_rows, view_of
from models.base import Record
from models.database import Param, Row, as_int, fetch, once, unindexed
from models.deals import Deal
from models.described import Described
from models.people import PRESENT, Contact
from models.plans import FOLLOWED, AccountPlan
from models.recommendations import WAITING, Recommendation, Risk
from models.revenue import RUNNING, Contract
from models.services import Service
from models.tickets import Ticket
from models.view import View
from models.visibility import visible_within


class ContractEnd(Described):
    """When a running contract ends, from the date on: on its last day, or when it was terminated."""

    WITHIN_90_DAYS = "WITHIN_90_DAYS", "At most 90 days later."
    WITHIN_180_DAYS = "WITHIN_180_DAYS", "91 to 180 days later."
    WITHIN_365_DAYS = "WITHIN_365_DAYS", "181 to 365 days later."
    LATER = "LATER", "More than 365 days later."
    OPEN_ENDED = "OPEN_ENDED", "No end is known."


#: The longest of the spans of which a number of days is known.
_SPANS = {
    ContractEnd.WITHIN_90_DAYS: 90,
    ContractEnd.WITHIN_180_DAYS: 180,
    ContractEnd.WITHIN_365_DAYS: 365,
}


@dataclass(frozen=True)
class Ending:
    """Running contracts that end in one span, and their monthly charges in minor units."""

    contracts: int = 0
    recurring_minor: int = 0


@dataclass
class Figures:
    """What accounts come to; money in minor units of the tenant's currency.

    Each is what the portfolio has by the same name: recurring revenue of running contracts, open pipeline,
    weighted = sum(amount x probability), here ``weighted_percents`` in hundredths, and revenue at risk, each
    line once. ``won`` are the deals won in a period. ``recommendations`` wait for an answer. ``contacts``
    have not left. ``plans`` are followed on the date. ``at_risk_weighted`` is exact.
    """

    accounts: int = 0
    contracts: int = 0
    recurring_minor: int = 0
    endings: dict[ContractEnd, Ending] = field(default_factory=lambda: dict.fromkeys(ContractEnd, Ending()))
    services: int = 0
    open_deals: int = 0
    pipeline_minor: int = 0
    weighted_percents: int = 0
    won_deals: int = 0
    won_minor: int = 0
    open_risks: int = 0
    lines_at_risk: int = 0
    at_risk_minor: int = 0
    at_risk_weighted: Fraction = Fraction(0)
    recommendations: int = 0
    tickets: int = 0
    contacts: int = 0
    plans: int = 0
    overdue_minor: int = 0

    @property
    def weighted_minor(self) -> int:
        """The weighted pipeline in whole minor units."""
        return percent(self.weighted_percents)

    @property
    def at_risk_weighted_minor(self) -> int:
        """The revenue at risk times the probabilities of its risks, in whole minor units."""
        return rounded(Decimal(self.at_risk_weighted.numerator) / self.at_risk_weighted.denominator)


@dataclass
class Hierarchy:
    """What an account comes to by itself and with all below it; ``levels`` is how deep that goes, from 0."""

    own: Figures = field(default_factory=Figures)
    whole: Figures = field(default_factory=Figures)
    levels: int = 0


async def hierarchies(actor: Actor, roots: Sequence[str], at: AsOf, won: DayRange) -> list[Hierarchy]:
    """What each of some accounts comes to, with the accounts below it that the actor sees.

    ``won`` are the days on which deals count that were won, none after the date. Within one account's tree a
    revenue line at risk counts once, whichever of its accounts' risks name it; everything else adds up from
    account to account. Who sees what is decided as of today.
    """
    view = await view_of(actor.tenant_id, at.day, at.known_on)
    of = tree(actor, roots, at.day, view)
    scopes = (
        f"scoped(root, whole, id, owned) as {once()}(select root, 1, id, owned from reach"
        " union all select root, 0, id, owned from reach where depth = 0)"
    )
    parts, params = _Parts(actor, view, won), dict(of.params)
    statement = f"held as {once()}({parts.held()}) {' union all '.join(parts.all())}"
    for number, days in enumerate(_SPANS.values()):
        params[f"span_{number}"] = at.day + timedelta(days=days)
    rows = await fetch(f"{of.named}, {scopes}, {statement}", {**params, **parts.params, **won.params})
    found: dict[str, Hierarchy] = defaultdict(Hierarchy)
    for row in rows:
        _put(found[str(row["root"])], row)
    return [found[root] for root in roots]


class _Parts:
    """The parts of the statement: each gives, by root and whether of the whole, numbers in three columns."""

    def __init__(self, actor: Actor, view: View, won: DayRange) -> None:
        self._actor = actor
        self._view = view
        self._won = won
        self.params: dict[str, Param] = {}

    def all(self) -> Iterator[str]:
        """Every one of them."""
        yield (
            "select root, 1 as whole, 'accounts' as part, '' as label, count(*) as number, max(depth) as a,"
            " 0 as b, 0 as c, cast(0 as double precision) as p from reach group by root"
        )
        yield self._of(Contract, _CONTRACTS, "contracts", RUNNING, "sum(t.mrc_minor)", label=_END)
        yield self._of(Service, ["state"], "services", services.ACTIVE)
        is_won = f"t.stage = 'WON' and t.closed_on <= :as_of and {self._won.holds('t.closed_on')}"
        sums, wanted = ("sum(t.amount_minor)", HUNDREDS, REST), f"({OPEN} or {is_won})"
        yield self._of(Deal, _DEALS, "deals", wanted, *sums, label=_IS_WON)
        yield self._of(Recommendation, _VERDICT, "recommendations", WAITING)
        yield self._of(Ticket, _TICKET, "tickets", f"t.opened_on <= :as_of and {tickets.OPEN}")
        yield self._of(Contact, ["left_on", "erased_at"], "contacts", PRESENT)
        yield self._of(AccountPlan, _PLAN, "plans", FOLLOWED)
        owing = f"{as_of_rows(Account, ['overdue_minor'], self._view)} t"
        yield self._grouped("overdue", owing, "t.overdue_minor <> 0", "sum(t.overdue_minor)", of="t.id")
        yield "select root, whole, 'risks', '', count(*), 0, 0, 0, 0 from held group by root, whole"
        lines = lines_once({"root": "t.root", "whole": "t.whole"}, "held t", "1 = 1")
        yield (
            "select root, whole, 'lines', '', count(*), sum(amount_minor), 0, 0, probability"
            f" from {lines} t group by root, whole, probability"
        )

    def held(self) -> str:
        """The open risks of the accounts that the statement is about."""
        return (
            "select s.root, s.whole, t.id, t.tenant_id, t.severity, t.probability"
            f" from scoped s cross join {risks_held(self._view)} t"
            f" where t.account_id = s.id and {unindexed(self._seen(Risk, 't'))}"
        )

    def _of(
        self, model: type[Record], columns: list[str], part: str, which: str, *sums: str, label: str = "''"
    ) -> str:
        rows = f"{as_of_rows(model, ['account_id', *columns], self._view)} t"
        alias = "t"
        if model is Deal and self._actor.owners is not None:  # who sees it is decided as of today
            rows, alias = f"{rows} join deal n on n.id = t.id", "n"
        return self._grouped(part, rows, f"{which} and {self._seen(model, alias)}", *sums, label=label)

    def _grouped(
        self, part: str, rows: str, which: str, *sums: str, label: str = "''", of: str = "t.account_id"
    ) -> str:
        a, b, c = (*sums, "0", "0", "0")[:3]
        return (
            f"select s.root, s.whole, '{part}', {label}, count(*), {a}, {b}, {c}, 0"
            f" from scoped s cross join {rows} where {of} = s.id and {unindexed(which)}"
            f" group by s.root, s.whole{'' if label == _NO_LABEL else ', 4'}"
        )

    def _seen(self, model: type[Record], alias: str) -> str:
        seen = visible_within(model, self._actor, alias, "s.owned > 0")
        self.params |= seen.params
        return seen.sql


_NO_LABEL = "''"
_IS_WON = "case when t.stage = 'WON' then 'WON' else 'OPEN' end"
_CONTRACTS = ["starts_on", "ends_on", "terminated_on", "mrc_minor"]
_DEALS = ["owner_id", "stage", "amount_minor", "probability", "closed_on"]
_VERDICT = ["deal_id", "confidential", "state", "held_since", "lapsed_on"]
_PLAN = ["first_on", "last_on", "closed_on"]
_TICKET = ["opened_on", "resolved_on", "state"]


def _ends_by(day: str) -> str:
    return f"(t.ends_on <= {day} or t.terminated_on <= {day})"


_END = (
    "case "
    + "".join(f"when {_ends_by(f':span_{number}')} then '{end}' " for number, end in enumerate(_SPANS))
    + f"when t.ends_on is null and t.terminated_on is null then '{ContractEnd.OPEN_ENDED}'"
    f" else '{ContractEnd.LATER}' end"
)


def _put(found: Hierarchy, row: Row) -> None:
    """Take over the numbers of one row."""
    figures = found.whole if row["whole"] else found.own
    number, a, b = (as_int(row[name]) for name in ("number", "a", "b"))
    match row["part"]:
        case "accounts":
            found.levels, figures.accounts, found.own.accounts = a, number, 1
        case "contracts":
            figures.contracts += number
            figures.recurring_minor += a
            figures.endings[ContractEnd(str(row["label"]))] = Ending(number, a)
        case "deals" if row["label"] == "WON":
            figures.won_deals, figures.won_minor = number, a
        case "deals":
            figures.open_deals, figures.pipeline_minor = number, a
            figures.weighted_percents = weighted_percents(b, row["c"])
        case "risks":
            figures.open_risks = number
        case "overdue":
            figures.overdue_minor = a
        case "lines":
            figures.lines_at_risk += number
            figures.at_risk_minor += a
            figures.at_risk_weighted += a * Fraction(str(row["p"]))
        case name:
            setattr(figures, str(name), number)
