"""Facts of kind ``signal``: what was heard within a year."""

from __future__ import annotations

from models.signals import Signal, SignalKind
from rules.kinds.declaring import days, identity, kind, text
from rules.registry import Rows

_ROWS = Rows(Signal, where="t.observed_on <= :as_of and t.observed_on > :day_365")

SIGNAL = kind(
    "signal",
    "something heard about the account within the last 365 days",
    _ROWS,
    text("name", "what was heard", "t.summary"),
    text("kind", "what kind of thing it is", "t.kind", SignalKind),
    days("age_days", "days since it was observed", "DAYS(:as_of, t.observed_on)"),
    text("source", "where it came from", "t.source"),
    identity("deal_id", "the deal it is about", "t.deal_id"),
    identity("contact_id", "the contact it is about", "t.contact_id"),
)
