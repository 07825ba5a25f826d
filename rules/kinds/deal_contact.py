"""Facts of kind ``deal_contact``: who takes part in the deals that are facts, and how they are judged there.

What is judged at the account is none of these: who sees the deal does not see it.
"""

from __future__ import annotations

from models.deals import ContactRole, DealContact
from models.people import Contact, Seniority
from models.view import View
from rules.kinds.buying_centre import JUDGED, KNOWN, days_since_left, judged, met
from rules.kinds.deal import AMONG_DEALS, deals_in_sight
from rules.kinds.declaring import CONTACTED, KEPT, days, flag, identity, kind, stored, text
from rules.registry import Rows


def _people(view: View) -> str:
    select = f"t.id, t.name, t.title, t.seniority, t.left_on, {CONTACTED} as contacted_on"
    return f"(select {select} from {stored(Contact, select, KEPT, view=view)} where {KEPT})"


_AMONG_PEOPLE = (
    f"(select contact_id from deal_contact where tenant_id = :tenant and deal_id in {AMONG_DEALS})"
)
_ROWS = Rows(
    DealContact,
    account="d.account_id",
    source="null",
    where="d.account_id is not null and p.id is not null and t.removed_on is null"
    f" and t.deal_id in {AMONG_DEALS}",
    narrowed=True,
    joins={
        "d": (deals_in_sight, "d.id = t.deal_id"),
        "p": (_people, "p.id = t.contact_id"),
        "m": (met(_AMONG_PEOPLE), "m.contact_id = t.contact_id"),
        "j": (
            judged(_AMONG_PEOPLE, "b.deal_id is not null", "c.deal_id = b.deal_id"),
            "j.contact_id = t.contact_id and j.deal_id = t.deal_id",
        ),
    },
)

DEAL_CONTACT = kind(
    "deal_contact",
    "a person's part in a deal that is open, or ended within the last 365 days",
    _ROWS,
    text("name", "the person's name", "p.name"),
    text("title", "the person's position", "p.title"),
    text("role", "what the person is in the buying centre", "t.role", ContactRole),
    text("seniority", "where the person stands in the organisation", "p.seniority", Seniority),
    days("days_since_contact", "days since the person was last contacted", "DAYS(:as_of, p.contacted_on)"),
    flag("has_left", "whether the person has left the customer", "p.left_on <= :as_of"),
    *JUDGED,
    *KNOWN,
    days_since_left("p"),
    flag("deal_is_open", "whether the deal can still be won", "d.is_open = 1"),
    identity("deal_id", "the deal", "t.deal_id"),
    identity("contact_id", "the person", "t.contact_id"),
)
