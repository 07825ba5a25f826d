"""What the shipped rules would have been worth on data that nobody here wrote: makes ``docs/backtests.md``.

``python -m benchmarks.backtests`` imports both data sets, tries each rule of every pack each month, ranks
clients by how their usage falls, and counts the new risks of a month of outage. It needs the data beside the
repository, and prints one JSON object last. Every fifth business client is taken, unless ``--every 1``.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import statistics
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

from commands.access import system_actor
from commands.backtests import Period, Report, backtest
from connectors import import_folder, load_mapping
from metrics.outcomes import OutcomeKind
from models import database
from models.access import Actor, Tenant
from models.database import as_date, fetch
from models.rulebooks import Step
from models.services import months_before
from rules import packs
from rules.backtest import Score, Share
from rules.engine.pool import EnginePool
from rules.facts import gather
from rules.population import Population

DATA = Path(__file__).parents[2] / "shared" / "data"
DOCUMENT = Path(__file__).parents[1] / "docs" / "backtests.md"
#: The month whose tickets and traffic an outage changed for everybody, seen from the first day after it.
AFTER_OUTAGE = date(2025, 4, 1)
MEASURES = ("usage_change_1m", "charge_change_1m", "usage_change_90d")


@dataclass(frozen=True)
class Source:
    """A data set: the mapping and the folder that it is imported by and from, and how it is tried."""

    mapping: str
    folder: str
    as_of: date
    period: Period


SALES = Source(
    "crm-sales",
    "crm-sales-opportunities",
    date(2017, 12, 31),
    Period(date(2017, 3, 31), date(2017, 12, 31), Step.MONTH, 90, date(2017, 12, 31)),
)
USAGE = Source(
    "ru-b2b",
    "ru-b2b-telecom-usage",
    date(2025, 7, 1),
    Period(date(2024, 8, 1), date(2025, 6, 1), Step.MONTH, 150, date(2025, 7, 1)),
)


async def tried(source: Source) -> Report:
    """Every rule of every pack at each date, on the connected database."""
    actor = await _actor(source)
    documents = [rule for name in packs.names() for rule in packs.load(name).rules]

    def progress(done: int, of: int) -> None:
        print(f"{source.mapping}: {done} of {of} dates", flush=True)

    async with EnginePool(2, 60.0) as engine:
        return await backtest(actor, engine, "packs", documents, source.period, progress)


async def _actor(source: Source) -> Actor:
    return system_actor(await Tenant.get(slug=source.mapping))


async def auc(source: Source, dates: Iterable[date], first: int, last: int) -> dict[str, float]:
    """How well each measure ranks clients that end ``first`` to ``last`` months after the last full month.

    The area under the ROC curve, all dates together: the chance that of one that ends and one that does not,
    the one that ends has fallen more.
    """
    actor = await _actor(source)
    ranked: dict[str, list[tuple[float, bool]]] = {measure: [] for measure in MEASURES}
    for as_of in dates:
        ends = {str(row["account_id"]): as_date(row["ended"]) for row in await _running(actor, as_of)}
        facts = await gather(
            actor.tenant_id, list(ends), as_of, {"account": frozenset(MEASURES)}, Population(), as_of
        )
        low, high = months_before(as_of, 1 - first), months_before(as_of, -last)
        for account, of in facts.items():
            ended = ends[account]
            positive = ended is not None and low <= ended < high
            for measure in MEASURES:
                value = of["account"][0].get(measure)
                if isinstance(value, int | float):
                    ranked[measure].append((-value, positive))
    return {measure: round(_area(pairs), 4) for measure, pairs in ranked.items()}


async def _running(actor: Actor, as_of: date) -> list[dict[str, object]]:
    """The accounts whose contract runs on a date, and when it is terminated, as is known now."""
    return await fetch(
        "select account_id, max(terminated_on) as ended from contract where tenant_id = :tenant"
        " and starts_on <= :as_of and (terminated_on is null or terminated_on > :as_of) group by account_id",
        {"tenant": actor.tenant_id, "as_of": as_of},
    )


def _area(pairs: Sequence[tuple[float, bool]]) -> float:
    """The rank sum of the positives, ties halved (Mann and Whitney, 1947)."""
    ordered = sorted(pairs)
    ranks, at = 0.0, 0
    while at < len(ordered):
        end = at
        while end < len(ordered) and ordered[end][0] == ordered[at][0]:
            end += 1
        ranks += sum(positive for _, positive in ordered[at:end]) * (at + 1 + end) / 2
        at = end
    positives = sum(positive for _, positive in pairs)
    return (ranks - positives * (positives + 1) / 2) / (positives * (len(pairs) - positives))


def flood(report: Report) -> dict[str, float]:
    """New risks after the month of outage, against the median of the other months."""
    new: dict[date, int] = {}
    raising = {
        str(rule["key"])
        for name in packs.names()
        for rule in packs.load(name).rules
        if any("flag" in then for then in cast("list[dict[str, object]]", rule["then"]))
    }
    for rule in {score.rule_key: score for score in report.scores if score.rule_key in raising}.values():
        for at in rule.dates[1:]:  # at the first date all of it is new
            new[at.as_of] = new.get(at.as_of, 0) + at.new
    usual = statistics.median(count for day, count in new.items() if day != AFTER_OUTAGE)
    return {"after_outage": new[AFTER_OUTAGE], "usual": usual, "ratio": round(new[AFTER_OUTAGE] / usual, 2)}


def table(report: Report, currency: str) -> list[str]:
    """The scores of rules that flagged anything, as a table, and the keys of the others."""
    lines = [
        "| rule | outcome | flagged | precision | recall | base rate | lift | days before | caught of all"
        f" ({currency}) |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    said = [score for score in report.scores if any(at.flagged for at in score.dates)]
    lines += [_row(score) for score in sorted(said, key=lambda each: (each.rule_key, each.outcome))]
    silent = sorted({score.rule_key for score in report.scores} - {score.rule_key for score in said})
    return [*lines, "", f"Silent, for want of the records that they speak of: {', '.join(silent)}."]


def _row(score: Score) -> str:
    days = "" if score.lead_days is None else "{1:.0f} ({0:.0f} to {2:.0f})".format(*score.lead_days)
    lift = "" if score.lift is None else f"{score.lift:.2f} ({score.lift_low:.2f} to {score.lift_high:.2f})"
    cells = [
        score.rule_key,
        score.outcome.replace("_", " ").lower(),
        f"{score.units_flagged:,}" + (f", {score.undecided:,} undecided" if score.undecided else ""),
        _share(score.precision),
        _share(score.recall),
        _share(score.base_rate),
        lift,
        days,
        f"{score.value_caught_minor / 100:,.0f} of {score.value_minor / 100:,.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _share(share: Share) -> str:
    if share.value is None:
        return "none"
    return f"{share.value:.1%} of {share.whole:,} ({share.low:.1%} to {share.high:.1%})"


async def _database(source: Source, folder: Path, every: int) -> None:
    """Connect to a new database with the data set, thinned out to one client of so many."""
    data = DATA / source.folder
    if source is USAGE and every > 1:
        data = _thinned(data, folder / source.folder, every)
    await database.connect(f"sqlite://{folder}/{source.mapping}.sqlite3")
    await database.migrate()
    await import_folder(load_mapping(source.mapping), data, source.as_of)


def _thinned(data: Path, into: Path, every: int) -> Path:
    """The files with the rows of those clients alone whose number is a multiple of ``every``."""
    for path in [data / "clients.csv.gz", *sorted((data / "usage").iterdir())]:
        head, *rows = gzip.decompress(path.read_bytes()).decode("utf-8-sig").splitlines()
        kept = [row for row in rows if int(row[2 : row.index(",")]) % every == 0]
        written = into / path.relative_to(data)
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_bytes(gzip.compress("\n".join([head, *kept]).encode(), 1))
    return into


async def measured(every: int) -> dict[str, Any]:
    """Everything, data set by data set."""
    found: dict[str, Any] = {"every": every}
    with tempfile.TemporaryDirectory() as folder:
        for source in (SALES, USAGE):
            try:
                await _database(source, Path(folder), every)
                found[source.mapping] = await tried(source)
                if source is USAGE:
                    dates = [day for day in source.period.dates if day <= date(2025, 1, 1)]
                    found["auc"] = await auc(source, dates, 3, 5)
                    found["auc_one_month_later"] = await auc(source, dates, 4, 6)
                    found["flood"] = flood(found[source.mapping])
            finally:
                await database.disconnect()
    return found


def document(found: dict[str, Any]) -> str:
    """The text between the marks of the document, from what was measured."""
    sales, usage, ranked = found[SALES.mapping], found[USAGE.mapping], found["auc"]
    strict, outage = found["auc_one_month_later"], found["flood"]
    lines = [
        f"### Deals of 2017 ({len(sales.dates)} month ends, 90 days ahead)",
        "",
        *table(sales, "USD"),
        "",
        f"### Business clients of 2024 and 2025 ({len(usage.dates)} months, 150 days ahead; one client of"
        f" {found['every']}, {usage.accounts:,} at the last date)",
        "",
        *table(usage, "RUB"),
        "",
        "### Does falling usage rank those who leave?",
        "",
        "| measure | contract ends 3 to 5 months after the last full month | a month later |",
        "|---|---|---|",
        *(f"| `{measure}` | {ranked[measure]:.3f} | {strict[measure]:.3f} |" for measure in MEASURES),
        "",
        "### An outage",
        "",
        f"New risks on the first day after the month of outage: {outage['after_outage']:,};"
        f" in the median of the other months: {outage['usual']:,.0f}; ratio {outage['ratio']:.2f}.",
    ]
    return "\n".join(lines)


MARKS = ("<!-- measured -->", "<!-- end -->")


def main() -> None:
    """Measure, write the document and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=5, help="One business client of so many is taken.")
    given = parser.parse_args()
    if missing := [s.folder for s in (SALES, USAGE) if not (DATA / s.folder).is_dir()]:
        raise SystemExit(f"not there: {', '.join(str(DATA / folder) for folder in missing)}")
    found = asyncio.run(measured(given.every))
    text = DOCUMENT.read_text("utf-8")
    before, after = text.split(MARKS[0])[0], text.split(MARKS[1])[1]
    DOCUMENT.write_text(f"{before}{MARKS[0]}\n\n{document(found)}\n\n{MARKS[1]}{after}", "utf-8")
    churn = {
        score.rule_key: {"precision": score.precision.value, "lift": score.lift}
        for score in found[USAGE.mapping].scores
        if score.outcome is OutcomeKind.CHURNED and score.units_flagged
    }
    shown = {name: found[name] for name in ("auc", "auc_one_month_later", "flood")}
    print(json.dumps(shown | {"churned": churn}))


if __name__ == "__main__":
    main()
