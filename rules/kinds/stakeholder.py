"""Facts of kind ``stakeholder``: who is what in the buying centre of the account, and how well we know them.

They tell how people are judged: what rules say by them is shown to whoever answers for the account alone.
"""

from __future__ import annotations

from models.deals import ContactRole
from models.people import Contact, Seniority
from models.stakeholders import Stakeholder
from models.view import View
from rules.kinds.buying_centre import JUDGED, KNOWN, days_since_left, judged, met
from rules.kinds.declaring import CONTACTED, KEPT, days, flag, identity, kind, stored, text
from rules.registry import Rows


def _people(view: View) -> str:
    """Who has a part, as of the date, by the id of the part."""
    select = f"t.name, t.title, t.seniority, t.left_on, {CONTACTED} as contacted_on"
    people = stored(Contact, select, KEPT, view=view)
    return (
        f"(select r.id, {select} from stakeholder r join {people} on t.id = r.contact_id"
        f" where r.tenant_id = :tenant and AMONG(r.account_id) and {KEPT})"
    )


_ROWS = Rows(
    Stakeholder,
    source="null",
    where="p.id is not null and t.removed_on is null and t.contact_id is not null",
    joins={
        "p": (_people, "p.id = t.id"),
        "m": (met("AMONG(i.account_id)"), "m.contact_id = t.contact_id"),
        "j": (
            judged("b.deal_id is null and AMONG(b.account_id)", "c.deal_id is null"),
            "j.contact_id = t.contact_id",
        ),
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
    *JUDGED,
    *KNOWN,
    days("days_since_contact", "days since the person was last contacted", "DAYS(:as_of, p.contacted_on)"),
    flag("has_left", "whether the person has left the customer", "p.left_on <= :as_of"),
    days_since_left("p"),
    identity("contact_id", "the person", "t.contact_id"),
)
