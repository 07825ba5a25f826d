"""Several compressed files as one table, rows that stand for many records, and what was known when."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest

from connectors import ImportReport, import_folder, load_mapping
from connectors.loading import parse_mapping
from models.accounts import Account
from models.errors import Invalid
from models.history import Change
from models.revenue import Contract
from models.services import UsageMonth
from models.tickets import Ticket, TicketState

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "ru-b2b-telecom-usage"
AS_OF = date(2025, 7, 1)
CLIENTS = """client_id,segment,product,region,company_name,connection_date,termination_date
CL1,малый бизнес,телефония,Юг,Ромашка,2021-09,
CL2,крупный бизнес,интернет,Москва,Ромашка,2024-01,2024-12
"""
HEAD = "client_id,month,revenue,traffic_gb,n_tickets,debt,n_sim\n"


def _folder(path: Path, clients: str, months: dict[str, str]) -> Path:
    (path / "usage").mkdir(exist_ok=True)
    (path / "clients.csv.gz").write_bytes(gzip.compress(clients.encode()))
    for month, rows in months.items():
        (path / "usage" / f"{month}.csv.gz").write_bytes(gzip.compress((HEAD + rows).encode()))
    return path


async def _imported(folder: Path) -> ImportReport:
    return await import_folder(load_mapping("ru-b2b"), folder, AS_OF)


async def test_compressed_files_of_one_form_are_read_as_one_table(db: str, tmp_path: Path) -> None:
    months = {
        "2024-11": "CL1,2024-11,100.50,2.0004,2,0.0,5\nCL2,2024-11,900,0.3,0,0.0,7\n",
        "2024-12": "CL2,2024-12,450,0.0125,1,0.0,7\nCL9,2024-12,1,1,0,0.0,1\nCL1,2024-12,x,1,many,0.0,1\n",
    }
    report = await _imported(_folder(tmp_path, CLIENTS, months))
    contract = await Contract.get(external_id="CL2")
    assert (contract.starts_on, contract.terminated_on) == (date(2024, 1, 1), date(2025, 1, 1))
    assert contract.mrc_minor == 900_00  # of the first month that there is
    assert (await Contract.get(external_id="CL1")).terminated_on is None
    assert {row.external_id: row.quantity for row in await UsageMonth.all()} == {
        "CL1/2024-11": 2000, "CL2/2024-11": 300, "CL2/2024-12": 12,
    }  # fmt: skip
    assert sorted([str(ticket.external_id) for ticket in await Ticket.all()]) == [
        "CL1/2024-11/1", "CL1/2024-11/2", "CL2/2024-12/1",
    ]  # fmt: skip
    ticket = await Ticket.get(external_id="CL1/2024-11/2")
    assert (ticket.opened_on, ticket.resolved_on) == (date(2024, 11, 15), date(2024, 12, 1))
    assert ticket.state is TicketState.CLOSED
    assert {account.name for account in await Account.all()} == {"Ромашка"}
    assert [str(reject) for reject in report.rejects] == [
        "usage/2024-12.csv.gz line 3, client_id: names none of the accounts ('CL9')",
        "usage/2024-12.csv.gz line 4, revenue: is no number (decimal mark '.', no marks between thousands)"
        " ('x')",
    ]


async def test_importing_it_again_writes_nothing(db: str, tmp_path: Path) -> None:
    months = {"2024-11": "CL1,2024-11,100.50,2.0004,2,0.0,5\n"}
    folder = _folder(tmp_path, CLIENTS, months)
    await _imported(folder)
    changes = await Change.all().count()
    again = await _imported(folder)
    assert sum(counts.written for counts in again.counts.values()) == 0
    assert await Change.all().count() == changes


async def test_what_a_later_import_brings_is_known_from_its_day_on(db: str, tmp_path: Path) -> None:
    folder = _folder(tmp_path, CLIENTS, {"2024-11": "CL1,2024-11,100.50,2.0,0,0.0,5\n"})
    await _imported(folder)
    assert {row.known_on for row in await UsageMonth.all()} == {None}
    ended = await Change.get(field="terminated_on")
    assert ended.known_on == ended.effective_on == date(2025, 1, 1)
    _folder(tmp_path, CLIENTS, {"2024-10": "CL1,2024-10,100.50,1.0,0,0.0,5\n"})
    await _imported(folder)
    late = await UsageMonth.get(external_id="CL1/2024-10")
    assert late.known_on is not None
    assert late.known_on > AS_OF


async def test_a_damaged_file_stops_the_import_before_anything_is_written(db: str, tmp_path: Path) -> None:
    folder = _folder(tmp_path, CLIENTS, {"2024-11": "CL1,2024-11,1,1,0,0.0,5\n"})
    path = folder / "usage" / "2024-11.csv.gz"
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(Invalid, match=r"usage/2024-11\.csv\.gz cannot be read"):
        await _imported(folder)
    path.unlink()
    with pytest.raises(Invalid, match=r"no file of the form usage/\*\.csv\.gz"):
        await _imported(folder)
    assert await Account.all().count() == 0


async def test_a_count_of_records_that_is_none_rejects_its_row(db: str, tmp_path: Path) -> None:
    months = {"2024-11": "CL1,2024-11,1,1,-1,0.0,5\nCL2,2024-11,1,1,1001,0.0,5\n"}
    report = await _imported(_folder(tmp_path, CLIENTS, months))
    assert [(each.line, each.reason) for each in report.rejects] == [
        (2, "is no whole number from 0 to 1,000"), (3, "is no whole number from 0 to 1,000"),
    ]  # fmt: skip


@pytest.mark.parametrize("pattern", ["/etc/*.csv", "../*.csv"])
def test_a_pattern_that_leaves_the_folder_is_refused(pattern: str) -> None:
    with pytest.raises(Invalid, match="leaves the folder"):
        parse_mapping(
            f"{{name: x, tenant: {{slug: x, name: x}}, currency: EUR, steps: {{}},"
            f' tables: {{a: {{files: "{pattern}"}}}}}}'.encode(),
            "x",
        )


@pytest.mark.skipif(not DATA.is_dir(), reason="the usage data is not at ../shared/data/ru-b2b-telecom-usage")
@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
async def test_the_first_clients_of_the_real_data_are_imported_whole(db: str, tmp_path: Path) -> None:
    clients = _first(DATA / "clients.csv.gz", 60)
    ids = {row["client_id"] for row in csv.DictReader(io.StringIO(clients))}
    (tmp_path / "usage").mkdir()
    (tmp_path / "clients.csv.gz").write_bytes(gzip.compress(clients.encode()))
    rows = tickets = 0
    for file in sorted((DATA / "usage").iterdir()):
        head, *lines = _lines(file)
        ours = [line for line in lines if line.split(",")[0] in ids]
        rows, tickets = rows + len(ours), tickets + sum(int(line.split(",")[4]) for line in ours)
        (tmp_path / "usage" / file.name).write_bytes(gzip.compress("\n".join([head, *ours]).encode()))
    report = await _imported(tmp_path)
    assert report.rejects == []
    created = {step: counts.created for step, counts in report.counts.items()}
    assert created == {
        "products": 4, "accounts": 60, "contracts": 60, "usage": rows, "tickets": tickets,
    }  # fmt: skip
    assert rows > 600
    assert tickets > 100


def _lines(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode("utf-8-sig").splitlines()


def _first(path: Path, count: int) -> str:
    lines: Iterable[str] = _lines(path)[: count + 1]
    return "\n".join(lines)
