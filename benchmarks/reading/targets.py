"""What was aimed at with reads, and whether it was met: true, false, or None where it was not measured."""

from __future__ import annotations

from benchmarks.live import Result
from benchmarks.reading.columns import CACHED, LIMIT, OURS, STOCK

#: How much slower the late page may be than the first, the slowest answers than the median one, and how much
#: of the server's memory may be new after all the requests.
LATE_PAGE, SLOWEST, GROWTH = 1.3, 4, 0.05
SPREAD = ("point", "nested", "page_first", "page_late")


def targets(asked: Result, memory: Result) -> dict[str, bool | None]:
    """The targets for one database."""
    late = _ratio(asked, "page_first", "page_late", OURS)
    spread = [_spread(asked[name]) for name in SPREAD]
    growth = memory["growth"]
    return {
        "every column answers with the same data": all(each["equal"] for each in asked.values()),
        "nested list at least 20 times stock": _at_least(asked["nested"], STOCK, 20),
        "nested list at least 0.85 of the limit": _at_least(asked["nested"], LIMIT, 0.85),
        "filtered connection at least 4 times stock with caches": _at_least(asked["page_first"], CACHED, 4),
        "filtered connection at least 0.85 of the limit": _at_least(asked["page_first"], LIMIT, 0.85),
        f"late page at most {LATE_PAGE} times the first": late <= LATE_PAGE,
        "point query at least 2.5 times stock with caches": _at_least(asked["point"], CACHED, 2.5),
        "point query at least 0.7 of the limit": _at_least(asked["point"], LIMIT, 0.7),
        f"p99 at most {SLOWEST} times p50": max(spread) <= SLOWEST,
        f"memory grows by less than {GROWTH:.0%}": None if growth is None else growth < GROWTH,
    }


def ratios(measured: Result) -> dict[str, float | None]:
    """How many times as many requests ours answers as each other column; None where it has none."""
    ours = measured[OURS]["requests_per_second"]
    return {
        column: round(ours / measured[column]["requests_per_second"], 3) if measured[column] else None
        for column in (STOCK, CACHED, LIMIT)
    }


def _at_least(asked: Result, column: str, least: float) -> bool | None:
    ratio = asked["ours_is_times"][column]
    return None if ratio is None else bool(ratio >= least)


def _ratio(asked: Result, above: str, below: str, column: str) -> float:
    found = [asked[name]["columns"][column]["requests_per_second"] for name in (above, below)]
    return float(found[0] / found[1])


def _spread(asked: Result) -> float:
    ours = asked["columns"][OURS]
    return float(ours["p99_milliseconds"] / ours["p50_milliseconds"])
