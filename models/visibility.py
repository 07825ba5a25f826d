"""What an actor may see: one SQL predicate per model, used by reads, commands, exports and roll-ups alike.

An account is visible to its owner, to whoever owns a deal on it or has a share in one, and to the managers
above them. Deals are visible to their own owner, to whoever has a share, and to the account's; contracts,
services, usage, tickets, account plans and potentials only to the account's owner; people, signals and what
was merged into an account to whoever sees the account; what was said of two accounts to whoever sees both;
bids to whoever sees the deal; plays that were started to the account's owner and to whoever sees the deal
that they are about. How people are judged is visible to the account's team: its owner, whoever has a share
in one of its deals, and the managers above; what is judged
in a deal also to whoever sees the deal. What rules say is visible to the account's owner, and to the deal's
unless it is confidential: unless it tells of what the deal's owner does not see. What moves many accounts at
once is visible to whoever owns one of those that it is about. Administrators and integrations see their whole
tenant, nobody sees another one. API keys are seen by administrators alone, delegations also by the two people
that they are about. Quotas and forecasts are visible to whom they are about and to the managers above, those
of a team to its people; what a manager puts on top of a forecast only to them and to those above.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from models.access import Actor, ApiKey, Delegation, Role, Team, Tenant, User
from models.accounts import Account, AccountMerge, DuplicateDismissal
from models.base import Record, called
from models.bids import Bid, BidApproval, BidDocument, BidMember, BidRound, DiscountLevel
from models.catalog import CompatibilityRule, Product
from models.competition import BattleNote, Competitor, CompetitorName, CompetitorPosition
from models.database import Param, fetch, listed, one_of
from models.deals import Deal, DealCompetitor, DealContact, DealLine, StageChange
from models.errors import NotFound
from models.events import Dimension, PopulationEvent
from models.forecast import (
    DealSplit,
    ForecastAdjustment,
    ForecastCall,
    ForecastSubmission,
    PipelineSnapshot,
    Quota,
    SnapshotDeal,
)
from models.people import Contact, Interaction
from models.pipelines import LossReason, Pipeline, PipelineStage, StageWaiver
from models.plan_records import PlanJudgement, PlanRevision
from models.plans import AcceptedRisk, AccountPlan, Objective, ObjectiveMeasure, PlanAction, PlanEntry
from models.plays import Play, PlayRun, PlayRunStep, PlayStep
from models.projections import DealLikelihood, ForecastProjection
from models.qualification import DecisionCriterion
from models.rates import ExchangeRate
from models.recommendations import Answer, Evidence, Lever, Recommendation, Risk, RiskLine
from models.revenue import Contract
from models.rulebooks import (
    Backtest,
    EngineAlarm,
    EvaluationRun,
    Judgement,
    PendingJudgement,
    Rule,
    Rulebook,
)
from models.services import Service, UsageMonth
from models.signals import Signal
from models.stakeholders import Assessment, NeededRoles, Rapport, Stakeholder
from models.tickets import Ticket
from models.trends import Trend
from models.whitespace import AccountPotential

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Predicate:
    """A condition as SQL text with ``:name`` parameters, and their values."""

    sql: str
    params: dict[str, Param]


#: Has PostgreSQL look up what a row belongs to, and not read all that anybody may see into memory first.
_ROW_BY_ROW = "limit 1 offset 0"


def _account(alias: str, scope: str) -> str:
    return (
        f"({alias}.owner_id in {scope} or exists (select 1 from deal vd"
        f" where vd.tenant_id = {alias}.tenant_id and vd.account_id = {alias}.id and vd.owner_id in {scope})"
        f" or exists (select 1 from deal_split vs join deal ve on ve.id = vs.deal_id"
        f" where vs.tenant_id = {alias}.tenant_id and vs.user_id in {scope} and vs.percent > 0"
        f" and ve.account_id = {alias}.id {_ROW_BY_ROW}))"
    )


def _shared(alias: str, scope: str) -> str:
    return (
        f"exists (select 1 from deal_split vs where vs.tenant_id = {alias}.tenant_id"
        f" and vs.deal_id = {alias}.id and vs.user_id in {scope} and vs.percent > 0 {_ROW_BY_ROW})"
    )


def _owned_account(alias: str, scope: str) -> str:
    return (
        f"exists (select 1 from account va where va.tenant_id = {alias}.tenant_id"
        f" and va.id = {alias}.account_id and va.owner_id in {scope})"
    )


def _seen_account(alias: str, scope: str) -> str:
    return (
        f"exists (select 1 from account va where va.tenant_id = {alias}.tenant_id"
        f" and va.id = {alias}.account_id and {_account('va', scope)})"
    )


def _both_accounts(alias: str, scope: str) -> str:
    return (
        f"({_seen_account(alias, scope)} and exists (select 1 from account va"
        f" where va.tenant_id = {alias}.tenant_id and va.id = {alias}.other_id and {_account('va', scope)}))"
    )


def _deal(alias: str, scope: str) -> str:
    return _deal_of(alias, scope, _owned_account(alias, scope))


def _deal_of(alias: str, scope: str, owned: str) -> str:
    return f"({alias}.owner_id in {scope} or {owned} or {_shared(alias, scope)})"


def _of_deal(alias: str, scope: str) -> str:
    return (
        f"exists (select 1 from deal wd where wd.tenant_id = {alias}.tenant_id"
        f" and wd.id = {alias}.deal_id and {_deal('wd', scope)} {_ROW_BY_ROW})"
    )


def _of_bid(alias: str, scope: str) -> str:
    return (
        f"exists (select 1 from bid vb where vb.tenant_id = {alias}.tenant_id"
        f" and vb.id = {alias}.bid_id and {_of_deal('vb', scope)} {_ROW_BY_ROW})"
    )


def _of_plays(alias: str, scope: str) -> str:
    return f"({_owned_account(alias, scope)} or ({alias}.deal_id is not null and {_of_deal(alias, scope)}))"


def _of_play_run(alias: str, scope: str) -> str:
    return (
        f"exists (select 1 from play_run vr where vr.tenant_id = {alias}.tenant_id"
        f" and vr.id = {alias}.play_run_id and {_of_plays('vr', scope)} {_ROW_BY_ROW})"
    )


def _verdict(alias: str, scope: str) -> str:
    return _verdict_of(alias, scope, _owned_account(alias, scope))


def _verdict_of(alias: str, scope: str, owned: str) -> str:
    of_deal = f"not {alias}.confidential and {_of_deal(alias, scope)}"
    return f"({owned} or ({alias}.deal_id is not null and {of_deal}))"


def _of_verdict(alias: str, scope: str) -> str:
    return " or ".join(
        f"exists (select 1 from {table} vv where vv.tenant_id = {alias}.tenant_id"
        f" and vv.id = {alias}.{table}_id and {_verdict('vv', scope)} {_ROW_BY_ROW})"
        for table in ("recommendation", "risk")
    ).join("()")


def _of_risk(alias: str, scope: str) -> str:
    return (
        f"exists (select 1 from risk vv where vv.tenant_id = {alias}.tenant_id"
        f" and vv.id = {alias}.risk_id and {_verdict('vv', scope)} {_ROW_BY_ROW})"
    )


def _of_person(alias: str, scope: str) -> str:
    return f"{alias}.user_id in {scope}"


def _of_person_or_team(alias: str, scope: str) -> str:
    return (
        f'({alias}.user_id in {scope} or exists (select 1 from "user" vu'
        f" where vu.tenant_id = {alias}.tenant_id and vu.team_id = {alias}.team_id and vu.id in {scope}))"
    )


def _of_person_or_led_team(alias: str, scope: str) -> str:
    """A team's: to whoever sees all of its people, and of the teams below it."""
    people = (
        f"with recursive vt(id) as (select {alias}.team_id union select vb.id from team vb"
        ' join vt on vb.parent_id = vt.id) select 1 from "user" vu'
        f" where vu.tenant_id = {alias}.tenant_id and vu.team_id in (select vt.id from vt) and vu.id"
    )
    return (
        f"({alias}.user_id in {scope} or ({alias}.team_id is not null and exists ({people} in {scope})"
        f" and not exists ({people} not in {scope})))"
    )


def _of_maker(alias: str, scope: str) -> str:
    return f"{alias}.made_by_id in {scope}"


def _of_submission(alias: str, scope: str) -> str:
    return (
        f"exists (select 1 from forecast_submission vf where vf.tenant_id = {alias}.tenant_id"
        f" and vf.id = {alias}.submission_id and vf.user_id in {scope})"
    )


def _of_team(alias: str, scope: str) -> str:
    """What the account's team thinks of people: to the account's owner, and to who has a share in a deal."""
    return (
        f"({_owned_account(alias, scope)} or exists (select 1 from deal_split vs"
        f" join deal ve on ve.id = vs.deal_id where vs.tenant_id = {alias}.tenant_id"
        f" and vs.user_id in {scope} and vs.percent > 0"
        f" and ve.account_id = {alias}.account_id {_ROW_BY_ROW}))"
    )


def _of_team_or_deal(alias: str, scope: str) -> str:
    return f"({_of_team(alias, scope)} or ({alias}.deal_id is not null and {_of_deal(alias, scope)}))"


def _own_run(alias: str, scope: str) -> str:
    return f"{alias}.actor_id in {scope}"


def _of_population(alias: str, scope: str) -> str:
    """Whoever owns an account that an event is about; figures are another matter: ``commands/events.py``."""
    parts = " or ".join(
        f"({alias}.dimension = '{each.value}' and va.{each.lower()} = {alias}.part)"
        for each in Dimension
        if each is not Dimension.TENANT
    )
    return (
        f"exists (select 1 from account va where va.tenant_id = {alias}.tenant_id and va.owner_id in {scope}"
        f" and ({alias}.dimension = '{Dimension.TENANT.value}' or {parts}))"
    )


def _whole_tenant(_alias: str, _scope: str) -> str:
    return "1 = 1"


_RULES: dict[type[Record], Callable[[str, str], str]] = {
    Account: _account,
    Deal: _deal,
    DealLine: _of_deal,
    DealContact: _of_deal,
    DealCompetitor: _of_deal,
    DecisionCriterion: _of_deal,
    StageChange: _of_deal,
    StageWaiver: _of_deal,
    DealSplit: _of_deal,
    Bid: _of_deal,
    BidDocument: _of_bid,
    BidMember: _of_bid,
    BidRound: _of_bid,
    BidApproval: _of_bid,
    DiscountLevel: _whole_tenant,
    Quota: _of_person_or_team,
    ForecastSubmission: _of_person,
    ForecastCall: _of_submission,
    ForecastAdjustment: _of_maker,
    ForecastProjection: _of_person_or_led_team,
    DealLikelihood: _of_deal,
    PipelineSnapshot: _whole_tenant,
    SnapshotDeal: _of_deal,
    Contact: _seen_account,
    Signal: _seen_account,
    Interaction: _seen_account,
    Contract: _owned_account,
    Service: _owned_account,
    UsageMonth: _owned_account,
    Ticket: _owned_account,
    Recommendation: _verdict,
    Risk: _verdict,
    Evidence: _of_verdict,
    RiskLine: _of_risk,
    Answer: _owned_account,
    PopulationEvent: _of_population,
    Lever: _whole_tenant,
    Product: _whole_tenant,
    Pipeline: _whole_tenant,
    PipelineStage: _whole_tenant,
    LossReason: _whole_tenant,
    ExchangeRate: _whole_tenant,
    Team: _whole_tenant,
    User: _whole_tenant,
    Rulebook: _whole_tenant,
    Rule: _whole_tenant,
    EngineAlarm: _whole_tenant,
    EvaluationRun: _own_run,
    Backtest: _own_run,
    Judgement: _seen_account,
    PendingJudgement: _seen_account,
    AccountPlan: _owned_account,
    PlanEntry: _owned_account,
    Objective: _owned_account,
    ObjectiveMeasure: _owned_account,
    PlanAction: _owned_account,
    AcceptedRisk: _owned_account,
    PlanRevision: _owned_account,
    PlanJudgement: _owned_account,
    Play: _whole_tenant,
    PlayStep: _whole_tenant,
    PlayRun: _of_plays,
    PlayRunStep: _of_play_run,
    Stakeholder: _seen_account,
    Assessment: _of_team_or_deal,
    Rapport: _of_team,
    NeededRoles: _whole_tenant,
    Trend: _seen_account,
    CompetitorPosition: _seen_account,
    Competitor: _whole_tenant,
    CompetitorName: _whole_tenant,
    BattleNote: _whole_tenant,
    AccountPotential: _owned_account,
    CompatibilityRule: _whole_tenant,
    AccountMerge: _seen_account,
    DuplicateDismissal: _both_accounts,
}


_ADMINISTRATORS = ":v_administers = 1"


def _by_administrators(_alias: str) -> str:
    return _ADMINISTRATORS


def _by_both(alias: str) -> str:
    return f"({_ADMINISTRATORS} or {alias}.assistant_id = :v_user or {alias}.principal_id = :v_user)"


#: What the whole tenant is not open to everybody who otherwise sees it.
_PRIVATE: dict[type[Record], Callable[[str], str]] = {ApiKey: _by_administrators, Delegation: _by_both}


def visible(model: type[Record], actor: Actor, alias: str) -> Predicate:
    """The condition that a row of ``model``, called ``alias`` in the statement, is visible to ``actor``.

    A model without a rule is visible to nobody: KeyError.
    """
    if model is Tenant:
        return Predicate(f"{alias}.id = :v_tenant", {"v_tenant": actor.tenant_id})
    tenant = f"{alias}.tenant_id = :v_tenant"
    params: dict[str, Param] = {"v_tenant": actor.tenant_id}
    if model in _PRIVATE:
        return Predicate(f"({tenant} and {_PRIVATE[model](alias)})", params | _person(actor))
    rule = _RULES[model]
    if actor.owners is None:
        return Predicate(tenant, params)
    scope, names = _scope(actor)
    return Predicate(f"({tenant} and {rule(alias, scope)})", params | names)


def _scope(actor: Actor) -> tuple[str, dict[str, Param]]:
    """The owners whose records the actor sees as their own, as SQL, and its values."""
    names = _owners(actor)
    return ", ".join(f":{name}" for name in names).join("()") if names else "(null)", names


#: The rules of what belongs to an account, given a condition that the account is the actor's.
_WITHIN_ACCOUNTS: dict[Callable[[str, str], str], Callable[[str, str, str], str]] = {
    _seen_account: lambda _alias, _scope, _owned: "1 = 1",
    _owned_account: lambda _alias, _scope, owned: owned,
    _deal: _deal_of,
    _verdict: _verdict_of,
}


def answering(actor: Actor, alias: str) -> Predicate:
    """The condition that the account ``alias`` is the actor's own, or of somebody below."""
    if actor.owners is None:
        return Predicate("1 = 1", {})
    scope, names = _scope(actor)
    return Predicate(f"{alias}.owner_id in {scope}", names)


def visible_within(model: type[Record], actor: Actor, alias: str, owned: str) -> Predicate:
    """``visible`` for a row of an account that the statement found ``actor`` to see.

    ``owned`` is the condition that the account is the actor's: ``answering``, decided once for each account.
    A model whose rule asks for more of its account, or which has none: KeyError.
    """
    if actor.owners is None:
        return Predicate("1 = 1", {})
    rule = _WITHIN_ACCOUNTS[_RULES[model]]
    scope, names = _scope(actor)
    return Predicate(rule(alias, scope, owned), names)


def scope_of(actor: Actor) -> dict[str, Param]:
    """Everything about an actor that a statement with predicates asks for.

    ``v_user`` is the user himself, ``v_principal`` on whose behalf he acts. A predicate's SQL is the same
    for all actors who see a whole tenant, and for all with as many owners.
    """
    named: dict[str, Param] = {"v_tenant": actor.tenant_id, "v_principal": actor.on_behalf_of}
    return {**named, **_person(actor), **_owners(actor)}


def _person(actor: Actor) -> dict[str, Param]:
    return {"v_user": actor.user_id, "v_administers": int(actor.role is Role.ADMIN)}


def _owners(actor: Actor) -> dict[str, Param]:
    return {f"v_owner_{number}": owner for number, owner in enumerate(actor.owners or ())}


async def sees(model: type[Record], actor: Actor, record_id: str) -> bool:
    """Whether ``actor`` may see the row of ``model`` with this id; False also when there is none."""
    condition = visible(model, actor, "t")
    table = model._meta.db_table
    return bool(
        await fetch(
            f'select 1 as seen from "{table}" t where t.id = :id and {condition.sql}',
            condition.params | {"id": record_id},
        )
    )


def answers_for(owner_id: object, actor: Actor) -> bool:
    """Whether an account of this owner is the actor's or of somebody below; a deal on it does not count."""
    return actor.owners is None or owner_id in actor.owners


async def find(model: type[R], actor: Actor, record_id: str, path: str) -> R:
    """The visible record with this id.

    Raises:
        NotFound: there is none, or the actor may not see it; the two are not told apart.
    """
    found = await model.get_or_none(id=record_id) if await sees(model, actor, record_id) else None
    if found is None:
        raise await missing(model, actor, record_id, [path])
    return found


async def missing(
    model: type[Record], actor: Actor, record_id: str, path: Sequence[str], when: str = ""
) -> NotFound:
    """The error that no such record is seen; of a duplicate that was merged it tells the account it is in."""
    (went,) = await successors(actor, [record_id]) if model is Account else [None]
    told = f"; it was merged into {went}" if went else ""
    return NotFound(f"no {called(model)} {record_id!r}{when}{told}", path)


async def successors(actor: Actor, account_ids: Sequence[str]) -> list[str | None]:
    """The accounts that duplicates with these ids became part of, by their ids, of those that are seen."""
    seen = visible(AccountMerge, actor, "t")
    rows = await fetch(
        f"select t.merged_id, t.account_id from account_merge t where {one_of('t.merged_id', 'ids')}"
        f" and t.undone_at is null and {seen.sql}",
        seen.params | {"ids": listed(account_ids)},
    )
    found = {str(row["merged_id"]): str(row["account_id"]) for row in rows}
    return [found.get(each) for each in account_ids]
