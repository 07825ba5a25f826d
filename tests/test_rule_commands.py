"""What managers do with rulebooks from a shell: try, import, compare, put live, roll back, export."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

from models import database
from tests import factories
from tests.shell import bellwether

DAY = factories.TODAY
TEXT = """# mine
rules:
  - key: ending
    title: A contract ends
    when: [{contract: {as: c, where: {days_to_end: {between: [0, 60]}}}}]
    then: [{flag: {risk: CHURN, severity: HIGH, exposure: $c.annual_value}}]
cases:
  - {name: soon, rule: ending, facts: {contract: [{days_to_end: 1}]}, expect: [{c: contract-1}]}
"""


async def _filled(url: str) -> None:
    await database.connect(url)
    owner = await factories.user(await factories.tenant())
    for number in range(1, 11):
        account = await factories.account(owner)
        await factories.contract(account, ends_on=DAY + timedelta(days=25 * number), mrc_minor=100_00)
    await database.disconnect()


def test_a_rulebook_is_tried_put_live_changed_and_rolled_back(sqlite_url: str, tmp_path: Path) -> None:
    asyncio.run(_filled(sqlite_url))
    file, wider = tmp_path / "mine.yaml", tmp_path / "wider" / "mine.yaml"
    wider.parent.mkdir()
    file.write_text(TEXT)
    wider.write_text(TEXT.replace("60", "90"))

    def run(*arguments: str, exit_code: int = 0) -> str:
        done = bellwether(sqlite_url, tmp_path, "rules", *arguments, exit_code=exit_code)
        return done.stdout if exit_code == 0 else done.stderr

    assert run("test", str(file)) == "1 of 1 cases hold\n"
    failing = tmp_path / "failing.yaml"
    failing.write_text(TEXT.replace("days_to_end: 1}", "days_to_end: 61}"))
    assert "the case 'soon' of ending fails" in run("test", str(failing), exit_code=1)

    tried = json.loads(run("dry-run", str(file), "--as-of", str(DAY), "--json"))
    assert (tried["accounts"], tried["flagged_before"], tried["flagged_after"]) == (10, 0, 2)
    assert run("import", str(file), "--activate") == "mine/1 is ACTIVE\n"
    assert run("import", str(file)) == "mine/1 is ACTIVE, unchanged\n"
    shown = run("dry-run", str(wider), "--as-of", str(DAY))
    assert "│ ending " in shown
    assert "3,600.00" in shown
    assert run("import", str(wider), "--activate") == "mine/2 is ACTIVE\n"
    differing = run("diff", "mine/1", "mine/2", "--as-of", str(DAY))
    assert "ending: CHANGED" in differing
    assert "+          - 90" in differing
    assert run("rollback", "mine", "--reason", "too wide") == "mine/1 is ACTIVE\n"
    versions = run("versions", "mine")
    assert "too wide" in versions
    assert "RETIRED" in versions
    run("export", "mine/1", "--to", str(tmp_path / "out"))
    assert (tmp_path / "out" / "mine.yaml").read_text() == TEXT
    assert "no rulebook 'other/1'; known: mine" in run("export", "other/1", exit_code=1)


def test_a_backtest_is_told_as_a_table_and_as_json(sqlite_url: str, tmp_path: Path) -> None:
    asyncio.run(_filled(sqlite_url))
    file = tmp_path / "mine.yaml"
    file.write_text(TEXT)
    dates = ("--from", "2025-12-31", "--to", "2026-03-31", "--horizon", "90", "--known-until", "2026-11-01")

    def run(*arguments: str, exit_code: int = 0) -> str:
        command = ("rules", "backtest", str(file), *arguments)
        done = bellwether(sqlite_url, tmp_path, *command, exit_code=exit_code)
        return done.stdout if exit_code == 0 else done.stderr

    table = run(*dates)
    assert "4 dates from 2025-12-31 to 2026-03-31, 90 days ahead" in table
    assert "contract lost" in table
    (score,) = json.loads(run(*dates, "--json"))["scores"]
    # A contract ends every 25 days from 25 April on: at the end of February one within 60 days, of March two.
    assert [each["flagged"] for each in score["dates"]] == [0, 0, 1, 2]
    assert (score["precision"]["part"], score["precision"]["whole"]) == (3, 3)
    assert "not in order" in run(*dates, "--from", "2026-06-01", exit_code=1)


ODD = """rules:
  - key: wide
    title: A contract ends
    when: [{contract: {as: c, where: {days_to_end: {lt: 60}, notice_days: {gte: 0}}}}]
    then: [{recommend: {action: LOOK, because: x}}]
"""
NEVER = ODD.replace("lt: 60", "lt: 60, gt: 90")


def test_a_file_is_checked_with_and_without_a_database(sqlite_url: str, tmp_path: Path) -> None:
    asyncio.run(_filled(sqlite_url))
    odd, never = tmp_path / "odd.yaml", tmp_path / "never.yaml"
    odd.write_text(ODD)
    never.write_text(NEVER)

    told = bellwether("sqlite://nowhere", tmp_path, "rules", "check", str(odd)).stdout
    assert "OUT_OF_RANGE: notice_days gte 0 always holds" in told
    assert "rules.0.when.0.contract.where.notice_days.gte" in told
    assert "1 sound: wide" in told
    refused = bellwether("sqlite://nowhere", tmp_path, "rules", "check", str(never), exit_code=1).stdout
    assert "NEVER_MATCHES: no contract has days_to_end lt 60 and days_to_end gt 90" in refused
    assert "sound" not in refused

    odd.write_text(ODD.replace("when: [", "when: [{ticket: {}}, "))
    command = ("rules", "check", str(odd), "--filled", "--as-of", str(DAY))
    filled = bellwether(sqlite_url, tmp_path, *command).stdout
    assert "UNFILLED: the tenant has no ticket as of 2026-03-31" in filled
