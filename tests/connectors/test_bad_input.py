"""Bad files and bad rows: each names file, line, column and reason, and nothing is lost or half written."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from connectors import ImportReport
from models.access import Tenant
from models.accounts import Account
from models.deals import Deal
from models.errors import Invalid
from tests.connectors.source import CUSTOMERS, OFFERS, imported, written

LINE_2 = "O1;C1;Fibre1G;open;05.01.2026;;1200,00"


def _offers(line: str) -> str:
    return OFFERS.replace(LINE_2, line)


WHOLE_FILES: dict[str, tuple[str | bytes, str, str, str]] = {
    "missing column": (
        OFFERS.replace("state", "status"),
        "1",
        "state",
        "is missing; the file has: id, customer",
    ),
    "column twice": (OFFERS.replace("customer;", "id;"), "1", "id", "is there more than once"),
    "latin 1": (
        OFFERS.replace("O2;C2", "O2;Café").encode("latin-1"),
        "3",
        "customer",
        "is not UTF-8 (byte 0xe9)",
    ),
    "utf-16": (OFFERS.encode("utf-16"), "1", "column 1", "is not UTF-8 (byte 0xff)"),
    "10 MB in a field": (
        _offers(LINE_2.replace("Fibre1G", "x" * 10_000_000)),
        "2",
        "product",
        "has 10,000,000 characters; allowed",
    ),
    "NUL byte": (_offers(LINE_2.replace("open", "op\0en")), "2", "state", "holds a NUL character"),
    "quote that never ends": (
        _offers(LINE_2.replace("Fibre1G", '"Fibre1G')),
        "2",
        "the whole line",
        "is no CSV",
    ),
    "empty": ("", "1", "header", "is empty; needed: product, id, customer"),
    "wrong delimiter": (OFFERS.replace(";", ","), "1", "product", "is missing"),
}


@pytest.mark.parametrize("case", WHOLE_FILES)
async def test_a_file_that_cannot_be_trusted_stops_the_import_before_it_writes(
    db: str, tmp_path: Path, case: str
) -> None:
    content, line, column, reason = WHOLE_FILES[case]
    with pytest.raises(Invalid) as refusal:
        await imported(written(tmp_path, offers=content))
    assert refusal.value.path == ("offers.csv", line, column)
    assert f"offers.csv line {line}, {column}: {reason}" in refusal.value.message
    assert await Tenant.all().count() == 0


async def test_a_missing_file_stops_the_import_before_it_writes(db: str, tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "offers.csv").unlink()
    with pytest.raises(Invalid, match=r"offers\.csv cannot be read: No such file"):
        await imported(tmp_path)
    assert await Tenant.all().count() == 0


BAD_ROWS = {
    "too few fields": ("O1;C1;Fibre1G;open;05.01.2026;", "amount", "the row has 6 fields, the header 7", ""),
    "too many fields": (LINE_2 + ";x", "column 8", "the row has 8 fields, the header 7", "x"),
    "unknown customer": (LINE_2.replace("C1", "C9"), "customer", "names none of the customers", "C9"),
    "unknown stage": (
        LINE_2.replace("open", "lost?"),
        "state",
        "is unknown; allowed: open, yes, no",
        "lost?",
    ),
    "no stage": (LINE_2.replace("open", ""), "state", "is blank; a value is needed", ""),
    "negative money": (
        LINE_2.replace("1200", "-1200"),
        "amount",
        "is negative; money is 0 or more",
        "-1200,00",
    ),
    "no money": (LINE_2.replace("1200,00", "1.200"), "amount", "is no number (decimal mark ','", "1.200"),
    "too much money": (LINE_2.replace("1200", "9" * 17), "amount", "is too large", "9" * 17 + ",00"),
    "thirds of a cent": (LINE_2.replace(",00", ",003"), "amount", "has parts of a minor unit", "1200,003"),
    "bad date": (LINE_2.replace("05.01", "31.02"), "opened", "is no date of the form %d.%m.%Y", "31.02.2026"),
    "no business date": (
        LINE_2.replace("05.01.2026", "31.12.9999"),
        "opened",
        "is out of range",
        "31.12.9999",
    ),
    "other date form": (LINE_2.replace("05.01.2026", "2026-01-05"), "opened", "is no date of", "2026-01-05"),
    "ended before it began": (
        LINE_2.replace(";;", ";01.01.2026;"),
        "ended",
        "is before 2026-01-05, when the record began",
        "2026-01-01",
    ),
    "key twice": (LINE_2.replace("O1", "O3"), "id", "is the key of line 2 already", "O3"),
    "no key": (LINE_2.replace("O1", ""), "id", "is blank; it is the key", ""),
    "too long a name": (
        LINE_2.replace("O1", "O" * 190),
        "product, id",
        "has 205 characters; allowed: 200",
        "OOO…",
    ),
}


@pytest.mark.parametrize("case", BAD_ROWS)
async def test_a_bad_row_is_rejected_and_the_others_are_imported(db: str, tmp_path: Path, case: str) -> None:
    row, column, reason, value = BAD_ROWS[case]
    report = await imported(written(tmp_path, offers=_offers(row)), rejects=tmp_path / "out" / "rejects.csv")
    line = 4 if case == "key twice" else 2
    [reject] = report.rejects
    assert (reject.file, reject.line, reject.column) == ("offers.csv", line, column)
    assert reject.reason.startswith(reason)
    assert value in reject.value
    assert _balanced(report)
    assert report.counts["offers"].rejected == report.counts["lines"].rejected == 1
    assert await Deal.all().count() == 2
    assert _written_rejects(tmp_path / "out" / "rejects.csv") == [
        {
            "file": reject.file,
            "line": str(line),
            "column": column,
            "reason": reject.reason,
            "value": reject.value,
            "done": "rejected",
        }
    ]


def _balanced(report: ImportReport) -> bool:
    return all(c.read == c.created + c.updated + c.unchanged + c.rejected for c in report.counts.values())


def _written_rejects(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


async def test_an_unknown_product_costs_only_the_line(db: str, tmp_path: Path) -> None:
    report = await imported(written(tmp_path, offers=_offers(LINE_2.replace("Fibre1G", "Fax"))))
    assert [str(reject) for reject in report.rejects] == [
        "offers.csv line 2, product: names none of the products ('Fax')"
    ]
    assert (report.counts["offers"].rejected, report.counts["lines"].rejected) == (0, 1)


async def test_a_rejected_customer_takes_its_offers_along(db: str, tmp_path: Path) -> None:
    report = await imported(written(tmp_path, customers=CUSTOMERS.replace(";500;", ";many;")))
    assert [(each.file, each.line, each.column) for each in report.rejects] == [
        ("customers.csv", 2, "staff"),
        ("offers.csv", 2, "customer"),
    ]


async def test_lines_are_counted_as_an_editor_shows_them(db: str, tmp_path: Path) -> None:
    two_lines = CUSTOMERS.replace("North Rail", '"North\nRail"').replace(";8;0", ";-8;0")
    report = await imported(written(tmp_path, customers=two_lines))
    assert [(each.line, each.column) for each in report.rejects if each.file == "customers.csv"] == [
        (5, "staff")
    ]


async def test_a_byte_order_mark_and_windows_line_ends_change_nothing(db: str, tmp_path: Path) -> None:
    content = ("\ufeff" + CUSTOMERS.replace("\n", "\r\n")).encode()
    report = await imported(written(tmp_path, customers=content))
    assert report.rejects == []
    assert await Account.filter(name="North Rail").count() == 1


async def test_an_earlier_rejects_file_does_not_outlive_its_reason(db: str, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    await imported(written(tmp_path, offers=_offers(LINE_2.replace("C1", "C9"))), rejects=rejects)
    assert rejects.exists()
    await imported(written(tmp_path), rejects=rejects)
    assert not rejects.exists()
