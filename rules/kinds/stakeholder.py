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
    select = f"t.id, t.name, t.title, t.seniority, t.left_on, {CONTACTED} as contacted_on"
    return f"(select {select} from {stored(Contact, select, KEPT, view=view)} where {KEPT})"


_AMONG_PEOPLE = "(select contact_id from stakeholder where tenant_id = :tenant and AMONG(account_id))"
_ROWS = Rows(
    Stakeholder,
    source="null",
    where="p.id is not null and t.removed_on is null",
    joins={
        "p": (_people, "p.id = t.contact_id"),
        "m": (met(_AMONG_PEOPLE), "m.contact_id = t.contact_id"),
        "j": (
            judged(_AMONG_PEOPLE, "b.deal_id is null", "c.deal_id is null"),
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
