"""A deal goes through a pipeline: refused, waived, qualified, priced, and lost for a reason that counts."""

from __future__ import annotations

from typing import Any

from models.access import Role
from tests import factories
from tests.door import Door, Payload, door

STAGES: list[Payload] = [
    {
        "name": "Heard of",
        "stage": "IDENTIFIED",
        "required": ["CHAMPION_KNOWN", "AMOUNT_SET"],
        "usualDays": 14,
    },
    {"name": "Surveyed", "stage": "QUALIFIED", "required": ["METRICS_VALIDATED", "LINE_PRESENT"]},
    {"name": "Offered", "stage": "PROPOSED", "probability": 60, "forecastCategory": "COMMIT"},
]
PIPELINES = "{ pipelines { nodes { id name kinds defaultFor stages { id name position required } } } }"
DEAL = """query ($id: ID!) { deal(id: $id) {
  version stage probability forecastCategory pipeline { name } pipelineStage { name } amount { amount }
  totals { mrc { amount } tcv { amount } }
  lines { quantity listDiscount product { name } } contacts { role contact { name } }
  competitor competitors { name status price { amount } }
  qualification { score missing elements { element state evidence contact { name } } }
  exitCriteria { fact met shownBy }
  waivers { facts reason waivedBy { name } fromStage { name } toStage { name } }
  stageHistory { fromPipelineStage { name } toPipelineStage { name } toStage }
  lossReason lossCause { name } pushes daysPushed
} }"""
ADVANCED = "deal { version pipelineStage { name } }"


async def test_a_deal_from_the_first_stage_to_its_loss(db: str) -> None:
    operator = await factories.tenant()
    north = await factories.team(operator)
    manager = await factories.user(operator, Role.MANAGER, team_id=north.id, name="Maren Holt")
    director = await factories.user(operator, team_id=north.id)
    account = await factories.account(director)
    champion = await factories.contact(account, name="Ada Lind")
    fibre = await factories.product(operator, name="Fibre", list_price_minor=400_00)

    async with door(manager) as client:
        made: Any = await client.do(
            "createPipeline",
            "pipeline { id }",
            {"name": "New business", "kinds": ["NEW"], "defaultFor": ["NEW"], "stages": STAGES},
        )
        assert made["errors"] == []
        await client.do("setLossReason", "lossReason { name }", {"name": "Price"})
        (pipeline,) = (await _asked(client, PIPELINES))["pipelines"]["nodes"]
    stage = {each["name"]: each["id"] for each in pipeline["stages"]}
    assert [(each["name"], each["position"]) for each in pipeline["stages"]] == [
        ("Heard of", 1), ("Surveyed", 2), ("Offered", 3),
    ]  # fmt: skip

    async with door(director) as client:
        created: Any = await client.do(
            "createDeal", "deal { id }", {"name": "Harbour", "accountId": account.id, "closeOn": "2026-06-30"}
        )
        deal_id = created["deal"]["id"]
        refused: Any = await client.do(
            "advanceDeal", ADVANCED, {"id": deal_id, "version": 1, "pipelineStageId": stage["Surveyed"]}
        )
        assert [(each["code"], each["path"]) for each in refused["errors"]] == [
            ("FACTS_MISSING", ["input", "pipelineStageId", "AMOUNT_SET"]),
            ("FACTS_MISSING", ["input", "pipelineStageId", "CHAMPION_KNOWN"]),
        ]
        line = {"dealId": deal_id, "productId": fibre.id, "quantity": 3, "termMonths": 36}
        line |= {"mrc": {"amount": "1000.00"}, "nrc": {"amount": "5000.00"}}
        assert (await client.do("addDealLine", "line { id }", line))["errors"] == []
        await client.do("takeAmountFromLines", "deal { version }", {"id": deal_id, "version": 1})
        part = {"dealId": deal_id, "contactId": champion.id, "role": "CHAMPION"}
        assert (await client.do("setDealContact", "part { id }", part))["errors"] == []
        moved: Any = await client.do(
            "advanceDeal", ADVANCED, {"id": deal_id, "version": 2, "pipelineStageId": stage["Surveyed"]}
        )
        assert moved == {"deal": {"version": 3, "pipelineStage": {"name": "Surveyed"}}, "errors": []}
        rival = {"dealId": deal_id, "name": "Nordnet", "status": "INCUMBENT", "price": {"amount": "39000.00"}}
        await client.do("putDealCompetitor", "competitor { id }", rival)
        told = {"dealId": deal_id, "element": "METRICS", "state": "PARTLY", "contactId": champion.id}
        qualified: Any = await client.do(
            "qualifyDeal", "qualification { score missing }", {**told, "evidence": "saves 2 FTE, she says"}
        )
        assert qualified["qualification"]["score"] == 0.5 / 7

    async with door(manager) as client:
        seen = (await _asked(client, DEAL, id=deal_id))["deal"]
        assert {each["fact"]: each["met"] for each in seen["exitCriteria"]} == {
            "LINE_PRESENT": True, "METRICS_VALIDATED": False,
        }  # fmt: skip
        waived: Any = await client.do(
            "advanceDeal",
            ADVANCED,
            {
                "id": deal_id,
                "version": seen["version"],
                "stage": "PROPOSED",
                "waiver": "the tender closes today",
            },
        )
        assert waived["errors"] == []

    async with door(director) as client:
        version = waived["deal"]["version"]
        pushed: Any = await client.do(
            "updateDeal", "deal { version }", {"id": deal_id, "version": version, "closeOn": "2026-07-10"}
        )
        lost = {
            "id": deal_id,
            "version": pushed["deal"]["version"],
            "stage": "LOST",
            "lossReason": "too dear",
        }
        without: Any = await client.do("closeDeal", "deal { stage }", lost)
        assert without["errors"][0]["path"] == ["input", "lossCause"]
        closed: Any = await client.do("closeDeal", "deal { stage }", {**lost, "lossCause": "Price"})
        assert closed == {"deal": {"stage": "LOST"}, "errors": []}
        end = (await _asked(client, DEAL, id=deal_id))["deal"]

    assert (end["amount"], end["totals"]) == (
        {"amount": "41000.00"},
        {"mrc": {"amount": "1000.00"}, "tcv": {"amount": "41000.00"}},
    )
    assert end["lines"] == [{"quantity": 3, "listDiscount": 16.67, "product": {"name": "Fibre"}}]
    assert end["contacts"] == [{"role": "CHAMPION", "contact": {"name": "Ada Lind"}}]
    assert end["competitors"] == [{"name": "Nordnet", "status": "INCUMBENT", "price": {"amount": "39000.00"}}]
    assert end["competitor"] == "Nordnet"
    assert end["qualification"]["elements"][0] == {
        "element": "METRICS",
        "state": "PARTLY",
        "evidence": "saves 2 FTE, she says",
        "contact": {"name": "Ada Lind"},
    }
    assert end["waivers"] == [
        {
            "facts": ["METRICS_VALIDATED"],
            "reason": "the tender closes today",
            "waivedBy": {"name": "Maren Holt"},
            "fromStage": {"name": "Surveyed"},
            "toStage": {"name": "Offered"},
        }
    ]
    assert [
        ((step["fromPipelineStage"] or {}).get("name"), (step["toPipelineStage"] or {}).get("name"))
        for step in end["stageHistory"]
    ] == [(None, "Heard of"), ("Heard of", "Surveyed"), ("Surveyed", "Offered"), ("Offered", None)]
    assert (end["stage"], end["pipelineStage"], end["pipeline"]) == ("LOST", None, {"name": "New business"})
    assert (end["lossReason"], end["lossCause"]) == ("too dear", {"name": "Price"})
    assert (end["pushes"], end["daysPushed"]) == (1, 10)

    async with door(director) as client:
        text = "query ($f: DealFilter!) { deals(filter: $f) { nodes { id } } }"
        for name, value in (("pipelineId", {"eq": pipeline["id"]}), ("pushes", {"gte": 1})):
            assert (await client.ask(text, {"f": {name: value}}))["deals"] == {"nodes": [{"id": deal_id}]}
        as_of = f'{{ deal(id: "{deal_id}") {{ qualification(asOf: "2020-01-01") {{ asOf score }} }} }}'
        before = (await _asked(client, as_of))["deal"]["qualification"]
        assert before == {"asOf": "2020-01-01", "score": 0.0}


async def _asked(client: Door, text: str, **variables: object) -> Any:
    return await client.ask(text, variables)
