"""Facts of kind ``signal``: what was heard within a year."""

from __future__ import annotations

from models.asof import as_of_rows
from models.signals import Signal, SignalKind
from models.trends import Trend, TrendImpact, TrendState
from models.view import View
from rules.kinds.declaring import days, flag, identity, kind, text
from rules.registry import Rows

_ENDED = f"'{TrendState.CLOSED}', '{TrendState.REFUTED}'"


def _weighed(view: View) -> str:
    """The signals of which a trend was made that says what they mean."""
    trends = as_of_rows(Trend, ["signal_id", "impact", "state"], view, which="AMONG(t.account_id)")
    return (
        f"(select distinct w.signal_id from {trends} w where w.signal_id is not null"
        f" and (w.impact <> '{TrendImpact.NEUTRAL}' or w.state in ({_ENDED})))"
    )


_ROWS = Rows(
    Signal,
    where="t.observed_on <= :as_of and t.observed_on > :day_365",
    joins={"w": (_weighed, "w.signal_id = t.id")},
)

SIGNAL = kind(
    "signal",
    "something heard about the account within the last 365 days",
    _ROWS,
    text("name", "what was heard", "t.summary"),
    text("kind", "what kind of thing it is", "t.kind", SignalKind),
    days("age_days", "days since it was observed", "DAYS(:as_of, t.observed_on)"),
    flag(
        "is_weighed",
        "whether a trend was made of it that says what it means: an opportunity, a threat, over or not so",
        "w.signal_id is not null",
    ),
    text("source", "where it came from", "t.source"),
    identity("deal_id", "the deal it is about", "t.deal_id"),
    identity("contact_id", "the contact it is about", "t.contact_id"),
)
