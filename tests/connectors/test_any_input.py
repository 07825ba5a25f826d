"""Whatever the files hold: every row is accounted for, and a second run writes nothing."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import ImportReport
from models.database import fetch
from models.errors import Invalid
from tests.connectors.source import count_changes, imported, written

CUSTOMERS = [[f"C{n}", f"Customer {n}", f"C{n - 2}" if n > 3 else "", "8", "10,50"] for n in range(1, 7)]
OFFERS = [
    [
        f"O{n}",
        f"C{n % 6 + 1}",
        "Fibre1G",
        *(("open", "", "") if n % 2 else ("yes", "05.01.2026", "06.02.2026")),
        "12",
    ]
    for n in range(1, 13)
]
VALUE = st.sampled_from(
    (
        *(
            "",
            "C1",
            "C2",
            "O1",
            "O2",
            "C9",
            "Fax",
            "SD-WAN",
            "WON",
            "no",
            "yes",
            "x" * 201,
            "=cmd()",
            "é\";\n'",
        ),
        *("05.01.2026", "31.02.2026", "2026-01-05", "12,5", "12,555", "10.50", "-1", "1e3", "9" * 19),
    )
)
DAMAGE = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 6), VALUE), max_size=6)
ODD = st.lists(st.lists(st.text(alphabet="ab;\"'\n\ufeffé", max_size=4), max_size=8), max_size=2)
Rows = list[list[str]]


def _damaged(rows: Rows, damage: list[tuple[int, int, str]], odd: Rows) -> Rows:
    """Sound rows with some values replaced, and rows that are none."""
    spoiled = [list(row) for row in rows]
    for at, column, value in damage:
        row = spoiled[at % len(rows)]
        row[column % len(row)] = value
    return [*spoiled, *odd]


def _file(header: str, rows: Rows) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=";", lineterminator="\n")
    writer.writerows([header.split(";"), *(row or ["?"] for row in rows)])
    return stream.getvalue()


async def _once(folder: Path) -> ImportReport | None:
    try:
        return await imported(folder)
    except Invalid:
        return None


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    customers=st.builds(_damaged, st.just(CUSTOMERS), DAMAGE, ODD),
    offers=st.builds(_damaged, st.just(OFFERS), DAMAGE, ODD),
)
async def test_every_row_is_accounted_for_and_a_second_run_writes_nothing(
    db: str, customers: Rows, offers: Rows
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = written(
            Path(name),
            _file("number;name;group;staff;overdue", customers),
            _file("id;customer;product;state;opened;ended;amount", offers),
        )
        before = await count_changes()
        first = await _once(folder)
        after = await count_changes()
        second = await _once(folder)
    if first is None or second is None:
        assert first is second
        assert after == before
        return
    _check(first, len(customers), len(offers))
    _check(second, len(customers), len(offers))
    assert await count_changes() == after
    assert sum(counts.written for counts in second.counts.values()) == 0
    assert second.rejects == first.rejects
    await _sound()


def _check(report: ImportReport, customers: int, offers: int) -> None:
    counts = report.counts
    assert [counts[step].read for step in ("customers", "offers", "lines")] == [customers, offers, offers]
    assert all(c.read == c.created + c.updated + c.unchanged + c.rejected for c in counts.values())
    for file, last in (("customers.csv", "customers"), ("offers.csv", "lines")):
        assert counts[last].rejected == len([each for each in report.rejects if each.file == file])


async def _sound() -> None:
    """No line without its deal, no deal without its account, in whatever was stored."""
    orphans = await fetch(
        "select count(*) as n from deal_line l left join deal d on d.id = l.deal_id"
        " left join account a on a.id = d.account_id where a.id is null"
    )
    assert orphans == [{"n": 0}]
