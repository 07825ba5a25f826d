"""What was aimed at, and whether it was met: true, false, or None where it was not measured."""

from __future__ import annotations

from benchmarks.live import Result

PEERS = ("clips", "zen", "drools")
MOST_MEGABYTES = 600
#: One account in a hundred matches, give or take a half.
SELECTIVE = (0.005, 0.015)


def targets(sizes: list[Result], beside: Result, incremental: Result) -> dict[str, bool | None]:
    """The targets for one database."""
    at = {each["accounts"]: each for each in sizes}
    middle, small, large = at.get(100_000), at.get(10_000), at.get(1_000_000)
    cost = "microseconds_per_account"
    growth = large[cost] / small[cost] if small and large else None
    times = ratios(beside)
    return {
        "at least 50,000 accounts/s at 100,000 when 1 % match": middle and _fast(middle),
        "at least 10 times CLIPS": _at_least(times["clips"], 10),
        "at least 1.5 times Drools": _at_least(times["drools"], 1.5),
        "cost per account at 1,000,000 at most 1.2 times that at 10,000": growth and growth <= 1.2,
        f"at most {MOST_MEGABYTES} MB": _modest([each["peak_megabytes"] for each in sizes]),
        "signal to recommendation p50 under 20 ms": incremental["p50_milliseconds"] < 20,
        "signal to recommendation p99 under 60 ms": incremental["p99_milliseconds"] < 60,
    }


def ratios(beside: Result) -> dict[str, float | None]:
    """How many times as fast as each other engine ours is, from the database to reconciled verdicts.

    None for one that is not there, or that does not find the same.
    """
    ours = beside["ours_from_database_accounts_per_second"]
    return {
        peer: round(ours / told["accounts_per_second"], 2)
        if isinstance(told := beside[peer], dict) and told["agrees"]
        else None
        for peer in PEERS
    }


def _fast(measured: Result) -> bool | None:
    low, high = SELECTIVE
    if not low <= measured["matched"] / measured["accounts"] <= high:
        return None
    return bool(measured["accounts_per_second"] >= 50_000)


def _at_least(ratio: float | None, least: float) -> bool | None:
    return None if ratio is None else ratio >= least


def _modest(peaks: list[int | None]) -> bool | None:
    known = [peak for peak in peaks if peak is not None]
    return all(peak <= MOST_MEGABYTES for peak in known) if peaks and len(known) == len(peaks) else None
