"""What stands open for one account, by rule and subject, and what its records are called."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from commands.permissions import READ_PERSONAL, may
from models.access import Actor
from models.accounts import Account
from models.base import Record
from models.database import Param, fetch
from models.errors import Invalid, NotFound, allowed
from models.people import Contact
from models.recommendations import Evidence, Recommendation, RecommendationState, Risk, RiskState
from models.visibility import find, sees, successors, visible
from rules.evidence import Seen, recorded
from rules.kinds import REGISTRY

V = TypeVar("V", Recommendation, Risk)

#: How many accounts an error lists, and how long the name of a record may be.
MOST, LONGEST = 10, 50
#: Answered ones are open no longer, even while their condition holds.
_OPEN = (RecommendationState.OPEN, RecommendationState.ACCEPTED, RiskState.OPEN)
_COLUMN = re.compile(r"t\.(\w+)")


@dataclass(frozen=True)
class Standing:
    """What one rule says of one subject: what to do, what is at risk, or both, on the same evidence."""

    recommendation: Recommendation | None
    risk: Risk | None
    evidence: Sequence[Seen]

    @property
    def verdict(self) -> Recommendation | Risk:
        """Either, for what both share."""
        found = self.recommendation or self.risk
        assert found
        return found

    @property
    def urgency(self) -> tuple[float, int]:
        """What it is ordered by: the priority, then the exposure."""
        priority = self.recommendation.priority if self.recommendation else 0.0
        return priority, self.risk.exposure_minor if self.risk else 0


async def account_named(actor: Actor, text: str) -> Account:
    """The account with this id, this name, or the only one whose name begins so, whatever the case.

    A duplicate that was merged is what it became part of.

    Raises:
        NotFound: the actor sees none.
        Invalid: several names begin so; the message lists them.
    """
    (went,) = await successors(actor, [text])
    if went or await sees(Account, actor, text):
        return await find(Account, actor, went or text, "account")
    seen = visible(Account, actor, "t")
    rows = await fetch(
        f"select t.id, t.name from account t where {seen.sql} order by t.name, t.id", seen.params
    )
    wanted = text.casefold()
    found = [row for row in rows if str(row["name"]).casefold().startswith(wanted)]
    found = [row for row in found if str(row["name"]).casefold() == wanted] or found
    if not found or not wanted:
        raise NotFound(f"no account {text!r}, by id or by the beginning of its name", ["account"])
    if len(found) > 1:
        listed = [f"{row['name']} ({row['id']})" for row in found[:MOST]]
        more = f" and {len(found) - MOST:,} more" if len(found) > MOST else ""
        raise Invalid(f"{text!r} begins {len(found):,} names: {allowed(listed)}{more}", ["account"])
    return await find(Account, actor, str(found[0]["id"]), "account")


async def of_account(actor: Actor, account_id: str, as_of: date) -> list[Standing]:
    """What stood open for the account on the day, the most pressing first.

    Its evidence is that of the day on which it was last seen to hold.
    """
    recommendations = await _standing(Recommendation, actor, account_id, as_of)
    risks = await _standing(Risk, actor, account_id, as_of)
    evidence = await _evidence([*recommendations.values(), *risks.values()])
    found = []
    for key in {**recommendations, **risks}:
        recommendation, risk = recommendations.get(key), risks.get(key)
        verdict = recommendation or risk
        assert verdict
        found.append(Standing(recommendation, risk, evidence[verdict.id]))
    return sorted(found, key=lambda each: each.urgency, reverse=True)


async def _standing(model: type[V], actor: Actor, account_id: str, as_of: date) -> dict[tuple[str, str], V]:
    """The account's verdicts that the actor sees and that stood open on the day, by rule and subject."""
    condition = visible(model, actor, "t")
    rows = await fetch(
        f"select t.id from {model._meta.db_table} t where {condition.sql} and t.account_id = :account"
        " and t.held_since <= :day and (t.lapsed_on is null or t.lapsed_on > :day)",
        {**condition.params, "account": account_id, "day": as_of},
    )
    found = await model.filter(id__in=[str(row["id"]) for row in rows])
    return {
        (each.rule_key, each.subject_key): each for each in found if each.state in _OPEN or each.lapsed_on
    }


async def _evidence(verdicts: Iterable[Recommendation | Risk]) -> dict[str, list[Seen]]:
    """The conditions of verdicts, by the verdict's id, in the order of their rules."""
    ids = [verdict.id for verdict in verdicts]
    found: dict[str, list[Seen]] = defaultdict(list)
    for column in ("recommendation_id", "risk_id"):
        for record in await Evidence.filter(**{f"{column}__in": ids}).order_by("position"):
            found[str(getattr(record, column))].append(recorded(record))
    return found


async def names(actor: Actor, records: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What records are called, by kind and id; those that have no name or that the actor may not see lack.

    Nor has a person a name for whoever may not read personal data.
    """
    wanted: dict[str, set[str]] = defaultdict(set)
    for kind, record_id in records:
        wanted[kind].add(record_id)
    return {
        (kind, record_id): name
        for kind, ids in wanted.items()
        for record_id, name in (await _names(actor, kind, sorted(ids))).items()
    }


async def _names(actor: Actor, kind: str, ids: Sequence[str]) -> dict[str, str]:
    model, column = _name_of(kind)
    if model is None or (model is Contact and not may(actor, READ_PERSONAL)):
        return {}
    condition = visible(model, actor, "t")
    params: dict[str, Param] = {f"id_{number}": each for number, each in enumerate(ids)}
    among = ", ".join(f":{name}" for name in params)
    rows = await fetch(
        f"select t.id, t.{column} as name from {model._meta.db_table} t"
        f" where {condition.sql} and t.id in ({among})",
        {**condition.params, **params},
    )
    return {str(row["id"]): _short(str(row["name"])) for row in rows}


def _name_of(kind: str) -> tuple[type[Record] | None, str]:
    """The model of a kind and the column that names its records; none where it is no column of theirs."""
    declared = REGISTRY.kinds.get(kind)
    column = _COLUMN.fullmatch(declared.fields[declared.label].sql) if declared else None
    if declared is None or declared.rows is None or column is None:
        return None, ""
    return declared.rows.model, column[1]


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
