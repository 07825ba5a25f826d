"""Alarms: rules that the engine did not judge as their text says stay with the reference evaluator."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from commands.journal import Work, unit_of_work
from commands.permissions import MAKE_RULES, require
from models.access import Actor
from models.base import utcnow
from models.database import fetch
from models.errors import InvalidTransition
from models.rulebooks import AlarmKind, EngineAlarm, EvaluationRun, RulebookState
from models.rulebooks import Rule as StoredRule
from models.visibility import find
from rules.engine.pool import EnginePool
from rules.tree import Book

log = structlog.get_logger(__name__)


async def recall(tenant_id: str, engine: EnginePool, book: Book) -> None:
    """Have the engine leave those rules of a book to the reference evaluator of which an alarm stands."""
    standing = await fetch(
        "select r.key, a.kind from engine_alarm a join rule r on r.id = a.rule_id"
        " where a.tenant_id = :tenant and a.resolved_at is null",
        {"tenant": tenant_id},
    )
    kinds = {str(row["key"]): AlarmKind(str(row["kind"])) for row in standing}
    engine.quarantined |= {rule: kinds[rule.key] for rule in book.rules if rule.key in kinds}


async def sound(
    work: Work, run: EvaluationRun, engine: EnginePool, book: Book, where: dict[str, str]
) -> None:
    """Raise an alarm for each rule of a live book that the engine has lost, and of which none stands yet.

    ``where`` names an account on which a rule showed it.
    """
    lost = {rule.key: engine.quarantined[rule] for rule in book.rules if rule in engine.quarantined}
    if not lost:
        return
    for rule in await _without_alarm(run.tenant_id, lost):
        kind = lost[rule.key]
        log.error("engine alarm", rule=rule.key, kind=kind, run=run.id)
        await work.create(
            EngineAlarm(
                id=EngineAlarm.make_id(),
                tenant_id=run.tenant_id,
                rule_id=rule.id,
                run_id=run.id,
                account_id=where.get(rule.key),
                kind=kind,
                as_of=run.as_of,
            )
        )


async def _without_alarm(tenant_id: str, keys: Iterable[str]) -> list[StoredRule]:
    rules = await StoredRule.filter(
        tenant_id=tenant_id, key__in=list(keys), rulebook__state=RulebookState.ACTIVE
    ).order_by("id")
    known = EngineAlarm.filter(tenant_id=tenant_id, resolved_at=None, rule_id__in=[rule.id for rule in rules])
    standing = {str(rule_id) for rule_id in await known.values_list("rule_id", flat=True)}
    return [rule for rule in rules if rule.id not in standing]


async def resolve(actor: Actor, engine: EnginePool, alarm_id: str) -> EngineAlarm:
    """Let the engine judge a rule again; if it is wrong again, there is another alarm.

    Raises:
        InvalidTransition: it is resolved already.
    """
    require(actor, MAKE_RULES, "resolve alarms")
    alarm = await find(EngineAlarm, actor, alarm_id, "id")
    if alarm.resolved_at is not None:
        raise InvalidTransition("this alarm is resolved already; allowed: none", ["id"])
    rule = await StoredRule.get(id=alarm.rule_id)
    async with unit_of_work(actor, "alarms.resolve") as work:
        resolved = await work.update(
            alarm, {"resolved_at": utcnow(), "resolved_by_id": actor.user_id or None}
        )
    engine.trust(rule.key)
    return resolved
