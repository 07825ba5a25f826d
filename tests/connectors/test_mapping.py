"""An unsound mapping is refused before any file is read, with the place and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors import load_mapping
from connectors.templates import fill, mailbox
from models.errors import Invalid
from tests.connectors.source import MAPPING, mapping

#: What is replaced in the sound document, by what, and where and how that is refused.
UNSOUND = {
    "unknown key": (
        "into: deal\n",
        "in: deal\n",
        "steps.offers",
        "unknown key 'in'; allowed: into, from, key",
    ),
    "unknown kind": (
        "into: deal\n",
        "into: lead\n",
        "steps.offers.into",
        "'lead' is no kind of record; allowed: team",
    ),
    "unknown table": (
        "from: offers",
        "from: orders",
        "steps.offers.from",
        "'orders' is no table; allowed: customers",
    ),
    "unknown field": (
        "closed_on: {",
        "closed_at: {",
        "steps.offers.fields.closed_at",
        "is no field of deal; allowed: account,",
    ),
    "needed field": (
        "name: {column: name, required: true}",
        "industry: Rail",
        "steps.customers.fields",
        "lacks 'name'",
    ),
    "step that comes later": (
        "parent: {column: group, lookup: customers}",
        "owner: {column: group, lookup: offers}",
        "steps.customers.fields.owner",
        "'offers' is no earlier step; allowed: products, customers",
    ),
    "wrong kind of reference": (
        "{column: customer, lookup: customers}",
        "{column: product, lookup: products}",
        "steps.offers.fields.account",
        "account refers to account; allowed: lookup of a step into account",
    ),
    "reference without lookup": (
        "{column: customer, lookup: customers}",
        "{column: customer}",
        "steps.offers.fields.account",
        "account refers to account; allowed: lookup of a step into account",
    ),
    "take what is not there": (
        "amount_minor: {column: amount}",
        "amount_minor: {column: product, lookup: products, take: price}",
        "steps.offers.fields.amount_minor",
        "products fills no 'price'; allowed: name, list_price_minor",
    ),
    "two origins": (
        "{column: amount}",
        "{column: amount, const: 1}",
        "steps.offers.fields.amount_minor",
        "has 2 origins; allowed:",
    ),
    "no origin": (
        "{column: amount}",
        "{required: true}",
        "steps.offers.fields.amount_minor",
        "has 0 origins; allowed:",
    ),
    "constant that the field cannot hold": (
        'no": LOST',
        'no": GONE',
        "steps.offers.fields.stage",
        "'GONE' is no Stage; allowed: IDENTIFIED, QUALIFIED",
    ),
    "stray brace": (
        '"{product} offer {id}"',
        '"{product} offer {id"',
        "steps.offers.fields.name",
        "has a stray brace; allowed:",
    ),
    "history of a field without value": (
        "closed_on: null",
        "competitor: null",
        "steps.offers.history.0.before.competitor",
        "has no present value; allowed",
    ),
    "word that YAML takes for yes": (
        '"yes": WON',
        "yes: WON",
        "steps.offers.fields.stage.values",
        "allowed: quoted text",
    ),
    "path as a file": (
        "file: offers.csv",
        "file: ../offers.csv",
        "tables.offers",
        "'../offers.csv' is a path; allowed: the name of a file",
    ),
    "file and rows": (
        "rows: [{",
        "file: x.csv\n    rows: [{",
        "tables.catalogue",
        "allowed: exactly one of file, files, rows",
    ),
    "row without a column": (
        "rows: [{product: Fibre 1G",
        "rows: [{prod: Fibre 1G",
        "tables.catalogue.rows.0",
        "lacks the column 'product'",
    ),
    "dates without a year": (
        'offers.csv\n    delimiter: ";"\n    decimal: ","\n    dates: "%d.%m.%Y"',
        'offers.csv\n    delimiter: ";"\n    decimal: ","\n    dates: "%d.%m."',
        "tables.offers",
        "the form of dates '%d.%m.' does not tell a day; allowed: such as %Y-%m-%d",
    ),
    "currency": ("currency: EUR", "currency: euro", "currency", "String should match pattern '^[A-Z]{3}$'"),
    "no YAML": ("tables:", "tables: [", "mapping", "ledger.yaml is not YAML: "),
}


@pytest.mark.parametrize("case", UNSOUND)
def test_a_mapping_that_is_not_sound_is_refused_with_its_place(case: str) -> None:
    sound, unsound, place, reason = UNSOUND[case]
    assert sound in MAPPING
    with pytest.raises(Invalid) as refusal:
        mapping(MAPPING.replace(sound, unsound))
    assert ".".join(refusal.value.path).startswith(place)
    assert reason in refusal.value.message
    assert refusal.value.message.startswith("ledger.yaml")


def test_a_mapping_is_found_by_its_name_or_by_its_path(tmp_path: Path) -> None:
    assert load_mapping("crm-sales").name == "crm-sales"
    (tmp_path / "mine.yaml").write_text(MAPPING)
    assert load_mapping(str(tmp_path / "mine.yaml")).name == "ledger"
    with pytest.raises(Invalid, match="no mapping 'crm'; allowed: crm-sales, pipedrive-changes, ru-b2b"):
        load_mapping("crm")


def test_a_template_with_a_blank_column_is_blank() -> None:
    assert fill("{a} for {b}", {"a": "Fibre", "b": "Rail"}) == "Fibre for Rail"
    assert fill("{a} for {b}", {"a": "Fibre", "b": ""}) is None


@pytest.mark.parametrize(
    ("name", "local_part"), [("Mei-Mei Johns", "mei.mei.johns"), ("Žoë d'Été", "zoe.d.ete"), ("李", "nobody")]
)
def test_a_mailbox_is_plain_ascii(name: str, local_part: str) -> None:
    assert mailbox(name) == local_part
