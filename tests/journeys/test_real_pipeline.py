"""From a public CRM export to what would have helped: imported, judged, compared with what happened, asked.

What the README shows of it is what comes out.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from models import database
from models.access import User
from models.deals import Deal, Stage
from models.recommendations import Recommendation, RecommendationState
from tests.connectors.source import SHARED
from tests.door import door
from tests.shell import bellwether

README = Path(__file__).parents[2].joinpath("README.md").read_text("utf-8")
JUDGE = ("evaluate", "--json", "--as-of")
SPRING, WINTER = "2017-09-30", "2017-12-31"
QUERY_AND_ANSWER = re.compile(r"```graphql\n(.*?)```\n+```json\n(.*?)```", re.DOTALL)

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the CRM sales data is not at ../shared/data/crm-sales-opportunities"
)


async def test_a_sales_pipeline_is_judged_and_the_verdict_would_have_been_right(
    db_url: str, tmp_path: Path
) -> None:
    def run(*arguments: str) -> str:
        return bellwether(db_url, tmp_path, *arguments).stdout

    imported = run("import", "crm-sales", str(SHARED), "--as-of", SPRING)
    for line in (
        "│ sales_pipeline.csv │ product         │ GTXPro     │ GTX Pro     │ 1,480 │",
        "1,425 deals name",
    ):
        assert line in imported
        assert line in README

    judged = json.loads(run(*JUDGE, SPRING))
    assert judged.pop("seconds") < 30
    assert judged.pop("run").startswith("run_")
    assert set(judged.pop("stages")) == {"candidates", "events", "gather", "judge", "explain", "settle"}
    assert judged == {
        "as_of": SPRING, "accounts": 86, "candidates": 84, "matched": 725, "opened": 1450, "refreshed": 0,
        "lapsed": 0, "reopened": 0, "unchanged": 0,
        "risks": {"stalled-deal": {"count": 725, "amount": "1932466.00"}},
        "looked_back": 0, "failed": 0, "failures": [], "disagreements": [],
    }  # fmt: skip
    again = json.loads(run(*JUDGE, SPRING))
    assert {step: again[step] for step in ("opened", "refreshed", "lapsed", "reopened")} == dict.fromkeys(
        ("opened", "refreshed", "lapsed", "reopened"), 0
    )
    assert again["unchanged"] == 1450

    for line in re.findall(r"│ (?:flagged|others) .*│", run("outcomes", "stalled-deal", "--as-of", SPRING)):
        assert line in README
    flagged = json.loads(run("outcomes", "stalled-deal", "--as-of", SPRING, "--json"))["flagged"]
    assert (flagged["deals"], flagged["won"], flagged["lost"], flagged["open"]) == (725, 0, 2, 723)

    run("user", "head@example.com", "--name", "Head of sales")
    await _ask_what_the_readme_asks(db_url)

    later = json.loads(run(*JUDGE, WINTER))
    assert (later["lapsed"], later["failed"]) == (4, 0)
    await _of_two_deals_that_were_lost(db_url)
    back = json.loads(run(*JUDGE, SPRING))
    assert (back["risks"], back["looked_back"], back["opened"]) == (judged["risks"], 86, 0)


async def _ask_what_the_readme_asks(url: str) -> None:
    async with database.database(url), door(await User.get(email="head@example.com")) as client:
        shown = QUERY_AND_ANSWER.findall(README)
        assert len(shown) == 2
        for query, answer in shown:
            assert await client.ask(query) == json.loads(answer)["data"]


async def _of_two_deals_that_were_lost(url: str) -> None:
    async with database.database(url):
        lapsed = Recommendation.filter(state=RecommendationState.LAPSED)
        deals = await Deal.filter(id__in=await lapsed.values_list("deal_id", flat=True))
        assert [deal.stage for deal in deals] == [Stage.LOST, Stage.LOST]
