"""What rules say of one tenant of the world: recommendations and risks, with what they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from models.base import new_id
from models.deals import Deal
from models.recommendations import (
    Answer,
    Evidence,
    LineKind,
    Outcome,
    Recommendation,
    RecommendationState,
    Risk,
    RiskLine,
    RiskState,
    Withheld,
)
from models.revenue import Contract
from models.services import Service
from models.severity import Severity
from tests.schema.reads.odd_values import CHANCES, FLOATS, INTEGERS, JSON, MONEY, ORDERED, OWED, TEXTS
from tests.schema.reads.records import Records
from tests.schema.reads.world import json_text

#: Fact kind, field, operator, threshold and what was seen, as the engine tells of them.
SEEN: tuple[tuple[str, str, str, object, object], ...] = (
    ("deal", "age_days", "gt", 90, 91),
    ("deal", "is_open", "eq", True, True),
    ("deal", "stage", "in", ["IDENTIFIED", "QUALIFIED"], "QUALIFIED"),
    ("deal", "amount", "gte", "1000.00", "1932466.05"),
    ("account", "usage_change_90d", "lte", -1e-07, -0.30000000000000004),
    ("account", "segment", "eq", 'The "large"', 'The "large"'),
    ("contract", "days_to_end", "between", [0, 120], 12),
    ("contact", "id", "is_null", {"where": {"seniority eq": "EXECUTIVE"}}, 0),
    ("contract", "ends_on", "not is_null", None, None),
)


class Verdicts:
    """Makes them for the records of one tenant."""

    def __init__(self, records: Records, size: int) -> None:
        self.records = records
        self.world = records.world
        self.tenant_id = records.tenant.id
        self.currency = records.tenant.currency
        many = records.many
        self.recommendations = many(2 * size, self._recommendation)
        self.risks = many(2 * size, self._risk)
        many(4 * size, self._risk_line)
        many(6 * size, self._evidence)
        many(size, self._answer)

    def _verdict(self) -> dict[str, object]:
        """Columns that recommendations and risks share."""
        world = self.world
        deal = world.pick(self.records.deals)
        return {
            "tenant_id": self.tenant_id,
            "account_id": deal.account_id,
            "deal_id": world.maybe(deal.id, 0.6),
            "rule_key": world.pick(("stalled-deal", "usage-falling", "gone")),
            "rulebook_version": "starter/2",
            "subject_key": lambda new: f"{deal.id}|{new}",
            "confidential": world.pick((True, False, False)),
            "title": world.text(300),
            "held_since": world.day(),
            "last_seen_on": world.day(),
            "lapsed_on": world.maybe(world.day(), 0.3),
            "reopened_count": world.pick(INTEGERS),
            "opened_run_id": new_id("run"),
            "changed_run_id": new_id("run"),
            "currency": self.currency,
        }

    def _recommendation(self) -> Recommendation:
        world = self.world
        return world.make(
            Recommendation,
            state=world.pick((RecommendationState.OPEN, *RecommendationState)),
            action=world.pick(("REQUALIFY", "REVIEW_USAGE", TEXTS[0])),
            play=world.maybe(world.pick(TEXTS)),
            because=world.text(1000),
            due_on=world.day(),
            likelihood=world.pick(FLOATS),
            urgency=world.pick(ORDERED),
            value_minor=world.pick(OWED),
            lever=world.pick(FLOATS),
            priority=world.pick(ORDERED),
            withheld=world.maybe(world.pick(list(Withheld)), 0.4),
            withheld_because=world.maybe(world.text(), 0.4),
            answered_on=world.maybe(world.day()),
            snoozed_until=world.maybe(world.day(), 0.3),
            dismissed_reason=world.maybe(world.text(500), 0.3),
            outcome=world.maybe(world.pick(list(Outcome)), 0.4),
            **self._verdict(),
        )

    def _risk(self) -> Risk:
        world = self.world
        return world.make(
            Risk,
            state=world.pick((RiskState.OPEN, *RiskState)),
            kind=world.pick(("CHURN", "STALLED_DEAL", TEXTS[5])),
            severity=world.pick(list(Severity)),
            exposure_minor=world.pick(MONEY),
            probability=world.pick(CHANCES),
            **self._verdict(),
        )

    def _risk_line(self) -> RiskLine:
        world = self.world
        kind = world.pick(list(LineKind))
        among: dict[LineKind, Sequence[Contract | Deal | Service]] = {
            LineKind.CONTRACT: self.records.contracts,
            LineKind.DEAL: self.records.deals,
            LineKind.SERVICE: self.records.services,
        }
        line = world.pick(among[kind])
        return world.make(
            RiskLine,
            tenant_id=self.tenant_id,
            risk_id=world.pick(self.risks).id,
            line_kind=kind,
            line_id=line.id,
            part_of=world.pick((line.id, world.pick(self.records.contracts).id)),
            amount_minor=world.pick(MONEY),
            currency=self.currency,
            from_on=self._day_of_its_own(),
            until_on=world.maybe(world.day(), 0.3),
        )

    def _day_of_its_own(self) -> date:
        """A day that no other risk line has."""
        return date(2020, 1, 1) + timedelta(days=len(self.world.of(RiskLine)))

    def _evidence(self) -> Evidence:
        world = self.world
        of_risk = world.pick((True, False))
        kind, name, op, threshold, seen = world.pick(SEEN)
        if world.pick((True, False)):
            kind, name, op, threshold, seen = "concluded", "value", "eq", world.pick(JSON), world.pick(JSON)
        return world.make(
            Evidence,
            tenant_id=self.tenant_id,
            recommendation_id=None if of_risk else world.pick(self.recommendations).id,
            risk_id=world.pick(self.risks).id if of_risk else None,
            position=world.random.randrange(4),
            alias=world.pick(("d", "", "any", "late.c")),
            fact_kind=kind,
            fact_id="" if op == "is_null" else world.pick(self.records.deals).id,
            field=name,
            op=op,
            threshold=json_text(threshold) if threshold is not None or world.pick((True, False)) else None,
            seen=world.maybe(json_text(seen), 0.9),
            reference=world.maybe("d.close_on", 0.2),
            observed_on=world.day(),
            source=world.text(120),
        )

    def _answer(self) -> Answer:
        world = self.world
        of = world.pick(self.recommendations)
        return world.make(
            Answer,
            tenant_id=self.tenant_id,
            recommendation_id=of.id,
            account_id=of.account_id,
            rule_key=of.rule_key,
            action=of.action,
            state=world.pick((RecommendationState.ACCEPTED, RecommendationState.DONE, of.state)),
            outcome=world.maybe(world.pick(list(Outcome))),
            answered_on=world.day(),
            outcome_on=world.maybe(world.day()),
        )
