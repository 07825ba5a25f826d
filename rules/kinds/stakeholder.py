"""Facts of kind ``stakeholder``: who is what in the buying centre of the account, and how well we know them.

They tell how people are judged: what rules say by them is shown to whoever answers for the account alone.
"""

from __future__ import annotations

from metrics.relationships import (
    FREQUENCY_POINTS,
    OFTEN,
    RECENCY_POINTS,
    SENIORITY_POINTS,
    WAS_CONTACT,
    WINDOW_DAYS,
)
from models.asof import known_row
from models.deals import ContactRole
from models.people import Contact, Seniority
from models.stakeholders import Influence, PoliticalStatus, Stakeholder, Support
from models.view import View
from rules.kinds.declaring import CONTACTED, KEPT, and_known, days, flag, identity, kind, number, stored, text
from rules.registry import Rows


def _people(view: View) -> str:
    """Who has a part, as of the date, by the id of the part."""
    select = f"t.name, t.title, t.seniority, t.left_on, {CONTACTED} as contacted_on"
    people = stored(Contact, select, KEPT, view=view)
    return (
        f"(select r.id, {select} from stakeholder r join {people} on t.id = r.contact_id"
        f" where r.tenant_id = :tenant and AMONG(r.account_id) and {KEPT})"
    )


def _met(view: View) -> str:
    """How often, when last and by how many of us each person was contacted within the window."""
    return (
        "(select i.contact_id, count(*) as contacts, max(i.happened_on) as last_on,"
        " count(distinct i.user_id) as colleagues from interaction i where i.tenant_id = :tenant"
        f" and AMONG(i.account_id) and i.happened_on <= :as_of and {WAS_CONTACT}"
        f" and DAYS(:as_of, i.happened_on) < {WINDOW_DAYS}{and_known(known_row('i'), view)}"
        " group by i.contact_id)"
    )


def _judged(view: View) -> str:
    """How each person was last judged at the account by the date."""
    return (
        "(select j.contact_id, j.support, j.influence, j.political_status from (select b.contact_id,"
        " b.support, b.influence, b.political_status, row_number() over (partition by b.contact_id"
        " order by b.assessed_on desc, b.id desc) as place from assessment b where b.tenant_id = :tenant"
        f" and b.deal_id is null and AMONG(b.account_id) and b.assessed_on <= :as_of"
        f"{and_known(known_row('b'), view)}) j where j.place = 1)"
    )


_SENIORITY = " ".join(f"when '{each.value}' then {points}" for each, points in SENIORITY_POINTS.items())
#: As ``metrics.relationships.strength`` has it.
_STRENGTH = (
    f"case when m.contacts > 0 then {RECENCY_POINTS} * ({WINDOW_DAYS} - DAYS(:as_of, m.last_on))"
    f" / {WINDOW_DAYS} + {FREQUENCY_POINTS}"
    f" * (case when m.contacts > {OFTEN} then {OFTEN} else m.contacts end) / {OFTEN}"
    f" + case p.seniority {_SENIORITY} end else 0 end"
)

_ROWS = Rows(
    Stakeholder,
    source="null",
    where="p.id is not null and t.removed_on is null and t.contact_id is not null",
    joins={
        "p": (_people, "p.id = t.id"),
        "m": (_met, "m.contact_id = t.contact_id"),
        "j": (_judged, "j.contact_id = t.contact_id"),
    },
)

STAKEHOLDER = kind(
    "stakeholder",
    "a person's part in the buying centre of the account",
    _ROWS,
    text("name", "the person's name", "p.name"),
    text("title", "the person's position", "p.title"),
    text("role", "what the person is in the buying centre", "t.role", ContactRole),
    text("seniority", "where the person stands in the organisation", "p.seniority", Seniority),
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
    days("days_since_contact", "days since the person was last contacted", "DAYS(:as_of, p.contacted_on)"),
    flag("has_left", "whether the person has left the customer", "p.left_on <= :as_of"),
    days(
        "days_since_left",
        "days since the person left; missing for who has not",
        "case when p.left_on <= :as_of then DAYS(:as_of, p.left_on) end",
    ),
    identity("contact_id", "the person", "t.contact_id"),
)
