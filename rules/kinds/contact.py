"""Facts of kind ``contact``."""

from __future__ import annotations

from models.people import Contact, Seniority
from rules.kinds.buying_centre import contacted, last_met
from rules.kinds.declaring import KEPT, days, flag, kind, text
from rules.registry import Rows

_AMONG_PEOPLE = "(select id from contact where tenant_id = :tenant and AMONG(account_id))"

CONTACT = kind(
    "contact",
    "a person at the customer, unless the person's data was erased",
    Rows(Contact, where=KEPT, joins={"l": (last_met(_AMONG_PEOPLE, "t.id"), "l.contact_id = t.id")}),
    text("name", "the person's name", "t.name"),
    text("title", "the person's position", "t.title"),
    text("seniority", "where the person stands in the organisation", "t.seniority", Seniority),
    days("days_since_contact", "days since the last contact", f"DAYS(:as_of, {contacted('t', 'l')})"),
    flag("has_left", "whether the person has left the customer", "t.left_on <= :as_of"),
    days(
        "days_since_left",
        "days since the person left; missing for who has not",
        "case when t.left_on <= :as_of then DAYS(:as_of, t.left_on) end",
    ),
)
