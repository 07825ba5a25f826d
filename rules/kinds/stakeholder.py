"""Facts of kind ``stakeholder``: who is what in the buying centre of the account, and how well we know them.

They tell how people are judged: what rules say by them is shown to whoever answers for the account alone.
"""

from __future__ import annotations

from models.stakeholders import Stakeholder
from rules.kinds.buying_centre import PERSON, judged, last_met, met, people
from rules.kinds.declaring import identity, kind
from rules.registry import Rows

_AMONG_PEOPLE = "(select contact_id from stakeholder where tenant_id = :tenant and AMONG(account_id))"
_ROWS = Rows(
    Stakeholder,
    source="null",
    where="p.id is not null and t.removed_on is null",
    joins={
        "p": (people, "p.id = t.contact_id"),
        "m": (met(_AMONG_PEOPLE), "m.contact_id = t.contact_id"),
        "l": (last_met(_AMONG_PEOPLE), "l.contact_id = t.contact_id"),
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
    *PERSON,
    identity("contact_id", "the person", "t.contact_id"),
)
