"""Facts of kind ``contract``."""

from __future__ import annotations

from models.revenue import Contract
from rules.kinds.declaring import ACTIVE, CURRENCY, days, flag, kind, money, text
from rules.registry import Rows

CONTRACT = kind(
    "contract",
    "a signed contract",
    Rows(Contract),
    text("name", "the contract's name", "t.name"),
    flag("is_active", "whether it runs: begun, not ended, not terminated", ACTIVE),
    days(
        "days_to_end",
        "days until it ends; negative when it has; missing without an end",
        "DAYS(t.ends_on, :as_of)",
    ),
    days("days_since_start", "days since it began", "DAYS(:as_of, t.starts_on)"),
    days("notice_days", "notice that must be given before the end", "t.notice_days", minimum=0),
    flag("auto_renews", "whether it renews by itself", "t.auto_renews = true"),
    money("monthly_recurring", "monthly recurring charge", "t.mrc_minor"),
    money("annual_value", "12 times the monthly recurring charge", "t.mrc_minor * 12"),
    CURRENCY,
)
