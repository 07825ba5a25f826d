"""Gathers what a review of an account tells, as its reader sees it, as of a date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from commands.account_review.content import (
    Audience,
    Branch,
    Content,
    Contracts,
    Header,
    Inside,
    Point,
    ServiceHealth,
    Standing,
    Tree,
    Whitespace,
)
from commands.account_review.plans import followed_plan
from commands.account_review.verdicts import advice, open_risks
from commands.permissions import READ, READ_MONEY, READ_PERSONAL, require
from metrics.account_families import Families, FamilyState, families
from metrics.account_records import Person, Records, by_month
from metrics.account_tree import Place, walked
from metrics.hierarchy import ContractEnd, Figures, Hierarchy, hierarchies
from metrics.sales import AsOf, DayRange
from models.access import Actor, Tenant, User
from models.accounts import Account, standing_id
from models.base import check_day
from models.database import fetch
from models.deals import Stage
from models.errors import Invalid, NotFound, allowed
from models.forecast import Period, period_before
from models.services import months_before
from models.visibility import visible

#: Revenue is told at the ends of so many quarters, this one counted.
QUARTERS = 8
#: Tickets and usage are told of so many months.
MONTHS = 12
#: So many accounts of a tree are told one by one.
MOST_ACCOUNTS = 40
#: A customer knows of what is being sold from this stage on.
_KNOWN_FROM = Stage.PROPOSED.rank


@dataclass(frozen=True)
class Asked:
    """Which review: of a quarter, as of a day in it or later, for whom."""

    quarter: Period
    as_of: date
    audience: Audience = Audience.MANAGER


async def account_named(actor: Actor, named: str) -> Account:
    """The account with an id, or an id in a source; a duplicate is what it became part of.

    Raises:
        NotFound: there is none, or the actor does not see it.
        Invalid: several sources have an account with the id.
    """
    seen = visible(Account, actor, "t")
    standing = standing_id(":named", ":tenant")
    rows = await fetch(
        f"select t.id, t.source from account t where {seen.sql} and (t.id = {standing}"
        " or t.external_id = :named or t.id in (select m.account_id from account_merge m"
        " where m.tenant_id = :tenant and m.external_id = :named and m.undone_at is null)) order by t.id",
        {**seen.params, "tenant": actor.tenant_id, "named": named},
    )
    if not rows:
        raise NotFound(f"no account {named!r}", ["account"])
    exact = [row for row in rows if row["id"] == named] or rows
    if len(exact) > 1:
        known = allowed([f"{row['id']} ({row['source']})" for row in exact])
        raise Invalid(f"{named!r} is an account of several sources; allowed: {known}", ["account"])
    return await Account.get(id=str(exact[0]["id"]))


async def gathered(actor: Actor, account: Account, asked: Asked) -> Content:
    """What there is to tell of an account and all below it, of what the actor may see.

    Raises:
        Forbidden: the actor's scopes let them see no money, or not who people are.
        Invalid: the day is no business date, or before the quarter.
    """
    for right in (READ, READ_MONEY, READ_PERSONAL):
        require(actor, right, "review an account")
    _check(asked)
    places = await walked(actor, account.id, asked.as_of)
    return await _Review(actor, account, asked, places).content()


def _check(asked: Asked) -> None:
    check_day(asked.as_of, "asOf")
    if asked.as_of < asked.quarter.first:
        raise Invalid(
            f"the quarter begins on {asked.quarter.first}; allowed as of: that day or a later one", ["asOf"]
        )


T = TypeVar("T")


class _Review:
    """One review while it is gathered; what there is nothing to tell of is put down in ``missing``."""

    def __init__(self, actor: Actor, account: Account, asked: Asked, places: Sequence[Place]) -> None:
        self.actor = actor
        self.account = account
        self.asked = asked
        self.is_internal = asked.audience is Audience.MANAGER
        self.places = places[:MOST_ACCOUNTS]
        self.ids = [place.id for place in places]
        self.records = Records(actor, self.ids, asked.as_of)
        self.missing: list[str] = []

    async def content(self) -> Content:
        """All of it, for those whom it is for."""
        (whole,) = await self._hierarchies([self.account.id], self.asked.as_of)
        figures = whole.whole
        tenant = await Tenant.get(id=self.actor.tenant_id)
        names = await self._names()
        found = Content(
            audience=self.asked.audience,
            tenant=tenant.name,
            currency=self.actor.currency,
            quarter=self.asked.quarter,
            as_of=self.asked.as_of,
            header=await self._header(),
            standing=_standing(figures),
            history=await self._history(figures),
            tree=await self._tree(names),
            contracts=await self._contracts(figures),
            service=await self._service(),
            people=await self._people(),
            whitespace=await self._whitespace(names),
        )
        found = await (self._internal(found, figures) if self.is_internal else self._shared(found))
        return replace(found, missing=tuple(self.missing))

    async def _shared(self, found: Content) -> Content:
        """What a customer is told besides: products, as deals have names that we gave them."""
        sold = await self.records.sold(self.asked.quarter)
        return replace(found, sold=self._told(sold, "Agreed this quarter", "nothing new"))

    async def _internal(self, found: Content, figures: Figures) -> Content:
        """What we alone are to know."""
        account, ids, as_of = self.account, self.ids, self.asked.as_of
        ended = await self.records.ended_deals(self.asked.quarter)
        plan = await followed_plan(self.actor, account.id, as_of)
        deals, risks = await self.records.open_deals(), await open_risks(self.actor, ids, as_of)
        return replace(
            found,
            inside=Inside(account.tier.value, account.segment, account.overdue_minor, account.overdue_since),
            figures=figures,
            deals=self._told(deals, "Open deals", "there are none"),
            ended=self._told(ended, "Won and lost", "no deal ended in the quarter"),
            risks=self._told(risks, "Open risks", "none is known"),
            advice=self._told(await advice(self.actor, ids, as_of), "Recommendations", "none waits"),
            plan=self._told(plan, "Account plan", "none is followed on this day"),
        )

    def _told(self, found: T, section: str, why: str) -> T:
        """What was found; if that is nothing, a line says of which section, and why."""
        if not found:
            self.missing.append(f"{section}: {why}")
        return found

    async def _hierarchies(self, roots: Sequence[str], day: date) -> list[Hierarchy]:
        quarter = self.asked.quarter
        return await hierarchies(self.actor, roots, AsOf(day), DayRange(quarter.first, quarter.last))

    async def _names(self) -> dict[str, str]:
        """The names of the accounts that are told one by one, in their order."""
        known = {
            each.id: each.name for each in await Account.filter(id__in=[each.id for each in self.places])
        }
        return {place.id: known[place.id] for place in self.places}

    async def _header(self) -> Header:
        account = self.account
        owner = await User.get_or_none(id=account.owner_id) if account.owner_id else None
        seen = visible(Account, self.actor, "t")
        above = await fetch(
            f"select t.name from account t where t.id = :id and {seen.sql}",
            {**seen.params, "id": account.parent_id},
        )
        return Header(
            account.name,
            owner.name if owner else "nobody",
            account.country,
            account.industry,
            account.employees,
            str(above[0]["name"]) if above else None,
        )

    async def _history(self, now: Figures) -> list[Point]:
        """The ends of the last quarters, the last of them no later than the day of the review."""
        days, quarter = list[date](), self.asked.quarter
        for _ in range(QUARTERS - 1):
            quarter = period_before(quarter)
            days.append(quarter.last)
        then = [(await self._hierarchies([self.account.id], day))[0].whole for day in reversed(days)]
        dated = [*zip(reversed(days), then, strict=True), (self.asked.as_of, now)]
        return [
            Point(
                day,
                figures.recurring_minor,
                figures.at_risk_minor if self.is_internal else None,
                figures.at_risk_weighted_minor if self.is_internal else None,
            )
            for day, figures in dated
        ]

    async def _tree(self, names: Mapping[str, str]) -> Tree | None:
        if len(self.ids) == 1:
            return self._told(None, "Subsidiaries", "no account is below this one")
        found = await self._hierarchies(list(names), self.asked.as_of)
        branches = [
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
        return Tree(branches, len(self.ids))

    async def _contracts(self, figures: Figures) -> Contracts | None:
        running = await self.records.contracts()
        ending = [(end, figures.endings[end].recurring_minor) for end in ContractEnd]
        return self._told(Contracts(running, ending) if running else None, "Contracts", "none runs")

    async def _service(self) -> ServiceHealth | None:
        as_of = self.asked.as_of
        months = [months_before(as_of, number) for number in range(MONTHS - 1, -1, -1)]
        tickets, days = await self.records.tickets(), await self.records.ticket_days(months[0])
        used = await self.records.usage(months_before(as_of, MONTHS))
        unit = max(used, key=lambda each: (len(used[each]), each), default=None)
        found = ServiceHealth(
            tickets,
            months,
            by_month(days["opened"], months),
            by_month(days["resolved"], months),
            unit,
            list(used[unit].items()) if unit else [],
        )
        has_any = bool(tickets or unit or any(found.opened) or any(found.resolved))
        return self._told(found if has_any else None, "Service health", "no ticket and no usage is known")

    async def _people(self) -> list[Person]:
        """People; a customer is told nothing of how we see them."""
        people = self._told(await self.records.people(), "People", "nobody is known there")
        if self.is_internal:
            return people
        return [replace(each, last_contacted_on=None, parts=()) for each in people]

    async def _whitespace(self, names: Mapping[str, str]) -> Whitespace | None:
        """The grid of the accounts; a customer sees what was proposed, and no losses."""
        found = await families(self.actor, list(names), self.asked.as_of)
        rows = [
            (name, [self._state(found, account_id, family) for family in found.families])
            for account_id, name in names.items()
        ]
        grid = Whitespace(found.families, rows) if found.families else None
        return self._told(grid, "Product families", "the products have none")

    def _state(self, found: Families, account_id: str, family: str) -> FamilyState:
        state = found.state(account_id, family)
        if self.is_internal or state is FamilyState.OWNED:
            return state
        stage = found.stages.get((account_id, family))
        is_known = state is FamilyState.OPEN and stage is not None and stage.rank >= _KNOWN_FROM
        return FamilyState.OPEN if is_known else FamilyState.NEVER


def _standing(figures: Figures) -> Standing:
    return Standing(
        figures.accounts, figures.contracts, figures.recurring_minor, figures.services, figures.tickets
    )
