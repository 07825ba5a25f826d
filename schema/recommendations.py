"""What the engine says, as clients see it: recommendations, risks and their evidence."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import orjson
import strawberry
from strawberry import UNSET
from strawberry.scalars import JSON

from commands import explanations, standing
from models import recommendations as stored
from models.access import Scope
from models.described import Described
from models.plays import Play as StoredPlay
from models.recommendations import LineKind, Outcome, RecommendationState, RiskState, Withheld
from models.severity import Severity
from rules.evidence import recorded
from rules.sentences import sentence, spoken_of
from schema.context import Info
from schema.core.arguments import Locale
from schema.core.connections import Listed, children, connection, related
from schema.core.cost import costs
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import DateFilter, Filter, FloatFilter, IDFilter, MoneyFilter, StringFilter, clause
from schema.core.listing import Column, Listing
from schema.core.money import Money
from schema.core.readable import ANY_FACT, in_sql, needs
from schema.core.stored import Node, Stored, column
from schema.why import Changes

if TYPE_CHECKING:
    from schema.plays import Play

_SEVERITY = " ".join(f"when '{severity.value}' then {severity.rank}" for severity in Severity)


_EVIDENCE = "Each condition with what was seen, in the order of the rule."


@strawberry.type
class Evidence(Stored[stored.Evidence]):
    """One condition of a rule with the value that was seen and the threshold it met."""

    model = stored.Evidence

    alias: str = column(
        "What the rule calls the fact; empty when it has no name for it. `any`, `all` or `none` for a fact"
        " that was only tested, `rule-key.alias` for one from which another rule concluded what this one saw."
    )
    fact_kind: str = column(
        "The kind of fact: deal, contract, account and so on, or the name of a concluded one."
    )
    fact_id: str = column("The id of the record that was seen; empty for facts that must not exist.")
    field: str = column("The field of the fact that the condition is about, or arithmetic on its fields.")
    op: str = column(
        "The operator of the condition: gt, lte, in and so on; `not gt` where the rule asks for the opposite."
    )
    reference: str | None = column(
        "The field of another fact, or arithmetic on its fields, that the threshold came from;"
        " null when the rule says the threshold itself."
    )
    observed_on: date = column("The day as of which it was so.")
    source: str = column(
        "The system that the fact came from; `rule key` for a fact that this rule concluded."
    )

    @in_sql("t.threshold", *ANY_FACT)
    def threshold(self) -> JSON | None:
        """What the field is compared with: a text, number or boolean, or a list of them.

        Money is in whole units, as text. Null when nothing was compared.
        """
        return _json(self.record.threshold)

    @in_sql("t.seen", *ANY_FACT)
    def seen(self) -> JSON | None:
        """The value that the fact had: a text, number or boolean.

        Money is in whole units, as text. Null when it was missing.
        """
        return _json(self.record.seen)


def _json(text: str | None) -> JSON | None:
    return None if text is None else JSON(orjson.loads(text))


async def _evidence(info: Info, owner: str, owner_id: str) -> list[stored.Evidence]:
    found = await info.context.loaders.children(stored.Evidence, owner, owner_id)
    return sorted(found, key=lambda record: record.position)


async def _sentence(info: Info, owner: str, owner_id: str, currency: str, locale: str) -> str:
    evidence = [recorded(each) for each in await _evidence(info, owner, owner_id)]
    names = await standing.names(info.context.actor, spoken_of(evidence))
    return sentence(evidence, currency, locale, names)


@strawberry.type
class RiskLine(Stored[stored.RiskLine]):
    """Revenue that a risk names: a deal's amount, or the annual value of a contract or a service."""

    model = stored.RiskLine

    line_kind: LineKind = column("Whether it is a deal, a contract or a service.")
    line_id: strawberry.ID = column("The id of the deal, contract or service.")
    part_of: strawberry.ID = column(
        "The contract or deal in which the revenue is counted: of a service its contract, of a renewal"
        " what it renews."
    )
    amount: Money = column(
        "The revenue of the line: a deal's amount, else 12 times the monthly recurring charge."
    )
    from_on: date = column("The day since when it has been at risk at this amount.")


@strawberry.type
class Recommendation(Node, Stored[stored.Recommendation]):
    """What to do next about an account, and why."""

    model = stored.Recommendation

    version: int = column("Grows by one with each change; an answer may name the one that it has read.")
    state: RecommendationState = column("Whether it is open, was answered, or lapsed by itself.")
    title: str = column("The title of the rule that says it.")
    action: str = column("What to do, in a word for programs: OPEN_RENEWAL.")
    play: str | None = column("The key of the play that helps; null when the rule names none.")
    because: str = column("Why, in a sentence.", *ANY_FACT)
    due_on: date = column("The day by which it should be done.")
    value: Money = column("The revenue that it is about, 0 when it is about none.")
    likelihood: float = column("The chance that following it helps, 0 to 1.")
    urgency: float = column("How much it matters to do it soon, 0 to 1.")
    lever: float = column(
        "The factor that managers' levers come to together, 0.25 to 4; the number is 1 without any."
    )
    priority: float = column(
        "What it is ranked by, a number of 0 or more without a unit: likelihood times value (in"
        " whole units) times urgency times lever.",
        Scope.READ_MONEY,
    )
    withheld: Withheld | None = column(
        "Why it is not offered though it holds: a gate, earlier dismissals, or more pressing"
        " ones. Null when it is offered, or not open."
    )
    withheld_because: str | None = column(
        "What withholds it, in words: the condition of a gate, or how many; null when nothing does.",
        *ANY_FACT,
    )
    answered_on: date | None = column(
        "The day of the last answer; null without one, and when it came back after it had lapsed."
    )
    rule_key: str = column("The key of the rule that says it.")
    rulebook_version: str = column("The rulebook and its version: starter/1.")
    held_since: date = column("The day since when its condition holds.")
    last_seen_on: date = column("The last day as of which its condition was seen to hold.")
    lapsed_on: date | None = column("The day as of which its condition no longer held; null while it holds.")
    reopened_count: int = column("How often it came back after it had lapsed.")
    snoozed_until: date | None = column("The day from which it opens again; null unless it was put aside.")
    dismissed_reason: str | None = column("Why it was turned down; null unless it was.", Scope.READ_PERSONAL)
    outcome: Outcome | None = column("What came of following it; null until it is carried out.")
    account = related("schema.accounts", "Account", "account_id", "The account that it is about.")
    deal = related("schema.deals", "Deal", "deal_id", "The deal that it is about, if it is about one.")

    evidence = children("schema.recommendations", "Evidence", "recommendation_id", _EVIDENCE, "position")
    play_runs = children(
        "schema.plays",
        "PlayRun",
        "recommendation_id",
        "The plays that accepting it started, in order.",
        "started_on",
    )

    @costs(1)
    @strawberry.field
    async def named_play(self, info: Info) -> Annotated[Play, strawberry.lazy("schema.plays")] | None:
        """The play of that key, active or not; null when none is named, or the tenant has none of it."""
        from schema.plays import Play

        if self.play is None:
            return None
        found = await info.context.loaders.children(StoredPlay, "key", self.play)
        return Play.of(found[0]) if found else None

    @costs(1)
    @needs(*ANY_FACT)
    async def sentence(self, info: Info, locale: Locale = "en") -> str:
        """Its evidence in a sentence, for people."""
        return await _sentence(info, "recommendation_id", self.id, self.record.currency, locale)

    @costs(20)
    @strawberry.field
    async def changes(self, info: Info) -> Changes:
        """What would clear it, tried by judging again with one thing changed; to be asked for one at once."""
        return Changes.of(await explanations.changes(info.context.actor, self.record), self.record.currency)


@strawberry.type
class Risk(Node, Stored[stored.Risk]):
    """Revenue that a condition endangers."""

    model = stored.Risk

    version: int = column("Grows by one with each change.")
    state: RiskState = column("Whether it is open, was dealt with, came true, or lapsed by itself.")
    kind: str = column("What kind of risk: CHURN, STALLED_DEAL and so on.")
    severity: Severity = column("How bad it is.")
    title: str = column("The title of the rule that says it.")
    exposure: Money = column("The revenue at risk: the sum of its lines, not weighted by the probability.")
    probability: float = column("The chance that the revenue is lost, 0 to 1.")
    rule_key: str = column("The key of the rule that says it.")
    rulebook_version: str = column("The rulebook and its version: starter/1.")
    held_since: date = column("The day since when its condition holds.")
    last_seen_on: date = column("The last day as of which its condition was seen to hold.")
    lapsed_on: date | None = column("The day as of which its condition no longer held; null while it holds.")
    reopened_count: int = column("How often it came back after it had lapsed.")
    account = related("schema.accounts", "Account", "account_id", "The account that it is about.")
    deal = related("schema.deals", "Deal", "deal_id", "The deal that it is about, if it is about one.")

    lines = children(
        "schema.recommendations",
        "RiskLine",
        "risk_id",
        "The revenue lines at risk, each once; for a risk that lapsed, those it had last.",
        "line_id",
        standing="until_on",
    )

    evidence = children("schema.recommendations", "Evidence", "risk_id", _EVIDENCE, "position")

    @costs(1)
    @needs(*ANY_FACT)
    async def sentence(self, info: Info, locale: Locale = "en") -> str:
        """Its evidence in a sentence, for people."""
        return await _sentence(info, "risk_id", self.id, self.record.currency, locale)

    @costs(20)
    @strawberry.field
    async def changes(self, info: Info) -> Changes:
        """What would clear it, tried by judging again with one thing changed; to be asked for one at once."""
        return Changes.of(await explanations.changes(info.context.actor, self.record), self.record.currency)


@strawberry.input
class RecommendationFilter:
    """Which recommendations; all conditions given must hold."""

    and_: list[RecommendationFilter] | None = clause("and")
    or_: list[RecommendationFilter] | None = clause("or")
    not_: RecommendationFilter | None = clause("not")
    id: IDFilter | None = UNSET
    account_id: IDFilter | None = UNSET
    deal_id: IDFilter | None = UNSET
    state: Filter[RecommendationState] | None = UNSET
    rule_key: StringFilter | None = UNSET
    action: StringFilter | None = UNSET
    title: StringFilter | None = UNSET
    because: StringFilter | None = UNSET
    due_on: DateFilter | None = UNSET
    held_since: DateFilter | None = UNSET
    value: MoneyFilter | None = UNSET
    urgency: FloatFilter | None = UNSET
    priority: FloatFilter | None = UNSET
    withheld: Filter[Withheld] | None = UNSET


@strawberry.enum
class RecommendationOrderField(Enum):
    """What recommendations are ordered by."""

    PRIORITY = "priority"
    DUE_ON = "due_on"
    HELD_SINCE = "held_since"
    VALUE = "value"
    URGENCY = "urgency"


@strawberry.input
class RecommendationOrder:
    """One step of an order."""

    field: RecommendationOrderField
    direction: Direction = Direction.ASC


RECOMMENDATIONS = Listed(
    "schema.recommendations",
    "Recommendation",
    Listing(
        stored.Recommendation,
        {
            "id": Column("t.id"),
            "account_id": Column("t.account_id"),
            "deal_id": Column("t.deal_id"),
            "state": Column("t.state"),
            "rule_key": Column("t.rule_key"),
            "action": Column("t.action"),
            "title": Column("t.title"),
            "because": Column("t.because"),
            "due_on": Column("t.due_on", Kind.DATE),
            "held_since": Column("t.held_since", Kind.DATE),
            "value": Column("t.value_minor", Kind.NUMBER),
            "withheld": Column("t.withheld"),
            "urgency": Column("t.urgency", Kind.FLOAT),
            "priority": Column("t.priority", Kind.FLOAT),
        },
        (("priority", Direction.DESC),),
    ),
)


@strawberry.input
class RiskFilter:
    """Which risks; all conditions given must hold."""

    and_: list[RiskFilter] | None = clause("and")
    or_: list[RiskFilter] | None = clause("or")
    not_: RiskFilter | None = clause("not")
    id: IDFilter | None = UNSET
    account_id: IDFilter | None = UNSET
    deal_id: IDFilter | None = UNSET
    state: Filter[RiskState] | None = UNSET
    rule_key: StringFilter | None = UNSET
    kind: StringFilter | None = UNSET
    severity: Filter[Severity] | None = UNSET
    exposure: MoneyFilter | None = UNSET
    probability: FloatFilter | None = UNSET
    held_since: DateFilter | None = UNSET


@strawberry.enum
class RiskOrderField(Described):
    """What risks are ordered by."""

    EXPOSURE = "exposure"
    SEVERITY = "severity_rank", "By `severity`: ascending from LOW to CRITICAL."
    PROBABILITY = "probability"
    HELD_SINCE = "held_since"


@strawberry.input
class RiskOrder:
    """One step of an order."""

    field: RiskOrderField
    direction: Direction = Direction.ASC


RISKS = Listed(
    "schema.recommendations",
    "Risk",
    Listing(
        stored.Risk,
        {
            "id": Column("t.id"),
            "account_id": Column("t.account_id"),
            "deal_id": Column("t.deal_id"),
            "state": Column("t.state"),
            "rule_key": Column("t.rule_key"),
            "kind": Column("t.kind"),
            "severity": Column("t.severity"),
            "severity_rank": Column(f"case t.severity {_SEVERITY} end", Kind.NUMBER, may_lack=False),
            "exposure": Column("t.exposure_minor", Kind.NUMBER),
            "probability": Column("t.probability", Kind.FLOAT),
            "held_since": Column("t.held_since", Kind.DATE),
        },
        (("exposure", Direction.DESC),),
    ),
)


@strawberry.type
class RecommendationQueries:
    """Reading what the engine says."""

    recommendations = connection(
        RECOMMENDATIONS, "What to do next, most important first; in every state unless filtered."
    )
    risks = connection(RISKS, "Revenue at risk, largest first; in every state unless filtered.")
