"""Rows of other tables that tell of changes: worked examples by hand, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from connectors import ImportReport, import_folder
from connectors.loading import parse_mapping
from models.asof import as_of_rows, view_of
from models.base import today
from models.database import fetch
from models.deals import Deal, Stage, StageChange
from models.errors import Invalid
from models.history import Change
from models.people import Interaction, InteractionDirection, InteractionKind
from models.revenue import Contract
from tests.connectors.source import AS_OF, count_changes

#: A file of what deals are now, and one of how their fields changed, with old and new values.
MAPPING = """
name: fields
tenant: {slug: fields, name: Fields}
currency: EUR
tables:
  deals: {file: deals.csv}
  changes: {file: changes.csv, dates: "%Y-%m-%dT%H:%M"}
  accounts: {rows: [{id: A, name: Rail}]}
steps:
  accounts:
    into: account
    from: accounts
    key: id
    fields: {name: {column: name}}
  deals:
    into: deal
    from: deals
    key: id
    began: {column: opened}
    ended: {column: closed}
    fields:
      account: {const: A, lookup: accounts}
      name: {column: id}
      stage: {column: stage}
      amount_minor: {column: amount}
      closed_on: {column: closed}
    history:
      - &change
        rows: changes
        where: deal
        date: {column: at}
        when: {field: [StageName]}
        before: {stage: {column: old}}
        became: {stage: {column: new, required: true}}
      - <<: *change
        when: {field: [Amount]}
        before: {amount_minor: {column: old, default: 0}}
        became: {amount_minor: {column: new, default: 0}}
      - date: {column: closed}
        before: {closed_on: null}
"""
DEALS = """id,opened,closed,stage,amount
D1,2026-01-05,,PROPOSED,150
D2,2026-01-10,2026-02-20,WON,900
"""
CHANGES = """deal,at,field,old,new
D1,2026-02-01T09:00,StageName,IDENTIFIED,QUALIFIED
D1,2026-02-01T17:00,StageName,QUALIFIED,PROPOSED
D1,2026-02-03T08:00,Amount,,100
D1,2026-03-01T08:00,Amount,120,150
D2,2026-02-20T08:00,StageName,NEGOTIATING,WON
D2,2026-03-20T08:00,Amount,900,1
D2,2026-01-09T08:00,Amount,1,900
D9,2026-02-02T08:00,Amount,1,2
D1,2026-02-02T08:00,Owner,1,2
"""


def _files(folder: Path, deals: str = DEALS, changes: str = CHANGES) -> Path:
    (folder / "deals.csv").write_text(deals)
    (folder / "changes.csv").write_text(changes)
    return folder


async def _imported(folder: Path, document: str = MAPPING) -> ImportReport:
    return await import_folder(parse_mapping(document.encode(), "fields.yaml"), folder, AS_OF)


def _counts(report: ImportReport, step: str) -> tuple[int, ...]:
    counts = report.counts[step]
    return counts.read, counts.created, counts.updated, counts.unchanged, counts.rejected


async def _pipeline(report: ImportReport, day: date) -> dict[object, tuple[int, int]]:
    rows = await fetch(
        "select d.stage, count(*) as deals, cast(sum(d.amount_minor) as bigint) as minor"
        f" from {as_of_rows(Deal, ['stage', 'amount_minor'])} d group by d.stage",
        {"tenant": report.tenant.id, "as_of": day},
    )
    return {row["stage"]: (int(str(row["deals"])), int(str(row["minor"]))) for row in rows}


async def test_count_and_amount_of_any_day_are_those_that_the_changes_tell(db: str, tmp_path: Path) -> None:
    report = await _imported(_files(tmp_path))
    # D1: 0 until 3 February, then 100, from 1 March 150; D2: always 900, negotiated until it is won
    assert await _pipeline(report, date(2026, 1, 4)) == {}
    assert await _pipeline(report, date(2026, 1, 5)) == {"IDENTIFIED": (1, 0)}
    assert await _pipeline(report, date(2026, 1, 31)) == {"IDENTIFIED": (1, 0), "NEGOTIATING": (1, 900_00)}
    assert await _pipeline(report, date(2026, 2, 1)) == {"PROPOSED": (1, 0), "NEGOTIATING": (1, 900_00)}
    assert await _pipeline(report, date(2026, 2, 3)) == {"PROPOSED": (1, 100_00), "NEGOTIATING": (1, 900_00)}
    assert await _pipeline(report, date(2026, 2, 20)) == {"PROPOSED": (1, 100_00), "WON": (1, 900_00)}
    assert await _pipeline(report, date(2026, 3, 1)) == {"PROPOSED": (1, 150_00), "WON": (1, 900_00)}


async def test_every_telling_row_is_accounted_for_and_what_does_not_fit_is_named(
    db: str, tmp_path: Path
) -> None:
    report = await _imported(_files(tmp_path))
    assert _counts(report, "deals") == (2, 2, 0, 0, 0)
    assert _counts(report, "deals from changes") == (8, 5, 0, 0, 3)
    assert _counts(report, "none of changes") == (1, 0, 0, 0, 1)
    assert [str(each) for each in report.rejects] == [
        "changes.csv line 7, at: is after the record ended ('2026-03-20')",
        "changes.csv line 8, at: is before the record began ('2026-01-09')",
        "changes.csv line 9, deal: names none of the deals ('D9')",
        "changes.csv line 10, the whole line: is taken by no part of the mapping ('')",
    ]
    assert [(str(each), each.done) for each in report.examples] == [
        (
            "changes.csv line 5, old: is not the amount_minor before ('120')",
            "taken; what it was before is as told before",
        )
    ]
    assert {(odd.reason, odd.count) for odd in report.oddities if odd.done != "rejected"} == {
        ("is not the amount_minor before", 1)
    }
    assert "rows in" in report.speed


async def test_a_deal_is_in_its_stage_since_its_last_change(db: str, tmp_path: Path) -> None:
    await _imported(_files(tmp_path))
    deal = await Deal.get(external_id="D1")
    assert (deal.stage_since, deal.probability) == (date(2026, 2, 1), 50)
    moves = await StageChange.filter(deal_id=deal.id).order_by("changed_on", "id")
    assert [(move.from_stage, move.to_stage, move.changed_on) for move in moves] == [
        (None, Stage.IDENTIFIED, date(2026, 1, 5)),
        (Stage.IDENTIFIED, Stage.QUALIFIED, date(2026, 2, 1)),
        (Stage.QUALIFIED, Stage.PROPOSED, date(2026, 2, 1)),
    ]


async def test_a_field_that_its_changes_do_not_lead_to_became_so_on_the_day_of_the_import(
    db: str, tmp_path: Path
) -> None:
    report = await _imported(_files(tmp_path, DEALS.replace("PROPOSED,150", "PROPOSED,175")))
    assert (await Deal.get(external_id="D1")).amount_minor == 175_00
    last = await Change.filter(entity="deal", field="amount_minor").order_by("-effective_on").first()
    assert last is not None
    assert (last.old, last.new, last.effective_on) == ("15000", "17500", AS_OF)
    assert ("is not what the amount_minor was changed to last", 1) in {
        (odd.reason, odd.count) for odd in report.oddities
    }


async def test_importing_it_again_writes_nothing_and_later_changes_are_added(db: str, tmp_path: Path) -> None:
    await _imported(_files(tmp_path))
    changes = await count_changes()
    again = await _imported(tmp_path)
    assert sum(counts.written for counts in again.counts.values()) == 0
    assert _counts(again, "deals from changes") == (8, 0, 0, 5, 3)
    assert await count_changes() == changes
    more = CHANGES + "D1,2026-03-10T08:00,Amount,150,0\nD1,2026-03-12T08:00,Amount,0,150\n"
    later = await _imported(_files(tmp_path, changes=more))
    # away and back: the deal is as it was, and what happened between is there all the same
    assert _counts(later, "deals") == (2, 0, 1, 1, 0)
    assert _counts(later, "deals from changes") == (10, 0, 2, 5, 3)
    assert (await _pipeline(later, date(2026, 3, 11)))["PROPOSED"] == (1, 0)
    assert (await _pipeline(later, date(2026, 3, 12)))["PROPOSED"] == (1, 150_00)
    learned = await Change.filter(effective_on=date(2026, 3, 10)).first()
    assert learned is not None
    assert learned.known_on == today()
    assert (await view_of(later.tenant.id, date(2026, 3, 11), AS_OF)).known
    settled = await count_changes()
    await _imported(tmp_path)
    assert await count_changes() == settled


LOG = """
name: log
tenant: {slug: log, name: Log}
currency: EUR
tables:
  log:
    file: log.csv
    checks:
      - {column: done, not_before: made}
      - {column: mail, unique: true, taken: taken; as if it were another}
  signed: {file: signed.csv, decimal: ","}
  calls: {file: calls.csv, dates: "%Y-%m-%d %H:%M"}
steps:
  accounts:
    into: account
    from: log
    key: id
    given: {column: made, when: {what: [account]}}
    began: {column: made}
    fields: {name: {column: id}}
    initially: {region: North, tier: NAMED}
    history:
      - {rows: log, where: id, when: {what: [moved]}, date: {column: made}, became: {region: {column: mail}}}
  contracts:
    into: contract
    from: signed
    key: id
    began: {column: day}
    fields:
      account: {column: account, lookup: accounts, required: true}
      name: {column: id}
      starts_on: {column: day}
      mrc_minor: {column: value, divided_by: months}
  calls:
    into: interaction
    from: calls
    key: id
    fields:
      account: {column: account, lookup: accounts, required: true}
      kind: CALL
      direction: {column: way, values: {in: INBOUND, out: OUTBOUND}}
      happened_on: {column: at}
      happened_at: {column: at}
      outcome: {column: outcome}
"""
LOG_FILES = {
    "log.csv": "what,id,mail,made,done\naccount,A1,x,2026-01-05,\naccount,A2,x,2026-01-05,2026-01-06\n"
    "account,A3,y,2026-01-05,2026-01-04\nmoved,A1,South,2026-02-01,\nmerged,A1,z,2026-02-01,\n",
    "signed.csv": "id,account,value,months,day\nS1,A1,\"1000,00\",3,2026-01-02\nS2,A2,1000,0,2026-02-01\n",
    "calls.csv": "id,account,at,way,outcome\nC1,A1,2026-02-03 14:30,in,agreed\nC2,A1,2026-02-03,out,\n",
}  # fmt: skip


async def test_records_that_no_file_has_are_made_from_their_log(db: str, tmp_path: Path) -> None:
    for name, content in LOG_FILES.items():
        (tmp_path / name).write_text(content)
    report = await _imported(tmp_path, LOG)
    assert _counts(report, "accounts") == (3, 2, 0, 0, 1)
    assert _counts(report, "accounts from log") == (1, 1, 0, 0, 0)
    assert _counts(report, "none of log") == (1, 0, 0, 0, 1)
    region = await Change.get(field="region")
    assert (region.old, region.new, region.effective_on) == ("North", "South", date(2026, 2, 1))
    assert (await Contract.get(external_id="S1")).mrc_minor == 333_33  # 1,000 in three months
    call = await Interaction.get()
    assert (call.kind, call.direction) == (InteractionKind.CALL, InteractionDirection.INBOUND)
    assert (call.happened_on, call.outcome) == (date(2026, 2, 3), "agreed")
    assert call.happened_at == datetime(2026, 2, 3, 14, 30, tzinfo=UTC)
    assert [str(each) for each in report.rejects] == [
        "log.csv line 4, done: is before made ('2026-01-04')",
        "log.csv line 6, the whole line: is taken by no part of the mapping ('')",
        "signed.csv line 3, months: is not above 0; something is divided by it ('0')",
        "calls.csv line 3, at: is no date of the form %Y-%m-%d %H:%M ('2026-02-03')",
    ]
    assert [(str(each), each.done) for each in report.examples] == [
        ("log.csv line 3, mail: was there before ('x')", "taken; as if it were another"),
        (
            "signed.csv line 2, day: is before the day on which the account began ('2026-01-02')",
            "taken; the account counts from its own day on",
        ),
    ]


#: What is replaced in the sound document, by what, and where and how that is refused.
UNSOUND = {
    "rows alone": ("        where: deal\n", "", "steps.deals.history.0", "allowed: rows together with where"),
    "unknown table": ("rows: changes", "rows: log", "steps.deals.history.0.rows", "'log' is no table"),
    "no field": (
        "before: {closed_on: null}", "before: {}", "steps.deals.history.2",
        "tells of no field; allowed: before, became, or both",
    ),
    "before alone": (
        "became: {stage: {column: new, required: true}}", "became: {closed_on: {column: at}}",
        "steps.deals.history.0", "does not tell what stage became",
    ),
    "when of the record's own row": (
        "- date: {column: closed}", "- when: {stage: [WON]}\n        date: {column: closed}",
        "steps.deals.history.2", "when without rows",
    ),
    "a field without a value": (
        "became: {amount_minor:", "became: {probability: 5, amount_minor:",
        "steps.deals.history.1.became.probability", "has no present value; allowed: account",
    ),
    "two kinds of check": (
        "deals: {file: deals.csv}", "deals: {file: deals.csv, checks: [{column: id}]}",
        "tables.deals.checks.0", "allowed: exactly one of not_before, unique",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", UNSOUND)
def test_a_history_that_is_not_sound_is_refused_with_its_place(case: str) -> None:
    sound, unsound, place, reason = UNSOUND[case]
    assert sound in MAPPING
    document = MAPPING.replace(sound, unsound, 1)
    with pytest.raises(Invalid) as refusal:
        parse_mapping(document.encode(), "fields.yaml")
    assert ".".join(refusal.value.path).startswith(place)
    assert reason in refusal.value.message
