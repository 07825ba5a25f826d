"""How far forecasts are from what came, on public data that nobody here wrote: makes ``docs/forecast.md``.

``python -m benchmarks.forecast`` forecasts windows of two pipelines from what was known before each, with
every method and with the choice among them, and tells wins from what is known when an opportunity enters.
It needs the data beside the repository and says which is missing; with ``--write`` it writes the document. It
prints a line for each measurement and one JSON object last.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from benchmarks import winloss
from benchmarks.histories import DATA, SALES, SYNTHETIC, WIN_LOSS, Read, sales, synthetic
from metrics.forecasting import record
from metrics.forecasting.choice import METHODS, NAIVE, Forecast, forecast
from metrics.forecasting.history import Known
from metrics.forecasting.likelihood import learn_likelihood
from metrics.forecasting.methods import TooLittleHistory
from metrics.forecasting.period import forecast_period

DOCUMENT = Path(__file__).parents[1] / "docs" / "forecast.md"
MARKS = ("<!-- measured -->", "<!-- end -->")
CHOSEN, DEALS = "**the choice among them**", "deal by deal, with new business"
Ask = tuple[date, int]


@dataclass
class Record:
    """What a forecaster said of each window, None where nothing, and the intervals if it gives any."""

    says: list[float | None] = field(default_factory=list)
    intervals: list[tuple[float, float]] = field(default_factory=list)


@dataclass
class Measured:
    """One pipeline: its windows, what was won in them, and who said what."""

    windows: list[Ask]
    won: list[int]
    records: dict[str, Record]
    chosen: list[Forecast]
    #: The probability that each open deal is won within the window, and whether it was.
    deals: list[tuple[float, bool]]
    odd: dict[str, int]


def weeks() -> list[Ask]:
    """Each Monday from 5 June to 25 September 2017, 13 weeks ahead."""
    return [(date(2017, 6, 5) + timedelta(7 * week), 91) for week in range(17)]


def quarters() -> list[Ask]:
    """The end of each quarter, for the next one: from 2018, after three years of history, to 2024."""
    ends = [date(year, month, 1) - timedelta(1) for year in range(2018, 2026) for month in (1, 4, 7, 10)]
    return [(end, (after - end).days) for end, after in pairwise(ends) if after < date(2025, 1, 1)]


def measure(read: Read, windows: Sequence[Ask], until: date) -> Measured:
    """Every method, the choice and the forecast deal by deal, each from what was known on the day."""
    known = read.history.known_at(until)
    found = Measured(list(windows), [], {}, [], [], read.odd)
    for on, days in windows:
        found.won.append(known.won_minor(on, on + timedelta(days)))
        _measure(found, read.history.known_at(on), days, known)
        print(f"{on}, {days} days: won {found.won[-1] / 100:,.0f}, {_said(found)}", flush=True)
    return found


def _measure(found: Measured, known: Known, days: int, later: Known) -> None:
    chosen = forecast(known, days)
    said = {trial.method: float(trial.says_minor) for trial in chosen.trials}
    for method in METHODS:
        found.records.setdefault(method.name, Record()).says.append(said.get(method.name))
    _add(found, CHOSEN, chosen.expected_minor, (chosen.interval.low_minor, chosen.interval.high_minor))
    found.chosen.append(chosen)
    _measure_deals(found, known, days, later)


def _measure_deals(found: Measured, known: Known, days: int, later: Known) -> None:
    try:
        model = learn_likelihood(known)
        period = forecast_period(known, days, model)
    except TooLittleHistory:
        found.records.setdefault(DEALS, Record()).says.append(None)
        return
    _add(found, DEALS, period.expected_minor, (period.low_minor, period.high_minor))
    won = {deal.id for deal in later.won_between(known.day, known.day + timedelta(days))}
    found.deals += [(each.won_within(days), each.deal_id in won) for each in model.judge(known)]


def _add(found: Measured, name: str, says: float, interval: tuple[float, float]) -> None:
    kept = found.records.setdefault(name, Record())
    kept.says.append(says)
    kept.intervals.append(interval)


def _said(found: Measured) -> str:
    return f"forecast {found.chosen[-1].expected_minor / 100:,.0f}"


def figures(found: Measured, name: str) -> dict[str, float | int | None]:
    """The record of one forecaster over the windows for which it said anything."""
    kept = found.records[name]
    at = [index for index, says in enumerate(kept.says) if says is not None]
    says = [value for value in kept.says if value is not None]
    won = [float(found.won[index]) for index in at]
    naive = [float(found.records[NAIVE.name].says[index] or 0) for index in at]
    intervals = kept.intervals
    return {
        "windows": len(at),
        "mape": record.mape(says, won),
        "wape": record.wape(says, won),
        "bias": record.bias(says, won),
        "mase": record.mase(says, won, naive),
        "coverage": record.coverage(intervals, won) if intervals else None,
    }


def methods_table(found: Measured) -> list[str]:
    """A line for each forecaster."""
    head = [
        "| method | windows | MAPE | WAPE | bias | MASE | inside the 80 % interval |",
        "|---|---|---|---|---|---|---|",
    ]
    lines = []
    for name in found.records:
        each = figures(found, name)
        cells = [_percent(each[key]) for key in ("mape", "wape", "bias")]
        mase = "" if each["mase"] is None else f"{each['mase']:.2f}"
        lines.append(
            f"| {name} | {each['windows']} | {' | '.join(cells)} | {mase} | {_percent(each['coverage'])} |"
        )
    return head + lines


def windows_table(found: Measured) -> list[str]:
    """A line for each window: what the choice said, on what ground, and what came."""
    lines = [
        "| known on | forecast | between | won | error | past windows | side by side | counts most |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (on, _), won, said in zip(found.windows, found.won, found.chosen, strict=True):
        between = f"{said.interval.low_minor / 100:,.0f} and {said.interval.high_minor / 100:,.0f}"
        most = max(said.trials, key=lambda trial: trial.share)
        lines.append(
            f"| {on} | {said.expected_minor / 100:,.0f} | {between} | {won / 100:,.0f}"
            f" | {said.expected_minor / won - 1:+.1%} | {said.interval.windows}"
            f" | {said.interval.independent:.1f} | {most.method} ({most.share:.0%}) |"
        )
    return lines


def likelihood_lines(found: Measured) -> list[str]:
    """How well single open deals were told, on windows after the one that was learned on."""
    told = deals_told(found)
    bins = record.calibration_bins([p for p, _ in found.deals], [won for _, won in found.deals])
    return [
        f"Open deals, each as of each day, won within the window or not: {len(found.deals):,}; AUC"
        f" {told['auc']:.3f}, expected calibration error {told['calibration_error']:.3f} (10 bins).",
        "",
        "| deals | stated | observed |",
        "|---|---|---|",
        *(f"| {each.count:,} | {each.stated:.0%} | {each.observed:.0%} |" for each in bins),
    ]


def deals_told(found: Measured) -> dict[str, float]:
    """AUC and calibration error of the probabilities of open deals."""
    from sklearn.metrics import roc_auc_score

    stated, won = [p for p, _ in found.deals], [each for _, each in found.deals]
    error = record.calibration_error(stated, won)
    assert error is not None
    return {"auc": float(roc_auc_score(won, stated)), "calibration_error": error}


def part(title: str, found: Measured) -> list[str]:
    """The part of the document about one pipeline."""
    odd = "; ".join(f"{what}: {count:,}" for what, count in found.odd.items())
    return [
        f"### {title}",
        "",
        *methods_table(found),
        "",
        *windows_table(found),
        "",
        *likelihood_lines(found),
        "",
        f"Odd in the source: {odd}.",
        "",
    ]


def write(lines: Iterable[str]) -> None:
    """Put the lines between the marks of the document."""
    text = DOCUMENT.read_text("utf-8")
    before, after = text.split(MARKS[0])[0], text.split(MARKS[1])[1]
    body = "\n".join(lines).strip()
    DOCUMENT.write_text(f"{before}{MARKS[0]}\n\n{body}\n\n{MARKS[1]}{after}", "utf-8")


def main() -> None:
    """Measure what is there, write the document if asked to, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--write", action="store_true", help="write docs/forecast.md; needs all three data sets"
    )
    given = parser.parse_args()
    missing = [folder for folder in (SALES, SYNTHETIC, WIN_LOSS) if not (DATA / folder).is_dir()]
    for folder in missing:
        print(f"not measured, as it is not at {Path('..') / 'shared' / 'data' / folder}: {folder}")
    lines: list[str] = []
    result: dict[str, object] = {}
    if SALES not in missing:
        found = measure(sales(), weeks(), date(2018, 1, 1))
        lines += part("A hardware seller: 17 Mondays of 2017, the next 13 weeks", found)
        result[SALES] = _shown(found) | {"targets": _targets(found, 0.045)}
    if SYNTHETIC not in missing:
        found = measure(synthetic(), quarters(), date(2024, 12, 31))
        lines += part("A licensing business, synthetic: each quarter from 2018 to 2024", found)
        result[SYNTHETIC] = _shown(found) | {"targets": _targets(found, 0.211)}
    if WIN_LOSS not in missing:
        told = winloss.told()
        rounds = winloss.round_amounts(winloss.read())
        lines += ["### Wins told when an opportunity enters", "", *winloss.document(told, rounds)]
        met = {
            "AUC at least 0.80": told[0].auc >= 0.8,
            "calibration error at most 0.02": told[0].calibration_error <= 0.02,
        }
        result[WIN_LOSS] = {"told": winloss.shown(told), "targets": met}
    if given.write:
        if missing:
            raise SystemExit("the document is written from all three data sets alone")
        write(lines)
    print(json.dumps(result))


def _shown(found: Measured) -> dict[str, object]:
    return {"methods": {name: figures(found, name) for name in found.records}, "deals": deals_told(found)}


def _targets(found: Measured, below: float) -> dict[str, bool]:
    error = figures(found, CHOSEN)["mape"]
    return {f"MAPE of the choice below {below:.1%}": error is not None and error < below}


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


if __name__ == "__main__":
    main()
