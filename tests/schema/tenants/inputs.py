"""What is sent with each mutation and each query that has arguments: every id that there is a place for.

Sent by an administrator of the desk's tenant each of them succeeds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from models.base import today
from tests.schema.tenants.desk import FIRST, LAST, RULE, THIS_WEEK, Desk

Given = dict[str, object]
TOMORROW = (today() + timedelta(days=2)).isoformat()
WEEK = THIS_WEEK.isoformat()
PERIOD: Given = {"first": FIRST.isoformat(), "last": LAST.isoformat()}
OTHER_PERIOD: Given = {"first": FIRST.isoformat(), "last": (LAST + timedelta(days=30)).isoformat()}
QUARTER: Given = {"from": "2026-01-01", "until": "2026-03-31"}
HEARD: Given = {"kind": "OTHER", "summary": "heard", "observedOn": "2026-03-01", "externalId": "heard-1"}
_FILE = f"""rules:
  - {RULE | {"key": "imported"}}
"""

INPUTS: Mapping[str, Callable[[Desk], Given]] = {
    "createAccount": lambda on: {
        "name": "New", "parentId": on.account, "ownerId": on.director, "idempotencyKey": "new-account",
    },
    "updateAccount": lambda on: {
        "id": on.account, "version": 1, "name": "Other", "parentId": on.parent, "ownerId": on.director,
    },
    "createContact": lambda on: {
        "name": "New", "accountId": on.account, "idempotencyKey": "new-contact", "movedFromId": on.former,
    },
    "updateContact": lambda on: {"id": on.contact, "version": 1, "title": "Head of Networks"},
    "recordInteraction": lambda on: {
        "accountId": on.account, "kind": "CALL", "happenedOn": "2026-03-01", "dealId": on.deal,
        "contactId": on.contact, "userId": on.director, "idempotencyKey": "new-call",
    },
    "contactJoined": lambda on: {"id": on.contact, "version": 1, "joinedOn": "2026-03-01"},
    "contactLeft": lambda on: {"id": on.contact, "version": 1, "leftOn": "2026-03-03"},
    "contactMoved": lambda on: {
        "id": on.contact, "version": 1, "accountId": on.parent, "movedOn": "2026-03-03", "title": "CIO",
    },
    "setContactManager": lambda on: {"id": on.contact, "version": 1, "reportsToId": on.boss},
    "setStakeholder": lambda on: {"contactId": on.contact, "role": "CHAMPION"},
    "removeStakeholder": lambda on: {"contactId": on.boss},
    "assessContact": lambda on: {"contactId": on.contact, "dealId": on.deal, "support": "MENTOR"},
    "setRelationshipLevel": lambda on: {
        "contactId": on.contact, "userId": on.director, "level": "VENDOR", "wanted": "TRUSTED_ADVISOR",
    },
    "setNeededRoles": lambda _on: {"of": "DEAL", "kind": "NEW", "roles": ["CHAMPION"]},
    "recordTrends": lambda on: {
        "trends": [
            {
                "accountId": on.account, "kind": "MERGER", "title": "Merges", "observedOn": "2026-03-01",
                "dealIds": [on.deal], "contractIds": [on.contract], "course": "Visit",
                "courseOwnerId": on.director, "courseDueOn": "2026-04-01", "signalId": on.signal,
            }
        ]
    },
    "trendFromSignal": lambda on: {
        "signalId": on.signal, "dealIds": [on.deal], "contractIds": [on.contract], "course": "Visit",
        "courseOwnerId": on.director, "idempotencyKey": "new-trend",
    },
    "updateTrend": lambda on: {
        "id": on.trend, "version": 1, "dealIds": [on.deal], "contractIds": [on.contract], "course": "Visit",
        "courseOwnerId": on.director,
    },
    "moveTrend": lambda on: {"id": on.trend, "version": 1, "to": "CLOSED"},
    "nameCompetitor": lambda _on: {"name": "Fresh rival", "alias": "FR"},
    "mergeCompetitors": lambda on: {"id": on.rival, "intoId": on.other_rival},
    "putCompetitorPosition": lambda on: {
        "accountId": on.account, "name": "Fresh rival", "productFamily": "Access", "role": "INCUMBENT",
    },
    "removeCompetitorPosition": lambda on: {"id": on.position},
    "writeBattleNote": lambda on: {"competitorId": on.rival, "text": "They are late."},
    "exportContact": lambda on: {"id": on.contact},
    "eraseContact": lambda on: {"id": on.contact, "version": 1},
    "createDeal": lambda on: {
        "name": "New", "accountId": on.account, "ownerId": on.director, "contractId": on.contract,
        "pipelineId": on.pipeline, "idempotencyKey": "new-deal",
    },
    "updateDeal": lambda on: {
        "id": on.deal, "version": 1, "nextStep": "call", "ownerId": on.director, "contractId": on.contract,
    },
    "advanceDeal": lambda on: {"id": on.deal, "version": 1, "pipelineStageId": on.next_stage},
    "moveDealToPipeline": lambda on: {
        "id": on.deal, "version": 1, "pipelineId": on.other_pipeline, "pipelineStageId": on.other_stage,
    },
    "takeAmountFromLines": lambda on: {"id": on.deal, "version": 1},
    "setDealContact": lambda on: {"dealId": on.deal, "contactId": on.contact, "role": "CHAMPION"},
    "removeDealContact": lambda on: {"id": on.part},
    "addDealLine": lambda on: {
        "dealId": on.deal, "productId": on.product, "mrc": {"amount": "10.00"}, "idempotencyKey": "new-line",
    },
    "updateDealLine": lambda on: {"id": on.line, "version": 1, "productId": on.product, "quantity": 3},
    "removeDealLine": lambda on: {"id": on.line, "version": 1},
    "putDealCompetitor": lambda on: {"dealId": on.deal, "name": "Rival", "note": "cheap"},
    "removeDealCompetitor": lambda on: {"id": on.competitor},
    "qualifyDeal": lambda on: {
        "dealId": on.deal, "element": "METRICS", "state": "PARTLY", "evidence": "a quote",
        "contactId": on.contact,
    },
    "createPipeline": lambda _: {
        "name": "Made", "kinds": ["NEW"], "stages": [{"name": "First", "stage": "IDENTIFIED"}],
        "idempotencyKey": "new-pipeline",
    },
    "updatePipeline": lambda on: {"id": on.pipeline, "name": "Renamed"},
    "retirePipeline": lambda on: {"id": on.pipeline},
    "addPipelineStage": lambda on: {"pipelineId": on.pipeline, "name": "Last", "stage": "NEGOTIATING"},
    "updatePipelineStage": lambda on: {"id": on.next_stage, "name": "Renamed"},
    "removePipelineStage": lambda on: {"id": on.next_stage},
    "setLossReason": lambda _: {"name": "Price"},
    "setExchangeRate": lambda _: {"currency": "CHF", "on": "2026-03-01", "rate": "1.05"},
    "offerDeal": lambda on: {"id": on.deal, "version": 1, "amount": "100.00", "currency": "NOK"},
    "revalueDeals": lambda _: {},
    "setContractValue": lambda _: {"acvWithOneOff": True},
    "closeDeal": lambda on: {"id": on.deal, "version": 1, "stage": "WON"},
    "setDealSplits": lambda on: {"dealId": on.deal, "shares": [{"userId": on.director, "percent": 100}]},
    "setQuota": lambda on: {"subjectId": on.director, "period": PERIOD, "amount": {"amount": "5000"}},
    "saveForecast": lambda on: {
        "userId": on.director, "week": WEEK, "period": OTHER_PERIOD,
        "calls": [{"category": "COMMIT", "amount": {"amount": "500"}}],
    },
    "submitForecast": lambda on: {"id": on.forecast},
    "reopenForecast": lambda on: {"id": on.handed_in, "reason": "forgot one"},
    "adjustForecast": lambda on: {
        "subjectId": on.director, "week": WEEK, "period": PERIOD, "category": "COMMIT", "amount": "-50",
        "reason": "hopes",
    },
    "setForecastCalendar": lambda _: {"fiscalMonth": 4},
    "requestProjections": lambda _: {"on": "2026-03-08"},
    "createBid": lambda on: {
        "dealId": on.deal, "name": "Backbone", "dueOn": TOMORROW, "idempotencyKey": "new-bid",
    },
    "updateBid": lambda on: {"id": on.bid, "version": 1, "name": "Backbone and access"},
    "decideBid": lambda on: {"id": on.bid, "decision": "NO_GO", "because": "too small"},
    "addBidDocument": lambda on: {"bidId": on.bid, "title": "Offer", "url": "https://a.example/offer"},
    "removeBidDocument": lambda on: {"id": on.document},
    "setBidMember": lambda on: {"bidId": on.bid, "userId": on.director, "duty": "prices"},
    "removeBidMember": lambda on: {"id": on.member},
    "recordBidRound": lambda on: {
        "bidId": on.bid, "asked": "less", "listed": {"amount": "100"}, "offered": {"amount": "90"},
        "idempotencyKey": "new-round",
    },
    "approveBidRound": lambda on: {"id": on.approval, "reason": "a large customer"},
    "rejectBidRound": lambda on: {"id": on.approval, "reason": "too much"},
    "submitBid": lambda on: {"id": on.bid},
    "closeBid": lambda on: {"id": on.submitted, "state": "WON", "because": "the best"},
    "setDiscountLevels": lambda on: {
        "levels": [{"upToPercent": 10, "role": "DIRECTOR"}, {"upToPercent": 20, "userId": on.director}]
    },
    "createAccountPlan": lambda on: {
        "accountId": on.account, "name": "2050", "firstOn": "2050-01-01", "lastOn": "2050-12-31",
        "revenueTarget": {"amount": "1000.00"}, "idempotencyKey": "new-plan",
    },
    "updateAccountPlan": lambda on: {"id": on.plan, "version": 1, "vision": "the first"},
    "putPlanEntry": lambda on: {
        "planId": on.plan, "id": on.entry, "version": 1, "kind": "STRENGTH", "text": "known",
    },
    "putObjective": lambda on: {
        "planId": on.plan, "id": on.objective, "version": 1, "title": "Grow more", "dueOn": "2040-06-30",
        "ownerId": on.director,
    },
    "putObjectiveMeasure": lambda on: {
        "objectiveId": on.objective, "id": on.measure, "version": 1, "title": "deals", "factKind": "deal",
        "aggregate": "SUM", "field": "amount", "conditions": {"is_open": {"eq": True}}, "baseline": "0",
        "target": "5000",
    },
    "putPlanAction": lambda on: {
        "planId": on.plan, "id": on.action, "version": 1, "title": "Visit", "dueOn": "2040-03-01",
        "ownerId": on.director, "objectiveId": on.objective, "dealId": on.deal, "playId": on.play,
    },
    "completePlanAction": lambda on: {"id": on.action},
    "putAcceptedRisk": lambda on: {
        "planId": on.plan, "id": on.accepted_risk, "version": 1, "what": "Rival", "because": "dearer",
        "untilOn": "2040-12-31",
    },
    "removePlanPart": lambda on: {"id": on.objective, "version": 1},
    "submitAccountPlan": lambda on: {"id": on.plan, "version": 1},
    "withdrawAccountPlan": lambda on: {"id": on.waiting_plan, "version": 1},
    "approveAccountPlan": lambda on: {"id": on.waiting_plan, "version": 1},
    "returnAccountPlan": lambda on: {"id": on.waiting_plan, "because": "too little"},
    "closeAccountPlan": lambda on: {"id": on.plan, "because": "sold"},
    "setPlay": lambda _: {"key": "desk-play", "name": "Other", "steps": [{"text": "Write"}]},
    "startPlay": lambda on: {
        "playId": on.play, "accountId": on.account, "dealId": on.deal, "planActionId": on.action,
        "idempotencyKey": "new-run",
    },
    "answerPlayStep": lambda on: {"id": on.play_step},
    "endPlay": lambda on: {"id": on.play_run, "state": "ABANDONED", "outcome": "FAILED"},
    "setPotential": lambda on: {
        "accountId": on.account, "productFamily": "Access", "mrc": {"amount": "90.00"},
        "because": "they said",
    },
    "removePotential": lambda on: {"id": on.potential},
    "setCompatibility": lambda _: {"family": "Access", "otherFamily": "Voice", "kind": "EXCLUDES"},
    "mergeAccounts": lambda on: {
        "intoId": on.account, "fromId": on.duplicate, "version": 1, "fromVersion": 1,
        "idempotencyKey": "new-merge",
    },
    "undoMerge": lambda on: {"id": on.merge, "version": 1},
    "dismissDuplicate": lambda on: {
        "accountId": on.duplicate, "otherId": on.namesake, "because": "one is a shop",
    },
    "restoreDuplicate": lambda on: {"id": on.dismissal, "version": 1},
    "recordSignals": lambda on: {
        "signals": [{**HEARD, "accountId": on.account, "dealId": on.deal, "contactId": on.contact}]
    },
    "evaluate": lambda on: {"accountIds": [on.account]},
    "acceptRecommendation": lambda on: {"id": on.recommendation},
    "snoozeRecommendation": lambda on: {"id": on.recommendation, "until": TOMORROW},
    "dismissRecommendation": lambda on: {"id": on.recommendation, "reason": "not now"},
    "completeRecommendation": lambda on: {"id": on.recommendation, "outcome": "WORKED"},
    "recordOutcome": lambda on: {"id": on.done, "outcome": "WORKED"},
    "setLever": lambda _: {"action": "CALL", "percent": 30, "reason": "still more calls"},
    "clearLever": lambda on: {"id": on.lever},
    "setArbitrationLimits": lambda _: {"maxOffers": 4},
    "saveRulebook": lambda _: {"name": "saved", "rules": [RULE | {"key": "saved"}]},
    "importRulebook": lambda _: {"name": "imported", "yaml": _FILE},
    "activateRulebook": lambda on: {"id": on.draft},
    "rollBackRulebook": lambda _: {"name": "desk", "reason": "flags too many"},
    "retireRulebook": lambda on: {"id": on.live, "reason": "flags too many"},
    "startBacktest": lambda _: {"name": "desk", "number": 2, "fromOn": "2026-01-31", "untilOn": "2026-02-28"},
    "resolveEngineAlarm": lambda on: {"id": on.alarm},
    "createApiKey": lambda on: {
        "userId": on.program, "name": "nightly", "scopes": ["READ"], "idempotencyKey": "new-key",
    },
    "revokeApiKey": lambda on: {"id": on.key},
    "delegate": lambda on: {"assistantId": on.assistant, "principalId": on.director},
    "endDelegation": lambda on: {"id": on.delegation},
}  # fmt: skip
#: Of queries that have arguments and are no list.
ARGUMENTS: Mapping[str, Callable[[Desk], Given]] = {
    "account": lambda on: {"id": on.account},
    "deal": lambda on: {"id": on.deal},
    "nextBestActions": lambda on: {"accountId": on.account},
    "accountCase": lambda on: {"accountId": on.account, "ruleKey": "desk-waits"},
    "relationshipSummary": lambda _: {"asOf": "2026-03-31"},
    "factKinds": lambda _: {"names": ["deal"]},
    "dryRun": lambda _: {"name": "desk", "version": 3},
    "rulebookDifference": lambda on: {"before": on.retired, "after": on.live},
    "rulebookFindings": lambda on: {"id": on.live},
    "checkRules": lambda _: {"name": "checked", "rules": [RULE | {"key": "checked"}]},
    "whyNot": lambda on: {"accountId": on.account, "ruleKey": "desk-waits"},
    "portfolio": lambda _: {},
    "forecast": lambda _: {"week": WEEK, "period": PERIOD},
    "attainment": lambda _: {"period": PERIOD, "asOf": WEEK},
    "forecastRecord": lambda _: {"months": None},
    "forecastRecordByLead": lambda on: {"nodeId": on.director, "leadDays": [7, 0]},
    "forecastRecordByPeriod": lambda on: {"nodeId": on.director, "leadDays": 0},
    "funnel": lambda on: {"filter": {"ownerId": on.director}},
    "stagePassages": lambda on: {"entered": QUARTER, "filter": {"ownerId": on.director}},
    "pipelineChange": lambda on: {"since": "2026-01-01", "filter": {"ownerId": on.director}},
    "largestMovers": lambda on: {"since": "2026-01-01", "filter": {"ownerId": on.director}},
    "trendReport": lambda _: {"observed": QUARTER, "groupBy": "INDUSTRY"},
    "competitor": lambda on: {"id": on.rival},
    "competitorRecord": lambda on: {"closed": QUARTER, "filter": {"ownerId": on.director}},
    "winRates": lambda on: {"closed": QUARTER, "filter": {"ownerId": on.director}},
    "salesVelocity": lambda on: {"closed": QUARTER, "filter": {"ownerId": on.director}},
    "slippage": lambda on: {
        "from": "2026-01-01",
        "until": "2026-03-31",
        "filter": {"ownerId": on.director},
    },
    "planDifference": lambda on: {"fromId": on.revision, "toId": on.later_revision},
    "playRecords": lambda _: {},
    "competitorStandings": lambda on: {"filter": {"accountId": on.account, "competitorId": on.rival}},
    "whitespace": lambda on: {"filter": {"accountId": on.account, "ownerId": on.director}},
    "whitespaceGaps": lambda on: {"filter": {"accountId": on.account, "ownerId": on.director}, "first": 5},
    "duplicateAccounts": lambda on: {"accountId": on.account},
    "accountReview": lambda on: {
        "accountId": on.account,
        "edition": "CUSTOMER",
        "share": [on.objective],
        "asOf": "2040-03-01",
    },
    "node": lambda on: {"id": on.account},
    "nodes": lambda on: {"ids": [on.deal]},
}
#: Of subscriptions: which part is followed.
FOLLOWED: Mapping[str, Callable[[Desk], Given]] = {
    "recommendationChanged": lambda on: {"accountId": on.account},
    "riskChanged": lambda on: {"accountId": on.account},
    "accountPlanHealthChanged": lambda on: {"accountId": on.account},
    "trendChanged": lambda on: {"accountId": on.account},
    "playRunChanged": lambda on: {"accountId": on.account},
    "evaluationProgress": lambda on: {"runId": on.run},
}
