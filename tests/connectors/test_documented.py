"""docs/import.md is true: its example imports as it says, and its list of kinds is the product's."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from connectors import import_folder, load_mapping
from connectors.records import MODELS, fields_of, must_be_given
from connectors.tables import MAX_FIELD
from models.revenue import Contract
from models.services import Service, ServiceState, UsageMonth

DOCUMENT = Path(__file__).parents[2].joinpath("docs/import.md").read_text("utf-8")
EXAMPLE_FILE = re.compile(r"`(\w+\.(?:csv|yaml))`:\n\n```\w+\n(.*?)```", re.DOTALL)
ROW_OF_CLOSING_TABLE = re.compile(r"│ (\w+) +│ \w+\.csv +│ (\d+) +│ (\d+) +│ (\d+) +│ (\d+) +│ (\d+) +│")


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The folder of the documented example, its mapping among the files."""
    for name, content in EXAMPLE_FILE.findall(DOCUMENT):
        (tmp_path / name).write_text(content, "utf-8")
    return tmp_path


async def test_the_example_imports_as_the_document_shows(db: str, example: Path) -> None:
    mapping = load_mapping(str(example / "billing.yaml"))
    report = await import_folder(mapping, example, date(2026, 10, 1))
    promised = ROW_OF_CLOSING_TABLE.findall(DOCUMENT)
    assert [
        (step, *map(str, (c.read, c.created, c.updated, c.unchanged, c.rejected)))
        for step, c in report.counts.items()
    ] == promised
    assert [str(reject) for reject in report.rejects] == [
        "contracts.csv line 4, customer: names none of the accounts ('99')"
    ]
    contract = await Contract.get(external_id="V-2")
    assert (contract.mrc_minor, contract.ends_on) == (980_50, date(2027, 1, 14))
    assert (await Service.get(external_id="V-4")).state is ServiceState.TERMINATED
    assert await UsageMonth.all().count() == 4
    again = await import_folder(mapping, example, date(2026, 11, 1))
    assert sum(counts.written for counts in again.counts.values()) == 0


def test_the_kinds_and_their_fields_are_those_that_a_mapping_can_fill() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (`\w+`(?:, `\w+`)*) \| ((?:`\w+`(?:, )?)*) \|$", DOCUMENT, re.MULTILINE
    )
    documented = {kind: (re.findall(r"\w+", needs), re.findall(r"\w+", may)) for kind, needs, may in rows}
    assert documented == {
        kind: (must_be_given(model), sorted(fields_of(model) - set(must_be_given(model))))
        for kind, model in MODELS.items()
    }


def test_the_longest_field_is_as_documented() -> None:
    assert f"a field of more than {MAX_FIELD:,} characters" in DOCUMENT
