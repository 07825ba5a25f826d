"""Facts of kind ``trend``: changes at the account that hold."""

from __future__ import annotations

from models.severity import Severity
from models.trends import Confidence, Trend, TrendImpact, TrendKind, TrendState
from rules.kinds.declaring import days, flag, kind, number, text
from rules.registry import Rows

_SEVERITIES = " ".join(f"when '{each.value}' then {each.rank}" for each in Severity)

TREND = kind(
    "trend",
    "a change at the account that holds: neither closed nor refuted",
    Rows(Trend, where="t.state in ('OPEN', 'ACTED') and t.observed_on <= :as_of"),
    text("name", "what changes, in a few words", "t.title"),
    text("kind", "what kind of change it is", "t.kind", TrendKind),
    text("impact", "what it means for us", "t.impact", TrendImpact),
    text("severity", "how much it means", "t.severity", Severity),
    number(
        "severity_rank",
        "",
        "how much it means, from 0 (LOW) to 3 (CRITICAL)",
        f"(case t.severity {_SEVERITIES} end)",
        0,
        3,
    ),
    text("confidence", "how sure it is", "t.confidence", Confidence),
    text("state", "whether its course of action was taken", "t.state", TrendState),
    days("days_since_observed", "days since it was observed", "DAYS(:as_of, t.observed_on)", minimum=0),
    flag("has_course", "whether it has a course of action", "t.course is not null"),
    text("course", "its course of action; missing without one", "t.course"),
    days(
        "course_overdue_days",
        "days since its course of action was due; negative when that is to come, missing without a day",
        "DAYS(:as_of, t.course_due_on)",
    ),
)
