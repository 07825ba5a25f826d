"""What stands open for an account and why, and why a rule is silent, as somebody asks in a shell."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commands import evaluations, rulebooks
from commands.access import system_actor
from models import database
from models.recommendations import Recommendation
from rules.engine.pool import EnginePool
from tests import factories
from tests.shell import bellwether

DAY = factories.TODAY
LATER = DAY + timedelta(days=1)


async def _filled(url: str) -> None:
    """An account with an unattended renewal and a stalled deal, judged, and one of which nothing is said."""
    await database.connect(url)
    tenant = await factories.tenant(currency="EUR")
    owner = await factories.user(tenant)
    north = await factories.account(owner, name="Nordwind Åkeri")
    await factories.contract(north, name="SD-WAN", ends_on=DAY + timedelta(days=45), mrc_minor=1_200_00)
    await factories.deal(north, name="Cloud", valid_from=DAY - timedelta(days=91), amount_minor=1_500_50)
    await factories.account(owner, name="Nordlicht")
    async with EnginePool(1, 20.0) as engine:
        await rulebooks.ensure_starter(system_actor(tenant), engine)
        await evaluations.evaluate(system_actor(tenant), engine, DAY)
    await database.disconnect()


@pytest.fixture(scope="module")
def home(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("why")
    shutil.copyfile(sqlite_template, folder / "b.sqlite3")
    asyncio.run(_filled(_url(folder)))
    return folder


def _url(home: Path) -> str:
    return f"sqlite://{home}/b.sqlite3"


def _run(home: Path, *arguments: str, exit_code: int = 0) -> str:
    done = bellwether(_url(home), home, "why", *arguments, "--as-of", str(DAY), exit_code=exit_code)
    return done.stdout if exit_code == 0 else done.stderr


def _json(home: Path, *arguments: str) -> Any:
    return json.loads(_run(home, *arguments, "--json"))


def _running(text: str) -> str:
    """The text as it was before it was broken into lines."""
    return re.sub(r"[\s│]+", " ", text)


def test_what_stands_open_is_told_with_its_evidence_and_what_would_clear_it(home: Path) -> None:
    shown = _run(home, "nordwind")
    text = _running(shown)
    assert max(map(len, shown.splitlines())) <= 120
    assert text.index("OPEN_RENEWAL by Apr 5, 2026") < text.index("REQUALIFY_DEAL")  # the more pressing first
    assert "CHURN risk, HIGH, €14,400.00 exposed, 40% probable" in text
    assert (
        "Contract SD-WAN: active, does not renew automatically, time to end 45 days (0 to 120 days)" in text
    )
    assert "contract SD-WAN active active active " in text
    assert "US Contract SD-WAN, time to end: clears if it rises to 121 days (now 45 days)" in text
    assert "since Mar 31, 2026, rule renewal-unattended of starter/1" in text


def test_it_speaks_the_language_of_its_reader(home: Path) -> None:
    text = _running(_run(home, "NORDWIND Å", "--locale", "de-DE"))
    assert "Vertrag SD-WAN: läuft, verlängert sich nicht automatisch, Restlaufzeit 45 Tage" in text
    assert "Verkaufschance Cloud: entfällt bei Wechsel zu „abgeschlossen“ (jetzt „offen“)" in text


def test_as_json_it_is_one_object(home: Path) -> None:
    told = _json(home, "nordwind")
    assert (told["account"]["name"], told["as_of"]) == ("Nordwind Åkeri", str(DAY))
    renewal, stalled = told["standing"]
    assert (renewal["rule"], renewal["version"], stalled["rule"]) == (
        "renewal-unattended", "starter/1", "stalled-deal",
    )  # fmt: skip
    assert stalled["sentence"] == "Deal Cloud: open, age 91 days (more than 90 days)."
    assert stalled["held_since"] == str(DAY)
    assert (stalled["recommendation"]["action"], stalled["risk"]["exposure_minor"]) == (
        "REQUALIFY_DEAL", 1_500_50,
    )  # fmt: skip
    age = stalled["evidence"][1]
    assert (age["record"], age["field"], age["op"], age["seen"], age["threshold"], age["observed_on"]) == (
        "Cloud", "age_days", "gt", 91, 90, str(DAY),
    )  # fmt: skip
    (change,) = stalled["clears"]
    assert (change["actor"], change["text"]) == (
        "US",
        "Deal Cloud: clears if it changes to “closed” (now “open”)",
    )


def test_why_a_rule_is_silent_is_told_with_how_far_off(home: Path) -> None:
    text = _running(_run(home, "nordwind", "--rule", "close-date-pushed"))
    assert "It does not hold. Deal Cloud: close-date pushes 0 (required: at least 3; off by 3)." in text
    (asked,) = _json(home, "nordwind", "--rule", "close-date-pushed")["rules"]
    assert (asked["holds"], asked["failed"]["field"], asked["failed"]["off_by"]) == (False, "pushes", 3)
    assert asked["standing"] == []


def test_a_rule_that_holds_is_told_with_what_stands_by_it(home: Path) -> None:
    (asked,) = _json(home, "nordwind", "--action", "REQUALIFY_DEAL")["rules"]
    assert (asked["rule"], asked["holds"], asked["failed"]) == ("stalled-deal", True, None)
    assert [each["rule"] for each in asked["standing"]] == ["stalled-deal"]
    text = _running(_run(home, "nordwind", "--action", "REQUALIFY_DEAL"))
    assert "It holds. Matched: deal Cloud" in text
    assert "Deal Cloud: open, age 91 days (more than 90 days)." in text


def test_an_account_of_which_nothing_is_said_says_so(home: Path) -> None:
    assert "Nothing stands open for it." in _run(home, "Nordlicht")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nord",), "INVALID at account: 'nord' begins 2 names: Nordlicht (acc_"),
        (("Südwind",), "NOT_FOUND at account: no account 'Südwind'"),
        (("",), "NOT_FOUND at account: no account ''"),
        (("nordwind", "--rule", "other"), "NOT_FOUND at ruleKey: no live rule 'other'; known: stalled-deal"),
        (("nordwind", "--rule", "stalled-deal", "--action", "CALL"), "INVALID at ruleKey: either a rule or"),
    ],
)
def test_what_cannot_be_told_is_refused_in_a_line(home: Path, arguments: tuple[str, ...], told: str) -> None:
    assert _run(home, *arguments, exit_code=1).startswith(told)


def test_what_was_answered_or_came_later_does_not_stand_open(sqlite_url: str, tmp_path: Path) -> None:
    asyncio.run(_filled(sqlite_url))

    async def dismiss() -> None:
        await database.connect(sqlite_url)
        await Recommendation.filter(rule_key="stalled-deal").update(state="DISMISSED")
        await Recommendation.filter(rule_key="renewal-unattended").update(held_since=LATER)
        await database.disconnect()

    asyncio.run(dismiss())
    renewal, stalled = _json(tmp_path, "nordwind")["standing"]
    assert (renewal["recommendation"], stalled["recommendation"]) == (None, None)  # the risks stand
    assert renewal["risk"]["kind"] == "CHURN"
