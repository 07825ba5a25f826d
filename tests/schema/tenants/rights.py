"""Who may do what, as the documentation has it (README, "Who may in"), and not as the code has it.

Each table reads: a mutation or a query, who may use it, and the scopes that a key or a token needs for it
which is limited to scopes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: A director, a manager, whoever acts for one, an integration and an administrator work with accounts.
SELLERS = frozenset({"DIRECTOR", "MANAGER", "ASSISTANT", "INTEGRATION", "ADMIN"})
#: A manager writes the rules; an integration writes none.
RULE_MAKERS = frozenset({"MANAGER", "ADMIN"})
#: A director or a manager delegates, or an administrator for them.
PRINCIPALS = frozenset({"DIRECTOR", "MANAGER", "ADMIN"})
ADMINISTRATORS = frozenset({"ADMIN"})
#: A program forecasts nothing.
FORECASTERS = SELLERS - {"INTEGRATION"}
EVERYBODY = SELLERS | {"READER"}


@dataclass(frozen=True)
class May:
    """Who may; ``own``: of an account, its owner and the managers above alone, not who has a deal on it.

    ``gives``: what it gives to an owner stays within the caller's team. ``for_himself``: whoever is no
    administrator does it for nobody else. ``leads``: it is about the caller or somebody in a team of theirs.
    ``named``: it is for administrators alone, whom the level of what waits on the desk names.
    ``submitted``: it is for the director of the desk alone, who handed in what waits on it, and for whoever
    acts for them.
    """

    roles: frozenset[str]
    scopes: frozenset[str]
    own: bool = False
    gives: bool = False
    for_himself: bool = False
    leads: bool = False
    named: bool = False
    submitted: bool = False


def _may(
    roles: frozenset[str],
    *scopes: str,
    own: bool = False,
    gives: bool = False,
    for_himself: bool = False,
    leads: bool = False,
    named: bool = False,
    submitted: bool = False,
) -> May:
    return May(roles, frozenset(scopes), own, gives, for_himself, leads, named, submitted)


MUTATIONS: Mapping[str, May] = {
    "createAccount": _may(SELLERS, "WRITE_SALES", gives=True),
    "updateAccount": _may(SELLERS, "WRITE_SALES", own=True, gives=True),
    "createContact": _may(SELLERS, "WRITE_SALES"),
    "updateContact": _may(SELLERS, "WRITE_SALES"),
    "recordInteraction": _may(SELLERS, "WRITE_SALES"),
    "exportContact": _may(RULE_MAKERS, "ADMINISTER", "READ_PERSONAL", own=True),
    "eraseContact": _may(RULE_MAKERS, "ADMINISTER", own=True),
    "createDeal": _may(SELLERS, "WRITE_SALES", gives=True),
    "updateDeal": _may(SELLERS, "WRITE_SALES", gives=True),
    "advanceDeal": _may(SELLERS, "WRITE_SALES"),
    "closeDeal": _may(SELLERS, "WRITE_SALES"),
    **dict.fromkeys(
        (
            "moveDealToPipeline", "takeAmountFromLines", "setDealContact", "removeDealContact", "addDealLine",
            "updateDealLine", "removeDealLine", "putDealCompetitor", "removeDealCompetitor", "qualifyDeal",
            "offerDeal",
        ),
        _may(SELLERS, "WRITE_SALES"),
    ),
    **dict.fromkeys(
        (
            "createPipeline", "updatePipeline", "retirePipeline", "addPipelineStage", "updatePipelineStage",
            "removePipelineStage", "setLossReason", "setContractValue", "setExchangeRate",
            "revalueDeals",
        ),
        _may(RULE_MAKERS, "WRITE_RULES"),
    ),
    "setDealSplits": _may(RULE_MAKERS, "WRITE_SALES"),
    "setQuota": _may(RULE_MAKERS, "WRITE_SALES", leads=True),
    "saveForecast": _may(FORECASTERS, "WRITE_SALES", leads=True),
    "submitForecast": _may(FORECASTERS, "WRITE_SALES"),
    "reopenForecast": _may(FORECASTERS, "WRITE_SALES"),
    "adjustForecast": _may(RULE_MAKERS, "WRITE_SALES", leads=True),
    "setForecastCalendar": _may(RULE_MAKERS, "WRITE_SALES"),
    "requestProjections": _may(RULE_MAKERS, "WRITE_SALES"),
    **dict.fromkeys(
        (
            "createBid", "updateBid", "decideBid", "addBidDocument", "removeBidDocument", "setBidMember",
            "removeBidMember", "recordBidRound", "submitBid", "closeBid",
        ),
        _may(SELLERS, "WRITE_SALES"),
    ),
    "approveBidRound": _may(PRINCIPALS, "WRITE_SALES", named=True),
    "rejectBidRound": _may(PRINCIPALS, "WRITE_SALES", named=True),
    "setDiscountLevels": _may(RULE_MAKERS, "WRITE_SALES"),
    "createAccountPlan": _may(SELLERS, "WRITE_SALES", own=True),
    **dict.fromkeys(
        (
            "updateAccountPlan", "putPlanEntry", "putObjective", "putObjectiveMeasure", "putPlanAction",
            "completePlanAction", "putAcceptedRisk", "removePlanPart", "submitAccountPlan",
            "closeAccountPlan", "startPlay", "answerPlayStep", "endPlay",
        ),
        _may(SELLERS, "WRITE_SALES"),
    ),
    "withdrawAccountPlan": _may(SELLERS, "WRITE_SALES", submitted=True),
    "approveAccountPlan": _may(RULE_MAKERS, "WRITE_SALES"),
    "returnAccountPlan": _may(RULE_MAKERS, "WRITE_SALES"),
    "setPotential": _may(SELLERS, "WRITE_SALES", own=True),
    "removePotential": _may(SELLERS, "WRITE_SALES"),
    "setCompatibility": _may(RULE_MAKERS, "WRITE_RULES"),
    "setPlay": _may(RULE_MAKERS, "WRITE_RULES"),
    **dict.fromkeys(
        (
            "contactJoined", "contactLeft", "contactMoved", "setContactManager", "setStakeholder",
            "removeStakeholder",
        ),
        _may(SELLERS, "WRITE_SALES"),
    ),
    "assessContact": _may(SELLERS, "WRITE_SALES"),
    "setRelationshipLevel": _may(SELLERS, "WRITE_SALES", own=True),
    "setNeededRoles": _may(RULE_MAKERS, "WRITE_RULES"),
    "mergeAccounts": _may(SELLERS, "WRITE_SALES", own=True),
    "undoMerge": _may(SELLERS, "WRITE_SALES", own=True),
    "dismissDuplicate": _may(SELLERS, "WRITE_SALES", own=True),
    "restoreDuplicate": _may(SELLERS, "WRITE_SALES", own=True),
    "recordSignals": _may(SELLERS, "WRITE_SIGNALS"),
    **dict.fromkeys(
        ("recordTrends", "trendFromSignal", "putCompetitorPosition"), _may(SELLERS, "WRITE_SIGNALS")
    ),
    **dict.fromkeys(
        ("updateTrend", "moveTrend", "nameCompetitor", "removeCompetitorPosition", "writeBattleNote"),
        _may(SELLERS, "WRITE_SALES"),
    ),
    "mergeCompetitors": _may(RULE_MAKERS, "WRITE_RULES"),
    "evaluate": _may(SELLERS, "EVALUATE", own=True),
    "acceptRecommendation": _may(SELLERS, "WRITE_SALES"),
    "snoozeRecommendation": _may(SELLERS, "WRITE_SALES"),
    "dismissRecommendation": _may(SELLERS, "WRITE_SALES"),
    "completeRecommendation": _may(SELLERS, "WRITE_SALES"),
    "recordOutcome": _may(SELLERS, "WRITE_SALES"),
    "setLever": _may(RULE_MAKERS, "WRITE_RULES"),
    "clearLever": _may(RULE_MAKERS, "WRITE_RULES"),
    "setArbitrationLimits": _may(RULE_MAKERS, "WRITE_RULES"),
    "saveRulebook": _may(RULE_MAKERS, "WRITE_RULES"),
    "importRulebook": _may(RULE_MAKERS, "WRITE_RULES"),
    "activateRulebook": _may(RULE_MAKERS, "WRITE_RULES"),
    "rollBackRulebook": _may(RULE_MAKERS, "WRITE_RULES"),
    "retireRulebook": _may(RULE_MAKERS, "WRITE_RULES"),
    "startBacktest": _may(RULE_MAKERS, "EVALUATE"),
    "resolveEngineAlarm": _may(RULE_MAKERS, "WRITE_RULES"),
    "createApiKey": _may(ADMINISTRATORS, "ADMINISTER"),
    "revokeApiKey": _may(ADMINISTRATORS, "ADMINISTER"),
    "delegate": _may(PRINCIPALS, "ADMINISTER", for_himself=True),
    "endDelegation": _may(PRINCIPALS, "ADMINISTER"),
}  # fmt: skip

_READ = _may(EVERYBODY, "READ")
_READ_MONEY = _may(EVERYBODY, "READ", "READ_MONEY")
_READ_PERSONAL = _may(EVERYBODY, "READ", "READ_PERSONAL")
#: Lists are in the order of a field, and whoever may not see that may not see the order.
QUERIES: Mapping[str, May] = {
    **dict.fromkeys(
        (
            "accounts", "account", "deals", "deal", "products", "pipelines", "lossReasons",
            "offeredLossReasons", "exchangeRates", "tickets", "services", "contracts", "signals",
            "populationEvents", "ruleRecords", "levers", "arbitrationLimits", "rulebooks", "evaluationRuns",
            "factKinds", "ruleSchema", "backtests", "engineAlarms", "users", "teams", "me", "actingFor",
            "apiKeys", "delegations", "node", "nodes", "quotas", "pipelineSnapshots", "forecastCalendar",
            "forecastProjections", "stagePassages", "bids", "discountLevels", "approvalsToDecide",
            "interactions", "accountPlans", "plays", "playRuns", "playRecords",
            "relationshipSummary", "neededRoles",
            "trends", "competitors", "competitor", "competitorPositions", "competitorStandings",
            "whitespace", "compatibilityRules",
            "accountMerges", "duplicateAccounts", "duplicateDismissals",
        ),
        _READ,
    ),
    "planDifference": _READ,
    "contacts": _READ_PERSONAL,
    "recommendations": _READ_MONEY,
    "nextBestActions": _READ_MONEY,
    "risks": _READ_MONEY,
    "portfolio": _READ_MONEY,
    "attainment": _READ_MONEY,
    "trendReport": _may(EVERYBODY, "READ", "READ_MONEY", "READ_PERSONAL"),
    "forecast": _may(EVERYBODY, "READ", "READ_MONEY", "READ_PERSONAL"),
    "accountReview": _may(EVERYBODY, "READ", "READ_MONEY", "READ_PERSONAL"),
    **dict.fromkeys(
        (
            "funnel", "pipelineChange", "largestMovers", "winRates", "salesVelocity", "slippage",
            "forecastRecord", "competitorRecord", "whitespaceGaps",
        ),
        _READ_MONEY,
    ),
    "forecastRecordByLead": _may(EVERYBODY, "READ", "READ_MONEY", leads=True),
    "forecastRecordByPeriod": _may(EVERYBODY, "READ", "READ_MONEY", leads=True),
    "whyNot": _may(EVERYBODY, "READ", own=True),
    "accountCase": _may(RULE_MAKERS, "READ", "READ_MONEY", "READ_PERSONAL", "EVALUATE", own=True),
    "dryRun": _may(RULE_MAKERS, "READ", "EVALUATE"),
    "rulebookDifference": _may(RULE_MAKERS, "READ", "EVALUATE"),
    "rulebookFindings": _may(RULE_MAKERS, "READ", "EVALUATE"),
    "checkRules": _may(RULE_MAKERS, "READ", "EVALUATE"),
}  # fmt: skip
#: What is followed tells of ids and of what happened.
SUBSCRIPTIONS: Mapping[str, May] = dict.fromkeys(
    (
        *("recommendationChanged", "riskChanged", "accountPlanHealthChanged", "trendChanged"),
        *("playRunChanged", "evaluationProgress"),
    ),
    _READ,
)
