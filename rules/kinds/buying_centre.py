"""What kinds of facts say of buying centres alike: which roles are needed, and who is engaged in them.

As ``metrics/buying_centres.py`` has it, said in SQL for many accounts at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from metrics.buying_centres import ENGAGED_DAYS, needed_roles
from metrics.relationships import (
    FREQUENCY_POINTS,
    OFTEN,
    RECENCY_POINTS,
    SENIORITY_POINTS,
    WAS_CONTACT,
    WINDOW_DAYS,
)
from models.asof import as_of_rows, known_row
from models.base import Record
from models.database import is_sqlite, table_in
from models.deals import ContactRole
from models.people import Contact, Seniority
from models.stakeholders import BuyingCentre, Influence, PoliticalStatus, Support
from models.view import View
from rules.kinds.declaring import KEPT, and_known, columns_in, days, flag, number, stored, text
from rules.registry import Finder, Subquery

#: A person ``t`` of ``contacted_people`` who was contacted so lately as to be engaged.
ENGAGED = f"DAYS(:as_of, t.contacted_on) <= {ENGAGED_DAYS}"
#: A person ``t`` who has not left, and whose data was not erased.
THERE = f"(t.left_on is null or t.left_on > :as_of) and {KEPT}"
_COLUMNS: Mapping[ContactRole, str] = {role: f"of_{role.value.lower()}" for role in ContactRole}


def parts(model: type[Record], of: str, among: str) -> Subquery:
    """Makes a subquery that counts who takes part, for each ``of``: an account or a deal.

    ``people`` and ``champions`` who are there, ``engaged_buyers`` of those who have the money, and for each
    role whether anybody of it is engaged. ``among`` says of which accounts or deals, of rows ``t``.
    """
    engaged = ", ".join(
        f"max(case when s.role = '{role.value}' and {ENGAGED} then 1 else 0 end) as {column}"
        for role, column in _COLUMNS.items()
    )
    buyer, champion = ContactRole.ECONOMIC_BUYER.value, ContactRole.CHAMPION.value

    table = model._meta.db_table
    among_them = f"(select t.contact_id from {table} t where t.tenant_id = :tenant and {among})"

    def made(view: View) -> str:
        rows = as_of_rows(model, [of, "contact_id", "role", "removed_on"], view, which=among)
        persons = contacted_people(among_them, THERE, view=view)
        return (
            f"(select s.{of}, count(*) as people,"
            f" sum(case when s.role = '{champion}' then 1 else 0 end) as champions,"
            f" sum(case when s.role = '{buyer}' and {ENGAGED} then 1 else 0 end) as engaged_buyers, {engaged}"
            f" from {rows} s join {persons} on t.id = s.contact_id"
            f" where s.removed_on is null and {THERE} group by s.{of})"
        )

    return made


def needed(parameter: str) -> Subquery:
    """Makes a subquery of the roles needed by the kind of buying centre: how many, and whether each is."""
    columns = {"kind": "text", "total": "bigint", **dict.fromkeys(_COLUMNS.values(), "bigint")}
    return lambda _view: table_in(parameter, columns)


def finding(of: BuyingCentre, kinds: type[StrEnum]) -> Finder:
    """Finds which roles a tenant needs in each kind of buying centre: as now, for every date."""

    async def find(tenant_id: str, _as_of: date, _known_on: date | None) -> list[dict[str, object]]:
        said = await needed_roles(tenant_id, of)
        return [_row(kind.value, said.get(kind.value, said[""])) for kind in kinds]

    return find


def _row(kind: str, roles: tuple[ContactRole, ...]) -> dict[str, object]:
    return {
        "kind": kind,
        "total": len(roles),
        **{column: int(role in roles) for role, column in _COLUMNS.items()},
    }


#: Percent of the roles that are needed (``n``) of which somebody is engaged (``v``).
COVERAGE = (
    f"((2000 * ({' + '.join(f'v.{each} * n.{each}' for each in _COLUMNS.values())}) + n.total)"
    " / nullif(2 * n.total, 0)) / 10.0"
)


def people(view: View) -> str:
    """A subquery of people ``t`` as of the date, those left out whose data was erased."""
    select = "t.id, t.name, t.title, t.seniority, t.left_on, t.last_contacted_on"
    return f"(select {select} from {stored(Contact, select, KEPT, view=view)} where {KEPT})"


def contacted_people(people: str, *sql: str, view: View, joined: bool = True) -> str:
    """A subquery, called ``t``, of people as of the date with what ``sql`` speaks of, and ``contacted_on``.

    ``people`` is a subquery of the ids of those who are asked for, and ``contacted_on`` the day of the last
    contact with each. Where others are ``joined`` by their ids, it is not begun with the people: SQLite would
    look for each of them in each deal.
    """
    columns = columns_in(*sql, "t.last_contacted_on")
    which = "" if joined else f"t.id in {people}"
    rows = as_of_rows(Contact, columns, view, f"c.entity_id in {people}", which)
    return (
        f"(select p.*, {contacted('p', 'l')} as contacted_on from {rows} p"
        f" left join {last_met(people, 'p.id')(view)} l on l.contact_id = p.id) t"
    )


def contacted(person: str, last: str) -> str:
    """SQL for the day of the last contact with a ``person`` by the date; ``last`` is a row of ``last_met``.

    It is as ``metrics.relationships`` has it: the later of what was noted and of the last interaction.
    """
    noted, met_on = f"{person}.last_contacted_on", f"{last}.met_on"
    return (
        f"case when {noted} <= :as_of and {met_on} is null then {noted}"
        f" when {noted} <= :as_of and {noted} > {met_on} then {noted} else {met_on} end"
    )


def last_met(people: str, person: str = "t.contact_id") -> Subquery:
    """Makes a subquery of the day of the last interaction by the date that was a contact with each person.

    ``people`` are as in ``met``, ``person`` is the id to which it is joined. Each is looked up by an index
    that has the days in order.
    """

    def last(of: str, view: View) -> str:
        return (
            "from interaction i where i.tenant_id = :tenant"
            f" and i.contact_id = {of} and i.happened_on <= :as_of and {WAS_CONTACT}"
            f"{and_known(known_row('i'), view)} order by i.happened_on desc limit 1"
        )

    def made(view: View) -> str:
        if not is_sqlite():
            return f"lateral (select i.contact_id, i.happened_on as met_on {last(person, view)})"
        day = f"(select i.happened_on {last('w.id', view)})"
        among = f"contact w where w.id in {people} group by w.id"  # grouped, each day is looked up once
        return f"(select w.id as contact_id, {day} as met_on from {among})"

    return made


def met(people: str) -> Subquery:
    """Makes a subquery of how often, when last and by how many of us people were contacted in the window.

    ``people`` is a subquery of the ids of those who are asked for; it is joined to rows ``t`` by theirs.
    """
    return lambda view: (
        f"{_for_each()}(select i.contact_id, count(*) as contacts, max(i.happened_on) as last_on,"
        " count(distinct i.user_id) as colleagues from interaction i where i.tenant_id = :tenant"
        f" and i.contact_id {_one_of(people)} and i.happened_on > :day_{WINDOW_DAYS}"
        f" and i.happened_on <= :as_of and {WAS_CONTACT}{and_known(known_row('i'), view)}"
        " group by i.contact_id)"
    )


def judged(people: str, of: str, follows: str) -> Subquery:
    """Makes a subquery of how people were last judged by the date.

    ``people`` are as in ``met``. ``of`` is a condition on assessments ``b``, that they are of such a buying
    centre, ``follows`` on others ``c`` of the same person, that these are of the same one.
    """

    def said(alias: str, view: View) -> str:
        by_then = f"{alias}.tenant_id = :tenant and {alias}.assessed_on <= :as_of"
        return f"{by_then}{and_known(known_row(alias), view)}"

    return lambda view: (
        f"{_for_each()}(select b.contact_id, b.deal_id, b.support, b.influence, b.political_status"
        f" from assessment b where {said('b', view)} and b.contact_id {_one_of(people)} and {of}"
        f" and not exists (select 1 from assessment c where {said('c', view)}"
        f" and c.contact_id = b.contact_id and {follows}"
        " and (c.assessed_on > b.assessed_on or (c.assessed_on = b.assessed_on and c.id > b.id))))"
    )


def _for_each() -> str:
    """What a join begins with that is looked up for each row.

    PostgreSQL takes few rows to be of the accounts that are asked for, where they are many, and would go
    through all interactions for each of them. SQLite makes a table of those that are asked for.
    """
    return "" if is_sqlite() else "lateral "


def _one_of(people: str, person: str = "t.contact_id") -> str:
    return f"in {people}" if is_sqlite() else f"= {person}"


_SENIORITY = " ".join(f"when '{each.value}' then {points}" for each, points in SENIORITY_POINTS.items())
#: As ``metrics.relationships.strength`` has it.
_STRENGTH = (
    f"case when m.contacts > 0 then {RECENCY_POINTS} * ({WINDOW_DAYS} - DAYS(:as_of, m.last_on))"
    f" / {WINDOW_DAYS} + {FREQUENCY_POINTS}"
    f" * (case when m.contacts > {OFTEN} then {OFTEN} else m.contacts end) / {OFTEN}"
    f" + case p.seniority {_SENIORITY} end else 0 end"
)
#: A person (``p``): who it is, how it was judged last (``j``), and how well we know it by how we met (``m``)
#: and when last (``l``).
PERSON = (
    text("name", "the person's name", "p.name"),
    text("title", "the person's position", "p.title"),
    text("role", "what the person is in the buying centre", "t.role", ContactRole),
    text("seniority", "where the person stands in the organisation", "p.seniority", Seniority),
    days(
        "days_since_contact",
        "days since the person was last contacted",
        f"DAYS(:as_of, {contacted('p', 'l')})",
    ),
    flag("has_left", "whether the person has left the customer", "p.left_on <= :as_of"),
    text("support", "where the person stands towards us, as last judged", "j.support", Support),
    text("influence", "how much weight the person's word has, as last judged", "j.influence", Influence),
    text(
        "political_status",
        "how near the person is to those who have the power, as last judged",
        "j.political_status",
        PoliticalStatus,
    ),
    number(
        "strength",
        "points",
        "how strong the relationship is by recency, frequency and seniority, 0 to 100",
        _STRENGTH,
        minimum=0,
        maximum=100,
    ),
    number(
        "colleagues_in_contact",
        "colleagues",
        "how many of us were in contact with the person within the last 180 days",
        "coalesce(m.colleagues, 0)",
        minimum=0,
    ),
    days(
        "days_since_left",
        "days since the person left; missing for who has not",
        "case when p.left_on <= :as_of then DAYS(:as_of, p.left_on) end",
    ),
)
