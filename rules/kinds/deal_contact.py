"""Facts of kind ``deal_contact``: who takes part in the deals that are facts, and how they are judged there.

What is judged at the account is none of these: who sees the deal does not see it.
"""

from __future__ import annotations

from models.deals import DealContact
from rules.kinds.buying_centre import PERSON, judged, last_met, met, people
from rules.kinds.deal import AMONG_DEALS, AMONG_PEOPLE, deals_in_sight
from rules.kinds.declaring import flag, identity, kind
from rules.registry import Rows

_ROWS = Rows(
    DealContact,
    account="d.account_id",
    source="null",
    where="d.account_id is not null and p.id is not null and t.removed_on is null"
    f" and t.deal_id in {AMONG_DEALS}",
    narrowed=True,
    joins={
        "d": (deals_in_sight, "d.id = t.deal_id"),
        "p": (people, "p.id = t.contact_id"),
        "m": (met(AMONG_PEOPLE), "m.contact_id = t.contact_id"),
        "l": (last_met(AMONG_PEOPLE), "l.contact_id = t.contact_id"),
        "j": (
            judged(AMONG_PEOPLE, "b.deal_id is not null", "c.deal_id = b.deal_id"),
            "j.contact_id = t.contact_id and j.deal_id = t.deal_id",
        ),
    },
)

DEAL_CONTACT = kind(
    "deal_contact",
    "a person's part in a deal that is open, or ended within the last 365 days",
    _ROWS,
    *PERSON,
    flag("deal_is_open", "whether the deal can still be won", "d.is_open = 1"),
    identity("deal_id", "the deal", "t.deal_id"),
    identity("contact_id", "the person", "t.contact_id"),
)
