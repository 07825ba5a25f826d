"""What rules say of accounts, as a review tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from commands import standing
from commands.account_review.content import Advice, OpenRisk
from commands.explanations import changes
from metrics.risks import risks_held
from models.access import Actor
from models.asof import as_of_rows, view_of
from models.database import Param, Row, as_date, as_int, fetch, listed, one_of
from models.errors import Invalid, NotFound
from models.recommendations import Evidence, Recommendation, RecommendationState, Risk, Withheld
from models.severity import Severity
from models.visibility import visible
from rules.evidence import Seen, recorded
from rules.languages import ENGLISH
from rules.sentences import clearing, sentence, spoken_of
from rules.wording import Record, Wording, known_locale

#: So many risks and recommendations are told one by one.
MOST = 100
#: Of so many risks, the first ones, it is told what would clear them, and so many changes of each.
MOST_CLEARED, MOST_CHANGES = 5, 2


async def open_risks(actor: Actor, account_ids: Sequence[str], as_of: date) -> list[OpenRisk]:
    """The risks that hold, the severest first, then by exposure: what their lines come to as of the date.

    The sentence is of what was seen last, and so is what would clear them.
    """
    view, seen = await view_of(actor.tenant_id, as_of), visible(Risk, actor, "t")
    ranks = " ".join(f"when '{severity.value}' then {severity.rank}" for severity in Severity)
    rows = await fetch(
        "select t.id, a.name as account, n.title, t.severity, t.probability, n.held_since, coalesce((select"
        " sum(l.amount_minor) from risk_line l where l.tenant_id = t.tenant_id and l.risk_id = t.id"
        " and l.from_on <= :as_of and (l.until_on is null or l.until_on > :as_of)), 0) as exposure"
        f" from {risks_held(view)} t join risk n on n.id = t.id join account a on a.id = t.account_id"
        f" where {one_of('t.account_id', 'accounts')} and {seen.sql}"
        f" order by case t.severity {ranks} end desc, exposure desc, t.id limit {MOST}",
        {**_params(actor, account_ids, as_of), **seen.params},
    )
    evidence: dict[str, list[Seen]] = {}
    for each in await Evidence.filter(risk_id__in=[str(row["id"]) for row in rows]).order_by("position"):
        evidence.setdefault(str(each.risk_id), []).append(recorded(each))
    names = await standing.names(actor, {record for of in evidence.values() for record in spoken_of(of)})
    found = [
        OpenRisk(
            str(row["id"]),
            str(row["account"]),
            str(row["title"]),
            Severity(str(row["severity"])),
            float(str(row["probability"])),
            as_int(row["exposure"]),
            as_date(row["held_since"]) or as_of,
            _sentence(evidence.get(str(row["id"]), ()), actor.currency, names),
        )
        for row in rows
    ]
    told = [replace(each, changes=await _changes(actor, each.id, as_of)) for each in found[:MOST_CLEARED]]
    return [*told, *found[MOST_CLEARED:]]


def _sentence(evidence: Sequence[Seen], currency: str, names: Mapping[Record, str]) -> str:
    spoken = spoken_of(evidence)
    told = {record: name for record, name in names.items() if record in spoken}
    return sentence(evidence, currency, names=told) if evidence else ""


async def _changes(actor: Actor, risk_id: str, as_of: date) -> list[str]:
    """What would clear a risk, the smallest changes first; nothing of a day before it was last seen."""
    risk = await Risk.get(id=risk_id)
    if as_of < risk.last_seen_on:
        return []
    try:
        found = await changes(actor, risk)
    except (Invalid, NotFound):  # finding out takes too long, or no rules are live any more
        return []
    wording = Wording(actor.currency, known_locale(ENGLISH), about=found.matched)
    return [clearing(wording, each) for each in found.counterfactuals[:MOST_CHANGES]]


async def advice(actor: Actor, account_ids: Sequence[str], as_of: date) -> list[Advice]:
    """The recommendations that are offered or were accepted, those of the highest priority first."""
    rows = await _recommended(
        actor,
        account_ids,
        as_of,
        "t.state, a.name as account, n.title, n.because, n.due_on, n.value_minor",
        f"(n.withheld is null or t.state <> '{RecommendationState.OPEN.value}')"
        f" order by n.priority desc, n.due_on, n.id limit {MOST}",
    )
    return [
        Advice(
            str(row["account"]),
            str(row["title"]),
            str(row["because"]),
            as_date(row["due_on"]) or as_of,
            as_int(row["value_minor"]),
            row["state"] == RecommendationState.ACCEPTED.value,
        )
        for row in rows
    ]


async def withheld(actor: Actor, account_ids: Sequence[str], as_of: date) -> dict[Withheld, int]:
    """How many open recommendations are not offered, by what withholds them now."""
    rows = await _recommended(
        actor,
        account_ids,
        as_of,
        "n.withheld, count(*) as number",
        f"n.withheld is not null and t.state = '{RecommendationState.OPEN.value}' group by n.withheld",
    )
    found = {str(row["withheld"]): as_int(row["number"]) for row in rows}
    return {reason: found[reason.value] for reason in Withheld if reason.value in found}


async def _recommended(
    actor: Actor, account_ids: Sequence[str], as_of: date, told: str, which: str
) -> list[Row]:
    """What is told of the recommendations that were open or accepted on a day."""
    view, seen = await view_of(actor.tenant_id, as_of), visible(Recommendation, actor, "n")
    columns = ["account_id", "deal_id", "confidential", "state", "held_since", "lapsed_on"]
    states = (RecommendationState.OPEN.value, RecommendationState.ACCEPTED.value)
    return await fetch(
        f"select {told}"
        f" from {as_of_rows(Recommendation, columns, view, which=one_of('t.account_id', 'accounts'))} t"
        " join recommendation n on n.id = t.id join account a on a.id = t.account_id"
        " where t.held_since <= :as_of and (t.lapsed_on is null or t.lapsed_on > :as_of)"
        f" and t.state in {states} and {seen.sql} and {which}",
        {**_params(actor, account_ids, as_of), **seen.params},
    )


def _params(actor: Actor, account_ids: Sequence[str], as_of: date) -> dict[str, Param]:
    return {"tenant": actor.tenant_id, "as_of": as_of, "accounts": listed(account_ids)}
