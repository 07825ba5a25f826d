"""What an account is offered: levers and limits that managers set, and which recommendations wait."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from commands.announcements import Happened, Topic
from commands.journal import BATCH, Work, check_version, unit_of_work
from commands.permissions import MAKE_RULES, require
from commands.validation import check_value
from models.access import Actor, Tenant
from models.base import today
from models.database import as_int, fetch, listed, one_of
from models.errors import Invalid
from models.recommendations import Lever, Recommendation, RecommendationState, Withheld
from models.visibility import find
from rules import arbitration
from rules.arbitration import LEAST_PERCENT, MOST_PERCENT, Record, pressing
from rules.tree import Rule

#: Why a gate or people's answers hold a recommendation back, by rule and subject.
Stops = Mapping[tuple[str, str], tuple[Withheld, str]]
_OF_GATES = frozenset({Withheld.ELIGIBLE, Withheld.APPLICABLE, Withheld.SUITABLE})


@dataclass(frozen=True)
class Weights:
    """What priorities are made of besides the rules, as of a date."""

    tenant: Tenant
    records: Mapping[str, Record]
    levers: Sequence[Lever]

    def likelihood(self, rule: Rule) -> float:
        """The chance that following the rule's advice helps, by its estimate and its record."""
        return self.records.get(rule.key, Record(rule.likelihood)).likelihood

    def lever(self, action: str, segment: str | None) -> float:
        """What the levers for an action at an account of a segment come to."""
        return arbitration.lever(
            lever.percent
            for lever in self.levers
            if lever.action in ("", action) and lever.segment in ("", segment or "")
        )


async def weights(actor: Actor, rules: Iterable[Rule], as_of: date) -> Weights:
    """The weights for these rules, with the answers that were given by then."""
    return Weights(
        await Tenant.get(id=actor.tenant_id),
        await records(actor, {rule.key: rule.likelihood for rule in rules}, as_of),
        await Lever.filter(tenant_id=actor.tenant_id).order_by("id"),
    )


async def records(actor: Actor, priors: Mapping[str, float], as_of: date) -> dict[str, Record]:
    """What became of the recommendations of rules, by key, in the whole tenant by a date."""
    rows = await fetch(
        "select rule_key, count(distinct case when state in ('ACCEPTED', 'DONE') then recommendation_id end)"
        " as accepted, sum(case when state = 'DISMISSED' then 1 else 0 end) as dismissed,"
        " sum(case when outcome = 'WORKED' and outcome_on <= :as_of then 1 else 0 end) as worked,"
        " sum(case when outcome = 'FAILED' and outcome_on <= :as_of then 1 else 0 end) as failed"
        " from answer where tenant_id = :tenant and answered_on <= :as_of group by rule_key",
        {"tenant": actor.tenant_id, "as_of": as_of},
    )
    counts = {
        str(row["rule_key"]): {n: as_int(row[n]) for n in Record.__dataclass_fields__ if n in row}
        for row in rows
    }
    return {key: Record(prior, **counts.get(key, {})) for key, prior in priors.items()}


async def segments(account_ids: Iterable[str]) -> dict[str, str | None]:
    """The segments of accounts."""
    rows = await fetch(
        f"select id, segment from account where {one_of('id', 'accounts')}", {"accounts": listed(account_ids)}
    )
    return {str(row["id"]): None if row["segment"] is None else str(row["segment"]) for row in rows}


#: What is looked at to arrange recommendations.
_ARRANGED = (
    "id",
    "account_id",
    "action",
    "rule_key",
    "subject_key",
    "priority",
    "value_minor",
    "held_since",
    "withheld",
    "withheld_because",
)


async def arrange(
    work: Work, tenant: Tenant, account_ids: Collection[str], as_of: date, stops: Stops | None = None
) -> None:
    """Say of the accounts' open recommendations which are offered and which are withheld, and why.

    ``stops`` are those that gates hold back by now; without it, what gates held back stays so.
    """
    ids = sorted(account_ids)
    for start in range(0, len(ids), BATCH):
        part = ids[start : start + BATCH]
        open_ = Recommendation.filter(
            tenant_id=tenant.id, account_id__in=part, lapsed_on=None, state=RecommendationState.OPEN
        ).only(*_ARRANGED)
        by_account: dict[str, list[Recommendation]] = defaultdict(list)
        for row in await open_:
            by_account[row.account_id].append(row)
        paused = await _paused(tenant, part, as_of)
        moved: dict[tuple[Withheld | None, str | None], list[str]] = defaultdict(list)
        for account_id, rows in by_account.items():
            for row, why in _withheld(tenant, sorted(rows, key=pressing), paused, stops):
                if (row.withheld, row.withheld_because) != why:
                    moved[why].append(row.id)
                    happened = Happened.WITHHELD if why[0] else Happened.OFFERED
                    work.tell(Topic.RECOMMENDATION, row.id, account_id, happened)
        for (withheld, because), rows_moved in moved.items():
            await Recommendation.filter(id__in=rows_moved).update(withheld=withheld, withheld_because=because)


def _withheld(
    tenant: Tenant, rows: Sequence[Recommendation], paused: Collection[tuple[str, str]], stops: Stops | None
) -> Iterable[tuple[Recommendation, tuple[Withheld | None, str | None]]]:
    """Each of one account's open recommendations, the most pressing first, with why it is withheld."""
    offered = 0
    for row in rows:
        if stop := _stopped(row, stops):
            yield row, stop
        elif (row.account_id, row.action) in paused:
            told = f"dismissed {tenant.dismissals_until_pause} times or more within {tenant.pause_days} days"
            yield row, (Withheld.DISMISSED, f"{row.action} was {told}")
        elif offered >= tenant.max_offers:
            yield row, (Withheld.CAP, f"{tenant.max_offers} more pressing ones are open")
        else:
            offered += 1
            yield row, (None, None)


def _stopped(row: Recommendation, stops: Stops | None) -> tuple[Withheld, str | None] | None:
    if stops is not None:
        return stops.get((row.rule_key, row.subject_key))
    return (Withheld(row.withheld), row.withheld_because) if row.withheld in _OF_GATES else None


async def _paused(tenant: Tenant, account_ids: Sequence[str], as_of: date) -> set[tuple[str, str]]:
    """The actions, by account, that were dismissed so often that they are not offered for a while."""
    since = as_of - timedelta(days=tenant.pause_days)
    rows = await fetch(
        "select account_id, action from answer where tenant_id = :tenant and state = 'DISMISSED'"
        f" and answered_on > :since and answered_on <= :as_of and {one_of('account_id', 'accounts')}"
        " group by account_id, action having count(*) >= :often",
        {
            "tenant": tenant.id,
            "since": since,
            "as_of": as_of,
            "accounts": listed(account_ids),
            "often": tenant.dismissals_until_pause,
        },
    )
    return {(str(row["account_id"]), str(row["action"])) for row in rows}


async def set_lever(
    actor: Actor, percent: int, reason: str, action: str | None = None, segment: str | None = None
) -> Lever:
    """Want more or less of an action, of a segment, or of both, from the next evaluation on.

    Raises:
        Invalid: it is out of bounds, is for nothing, or no reason is given.
    """
    require(actor, MAKE_RULES, "set levers")
    if not LEAST_PERCENT <= percent <= MOST_PERCENT:
        raise Invalid(f"{percent} is out of range; allowed: {LEAST_PERCENT} to {MOST_PERCENT}", ["percent"])
    if not (action or segment):
        raise Invalid("a lever is for an action, a segment, or both", ["action"])
    for name, value in (("reason", reason), ("action", action or ""), ("segment", segment or "")):
        check_value(Lever, name, value, name) if value or name == "reason" else None
    values = {"percent": percent, "reason": reason, "set_by_id": actor.user_id or None}
    known = await Lever.get_or_none(tenant_id=actor.tenant_id, action=action or "", segment=segment or "")
    async with unit_of_work(actor, "levers.set") as work:
        if known:
            return await work.update(known, values)
        return await work.create(
            Lever(
                id=Lever.make_id(),
                tenant_id=actor.tenant_id,
                action=action or "",
                segment=segment or "",
                **values,
            )
        )


async def clear_lever(actor: Actor, lever_id: str) -> Lever:
    """Weigh as the rules do again: the lever stays listed, at nothing."""
    require(actor, MAKE_RULES, "set levers")
    lever = await find(Lever, actor, lever_id, "id")
    async with unit_of_work(actor, "levers.clear") as work:
        return await work.update(lever, {"percent": 0, "set_by_id": actor.user_id or None})


async def set_limits(actor: Actor, values: Mapping[str, int], version: int | None = None) -> Tenant:
    """Change how many recommendations an account is offered, and for how long what was dismissed stays away.

    Raises:
        Invalid: a number is out of range.
        Conflict: somebody changed the limits since ``version``.
    """
    require(actor, MAKE_RULES, "set limits")
    tenant = await Tenant.get(id=actor.tenant_id)
    check_version(tenant, version)
    for name, value in values.items():
        if not 1 <= value <= 1_000:
            raise Invalid(f"{value} is out of range; allowed: 1 to 1,000", [name])
    async with unit_of_work(actor, "limits.set") as work:
        tenant = await work.update(tenant, dict(values), version)
        open_ = Recommendation.filter(tenant_id=tenant.id, lapsed_on=None, state=RecommendationState.OPEN)
        accounts = {str(each) for each in await open_.distinct().values_list("account_id", flat=True)}
        await arrange(work, tenant, accounts, today())
    return tenant
