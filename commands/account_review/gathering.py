"""Gathers what a review of an account tells, as its reader sees it, as of a date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from commands.account_review import plans
from commands.account_review.account import Then, account_then
from commands.account_review.asks import asks, waiting_discounts
from commands.account_review.content import (
    Branch,
    Care,
    Content,
    Contracts,
    Edition,
    InUse,
    Point,
    Standing,
    Whitespace,
)
from commands.account_review.people import both_sides, known_people
from commands.account_review.verdicts import advice, open_risks, withheld
from commands.permissions import READ, READ_MONEY, READ_PERSONAL, require
from metrics.account_care import by_month, open_tickets, restored, ticket_days, usage
from metrics.account_market import rivals, trends
from metrics.account_records import Records
from metrics.account_tree import Place, walked
from metrics.hierarchy import Figures, Hierarchy, hierarchies
from metrics.risks import judged_since
from metrics.sales import AsOf, DayRange
from metrics.whitespace import grid
from models.access import Actor, Tenant
from models.accounts import Account, standing_id
from models.base import check_day
from models.database import fetch
from models.errors import Invalid, NotFound, allowed
from models.forecast import period_before, quarter_of
from models.services import months_before
from models.visibility import visible
from models.whitespace import CellState

#: Revenue is told at the ends of so many quarters, this one counted.
QUARTERS = 8
#: Tickets and usage are told of so many months.
MONTHS = 12
#: So many accounts of a tree are told one by one, and so many gaps.
MOST_ACCOUNTS, MOST_GAPS = 40, 10
#: What a customer reads of where it stands with a family; nothing of all that is not said here.
IN_USE = {CellState.OWNED: "in use", CellState.ORDERED: "ordered"}


@dataclass(frozen=True)
class Asked:
    """Which review: of the fiscal quarter that a day is in, as of that day, for whom.

    ``shared`` are the ids of objectives and actions of the account plan that were agreed with the customer:
    the customer's edition tells of no others.
    """

    as_of: date
    edition: Edition = Edition.MANAGER
    shared: frozenset[str] = frozenset()


async def account_named(actor: Actor, named: str) -> Account:
    """The account with an id, an id in a source, or a name; a duplicate is what it became part of.

    Raises:
        NotFound: there is none, or the actor does not see it.
        Invalid: several accounts are called so.
    """
    seen = visible(Account, actor, "t")
    standing = standing_id(":named", ":tenant")
    rows = await fetch(
        f"select t.id, t.name, t.source from account t where {seen.sql} and (t.id = {standing}"
        " or t.external_id = :named or t.name = :named or t.id in (select m.account_id from account_merge m"
        " where m.tenant_id = :tenant and m.external_id = :named and m.undone_at is null)) order by t.id",
        {**seen.params, "tenant": actor.tenant_id, "named": named},
    )
    if not rows:
        raise NotFound(f"no account {named!r}", ["account"])
    exact = [row for row in rows if row["id"] == named] or rows
    if len(exact) > 1:
        known = allowed([f"{row['id']} ({row['name']}, {row['source']})" for row in exact])
        raise Invalid(f"{named!r} may be any of several accounts; allowed: {known}", ["account"])
    return await Account.get(id=str(exact[0]["id"]))


async def gathered(actor: Actor, account: Account, asked: Asked) -> Content:
    """What there is to tell of an account and all below it, of what the actor may see.

    Raises:
        Forbidden: the actor's scopes let them see no money, or not who people are.
        NotFound: what was agreed is nothing of the plan.
        Invalid: the day is no business date, the account was not known yet, or something was agreed that
            is for no customer.
    """
    for right in (READ, READ_MONEY, READ_PERSONAL):
        require(actor, right, "review an account")
    check_day(asked.as_of, "asOf")
    if asked.shared and asked.edition is not Edition.CUSTOMER:
        raise Invalid("what was agreed is told to customers; allowed: edition CUSTOMER", ["share"])
    tenant = await Tenant.get(id=actor.tenant_id)
    then = await account_then(account, asked.as_of)
    (places,) = await walked(actor, [account.id], asked.as_of)
    return await _Review(actor, account, then, asked, tenant, places).content()


T = TypeVar("T")


class _Review:
    """One review while it is gathered; what there is nothing to tell of is put down in ``missing``."""

    def __init__(
        self,
        actor: Actor,
        account: Account,
        then: Then,
        asked: Asked,
        tenant: Tenant,
        places: Sequence[Place],
    ) -> None:
        self.actor = actor
        self.account = account
        self.then = then
        self.asked = asked
        self.as_of = asked.as_of
        self.tenant = tenant
        self.quarter = quarter_of(asked.as_of, tenant.fiscal_month)
        self.is_internal = asked.edition is Edition.MANAGER
        self.ids = [place.id for place in places]
        self.places = places[:MOST_ACCOUNTS]
        self.records = Records(actor, self.ids, asked.as_of)
        self.missing: list[str] = []

    async def content(self) -> Content:
        """All of it, for those whom it is for."""
        (whole,) = await self._hierarchies([self.account.id], self.as_of)
        figures = whole.whole
        names = await self._names()
        sold = await self.records.sold(self.quarter)
        services = await self.records.services()
        found = Content(
            edition=self.asked.edition,
            tenant=self.tenant.name,
            currency=self.actor.currency,
            quarter=self.quarter,
            as_of=self.as_of,
            header=await self.then.header(self.actor, self.tenant.name),
            standing=_standing(figures),
            history=await self._history(figures),
            tree=await self._tree(names),
            contracts=await self._contracts(figures),
            services=self._told(services, "Services", "none runs, and none is on its way"),
            sold=self._told(sold, "Agreed this quarter", "nothing new was signed"),
            care=await self._care(),
        )
        found = await (self._internal(found, figures) if self.is_internal else self._shared(found, names))
        return replace(found, missing=tuple(self.missing))

    async def _shared(self, found: Content, names: Mapping[str, str]) -> Content:
        """What a customer is told besides."""
        plan = await plans.followed(self.actor, self.account.id, self.as_of)
        agreed = await plans.shared(self.actor, plan, self.asked.shared, self.as_of)
        owners = [self.then.owner_id] if self.then.owner_id else []
        theirs, ours = await both_sides(self.actor, names, owners, self.as_of)
        return replace(
            found,
            in_use=await self._in_use(),
            shared=self._told(agreed, "Agreed objectives and next steps", "none was named"),
            theirs=self._told(theirs, "Contacts", "nobody was met in the last half year"),
            ours=ours,
        )

    async def _internal(self, found: Content, figures: Figures) -> Content:
        """What we alone are to know."""
        account, ids, as_of = self.account, self.ids, self.as_of
        followed = await plans.followed(self.actor, account.id, as_of)
        plan = await plans.told(self.actor, followed, as_of) if followed else None
        deals, ended = await self.records.open_deals(), await self.records.ended_deals(self.quarter)
        risks, wise = await open_risks(self.actor, ids, as_of), await advice(self.actor, ids, as_of)
        people = await known_people(self.actor, account, as_of)
        discounts = await waiting_discounts(self.actor, ids, as_of)
        return replace(
            found,
            inside=self.then.inside,
            figures=figures,
            deals=self._told(deals, "Open deals", "there are none"),
            ended=self._told(ended, "Won and lost", "no deal ended in the quarter"),
            risks=self._told(risks, "Open risks", "none is known"),
            advice=self._told(wise, "Recommendations", "none waits"),
            withheld=await withheld(self.actor, ids, as_of),
            people=self._told(people, "People", "nobody is known at the account"),
            whitespace=await self._whitespace(),
            trends=self._told(await trends(self.records), "Trends", "none holds"),
            rivals=self._told(await rivals(self.records), "Competitors", "none is known to be there"),
            plan=self._told(plan, "Account plan", "none is followed on this day"),
            asks=asks(plan, people, wise, discounts, as_of),
        )

    def _told(self, found: T, section: str, why: str) -> T:
        """What was found; if that is nothing, a line says of which section, and why."""
        if not found:
            self.missing.append(f"{section}: {why}")
        return found

    async def _hierarchies(self, roots: Sequence[str], day: date) -> list[Hierarchy]:
        won = DayRange(self.quarter.first, self.quarter.last)
        return await hierarchies(self.actor, roots, AsOf(day), won)

    async def _names(self) -> dict[str, str]:
        """The names of the accounts, in the order of the tree."""
        known = {each.id: each.name for each in await Account.filter(id__in=self.ids)}
        return {each: known[each] for each in self.ids}

    async def _history(self, now: Figures) -> list[Point]:
        """The ends of the last quarters, the last of them no later than the day of the review."""
        days, quarter = list[date](), self.quarter
        for _ in range(QUARTERS - 1):
            quarter = period_before(quarter)
            days.append(quarter.last)
        then = [(await self._hierarchies([self.account.id], day))[0].whole for day in reversed(days)]
        dated = [*zip(reversed(days), then, strict=True), (self.as_of, now)]
        since = await judged_since(self.actor.tenant_id, self.ids) if self.is_internal else None
        return [_point(day, figures, is_judged=since is not None and since <= day) for day, figures in dated]

    async def _tree(self, names: Mapping[str, str]) -> list[Branch]:
        if len(self.ids) == 1:
            return self._told([], "Subsidiaries", "no account is below this one")
        found = await self._hierarchies([place.id for place in self.places], self.as_of)
        return [
            Branch(
                names[place.id],
                place.depth,
                each.own.recurring_minor,
                each.own.services,
                each.own.tickets,
                each.own.pipeline_minor if self.is_internal else None,
                each.own.at_risk_minor if self.is_internal else None,
            )
            for place, each in zip(self.places, found, strict=True)
        ]

    async def _contracts(self, figures: Figures) -> Contracts | None:
        running = await self.records.contracts()
        ending = {end: each.recurring_minor for end, each in figures.endings.items()}
        return self._told(Contracts(running, ending) if running else None, "Contracts", "none runs")

    async def _care(self) -> Care | None:
        months = [months_before(self.as_of, number) for number in range(MONTHS - 1, -1, -1)]
        waiting = await open_tickets(self.records)
        tickets = await ticket_days(self.records, min(months[0], self.quarter.first))
        used = await usage(self.records, months_before(self.as_of, MONTHS))
        unit = max(used, key=lambda each: (len(used[each]), each), default=None)
        found = Care(
            waiting,
            by_month(tickets, months),
            restored(tickets, self.quarter),
            unit,
            used[unit] if unit else {},
        )
        has_any = bool(waiting or tickets or unit)
        return self._told(found if has_any else None, "Service health", "no ticket and no usage is known")

    async def _whitespace(self) -> Whitespace | None:
        found = await grid.whitespace(self.actor, AsOf(self.as_of), grid.Wanted(account_id=self.account.id))
        rows = await found.rows(MOST_ACCOUNTS) if found.parts else []
        whole = None
        if rows:
            whole = Whitespace(found.parts, rows, await found.count(), await found.gaps(MOST_GAPS))
        return self._told(whole, "Whitespace", "the products have no families, or the account is not yours")

    async def _in_use(self) -> InUse | None:
        """Families that somebody of the customer has; what could be sold is in it nowhere."""
        found = await grid.whitespace(self.actor, AsOf(self.as_of), grid.Wanted(account_id=self.account.id))
        rows = await found.rows(MOST_ACCOUNTS) if found.parts else []
        told = [(row.name, [IN_USE.get(cell.state, "") for cell in row.cells]) for row in rows]
        chosen = [at for at in range(len(found.parts)) if any(states[at] for _, states in told)]
        if not chosen:
            return None
        return InUse(
            [found.parts[at].name for at in chosen],
            [(name, [states[at] for at in chosen]) for name, states in told if any(states)],
        )


def _point(day: date, figures: Figures, *, is_judged: bool) -> Point:
    return Point(
        day,
        figures.recurring_minor,
        figures.at_risk_minor if is_judged else None,
        figures.at_risk_weighted_minor if is_judged else None,
    )


def _standing(figures: Figures) -> Standing:
    return Standing(
        figures.accounts, figures.contracts, figures.recurring_minor, figures.services, figures.tickets
    )
