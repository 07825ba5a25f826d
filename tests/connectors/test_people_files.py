"""People and what happened with them, from files: what is refused of them elsewhere is refused here too."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from commands.account_review.content import Known
from connectors import ImportReport, import_folder
from connectors.account_review.tables.people import known_people
from metrics.relationships import last_contacts
from models.base import today
from models.people import Contact, Interaction, Seniority
from tests.connectors import source

AS_OF = date(2026, 3, 31)
MAPPING = """
name: crm
tenant: {slug: people, name: People}
currency: EUR
tables:
  people: {file: people.csv, dates: "%Y-%m-%d"}
  calls: {file: calls.csv, dates: "%Y-%m-%d"}
  firms:
    rows: [{key: A, name: North Rail}]
steps:
  firms: {into: account, from: firms, key: key, fields: {name: {column: name}}}
  people:
    into: contact
    from: people
    key: key
    fields:
      account: {const: A, lookup: firms}
      name: {column: key}
      email: {column: email}
      joined_on: {column: joined}
      left_on: {column: left}
      last_contacted_on: {column: last}
  calls:
    into: interaction
    from: calls
    key: key
    began: {column: day}
    fields:
      account: {const: A, lookup: firms}
      contact: {column: person, lookup: people}
      kind: CALL
      happened_on: {column: day}
      duration_minutes: {column: minutes}
"""


async def _import(folder: Path, people: str, calls: str) -> ImportReport:
    (folder / "people.csv").write_text(f"key,email,joined,left,last\n{people}")
    (folder / "calls.csv").write_text(f"key,person,day,minutes\n{calls}")
    return await import_folder(source.mapping(MAPPING), folder, AS_OF, rejects=folder / "rejects.csv")


async def _days() -> dict[str, str]:
    """When each person was last contacted."""
    names = {each.id: each.name for each in await Contact.all()}
    return {names[key]: str(day) for key, day in (await last_contacts([*names])).items()}


async def test_what_cannot_be_is_rejected_and_what_is_no_address_is_left_out(db: str, tmp_path: Path) -> None:
    late = today() + timedelta(days=2)
    people = (
        "Ada,ada@north.example,2020-01-01,2026-01-31,2026-01-15\nBo,no mail,,,\n"
        f"Cy,,{late},,\nDi,,,{late},\nEd,,2020-01-01,2019-12-31,\nFay,,,,{late}\n"
    )
    calls = f"1,Ada,2026-01-10,10080\n2,Ada,{late},\n3,Ada,2026-01-11,10081\n"
    report = await _import(tmp_path, people, calls)
    told = f"is in the future; allowed: {today() + timedelta(days=1)} and earlier"
    assert [(each.line, each.column, each.reason) for each in report.rejects] == [
        (4, "joined", told), (5, "left", told),
        (6, "left", "is before 2020-01-01, when the person joined; allowed: that day and later"),
        (7, "last", told), (3, "day", told),
        (4, "minutes", "is out of range; allowed: 0 to 10080, which are seven days"),
    ]  # fmt: skip
    assert [(each.column, each.reason, each.done) for each in report.oddities if "mail" in each.reason] == [
        ("email", "is no mail address; allowed: such as kim@customer.example", "left out")
    ]
    assert {each.name: each.email for each in await Contact.all()} == {"Ada": "ada@north.example", "Bo": None}
    assert await _days() == {"Ada": "2026-01-15"}
    assert await Interaction.all().count() == 1


async def test_a_call_that_is_corrected_or_is_with_somebody_else_counts_as_it_is_now(
    db: str, tmp_path: Path
) -> None:
    people = "Ada,,,,2026-01-15\nBo,,,,\n"
    await _import(tmp_path, people, "1,Ada,2026-03-01,\n2,Bo,2026-02-01,\n")
    assert await _days() == {"Ada": "2026-03-01", "Bo": "2026-02-01"}
    await _import(tmp_path, people, "1,Bo,2026-03-02,\n2,Bo,2026-02-01,\n")
    assert await _days() == {"Ada": "2026-01-15", "Bo": "2026-03-02"}
    again = await _import(tmp_path, people, "1,Bo,2026-03-02,\n2,Bo,2026-02-01,\n")
    assert [again.counts[step].unchanged for step in ("people", "calls")] == [2, 2]


def test_a_review_says_what_tells_of_the_last_contact_where_none_of_us_is_said_to_know_somebody() -> None:
    def known_by(*, strength: int = 0, noted: bool = False, colleagues: tuple[str, ...] = ()) -> str:
        known = Known(
            contact_id="con_1", account="North Rail", name="Ada", title=None, seniority=Seniority.STAFF,
            role=None, influence=None, support=None, strength=strength, last_on=AS_OF, noted=noted,
            left_on=None, colleagues=colleagues,
        )  # fmt: skip
        (row,) = known_people([known]).rows
        return str(row[-1])

    assert known_by(noted=True) == "the source system"
    assert known_by(noted=True, strength=20, colleagues=("Bo",)) == "Bo"
    assert known_by(strength=20) == "not said who"
    assert known_by() == "nobody"
