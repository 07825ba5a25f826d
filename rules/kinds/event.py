"""Facts of kind ``event``: what moved for many accounts at once, this one among those it is about."""

from __future__ import annotations

from models.accounts import Account
from models.asof import View, as_of_rows
from models.events import Dimension, Movement, PopulationEvent
from rules.kinds.declaring import days, kind, text
from rules.registry import Rows

_PARTS = [each.lower() for each in Dimension if each is not Dimension.TENANT]
_COLUMNS = ["measure", "direction", "dimension", "part", "title", "started_on", "lapsed_on"]


def _of_accounts(view: View) -> str:
    """The events as of the date, each with every account that it is about."""
    parts = " or ".join(f"(e.dimension = '{each.upper()}' and e.part = a.{each})" for each in _PARTS)
    return (
        f"(select e.*, a.id as account_id from {as_of_rows(PopulationEvent, _COLUMNS, view)} e"
        f" join {as_of_rows(Account, _PARTS, view)} a on e.dimension = '{Dimension.TENANT.value}' or {parts}"
        " where e.started_on <= :as_of and (e.lapsed_on is null or e.lapsed_on > :as_of)"
        " and AMONG(a.id)) t"
    )


EVENT = kind(
    "event",
    "something that moved many accounts at once: of the whole tenant, or of one segment, region and so on",
    Rows(source="null", subquery=_of_accounts),
    text("name", "what happened, and where", "t.title"),
    text("measure", "the kind and field that moved, such as account.tickets_open_severe", "t.measure"),
    text("direction", "which way it went", "t.direction", Movement),
    text("dimension", "what the accounts have in common", "t.dimension", Dimension),
    text("part", "the segment, industry, country or region", "nullif(t.part, '')"),
    days("age_days", "days since it began", "DAYS(:as_of, t.started_on)"),
)
