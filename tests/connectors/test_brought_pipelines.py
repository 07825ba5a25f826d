"""A mapping that brings a pipeline and names its stages: worked examples by hand, on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from commands import deals, journal, pipelines
from commands.access import ensure_tenant, system_actor
from connectors import ImportReport, import_folder
from connectors.loading import parse_mapping
from models.access import User
from models.database import Param, write_rows
from models.deals import Deal, DealKind, ForecastCategory, Stage, StageChange
from models.errors import Invalid
from models.history import Change
from models.pipelines import Pipeline, PipelineStage
from tests.connectors.source import AS_OF, state

MAPPING = """
name: fields
tenant: {slug: fields, name: Fields}
currency: EUR
pipelines:
  - name: Field sales
    kinds: [NEW, WIN_BACK]
    stages:
      - {name: Heard, stage: IDENTIFIED, probability: 5}
      - {name: Met, stage: QUALIFIED, usual_days: 14}
      - {name: Measured, stage: QUALIFIED, probability: 40, forecast_category: BEST_CASE}
      - {name: Offered, stage: PROPOSED}
tables:
  people: {rows: [{id: U1, mail: ada@example.com}, {id: U2, mail: tom@example.com}]}
  deals: {file: deals.csv}
  changes: {file: changes.csv}
  accounts: {rows: [{id: A, name: Rail}]}
steps:
  people:
    into: user
    from: people
    key: id
    fields: {name: {column: id}, email: {column: mail}, role: DIRECTOR}
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
    fields:
      account: {const: A, lookup: accounts}
      name: {column: id}
      kind: {column: kind}
      close_on: {column: expected}
    initially: {stage: IDENTIFIED, pipeline_stage: Heard, owner: null}
    history:
      - &change
        rows: changes
        where: deal
        date: {column: at}
        when: {field: [stage]}
        became:
          pipeline_stage: {column: new}
          stage:
            column: new
            values:
              {Heard: IDENTIFIED, Met: QUALIFIED, Measured: QUALIFIED, Toured: QUALIFIED, Offered: PROPOSED,
               Won: WON}
      - <<: *change
        when: {field: [owner]}
        became: {owner: {column: new, lookup: people}}
      - <<: *change
        when: {field: [expected]}
        before: {close_on: {column: old}}
        became: {close_on: {column: new}}
"""
DEALS = """id,kind,opened,expected
D1,NEW,2026-01-05,2026-05-01
D2,RENEWAL,2026-01-05,
D3,NEW,2026-01-05,
"""
CHANGES = """deal,at,field,old,new
D1,2026-01-08,stage,,Met
D1,2026-01-09,owner,,U1
D1,2026-01-20,stage,,Measured
D1,2026-02-01,expected,2026-03-01,2026-04-01
D1,2026-02-01,expected,2026-04-01,2026-05-01
D1,2026-02-02,owner,,U2
D2,2026-01-08,stage,,Met
D3,2026-01-08,stage,,Toured
D3,2026-02-08,stage,,Won
"""


async def _imported(
    folder: Path, deals: str = DEALS, changes: str = CHANGES, document: str = MAPPING
) -> ImportReport:
    (folder / "deals.csv").write_text(deals)
    (folder / "changes.csv").write_text(changes)
    return await import_folder(parse_mapping(document.encode(), "fields.yaml"), folder, AS_OF)


async def _moves(deal: Deal) -> list[tuple[object, ...]]:
    names = {stage.id: stage.name for stage in await PipelineStage.all()}
    moves = await StageChange.filter(deal_id=deal.id).order_by("changed_on", "id")
    return [(move.changed_on.day, move.to_stage, names.get(str(move.to_pipeline_stage_id))) for move in moves]


async def test_a_deal_is_in_the_stages_that_the_source_names(db: str, tmp_path: Path) -> None:
    await _imported(tmp_path)
    pipeline = await Pipeline.get()
    assert (pipeline.name, pipeline.kinds) == ("Field sales", ["NEW", "WIN_BACK"])
    assert pipeline.default_for == pipeline.kinds
    assert [stage.usual_days for stage in await pipelines.stages_of(pipeline.id)] == [None, 14, None, None]
    deal = await Deal.get(external_id="D1")
    assert await _moves(deal) == [
        (5, Stage.IDENTIFIED, "Heard"), (8, Stage.QUALIFIED, "Met"), (20, Stage.QUALIFIED, "Measured"),
    ]  # fmt: skip
    assert (deal.stage_since, deal.probability) == (date(2026, 1, 20), 40)
    assert deal.forecast_category is ForecastCategory.BEST_CASE
    assert (deal.pushes, deal.days_pushed) == (2, 31 + 30)  # 1 March to 1 April to 1 May
    won = await Deal.get(external_id="D3")
    assert (won.pipeline_id, won.pipeline_stage_id) == (pipeline.id, None)
    assert (won.closed_on, won.probability) == (date(2026, 2, 8), 100)


async def test_whose_a_deal_was_is_kept_as_users_change_it(db: str, tmp_path: Path) -> None:
    await _imported(tmp_path)
    ids = {user.external_id: user.id for user in await User.all()}
    changes = await Change.filter(entity="deal", field="owner_id").order_by("effective_on")
    assert [(each.old, each.new) for each in changes] == [(None, ids["U1"]), (ids["U1"], ids["U2"])]
    assert not await Change.filter(field="owner").exists()


async def test_names_that_say_nothing_are_told(db: str, tmp_path: Path) -> None:
    report = await _imported(tmp_path)
    assert [(str(each), each.done) for each in report.examples] == [
        (
            "changes.csv line 9, pipeline_stage: names no stage of the pipeline 'Field sales' that stands for"
            " QUALIFIED ('Toured')",
            "taken; the deal is in the stage that stands for that, or in the one before",
        )
    ]
    assert (await _moves(await Deal.get(external_id="D3")))[1] == (8, Stage.QUALIFIED, "Met")
    assert report.notes == ["1 deals name stages of a pipeline, and there is none for their kind"]
    assert (await Deal.get(external_id="D2")).pipeline_id is None


async def test_what_users_made_of_pipelines_stays_and_moves_go_on_in_it(db: str, tmp_path: Path) -> None:
    tenant = await ensure_tenant("fields", "Fields", "EUR")
    actor = system_actor(tenant)
    own = {"name": "Own", "kinds": [DealKind.NEW], "default_for": [DealKind.NEW]}
    mine = await pipelines.create(actor, own, [{"name": "Measured", "stage": Stage.QUALIFIED}])
    await _imported(tmp_path)
    theirs = await Pipeline.get(name="Field sales")
    assert theirs.default_for == ["WIN_BACK"]
    deal = await Deal.get(external_id="D1")
    assert deal.pipeline_id == mine.id
    day = date(2026, 2, 20)
    deal = await deals.move_to_pipeline(actor, deal.id, deal.version, theirs.id, on=day)
    assert (await _moves(deal))[-1][2] == "Met"
    moved = CHANGES + "D1,2026-03-05,stage,,Offered\nD1,2026-03-05,stage,,Measured\n"
    report = await _imported(tmp_path, changes=moved)
    assert report.counts["deals from changes"].updated == 2
    assert await StageChange.filter(deal_id=deal.id).count() == 2 + 1 + 2  # of the own one: there and on
    deal = await Deal.get(id=deal.id)
    names = {stage.id: stage.name for stage in await PipelineStage.all()}
    assert (deal.stage, names[str(deal.pipeline_stage_id)]) == (Stage.QUALIFIED, "Measured")


async def test_changes_that_come_too_late_are_left_out_and_told(db: str, tmp_path: Path) -> None:
    await _imported(tmp_path)
    before = await state()
    late = CHANGES + "D1,2026-01-15,owner,,U2\n"
    report = await _imported(tmp_path, changes=late)
    counts = report.counts["deals from changes"]
    assert (counts.read, counts.created, counts.updated, counts.unchanged, counts.rejected) == (
        10,
        0,
        0,
        10,
        0,
    )
    assert [str(each) for each in report.examples if each.line == 11] == [
        "changes.csv line 11, at: is before later changes that are known already ('2026-01-15')"
    ]
    assert await state() == before


async def test_what_is_told_of_a_key_that_two_records_have_is_doubtful(db: str, tmp_path: Path) -> None:
    report = await _imported(tmp_path, DEALS + "D2,NEW,2026-02-01,\n")
    assert [str(each) for each in report.rejects] == [
        "deals.csv line 5, id: is the key of line 3 already ('D2')"
    ]
    assert [each.done for each in report.examples if each.line == 8] == ["taken as of the first of them"]


async def test_files_that_nobody_reads_are_named(db: str, tmp_path: Path) -> None:
    (tmp_path / "invoices.csv").write_text("id\n1\n")
    report = await _imported(tmp_path)
    assert report.notes[-1] == "Not read by the mapping: invoices.csv"


async def test_an_import_that_ended_half_way_is_completed_to_the_same(
    db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches of one record; the first import ends in the transaction of the third deal."""
    monkeypatch.setattr("connectors.importing.BATCH", 1)
    clean = await _imported(tmp_path, document=MAPPING.replace("slug: fields", "slug: clean"))
    with monkeypatch.context() as patched:
        _ends_at_the_third_deal(patched)
        with pytest.raises(ZeroDivisionError):
            await _imported(tmp_path)
    assert await Deal.all().count() == 3 + 2
    report = await _imported(tmp_path)
    assert (report.counts["deals"].created, report.counts["deals"].unchanged) == (1, 2)
    completed, expected = await state(report.tenant), await state(clean.tenant)
    for stored in (completed, expected):
        stored["Tenant"] = []
    assert completed == expected
    again = await _imported(tmp_path)
    assert sum(counts.written for counts in again.counts.values()) == 0
    assert await state(clean.tenant) == {**completed, "Tenant": (await state(clean.tenant))["Tenant"]}


def _ends_at_the_third_deal(patched: pytest.MonkeyPatch) -> None:
    original, deals = write_rows, set[str]()

    async def written(table: str, columns: Sequence[str], rows: Sequence[Sequence[Param]]) -> None:
        told = [dict(zip(columns, row, strict=True)) for row in rows]
        deals.update(str(each["entity_id"]) for each in told if each["entity"] == "deal")
        if len(deals) == 3:
            raise ZeroDivisionError
        await original(table, columns, rows)

    patched.setattr(journal, "write_rows", written)


UNSOUND = {
    "no open stage": ("stage: PROPOSED}", "stage: WON}", "'WON' is no Stage; allowed: IDENTIFIED"),
    "order": ("Heard, stage: IDENTIFIED", "Heard, stage: PROPOSED", "the stages are not in the order"),
    "two of a name": ("{name: Offered", "{name: Met", "two stages have one name"),
    "no kind": ("kinds: [NEW, WIN_BACK]", "kinds: [OLD]", "'OLD' is no DealKind; allowed: NEW"),
    "no category": ("BEST_CASE}", "CLOSED}", "'CLOSED' is no ForecastCategory; allowed: OMITTED"),
    "no percentage": ("probability: 40", "probability: 140", "less than or equal to 100"),
    "no stage of the pipelines": (
        "pipeline_stage: Heard", "pipeline_stage: Herd",
        "'Herd' is no stage of the pipelines; allowed: Heard",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", UNSOUND)
def test_a_pipeline_that_is_not_sound_is_refused(case: str) -> None:
    sound, unsound, reason = UNSOUND[case]
    assert sound in MAPPING
    with pytest.raises(Invalid, match=reason):
        parse_mapping(MAPPING.replace(sound, unsound, 1).encode(), "fields.yaml")
